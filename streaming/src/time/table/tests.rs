use super::*;
use crate::time::{MAX_FILM_S, STANDARD_RATES};
use proptest::prelude::*;

const FILM: FrameRate = FrameRate { num: 24_000, den: 1001 };

fn video(num: u32, den: u32, duration_s: f64) -> SegmentTable {
    SegmentTable::video(FrameRate { num, den }, duration_s)
}

fn span(table: &SegmentTable, segment: u32) -> (u64, u64) {
    (table.first_frame(segment), table.first_frame(segment + 1) - 1)
}

#[test]
fn vectors_of_the_film_rate() {
    let table = SegmentTable::video(FILM, 600.0);
    assert_eq!([0, 3, 4, 5].map(|n| span(&table, n)), [(0, 11), (36, 47), (48, 95), (96, 143)]);
    for (segment, start) in [(0, 0.0), (3, 1.5015), (4, 2.002), (5, 4.004)] {
        assert!((table.start_s(segment) - start).abs() < 1e-9, "segment {segment}: {}", table.start_s(segment));
    }
    assert_eq!((table.timescale(), table.frame_ticks()), (24_000, 1001));
    // The `tfdt` that was measured for segment 20 of a grid without short segments is 960960 = 20 x 48 x 1001.
    assert_eq!(table.start_ticks(20 + 3), 960_960);
}

#[test]
fn vectors_of_other_rates() {
    let pal = video(25, 1, 60.0);
    assert_eq!((pal.first_frame(4), pal.frames(4)), (48, 48));
    assert!((pal.start_s(4) - 1.92).abs() < 1e-9 && (pal.duration_s(4) - 1.92).abs() < 1e-9);
    for ((num, den), short, long) in [((60_000, 1001), 30, 120), ((30_000, 1001), 15, 60), ((50, 1), 25, 100)] {
        let table = video(num, den, 60.0);
        assert_eq!([0, 1, 2, 3].map(|n| table.frames(n)), [short; 4]);
        assert_eq!([4, 5, 6].map(|n| table.frames(n)), [long; 3]);
    }
}

#[test]
fn audio_is_cut_at_whole_frames() {
    let table = SegmentTable::audio(600.0);
    assert_eq!([0, 1, 2, 3, 4, 5].map(|n| table.first_frame(n)), [0, 47, 94, 141, 188, 376]);
    assert!((table.duration_s(4) - 4.010_667).abs() < 1e-6);
    for segment in 0..table.len() {
        assert_eq!(table.start_ticks(segment) % 1024, 0);
    }
    assert_eq!(table.total_frames(), 28_125);
    assert_eq!(table.short_gop_segments(), 0);
}

#[test]
fn the_last_segment_ends_with_the_film() {
    // 49 frames: four short segments, and one frame is left over.
    let table = video(24, 1, 49.0 / 24.0);
    assert_eq!((table.len(), table.frames(4), table.total_frames()), (5, 1, 49));
    // Exactly on a boundary nothing is left over.
    assert_eq!(video(24, 1, 2.0).len(), 4);
}

#[test]
fn very_short_and_impossible_films() {
    let still = video(25, 1, 0.01);
    assert_eq!((still.len(), still.frames(0), still.total_s()), (1, 1, 0.04));
    for nothing in [0.0, -5.0, f64::NAN] {
        for table in [video(25, 1, nothing), SegmentTable::audio(nothing)] {
            assert!(table.is_empty());
            assert_eq!((table.total_frames(), table.segment_at(1.0), table.frames(0)), (0, 0, 0));
        }
    }
    assert!(video(0, 0, 10.0).total_frames() > 0);
}

#[test]
fn absurd_durations_are_bounded() {
    for absurd in [1e12, f64::INFINITY] {
        for table in [video(60, 1, absurd), video(3, 1, absurd), SegmentTable::audio(absurd)] {
            assert!(table.len() < 500_000, "{}", table.len());
            assert!((table.total_s() - MAX_FILM_S).abs() < 1.0);
        }
    }
}

#[test]
fn past_the_end_there_is_nothing() {
    let table = video(25, 1, 10.0);
    for segment in [table.len(), table.len() + 1, u32::MAX] {
        assert_eq!((table.first_frame(segment), table.frames(segment)), (250, 0));
    }
    assert_eq!(table.segment_at(-1.0), 0);
    assert_eq!(table.segment_at(f64::NAN), 0);
    assert_eq!(table.segment_at(1e300), table.len() - 1);
}

#[test]
fn copied_video_is_cut_where_it_is_told() {
    let table = SegmentTable::copied_video([0, 180_000, 180_000, 90_000, 400_000, 900_000], 450_000);
    assert_eq!(table.len(), 3);
    assert_eq!([0, 1, 2].map(|n| span(&table, n)), [(0, 179_999), (180_000, 399_999), (400_000, 449_999)]);
    assert!((table.start_s(1) - 2.0).abs() < 1e-9 && (table.total_s() - 5.0).abs() < 1e-9);
    assert_eq!(table.segment_at(4.444_444_5), 2);
    assert!(SegmentTable::copied_video([], 0).is_empty());
}

