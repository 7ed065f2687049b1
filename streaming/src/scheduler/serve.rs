//! Who makes a wanted segment: a head that is near, or a new one.

use super::{HeadId, HeadView, Limits};
use crate::time::SegmentTable;

/// How a wanted segment will be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serve {
    /// By this head, soon.
    Await(HeadId),
    /// By a new head for the segments from `first` up to `end`, exclusive.
    Start { first: u32, end: u32 },
}

/// Who makes the segment `wanted`, which is not ready and is in the table, out of the `heads` of its rendition.
///
/// A head is waited for when its next segment is at most `near_s` before the wanted one: measured from where the
/// head is, not from where it began, so that a slow one is not mistaken for a seek. A new head starts at the wanted
/// segment and ends before what is ready or another head is about to make, and after `run_s` (or `short_run_s`).
#[must_use]
pub fn serve(
    wanted: u32,
    table: &SegmentTable,
    ready: impl Fn(u32) -> bool,
    heads: &[HeadView],
    limits: &Limits,
) -> Serve {
    let near = |head: &&HeadView| table.start_s(wanted) - table.start_s(head.next) <= limits.near_s;
    let nearest = heads.iter().filter(|head| head.will_make(wanted)).filter(near).max_by_key(|head| head.next);
    if let Some(head) = nearest {
        return Serve::Await(head.id);
    }
    let run_s = if wanted < table.short_gop_segments() { limits.short_run_s.min(limits.run_s) } else { limits.run_s };
    let after = wanted.saturating_add(1);
    let other = heads.iter().filter(|head| head.next < head.end && head.next > wanted).map(|head| head.next).min();
    let last = other.unwrap_or(u32::MAX).min(table.len());
    let fits = |end: u32| table.start_s(end + 1) - table.start_s(wanted) <= run_s;
    let mut end = after;
    while end < last && !ready(end) && fits(end) {
        end += 1;
    }
    Serve::Start { first: wanted, end }
}

/// Takes from the other heads of a rendition what a head that starts at `first` will make, so that no segment is
/// made twice. No head loses a segment that somebody waits for: had it been near enough to be waited for, it would
/// have been near enough for `first` too.
pub fn cut_short<'a>(heads: impl IntoIterator<Item = &'a mut HeadView>, first: u32) {
    for head in heads {
        if head.will_make(first) {
            head.end = first;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::FrameRate;

    /// Segments of 0.5 s four times, then of 2 s.
    fn table() -> SegmentTable {
        SegmentTable::video(FrameRate { num: 24, den: 1 }, 3600.0)
    }

    const fn head(id: HeadId, next: u32, end: u32) -> HeadView {
        HeadView { id, next, end }
    }

    fn ask(wanted: u32, ready: &[u32], heads: &[HeadView]) -> Serve {
        serve(wanted, &table(), |segment| ready.contains(&segment), heads, &Limits::default())
    }

    #[test]
    fn waits_for_a_head_that_is_near() {
        // Segments 100 to 103 begin 0, 2, 4 and 6 s behind the head's place.
        for wanted in 100..=103 {
            assert_eq!(ask(wanted, &[], &[head(7, 100, 300)]), Serve::Await(7), "{wanted}");
        }
        assert!(matches!(ask(104, &[], &[head(7, 100, 300)]), Serve::Start { first: 104, .. }));
    }

    #[test]
    fn never_waits_for_a_head_that_is_past_or_ends_before() {
        assert!(matches!(ask(99, &[], &[head(7, 100, 300)]), Serve::Start { first: 99, end: 100 }));
        assert!(matches!(ask(101, &[], &[head(7, 100, 101)]), Serve::Start { first: 101, .. }));
        assert!(matches!(ask(101, &[], &[head(7, 101, 101)]), Serve::Start { first: 101, .. }));
    }

    #[test]
    fn waits_for_the_nearest() {
        assert_eq!(ask(102, &[], &[head(1, 100, 300), head(2, 102, 300), head(3, 101, 300)]), Serve::Await(2));
    }

    #[test]
    fn a_run_is_bounded_by_media_time() {
        assert_eq!(ask(100, &[], &[]), Serve::Start { first: 100, end: 400 });
        let brief = Limits { run_s: 0.1, ..Limits::default() };
        assert_eq!(serve(100, &table(), |_| false, &[], &brief), Serve::Start { first: 100, end: 101 });
    }

    #[test]
    fn short_segments_make_a_short_run() {
        // Four of 0.5 s and fifty-nine of 2 s.
        assert_eq!(ask(0, &[], &[]), Serve::Start { first: 0, end: 63 });
        assert_eq!(ask(3, &[], &[]), Serve::Start { first: 3, end: 63 });
        assert_eq!(ask(4, &[], &[]), Serve::Start { first: 4, end: 304 });
    }

    #[test]
    fn audio_has_no_short_run() {
        let audio = SegmentTable::audio(3600.0);
        let Serve::Start { first: 0, end } = serve(0, &audio, |_| false, &[], &Limits::default()) else {
            panic!("nothing to wait for");
        };
        assert!(audio.start_s(end) > 590.0 && audio.start_s(end) <= 600.0);
    }

    #[test]
    fn ends_before_what_is_there_or_coming() {
        assert_eq!(ask(100, &[130, 120], &[]), Serve::Start { first: 100, end: 120 });
        assert_eq!(ask(100, &[120], &[head(1, 110, 200)]), Serve::Start { first: 100, end: 110 });
        // A head that has delivered all of its segments is no reason to end.
        assert_eq!(ask(100, &[], &[head(1, 110, 110)]), Serve::Start { first: 100, end: 400 });
    }

    #[test]
    fn ends_with_the_film() {
        let last = table().len() - 1;
        assert_eq!(ask(last, &[], &[]), Serve::Start { first: last, end: last + 1 });
        assert_eq!(ask(last - 3, &[], &[]), Serve::Start { first: last - 3, end: last + 1 });
    }

    #[test]
    fn a_new_head_takes_over_from_an_older_one() {
        let mut heads = [head(1, 100, 300), head(2, 400, 500), head(3, 200, 200)];
        cut_short(&mut heads, 150);
        assert_eq!(heads, [head(1, 100, 150), head(2, 400, 500), head(3, 200, 200)]);
    }
}
