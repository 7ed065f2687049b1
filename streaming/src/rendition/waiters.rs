//! Who waits for which segment, and where each reader is.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use bytes::Bytes;
use protocol::Error;
use tokio::sync::oneshot;

use super::ReaderId;
use crate::scheduler::ReaderView;

type Reply = oneshot::Sender<Result<Bytes, Error>>;

/// Readers that asked for nothing for so long are forgotten.
const FORGET: Duration = Duration::from_secs(120);

/// The readers of one rendition and the requests that are open.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    init: Vec<Reply>,
    segments: BTreeMap<u32, Vec<(ReaderId, Reply)>>,
    places: HashMap<ReaderId, (u32, Instant)>,
}

impl Waiters {
    pub(super) fn seen(&mut self, reader: ReaderId, segment: u32, now: Instant) {
        // What was made ahead of the first viewer is theirs now; should they begin elsewhere, nobody reads at the start.
        if reader != ReaderId::WARM {
            self.places.remove(&ReaderId::WARM);
        }
        self.places.insert(reader, (segment, now));
    }

    pub(super) fn wait_init(&mut self, reply: Reply) {
        self.init.push(reply);
    }

    pub(super) fn wait(&mut self, reader: ReaderId, segment: u32, reply: Reply) {
        self.segments.entry(segment).or_default().push((reader, reply));
    }

    /// Takes out requests that were given up and readers that are long gone.
    pub(super) fn tidy(&mut self, now: Instant) {
        self.init.retain(|reply| !reply.is_closed());
        self.segments.retain(|_, replies| {
            replies.retain(|(_, reply)| !reply.is_closed());
            !replies.is_empty()
        });
        let segments = &self.segments;
        self.places.retain(|reader, (segment, at)| {
            now.duration_since(*at) < FORGET
                || segments.get(segment).is_some_and(|replies| replies.iter().any(|(id, _)| id == reader))
        });
    }

    pub(super) fn answer_init(&mut self, result: &Result<Bytes, Error>) {
        for reply in self.init.drain(..) {
            // A request that was given up has nobody to hear the answer.
            let _ = reply.send(result.clone());
        }
    }

    pub(super) fn answer(&mut self, segment: u32, result: &Result<Bytes, Error>) {
        for (_, reply) in self.segments.remove(&segment).unwrap_or_default() {
            let _ = reply.send(result.clone());
        }
    }

    pub(super) fn is_waiting_for_init(&self) -> bool {
        !self.init.is_empty()
    }

    /// The segments that are waited for, lowest first.
    pub(super) fn wanted(&self) -> Vec<u32> {
        self.segments.keys().copied().collect()
    }

    /// The readers as the scheduler sees them. Each open request counts as a place of its own.
    pub(super) fn views(&self, now: Instant) -> Vec<ReaderView> {
        let waiting = self.segments.keys().map(|&segment| ReaderView { segment, waiting: true, idle: Duration::ZERO });
        let places = self.places.values().map(|&(segment, at)| ReaderView {
            segment,
            waiting: false,
            idle: now.duration_since(at),
        });
        waiting.chain(places).collect()
    }

    /// When the reader that has been idle longest, but not yet for `limit`, will have been.
    pub(super) fn next_idle(&self, limit: Duration, now: Instant) -> Option<Instant> {
        self.places.values().map(|&(_, at)| at + limit).filter(|&at| at >= now).min()
    }

    /// How long ago a viewer asked for something that a head at `next` has made or will make. The server's own asking
    /// ahead keeps no place from a viewer.
    pub(super) fn idle(&self, next: u32, now: Instant) -> Option<Duration> {
        let viewers =
            self.places.iter().filter(|(reader, (segment, _))| **reader != ReaderId::WARM && *segment <= next);
        viewers.map(|(_, (_, at))| now.duration_since(*at)).min()
    }

    /// The lowest segment that any reader is at.
    pub(super) fn lowest(&self) -> Option<u32> {
        self.places.values().map(|&(segment, _)| segment).min()
    }
}
