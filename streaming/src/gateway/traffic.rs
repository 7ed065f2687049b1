//! Who reads where, who fetches what: the decisions about one source's upstream connections. No IO here.

use std::collections::HashMap;

use bytes::Bytes;
use protocol::Error;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::cache::BLOCK;

/// Upstream connections a source.
pub(super) const CONNECTIONS: usize = 4;
/// A wanted block that a running fetcher reaches within this many blocks (2 MiB) is waited for.
const NEAR: u64 = 2 * 1024 * 1024 / BLOCK;
/// How many blocks a fetcher has made before it can be ended for another place's sake while somebody follows it.
const TURN: u64 = 8;

/// The state of one source.
pub(super) struct Traffic {
    /// How many blocks the file has.
    blocks: u64,
    /// How many blocks are read ahead at most.
    ahead: u64,
    readers: HashMap<u64, Place>,
    fetchers: Vec<Fetcher>,
    waiters: Vec<Waiter>,
    last_id: u64,
}

/// Where a reader is.
struct Place {
    block: u64,
    /// How many blocks it has read on end. A reader that has shown no lasting interest is not read ahead for by much.
    run: u64,
}

/// An upstream connection, as far as the others must know.
struct Fetcher {
    id: u64,
    /// The block that it works on.
    next: u64,
    /// How many it has made.
    made: u64,
    paused: bool,
    /// It makes one block and ends.
    glance: bool,
    stop: CancellationToken,
}

/// A reader without its block.
struct Waiter {
    block: u64,
    /// Its reader wants no more than this.
    glance: bool,
    /// Which fetcher will bring it; none yet while all connections are taken.
    fetcher: Option<u64>,
    answer: oneshot::Sender<Result<Bytes, Error>>,
}

/// A fetcher to be started.
pub(super) struct Start {
    pub(super) id: u64,
    pub(super) block: u64,
    /// Nothing but this block is wanted, as far as is known.
    pub(super) glance: bool,
    pub(super) stop: CancellationToken,
}

/// What a fetcher does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Run,
    /// Nobody wants more for now.
    Pause,
    /// Somebody else has been or is where it would go on.
    End,
}

impl Traffic {
    pub(super) fn new(blocks: u64, ahead: u64) -> Self {
        Self { blocks, ahead, readers: HashMap::new(), fetchers: Vec::new(), waiters: Vec::new(), last_id: 0 }
    }