#[test]
fn copied_audio_has_the_frames_of_its_codec() {
    let ac3 = SegmentTable::copied_audio(48_000, 1536, 60.0, &[]);
    assert_eq!((ac3.frames(0), ac3.frames(4), ac3.total_frames()), (32, 64, 1875));
    assert_eq!(SegmentTable::copied_audio(0, 0, 1.0, &[]).total_frames(), 1);
}

#[test]
fn copied_audio_begins_segments_where_the_video_does() {
    let starts = |edges: &[u64]| {
        let table = SegmentTable::copied_audio(48_000, 1536, 30.0, edges);
        (0..=table.len()).map(|n| table.first_frame(n)).collect::<Vec<_>>()
    };
    assert_eq!(
        starts(&[70, 141, 300, 900]),
        [0, 32, 70, 102, 141, 205, 300, 364, 428, 492, 556, 620, 684, 748, 812, 900, 938]
    );
    assert_eq!(starts(&[938, 2000])[..6], [0, 32, 64, 96, 128, 192], "those past the end are none");
    assert_eq!(starts(&[10, 10, 5])[..3], [0, 10, 42]);
}

#[test]
fn an_early_end_cuts_the_table() {
    let table = video(25, 1, 10.0);
    let cut = table.truncated_to(100);
    assert_eq!((cut.len(), cut.frames(5), cut.total_frames()), (6, 4, 100));
    assert_eq!(table.truncated_to(96).len(), 5);
    assert_eq!(table.truncated_to(1000), table);
    assert!(table.truncated_to(0).is_empty());
}

fn tables() -> impl Strategy<Value = SegmentTable> {
    let rate = prop_oneof![
        proptest::sample::select(STANDARD_RATES.to_vec()),
        (1_u32..200_000, 1_u32..2000).prop_map(|(num, den)| FrameRate { num, den }),
    ];
    prop_oneof![
        (rate, 0.0_f64..30_000.0).prop_map(|(rate, duration)| SegmentTable::video(rate, duration)),
        (0.0_f64..30_000.0).prop_map(SegmentTable::audio),
        (0.0_f64..30_000.0, proptest::collection::vec(0_u64..2_000_000, 0..50))
            .prop_map(|(duration, edges)| SegmentTable::copied_audio(48_000, 1024, duration, &edges)),
    ]
}

proptest! {
    #[test]
    fn segments_cover_the_film_without_gap(table in tables()) {
        let mut frame = 0;
        for segment in 0..table.len() {
            prop_assert_eq!(table.first_frame(segment), frame);
            prop_assert!(table.frames(segment) > 0);
            frame += table.frames(segment);
        }
        prop_assert_eq!(frame, table.total_frames());
    }

    #[test]
    fn a_start_lies_in_its_segment(table in tables(), pick in any::<proptest::sample::Index>()) {
        prop_assume!(!table.is_empty());
        let segment = pick.index(table.len() as usize) as u32;
        prop_assert_eq!(table.segment_at(table.start_s(segment)), segment);
        prop_assert_eq!(table.segment_of_frame(table.first_frame(segment)), segment);
        let last = table.first_frame(segment) + table.frames(segment) - 1;
        prop_assert_eq!(table.segment_of_frame(last), segment);
    }

    #[test]
    fn boundaries_do_not_depend_on_the_duration(
        rate in proptest::sample::select(STANDARD_RATES.to_vec()), a in 1.0_f64..5000.0, b in 1.0_f64..5000.0,
    ) {
        let (a, b) = (SegmentTable::video(rate, a), SegmentTable::video(rate, b));
        for segment in 0..a.len().min(b.len()) {
            prop_assert_eq!(a.first_frame(segment), b.first_frame(segment));
        }
    }

    #[test]
    fn the_total_is_the_duration_within_a_frame(
        rate in proptest::sample::select(STANDARD_RATES.to_vec()), duration in 0.05_f64..200_000.0,
    ) {
        let video = SegmentTable::video(rate, duration);
        prop_assert!((video.total_s() - duration).abs() <= 1.0 / rate.as_f64());
        let audio = SegmentTable::audio(duration);
        prop_assert!((audio.total_s() - duration).abs() <= 1024.0 / 48_000.0);
    }

    #[test]
    fn a_cut_keeps_what_is_before_it(table in tables(), frames in 0_u64..2_000_000) {
        let cut = table.truncated_to(frames);
        prop_assert_eq!(cut.total_frames(), frames.min(table.total_frames()));
        prop_assert!(cut.len() <= table.len());
        for segment in 0..cut.len() {
            prop_assert_eq!(cut.first_frame(segment), table.first_frame(segment));
        }
    }
}
