use proptest::prelude::*;

use super::*;
use crate::fmp4::{Event, FragmentReader};

/// Ticks of a frame at 25 a second.
const FRAME: i64 = 3600;
const ZERO: i64 = 900_000;

/// Segments at 0, 2 and 5 s of an 8 s film.
fn cutter(first: u32, end: u32) -> KeyframeCutter {
    let table = Arc::new(SegmentTable::copied_video([180_000, 450_000], 720_000));
    let keys = Keys { zero: ZERO, first: 0, frame: FRAME as u32, last: vec![0, 180_000, 450_000], may_be_open: false };
    KeyframeCutter::new(table, keys, first, end)
}

/// A GOP of the frames `first..first + count`, stored as keyframe, then each P before the two B that it follows;
/// decoded two frames before they are shown, as muxers have it.
fn gop(first: i64, count: i64) -> Fragment {
    let mut order = vec![first];
    let mut at = first + 1;
    while at < first + count {
        let p = (at + 2).min(first + count - 1);
        order.push(p);
        order.extend(at..p);
        at = p + 1;
    }
    fragment(first, &order)
}

fn fragment(first: i64, order: &[i64]) -> Fragment {
    let decode_time = ZERO + (first - 2) * FRAME;
    let samples = order.iter().enumerate().map(|(n, frame)| Sample {
        size: 2,
        duration: FRAME as u32,
        flags: if n == 0 { 0x0200_0000 } else { 0x0101_0000 },
        composition: ((frame - first + 2 - n as i64) * FRAME) as i32,
    });
    Fragment {
        decode_time,
        samples: samples.collect(),
        data: order.iter().flat_map(|frame| (*frame as u16).to_be_bytes()).collect(),
    }
}

/// Start, and decode time, time shown and number of each frame.
fn read(cut: &Cut) -> Vec<(i64, i64, u16)> {
    let mut reader = FragmentReader::past_init();
    let events = reader.push(&cut.bytes).unwrap();
    let [Event::Fragment(fragment)] = events.as_slice() else { panic!("not one fragment") };
    let delay = 6 * FRAME;
    let mut decoded = fragment.decode_time;
    let mut at = 0;
    let frame = |sample: &Sample| {
        let number = u16::from_be_bytes([fragment.data[at], fragment.data[at + 1]]);
        at += 2;
        let shown = decoded + i64::from(sample.composition) - delay;
        assert!(sample.composition >= 0);
        let read = (decoded, shown, number);
        decoded += i64::from(sample.duration);
        read
    };
    fragment.samples.iter().map(frame).collect()
}

#[test]
fn segments_end_at_their_keyframes_and_begin_where_the_playlist_says() {
    let mut cutter = cutter(0, 3);
    assert!(cutter.push(&gop(0, 30)).unwrap().is_empty());
    let cuts = cutter.push(&gop(30, 20)).unwrap();
    let frames = read(&cuts[0]);
    assert_eq!(frames.len(), 50);
    assert_eq!(frames[0], (0, 0, 0));
    for (_, shown, number) in &frames {
        assert_eq!(*shown, i64::from(*number) * FRAME);
    }
    assert_eq!(read(&cutter.push(&gop(50, 75)).unwrap()[0])[0], (180_000, 180_000, 50));
    assert!(cutter.push(&gop(125, 75)).unwrap().is_empty(), "where the last segment ends the film tells");
    let ending = cutter.finish();
    assert_eq!(ending.early_at, None);
    assert_eq!(read(&ending.cuts[0])[0], (450_000, 450_000, 125));
    assert!(cutter.is_done());
}

#[test]
fn a_segment_waits_for_the_next_one_s_keyframe_only_while_frames_may_be_due() {
    let mut cutter = cutter(0, 2);
    assert!(cutter.push(&gop(0, 48)).unwrap().is_empty(), "two frames are missing, or there are none");
    let cuts = cutter.push(&gop(50, 75)).unwrap();
    assert_eq!(cuts.iter().map(|cut| (cut.segment, read(cut).len())).collect::<Vec<_>>(), [(0, 48), (1, 75)]);
    assert!(cutter.is_done());
}

