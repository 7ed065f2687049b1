//! Whether a head runs, pauses or ends.

use std::time::Duration;

use super::{HeadView, Limits, StopReason};
use crate::time::SegmentTable;

/// A reader of the head's rendition: a viewer, named or anonymous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReaderView {
    /// The segment it asked for last.
    pub segment: u32,
    /// Whether its request for that segment is still open.
    pub waiting: bool,
    /// How long ago it asked.
    pub idle: Duration,
}

/// What a head should do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Be read from.
    Run,
    /// Not be read from, so that its full pipe stops it: it is far ahead.
    Hold,
    /// Not be read from while somebody waits for another head.
    Yield,
    /// Be ended.
    Stop(StopReason),
}

/// What a head should do, given whether it is `holding` now, the `readers` of its rendition, and `ahead_bytes`: how
/// much of what it made lies in the store and has been passed by no reader.
///
/// It runs whenever somebody waits for one of its segments, and holds while somebody waits for another head's, which
/// then has the source's line and the processor to itself. It is stopped when no reader follows it: one that asked
/// within `head_idle` for a segment that is not past the head's place and at most 2 x `ahead_s` behind it. Otherwise
/// it holds once it is `ahead_s` or `ahead_bytes` ahead of the foremost of these readers, and so of all of them, and
/// goes on when it is less than half of both ahead.
#[must_use]
pub fn pace(
    head: &HeadView,
    holding: bool,
    readers: &[ReaderView],
    ahead_bytes: u64,
    table: &SegmentTable,
    limits: &Limits,
) -> Pace {
    if readers.iter().any(|reader| reader.waiting && head.will_make(reader.segment)) {
        return Pace::Run;
    }
    let ahead_of = |reader: &ReaderView| table.start_s(head.next) - table.start_s(reader.segment);
    let follows = |reader: &&ReaderView| {
        reader.idle <= limits.head_idle && reader.segment <= head.next && ahead_of(reader) <= 2.0 * limits.ahead_s
    };
    let Some(foremost) = readers.iter().filter(follows).max_by_key(|reader| reader.segment) else {
        return Pace::Stop(StopReason::NoReader);
    };
    let ahead_s = ahead_of(foremost);
    let far = if holding {
        ahead_s >= limits.ahead_s / 2.0 || ahead_bytes >= limits.ahead_bytes / 2
    } else {
        ahead_s >= limits.ahead_s || ahead_bytes >= limits.ahead_bytes
    };
    let others_wait = readers.iter().any(|reader| reader.waiting);
    match (far, others_wait) {
        (true, _) => Pace::Hold,
        (false, true) => Pace::Yield,
        (false, false) => Pace::Run,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use protocol::FrameRate;

    /// Segments of 0.5 s four times, then of 2 s.
    fn table() -> SegmentTable {
        SegmentTable::video(FrameRate { num: 24, den: 1 }, 3600.0)
    }

    const HEAD: HeadView = HeadView { id: 1, next: 200, end: 400 };
    const STOP: Pace = Pace::Stop(StopReason::NoReader);

    const fn reader(segment: u32, waiting: bool, idle_s: u64) -> ReaderView {
        ReaderView { segment, waiting, idle: Duration::from_secs(idle_s) }
    }

    fn ask(holding: bool, readers: &[ReaderView], ahead_bytes: u64) -> Pace {
        pace(&HEAD, holding, readers, ahead_bytes, &table(), &Limits::default())
    }

    #[test]
    fn runs_while_somebody_waits_for_it() {
        for segment in [200, 201, 399] {
            // Neither the bytes nor the age of the request count then.
            assert_eq!(ask(true, &[reader(segment, true, 29)], u64::MAX), Pace::Run, "{segment}");
        }
        // Its range is not asked for.
        assert_eq!(ask(false, &[reader(400, true, 0)], 0), STOP);
    }

    #[test]
    fn stops_without_a_reader() {
        assert_eq!(ask(false, &[], 0), STOP);
        assert_eq!(ask(true, &[reader(199, false, 21)], 0), STOP);
        assert_eq!(ask(false, &[reader(199, false, 20)], 0), Pace::Run);
    }

    #[test]
    fn a_reader_elsewhere_does_not_count() {
        assert_eq!(ask(false, &[reader(201, false, 0)], 0), STOP, "ahead of it, on segments that were there");
        assert_eq!(ask(false, &[reader(139, false, 0)], 0), STOP, "122 s behind");
        assert_eq!(ask(false, &[reader(140, false, 0)], 0), Pace::Hold, "120 s behind");
        assert_eq!(ask(false, &[reader(200, false, 0)], 0), Pace::Run, "right at it");
    }

    #[test]
    fn holds_when_ahead_and_goes_on_at_half() {
        // In steps of 2 s behind segment 200.
        for (segment, running, holding) in [
            (171, Pace::Run, Pace::Hold),
            (170, Pace::Hold, Pace::Hold),
            (185, Pace::Run, Pace::Hold),
            (186, Pace::Run, Pace::Run),
        ] {
            assert_eq!(ask(false, &[reader(segment, false, 0)], 0), running, "{segment}");
            assert_eq!(ask(true, &[reader(segment, false, 0)], 0), holding, "{segment}");
        }
    }

    #[test]
    fn holds_while_somebody_waits_for_another_head() {
        let follower = reader(199, false, 0);
        assert_eq!(ask(false, &[follower, reader(3, true, 0)], 0), Pace::Yield);
        assert_eq!(ask(false, &[reader(150, false, 0), reader(3, true, 0)], 0), Pace::Hold, "far ahead");
        assert_eq!(ask(true, &[follower, reader(3, false, 0)], 0), Pace::Run);
        assert_eq!(ask(false, &[follower, reader(3, true, 0), reader(200, true, 0)], 0), Pace::Run);
    }

    #[test]
    fn holds_for_bytes_too() {
        const LIMIT: u64 = 64 * 1024 * 1024;
        let near = [reader(199, false, 0)];
        for (bytes, running, holding) in [
            (LIMIT - 1, Pace::Run, Pace::Hold),
            (LIMIT, Pace::Hold, Pace::Hold),
            (LIMIT / 2, Pace::Run, Pace::Hold),
            (LIMIT / 2 - 1, Pace::Run, Pace::Run),
        ] {
            assert_eq!(ask(false, &near, bytes), running, "{bytes}");
            assert_eq!(ask(true, &near, bytes), holding, "{bytes}");
        }
    }

    #[test]
    fn the_foremost_reader_sets_the_pace() {
        let (far, near) = (reader(150, false, 0), reader(198, false, 0));
        assert_eq!(ask(false, &[far], 0), Pace::Hold);
        assert_eq!(ask(false, &[far, near], 0), Pace::Run);
        // But not when it has gone away.
        assert_eq!(ask(false, &[far, reader(198, false, 60)], 0), Pace::Hold);
    }

    proptest! {
        #[test]
        fn what_is_waited_for_runs(
            next in 0_u32..1000, length in 1_u32..500, holding: bool, bytes: u64, idle in 0_u64..100, offset: u32,
        ) {
            let head = HeadView { id: 1, next, end: next + length };
            let waiter = reader(next + offset % length, true, idle);
            prop_assert_eq!(pace(&head, holding, &[waiter], bytes, &table(), &Limits::default()), Pace::Run);
        }

        #[test]
        fn holding_lasts_longer_than_it_takes_to_begin(
            segments in proptest::collection::vec(0_u32..400, 0..5), bytes in 0_u64..128 * 1024 * 1024,
        ) {
            let readers: Vec<_> = segments.iter().map(|&segment| reader(segment, false, 0)).collect();
            let (running, holding) = (ask(false, &readers, bytes), ask(true, &readers, bytes));
            // What makes a running head hold keeps a holding one, and both end alike.
            prop_assert!(running != Pace::Hold || holding == Pace::Hold);
            prop_assert_eq!(running == STOP, holding == STOP);
        }
    }
}
