//! The scheduler's functions played together: random readers over a table, heads that make a segment a step.

use std::time::Duration;

use proptest::prelude::*;
use protocol::FrameRate;

use super::{HeadId, HeadView, Limits, Pace, ReaderView, Serve, SlotView, cut_short, pace, serve, victim};
use crate::time::SegmentTable;

const SLOTS: usize = 2;
const GRACE: Duration = Duration::from_secs(4);
const SEGMENT_BYTES: u64 = 1024 * 1024;

/// What a reader does once it has the segment that it waited for.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// Asks for the segment behind it.
    Next,
    /// Asks for any.
    Seek(u32),
    /// Asks for nothing for so many steps of a second.
    Rest(u32),
}

#[derive(Debug)]
struct Reader {
    moves: Vec<Move>,
    segment: u32,
    waiting: bool,
    idle_s: u64,
    rest: u32,
    waited_s: u32,
}

#[derive(Debug)]
struct Head {
    view: HeadView,
    first: u32,
    holding: bool,
}

struct Room {
    table: SegmentTable,
    limits: Limits,
    ready: Vec<bool>,
    readers: Vec<Reader>,
    heads: Vec<Head>,
    last_id: HeadId,
}

impl Room {
    fn new(duration_s: f64, readers: Vec<(u32, Vec<Move>)>) -> Self {
        let table = SegmentTable::video(FrameRate { num: 24, den: 1 }, duration_s);
        let count = table.len();
        let readers = readers
            .into_iter()
            .map(|(segment, moves)| Reader {
                moves,
                segment: segment % count,
                waiting: true,
                idle_s: 0,
                rest: 0,
                waited_s: 0,
            })
            .collect();
        let limits = Limits { run_s: 100.0, ahead_bytes: 40 * SEGMENT_BYTES, ..Limits::default() };
        Self { ready: vec![false; count as usize], table, limits, readers, heads: Vec::new(), last_id: 0 }
    }

    fn views(&self) -> Vec<HeadView> {
        self.heads.iter().map(|head| head.view).collect()
    }

    fn reader_views(&self) -> Vec<ReaderView> {
        let view =
            |r: &Reader| ReaderView { segment: r.segment, waiting: r.waiting, idle: Duration::from_secs(r.idle_s) };
        self.readers.iter().map(view).collect()
    }

    fn waited_for(&self, head: &HeadView) -> bool {
        self.readers.iter().any(|reader| reader.waiting && head.will_make(reader.segment))
    }

    /// One second: requests are served, heads paced, each running head makes a segment, readers take what is there.
    fn step(&mut self) -> Result<(), TestCaseError> {
        for n in 0..self.readers.len() {
            if self.readers[n].waiting && !self.ready[self.readers[n].segment as usize] {
                self.serve(self.readers[n].segment)?;
            }
        }
        self.run_heads()?;
        for reader in &mut self.readers {
            reader.go_on(&self.ready);
        }
        Ok(())
    }

    fn serve(&mut self, wanted: u32) -> Result<(), TestCaseError> {
        let views = self.views();
        match serve(wanted, &self.table, |segment| self.ready[segment as usize], &views, &self.limits) {
            Serve::Await(id) => {
                let head = views.iter().find(|head| head.id == id).unwrap();
                prop_assert!(head.will_make(wanted));
            }
            Serve::Start { first, end } => {
                prop_assert!(first == wanted && first < end && end <= self.table.len());
                prop_assert!((first..end).all(|segment| !self.ready[segment as usize]), "makes what is there");
                if self.heads.len() == SLOTS {
                    let slot = |head: &HeadView| SlotView {
                        head: head.id,
                        same_rendition: true,
                        waiting: self.waited_for(head),
                        idle: Duration::ZERO,
                    };
                    let slots: Vec<_> = views.iter().map(slot).collect();
                    let Some(id) = victim(&slots, GRACE) else { return Ok(()) };
                    let gone = views.iter().find(|head| head.id == id).unwrap();
                    prop_assert!(!self.waited_for(gone), "a head that is waited for is ended for another");
                    self.heads.retain(|head| head.view.id != id);
                }
                let waited: Vec<bool> = self.heads.iter().map(|head| self.waited_for(&head.view)).collect();
                let before = self.views();
                cut_short(self.heads.iter_mut().map(|head| &mut head.view), first);
                for (n, head) in before.iter().enumerate().filter(|(n, _)| waited[*n]) {
                    let lost = self.readers.iter().any(|reader| {
                        reader.waiting
                            && reader.segment != wanted
                            && head.will_make(reader.segment)
                            && !self.heads[n].view.will_make(reader.segment)
                            && self.table.start_s(reader.segment) - self.table.start_s(head.next) <= self.limits.near_s
                    });
                    prop_assert!(!lost, "an older head lost what it was waited for");
                }
                self.last_id += 1;
                let view = HeadView { id: self.last_id, next: first, end };
                self.heads.push(Head { view, first, holding: false });
            }
        }
        for (n, a) in self.heads.iter().enumerate() {
            for b in &self.heads[n + 1..] {
                let shared = a.view.next.max(b.view.next) < a.view.end.min(b.view.end);
                prop_assert!(!shared, "two heads make the same segment: {:?} and {:?}", a, b);
            }
        }
        Ok(())
    }