#[test]
fn heads_started_anywhere_make_the_same_bytes() {
    let mut whole = cutter(0, 3);
    whole.push(&gop(0, 50)).unwrap();
    let second = whole.push(&gop(50, 75)).unwrap().remove(0);
    let mut later = cutter(1, 2);
    assert!(later.push(&gop(0, 50)).unwrap().is_empty(), "it landed on an earlier keyframe");
    let again = later.push(&gop(50, 75)).unwrap().remove(0);
    assert_eq!(second, again);
    assert!(later.is_done() && later.push(&gop(125, 5)).unwrap().is_empty());
}

/// Frame 50 is the keyframe; 48 and 49 come after it and are shown before.
fn open_gop() -> Fragment {
    fragment(50, &[50, 48, 49, 53, 51, 52])
}

#[test]
fn an_open_gop_keeps_the_frames_before_its_keyframe_where_decoders_pass_over_them() {
    let mut cutter = cutter(0, 2);
    cutter.keys.may_be_open = true;
    cutter.push(&gop(0, 48)).unwrap();
    assert_eq!(cutter.push(&open_gop()).unwrap().len(), 1);
    let cuts = cutter.push(&gop(125, 75)).unwrap();
    let frames = read(&cuts[0]);
    assert_eq!(frames[..3], [(180_000, 180_000, 50), (183_600, 172_800, 48), (187_200, 176_400, 49)]);
    let ends = frames.windows(2).all(|pair| pair[0].0 < pair[1].0);
    assert!(ends, "{frames:?}");
}

#[test]
fn an_open_gop_is_not_copied_where_decoders_fail_on_it() {
    let open = CutError::OpenGop { key: 180_000, shown: 172_800 };
    let mut from_start = cutter(0, 2);
    from_start.push(&gop(0, 48)).unwrap();
    assert_eq!(from_start.push(&open_gop()), Err(open));
    assert_eq!(cutter(1, 2).push(&open_gop()), Err(open));
    assert!(open.why_not_copied().is_some());
    // The film's first keyframe has nothing before it that could be needed.
    let mut first = cutter(0, 1);
    first.keys.first = 2 * FRAME;
    assert!(first.push(&fragment(2, &[2, 0, 1, 3])).is_ok());
}

#[test]
fn an_index_that_lies_is_noticed() {
    let mut late = cutter(1, 2);
    let error = late.push(&gop(75, 25)).unwrap_err();
    assert_eq!(error, CutError::NotAsIndexed { wanted: 180_000, got: 270_000 });
    let mut missing = cutter(0, 2);
    missing.push(&gop(0, 60)).unwrap();
    assert!(missing.push(&gop(60, 60)).unwrap_err().why_not_copied().is_some());
    let mut surplus = cutter(0, 2);
    assert_eq!(surplus.push(&gop(0, 50)).unwrap().len(), 1);
    assert!(surplus.push(&gop(45, 5)).is_err(), "a keyframe within the segment that is done");
}

#[test]
fn a_segment_is_not_whole_while_the_index_has_another_keyframe_in_it() {
    let mut cutter = cutter(0, 2);
    // Frames of half a second on average: by them nothing more would fit.
    cutter.keys.frame = 45_000;
    cutter.keys.last[0] = 48 * FRAME;
    assert!(cutter.push(&gop(0, 48)).unwrap().is_empty());
    let cuts = cutter.push(&gop(48, 2)).unwrap();
    assert_eq!(read(&cuts[0]).len(), 50);
}

#[test]
fn the_last_frame_stays_while_the_film_goes_on() {
    let mut cutter = cutter(2, 3);
    cutter.push(&gop(125, 10)).unwrap();
    let ending = cutter.finish();
    assert_eq!((ending.cuts.len(), ending.early_at), (1, None));
}

