//! The heads of one rendition that are alive.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Pulse, gauge::Gauge};
use crate::{
    encoder::Preset,
    scheduler::{HeadId, HeadView},
};

/// One head that runs.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) view: HeadView,
    /// The segment it began with.
    pub(super) first: u32,
    /// The end it was started with; its view's is lower once a newer head has taken over from it.
    pub(super) ordered_end: u32,
    pub(super) hold: watch::Sender<bool>,
    pub(super) stop: CancellationToken,
    pub(super) pulse: Arc<Pulse>,
    /// Passed over by a graphics card.
    pub(super) preset: Preset,
    pub(super) gauge: Gauge,
    /// Seconds of film that it makes in a second, where that is too few for who is close.
    pub(super) strain: Option<f64>,
    /// Why it was told to stop, for the log.
    pub(super) reason: Option<String>,
}

impl Head {
    pub(super) fn is_held(&self) -> bool {
        *self.hold.borrow()
    }

    /// It has no more to do for now: how fast it was tells nothing any more.
    pub(super) fn rest(&mut self) {
        self.gauge.pause();
        self.strain = None;
        self.set_held(true);
    }

    /// What it waits for others counts as time that it takes: the machine makes so much for all of them together.
    pub(super) fn set_held(&self, held: bool) {
        self.hold.send_if_modified(|hold| std::mem::replace(hold, held) != held);
    }

    /// Tells it to stop; its end is heard later. It makes nothing any more that others could wait for.
    pub(super) fn end(&mut self, reason: impl Into<String>) {
        self.reason.get_or_insert_with(|| reason.into());
        self.view.end = self.view.next;
        self.stop.cancel();
    }
}

/// All of them, by age.
#[derive(Debug, Default)]
pub(super) struct Heads {
    alive: Vec<Head>,
}

impl Heads {
    pub(super) fn push(&mut self, head: Head) {
        self.alive.push(head);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.alive.is_empty()
    }

    pub(super) fn views(&self) -> Vec<HeadView> {
        self.alive.iter().filter(|head| head.reason.is_none()).map(|head| head.view).collect()
    }

    /// The worst of what viewers bear.
    pub(super) fn strain(&self) -> Option<f64> {
        self.alive.iter().filter(|head| head.reason.is_none()).filter_map(|head| head.strain).reduce(f64::min)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Head> {
        self.alive.iter_mut()
    }

    pub(super) fn get_mut(&mut self, id: HeadId) -> Option<&mut Head> {
        self.alive.iter_mut().find(|head| head.view.id == id)
    }

    pub(super) fn remove(&mut self, id: HeadId) -> Option<Head> {
        let at = self.alive.iter().position(|head| head.view.id == id)?;
        Some(self.alive.remove(at))
    }
}