    fn run_heads(&mut self) -> Result<(), TestCaseError> {
        let readers = self.reader_views();
        let mut kept = Vec::new();
        for mut head in std::mem::take(&mut self.heads) {
            let passed = readers.iter().map(|reader| reader.segment).max().unwrap_or(0);
            let ahead = u64::from(head.view.next - head.view.next.min(passed.max(head.first))) * SEGMENT_BYTES;
            let waited = self.waited_for(&head.view);
            match pace(&head.view, head.holding, &readers, ahead, &self.table, &self.limits) {
                Pace::Run => {
                    if head.holding && !waited {
                        prop_assert!(ahead < self.limits.ahead_bytes / 2, "goes on too early");
                    }
                    head.holding = false;
                    self.ready[head.view.next as usize] = true;
                    head.view.next += 1;
                    prop_assert!(
                        waited || self.table.start_s(head.view.next - 1) < self.table.start_s(passed) + 60.0,
                        "runs away from its readers"
                    );
                }
                Pace::Hold | Pace::Yield => {
                    prop_assert!(!waited, "holds though it is waited for");
                    head.holding = true;
                }
                Pace::Stop(_) => {
                    prop_assert!(!waited, "stops though it is waited for");
                    continue;
                }
            }
            if head.view.next < head.view.end {
                kept.push(head);
            }
        }
        self.heads = kept;
        Ok(())
    }
}

impl Reader {
    fn go_on(&mut self, ready: &[bool]) {
        if self.waiting {
            self.idle_s += 1;
            self.waited_s += 1;
            if !ready[self.segment as usize] {
                return;
            }
            self.waiting = false;
            self.waited_s = 0;
        }
        if self.rest > 0 {
            self.rest -= 1;
            self.idle_s += 1;
            return;
        }
        let count = u32::try_from(ready.len()).unwrap();
        let target = match self.moves.pop() {
            Some(Move::Next) => (self.segment + 1).min(count - 1),
            Some(Move::Seek(segment)) => segment % count,
            Some(Move::Rest(seconds)) => {
                self.rest = seconds;
                return;
            }
            None => {
                self.idle_s += 1;
                return;
            }
        };
        *self = Self { segment: target, waiting: true, idle_s: 0, ..std::mem::replace(self, Self::gone()) };
    }

    const fn gone() -> Self {
        Self { moves: Vec::new(), segment: 0, waiting: false, idle_s: 0, rest: 0, waited_s: 0 }
    }

    fn is_done(&self) -> bool {
        !self.waiting && self.rest == 0 && self.moves.is_empty()
    }
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        6 => Just(Move::Next),
        1 => any::<u32>().prop_map(Move::Seek),
        1 => (1_u32..40).prop_map(Move::Rest),
    ];
    proptest::collection::vec(one, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Evictions happen between steps, of what nobody waits for.
    #[test]
    fn every_wanted_segment_is_made(
        duration_s in 0.1_f64..600.0,
        readers in proptest::collection::vec((any::<u32>(), moves()), 1..4),
        evictions in proptest::collection::vec((0_usize..400, any::<u32>()), 0..100),
    ) {
        // Waiters of the same slots take turns; none waits longer than all that the others can have made before it.
        const PATIENCE_S: u32 = 200;
        let mut room = Room::new(duration_s, readers);
        for second in 0.. {
            room.step()?;
            for (_, segment) in evictions.iter().filter(|(at, _)| *at == second) {
                let segment = *segment as usize % room.ready.len();
                if !room.readers.iter().any(|reader| reader.waiting && reader.segment as usize == segment) {
                    room.ready[segment] = false;
                }
            }
            prop_assert!(room.readers.iter().all(|reader| reader.waited_s < PATIENCE_S), "waits for ever: {:?}", room.readers);
            if room.readers.iter().all(Reader::is_done) {
                break;
            }
            prop_assert!(second < 20_000, "never ends");
        }
        // Left alone, every head ends by itself.
        for _ in 0..200 {
            room.step()?;
        }
        prop_assert!(room.heads.is_empty(), "heads run on: {:?}", room.heads);
    }

    #[test]
    fn one_reader_in_order_needs_one_head_a_run(duration_s in 10.0_f64..300.0) {
        let count = SegmentTable::video(FrameRate { num: 24, den: 1 }, duration_s).len();
        let mut room = Room::new(duration_s, vec![(0, vec![Move::Next; count as usize - 1])]);
        while !room.readers.iter().all(Reader::is_done) {
            room.step()?;
        }
        prop_assert!(room.ready.iter().all(|ready| *ready));
        let runs = 1 + (duration_s / 98.0) as u64;
        prop_assert!(room.last_id <= runs, "{} heads for {duration_s} s", room.last_id);
    }
}