#[test]
fn an_early_end_is_told() {
    let mut cutter = cutter(1, 3);
    cutter.push(&gop(50, 30)).unwrap();
    let ending = cutter.finish();
    assert_eq!(ending.early_at, Some(80 * FRAME as u64));
    assert_eq!(ending.cuts[0].segment, 1);
    let mut at_a_keyframe = self::cutter(1, 3);
    at_a_keyframe.push(&gop(50, 75)).unwrap();
    assert_eq!(at_a_keyframe.finish(), Ending { cuts: Vec::new(), early_at: Some(450_000) });
    assert_eq!(self::cutter(1, 3).finish(), Ending { cuts: Vec::new(), early_at: None }, "nothing has come at all");
}

#[test]
fn a_picture_that_begins_late_is_in_a_segment_that_begins_at_zero() {
    let mut cutter = cutter(0, 1);
    cutter.keys.first = 2 * FRAME;
    cutter.push(&gop(2, 40)).unwrap();
    let cuts = cutter.push(&gop(50, 20)).unwrap();
    assert_eq!(read(&cuts[0])[0], (0, 2 * FRAME, 2));
}

/// Four frames that stand for a second each, as in a recording of slides, of which the second to be decoded is the last.
#[test]
fn frames_that_would_be_shown_before_their_turn_end_copying() {
    let mut cutter = cutter(0, 1);
    cutter.keys.frame = 3600;
    let slides = fragment(0, &[0, 75, 25, 50]);
    let error = cutter.push(&slides).unwrap_err();
    assert_eq!(error, CutError::Reordered { shown: 25 * FRAME, turn: 50 * FRAME });
    assert!(error.why_not_copied().is_some());
}

/// A single picture that stands for the film's four seconds.
#[test]
fn a_film_of_a_few_frames_is_not_copied() {
    let film = |seconds: u64| {
        let table = SegmentTable::copied_video([], seconds * 90_000);
        let keys = Keys { zero: ZERO, first: 0, frame: FRAME as u32, last: Vec::new(), may_be_open: false };
        KeyframeCutter::new(Arc::new(table), keys, 0, 1)
    };
    for (seconds, frames, moves) in [(4, 1, false), (4, 16, false), (4, 17, true), (1, 12, true)] {
        let mut cutter = film(seconds);
        cutter.push(&gop(0, frames)).unwrap();
        assert_eq!(cutter.check_moves().is_ok(), moves, "{frames} frames in {seconds} s");
    }
    // Three slides, of which each is a segment.
    let mut slides = cutter(0, 3);
    for start in [0, 50, 125] {
        assert!(slides.check_moves().is_ok());
        slides.push(&gop(start, 1)).unwrap();
    }
    assert_eq!(slides.check_moves(), Err(CutError::Still(3)));
}

proptest! {
    /// A closed GOP in any order: the frames last as long as they are shown, to the segment's end.
    #[test]
    fn frames_last_as_long_as_they_are_shown(order in Just((1_i64..100).collect::<Vec<_>>()).prop_shuffle(), start in 0_i64..1_000_000) {
        let shown: Vec<_> = std::iter::once(0).chain(order).map(|n| start + n * FRAME).collect();
        let pictures: Vec<_> = shown.iter().map(|&shown| Picture { shown, size: 1, flags: 0 }).collect();
        let samples = samples(&pictures, start, start + 100 * FRAME, 0);
        prop_assert!(samples.iter().all(|sample| i64::from(sample.duration) == FRAME));
    }

    /// Decode times rise from start to end, and every picture is shown when it was.
    #[test]
    fn decode_times_rise(shown in proptest::collection::vec(0_i64..100_000, 1..200), start in 0_i64..90_000) {
        let pictures: Vec<_> = shown.iter().map(|&shown| Picture { shown, size: 1, flags: 0 }).collect();
        let end = start + 200_000;
        let samples = samples(&pictures, start, end, 0);
        let mut decoded = start;
        for (sample, picture) in samples.iter().zip(&pictures) {
            prop_assert!(sample.duration > 0);
            prop_assert_eq!(decoded + i64::from(sample.composition), picture.shown);
            decoded += i64::from(sample.duration);
        }
        prop_assert_eq!(decoded, end);
    }
}