    /// A new reader's id.
    pub(super) fn enter(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn leave(&mut self, reader: u64) {
        self.readers.remove(&reader);
    }

    /// A reader reads a block.
    pub(super) fn reads(&mut self, reader: u64, block: u64) {
        let place = self.readers.entry(reader).or_insert(Place { block, run: 0 });
        let run = match block.checked_sub(place.block) {
            Some(0) => place.run,
            Some(1) => place.run + 1,
            _ => 0,
        };
        *place = Place { block, run };
    }

    /// A reader's block is not there: it waits for it. [`Traffic::assign`] follows.
    pub(super) fn waits(&mut self, block: u64, glance: bool) -> oneshot::Receiver<Result<Bytes, Error>> {
        let (answer, receiver) = oneshot::channel();
        self.waiters.push(Waiter { block, glance, fetcher: None, answer });
        receiver
    }

    /// Finds a fetcher for every waiter that has none: one that runs towards its block, a new one, or one in the
    /// place of another that is needed less.
    pub(super) fn assign(&mut self) -> Vec<Start> {
        self.waiters.retain(|waiter| !waiter.answer.is_closed());
        let mut starts = Vec::new();
        for n in 0..self.waiters.len() {
            if self.waiters[n].fetcher.is_some() {
                continue;
            }
            let block = self.waiters[n].block;
            let near = |fetcher: &&Fetcher| {
                let reach = if fetcher.glance { 0 } else { NEAR };
                fetcher.next <= block && block - fetcher.next <= reach
            };
            if let Some(fetcher) = self.fetchers.iter().filter(near).max_by_key(|fetcher| fetcher.next) {
                self.waiters[n].fetcher = Some(fetcher.id);
                continue;
            }
            if self.fetchers.len() >= CONNECTIONS {
                let Some(victim) = self.victim() else { continue };
                self.fetchers.swap_remove(victim).stop.cancel();
            }
            let start = self.start(block, self.waiters[n].glance);
            self.waiters[n].fetcher = Some(start.id);
            starts.push(start);
        }
        starts
    }

    /// Registers a fetcher that begins at a block, and ends with it if it is for a glance.
    pub(super) fn start(&mut self, block: u64, glance: bool) -> Start {
        self.last_id += 1;
        let (id, stop) = (self.last_id, CancellationToken::new());
        self.fetchers.push(Fetcher { id, next: block, made: 0, paused: false, glance, stop: stop.clone() });
        Start { id, block, glance, stop }
    }

    fn victim(&self) -> Option<usize> {
        let spare = |fetcher: &Fetcher| {
            let awaited = self.waiters.iter().any(|waiter| waiter.fetcher == Some(fetcher.id));
            !awaited && (fetcher.paused || fetcher.made >= TURN || !self.is_followed(fetcher))
        };
        let candidates = self.fetchers.iter().enumerate().filter(|(_, fetcher)| spare(fetcher));
        candidates.max_by_key(|(_, fetcher)| (!self.is_followed(fetcher), fetcher.paused, fetcher.made)).map(|(n, _)| n)
    }

    /// Whether a reader is close enough behind a fetcher to be read ahead for. How far grows with what it has read.
    fn is_followed(&self, fetcher: &Fetcher) -> bool {
        let ahead = |place: &Place| (2 * (place.run + 1)).min(self.ahead);
        self.readers.values().any(|place| place.block <= fetcher.next && fetcher.next - place.block < ahead(place))
    }

    /// Whether a reader comes along behind a fetcher, which may have read ahead for it as far as it should.
    fn will_be_reached(&self, fetcher: &Fetcher) -> bool {
        let mut behind = self.readers.values().filter_map(|place| fetcher.next.checked_sub(place.block));
        behind.any(|behind| behind <= 2 * self.ahead)
    }

    /// What a fetcher does next, given whether its next block is in the cache already.
    pub(super) fn step(&mut self, id: u64, cached: bool) -> Step {
        self.waiters.retain(|waiter| !waiter.answer.is_closed());
        let Some(n) = self.fetchers.iter().position(|fetcher| fetcher.id == id) else { return Step::End };
        let fetcher = &self.fetchers[n];
        let met = self.fetchers.iter().any(|other| other.next == fetcher.next && other.id < id);
        let awaited = self.waiters.iter().any(|waiter| waiter.fetcher == Some(id));
        // What nobody waits for yet would take from the line what somebody does wait for.
        let others_wait = !awaited && self.waiters.iter().any(|waiter| waiter.fetcher.is_some());
        let step = if fetcher.next >= self.blocks || cached || met || fetcher.glance && fetcher.made > 0 {
            Step::End
        } else if others_wait && fetcher.made > 0 {
            // A connection that is merely not read from goes on filling its buffers.
            if self.will_be_reached(fetcher) { Step::Pause } else { Step::End }
        } else if awaited || fetcher.made == 0 || self.is_followed(fetcher) {
            // What a connection was made for is finished, though its reader may have gone: it often comes back.
            Step::Run
        } else {
            Step::Pause
        };
        self.fetchers[n].paused = step == Step::Pause;
        step
    }

    /// A fetcher has made its next block: whoever waits for it, gets it.
    pub(super) fn made(&mut self, id: u64, block: u64, bytes: &Bytes) {
        for waiter in self.waiters.extract_if(.., |waiter| waiter.block == block) {
            let _ = waiter.answer.send(Ok(bytes.clone()));
        }
        if let Some(fetcher) = self.fetchers.iter_mut().find(|fetcher| fetcher.id == id) {
            fetcher.next = block + 1;
            fetcher.made += 1;
        }
    }

    /// A fetcher has ended well: whoever waits for it, needs another. [`Traffic::assign`] follows.
    pub(super) fn ended(&mut self, id: u64) {
        self.fetchers.retain(|fetcher| fetcher.id != id);
        for waiter in self.waiters.iter_mut().filter(|waiter| waiter.fetcher == Some(id)) {
            waiter.fetcher = None;
        }
    }

    /// A fetcher has failed: whoever waits for it, fails too. [`Traffic::assign`] follows, for those who had none.
    pub(super) fn failed(&mut self, id: u64, error: &Error) {
        self.fetchers.retain(|fetcher| fetcher.id != id);
        for waiter in self.waiters.extract_if(.., |waiter| waiter.fetcher == Some(id)) {
            let _ = waiter.answer.send(Err(error.clone()));
        }
    }

    /// The source is of no use any more.
    pub(super) fn all_failed(&mut self, error: &Error) {
        for fetcher in self.fetchers.drain(..) {
            fetcher.stop.cancel();
        }
        for waiter in self.waiters.drain(..) {
            let _ = waiter.answer.send(Err(error.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic() -> Traffic {
        Traffic::new(1000, 16)
    }

    /// A reader that wants a block; returns the fetchers to start.
    fn wants(traffic: &mut Traffic, reader: u64, block: u64) -> (Vec<Start>, oneshot::Receiver<Result<Bytes, Error>>) {
        traffic.reads(reader, block);
        let receiver = traffic.waits(block, false);
        (traffic.assign(), receiver)
    }

    #[test]
    fn one_fetcher_serves_all_who_wait_near() {
        let mut traffic = traffic();
        let (starts, mut first) = wants(&mut traffic, 1, 10);
        assert_eq!(starts.len(), 1);
        let (none, mut same) = wants(&mut traffic, 2, 10);
        let (also_none, mut near) = wants(&mut traffic, 3, 10 + NEAR);
        assert!(none.is_empty() && also_none.is_empty());
        traffic.made(starts[0].id, 10, &Bytes::from_static(b"x"));
        assert!(first.try_recv().unwrap().is_ok() && same.try_recv().unwrap().is_ok() && near.try_recv().is_err());
        assert_eq!(traffic.step(starts[0].id, false), Step::Run);
        assert_eq!(wants(&mut traffic, 4, 12 + NEAR).0.len(), 1);
        assert_eq!(wants(&mut traffic, 5, 9).0.len(), 1);
    }

    #[test]
    fn a_glance_fetches_its_block_and_no_more() {
        let mut traffic = traffic();
        traffic.reads(1, 500);
        let mut glance = traffic.waits(500, true);
        let starts = traffic.assign();
        assert!(starts.len() == 1 && starts[0].glance);
        assert_eq!(wants(&mut traffic, 2, 501).0.len(), 1, "who wants to read on needs another");
        assert_eq!(traffic.step(starts[0].id, false), Step::Run);
        traffic.made(starts[0].id, 500, &Bytes::from_static(b"x"));
        assert!(glance.try_recv().unwrap().is_ok());
        traffic.reads(1, 501);
        assert_eq!(traffic.step(starts[0].id, false), Step::End);
    }

    #[test]
    fn reads_ahead_with_growing_interest_and_then_pauses() {
        let mut traffic = traffic();
        let (starts, _receiver) = wants(&mut traffic, 1, 0);
        let id = starts[0].id;
        let mut next = 0;
        let mut run = |traffic: &mut Traffic| {
            while traffic.step(id, false) == Step::Run {
                traffic.made(id, next, &Bytes::from_static(b"x"));
                next += 1;
            }
            next
        };
        assert_eq!(run(&mut traffic), 2);
        for block in 1..20 {
            traffic.reads(1, block);
            assert_eq!(run(&mut traffic), block + (2 * (block + 1)).min(16));
        }
        traffic.leave(1);
        assert_eq!(traffic.step(id, false), Step::Pause);
    }

    #[test]
    fn gives_way_to_what_is_waited_for() {
        let mut traffic = traffic();
        let (first, _a) = wants(&mut traffic, 1, 0);
        traffic.made(first[0].id, 0, &Bytes::from_static(b"x"));
        assert_eq!(traffic.step(first[0].id, false), Step::Run, "it reads ahead");
        let (second, _b) = wants(&mut traffic, 2, 500);
        assert_eq!(traffic.step(first[0].id, false), Step::Pause);
        for block in 1..16 {
            traffic.made(first[0].id, block, &Bytes::from_static(b"x"));
        }
        assert_eq!(traffic.step(first[0].id, false), Step::Pause, "its reader comes along");
        traffic.leave(1);
        assert_eq!(traffic.step(first[0].id, false), Step::End, "nobody is there any more");
        assert_eq!(traffic.step(second[0].id, false), Step::Run);
        traffic.made(second[0].id, 500, &Bytes::from_static(b"x"));
        let (third, _c) = wants(&mut traffic, 3, 100);
        assert_eq!(traffic.step(second[0].id, false), Step::Pause);
        traffic.made(third[0].id, 100, &Bytes::from_static(b"x"));
        assert_eq!(traffic.step(second[0].id, false), Step::Run, "nobody waits");
    }

    #[test]
    fn ends_where_another_has_been_or_is() {
        let mut traffic = traffic();
        let (first, _a) = wants(&mut traffic, 1, 20);
        let (second, _b) = wants(&mut traffic, 2, 18);
        assert_eq!(second.len(), 1);
        for block in [18, 19] {
            traffic.made(second[0].id, block, &Bytes::from_static(b"x"));
        }
        assert_eq!(traffic.step(second[0].id, false), Step::End);
        assert_eq!(traffic.step(first[0].id, false), Step::Run);
        assert_eq!(traffic.step(first[0].id, true), Step::End);
        traffic.ended(first[0].id);
        assert_eq!(traffic.assign().len(), 0, "the other is close enough behind");
    }

    #[test]
    fn a_fifth_place_waits_for_a_connection_that_is_needed_less() {
        let mut traffic = traffic();
        let mut running: Vec<_> = (0..4).map(|n| wants(&mut traffic, n, n * 100)).collect();
        let (none, mut fifth) = wants(&mut traffic, 9, 900);
        assert!(none.is_empty(), "all are awaited");
        let (starts, _) = running.remove(0);
        for block in 0..TURN {
            assert!(traffic.assign().is_empty(), "followed, and its turn is not over");
            traffic.made(starts[0].id, block, &Bytes::from_static(b"x"));
            traffic.reads(0, block + 1);
        }
        let started = traffic.assign();
        assert_eq!(started.len(), 1);
        assert!(starts[0].stop.is_cancelled());
        assert_eq!(traffic.step(starts[0].id, false), Step::End);
        traffic.made(started[0].id, 900, &Bytes::from_static(b"x"));
        assert!(fifth.try_recv().unwrap().is_ok());
    }

    #[test]
    fn failures_reach_those_who_wait_and_only_those() {
        let mut traffic = traffic();
        let (first, mut a) = wants(&mut traffic, 1, 20);
        let (_second, mut b) = wants(&mut traffic, 2, 500);
        traffic.failed(first[0].id, &super::super::sentences::closed());
        assert!(a.try_recv().unwrap().is_err() && b.try_recv().is_err());
        traffic.all_failed(&super::super::sentences::closed());
        assert!(b.try_recv().unwrap().is_err());
    }
}
