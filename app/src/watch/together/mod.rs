//! Staying with the others: following the shared playhead, and steering it.

mod channel;
mod ffi;
mod follow;
mod orders;
mod queue;
mod steer;

use leptos::prelude::*;
use protocol::playhead::{Action, Follower, PlayheadView};
use send_wrapper::SendWrapper;

use self::{follow::Ticking, orders::Orders, queue::Queue};
use crate::browser;

pub(super) use channel::keep as keep_channel;
pub(crate) use follow::set_alone;
pub(super) use follow::{heard_beat, keep as keep_following, loading, look, refused, start_s, stood, sync};
pub(super) use steer::{clicked, sought};
pub(crate) use steer::{paused, played, rate_changed, set_rules, stay_paused};

/// A standing picture is put within half of this, in seconds: the frames of no film are shorter.
const FRAME_S: f64 = 1.0 / 60.0;

/// What a watch page knows of the shared playhead.
#[derive(Clone, Copy)]
pub(crate) struct Together {
    follower: StoredValue<Follower>,
    orders: StoredValue<Orders>,
    queue: StoredValue<Queue>,
    ticking: StoredValue<Option<SendWrapper<Ticking>>>,
    /// Since when the page is out of sight, by the local clock in milliseconds.
    hidden_since_ms: StoredValue<f64>,
    /// The browser has paused the player itself, since the page is out of sight.
    suspended: StoredValue<bool>,
    /// This viewer watches without the others.
    pub(crate) alone: RwSignal<bool>,
    /// The shared playhead as it was told last.
    pub(crate) view: RwSignal<Option<PlayheadView>>,
    /// Why the others did not follow this viewer.
    pub(crate) refusal: RwSignal<Option<String>>,
}

impl Together {
    pub(super) fn new() -> Self {
        Self {
            follower: StoredValue::new(Follower::new(FRAME_S)),
            orders: StoredValue::new(Orders::default()),
            queue: StoredValue::new(Queue::default()),
            ticking: StoredValue::new(None),
            hidden_since_ms: StoredValue::new(0.0),
            suspended: StoredValue::new(false),
            alone: RwSignal::new(false),
            view: RwSignal::new(None),
            refusal: RwSignal::new(None),
        }
    }

    /// Nobody else follows: what is done with the player is done at once, and the server hears of it by heartbeats.
    pub(super) fn leads(self) -> bool {
        self.follower.with_value(Follower::leads)
    }

    /// The page is about to do this with the player, or takes it for done.
    fn note(self, action: &Action) {
        self.orders.update_value(|orders| orders.note(browser::monotonic_ms(), action));
    }
}
