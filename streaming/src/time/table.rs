//! Where the segments of a rendition begin and end.

use protocol::FrameRate;

use super::grid::{
    AUDIO_FRAME_SAMPLES, AUDIO_RATE, AUDIO_SEGMENT_FRAMES, AUDIO_SHORT_SEGMENT_FRAMES, COPIED_TIMESCALE,
    SHORT_SEGMENTS, film_frames, long_segment_frames,
};

/// The boundaries of a rendition's segments, in frames.
///
/// Where a segment begins is a function of its index alone; only the last one depends on the film's duration, with
/// which it ends. An index past the last segment is the film's end: it starts there and holds no frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentTable {
    timescale: u32,
    frame_ticks: u32,
    /// How many segments at the start a head has to run with short GOPs for.
    short_gops: u32,
    /// The first frame of each segment, and behind them the number of frames: never empty, strictly rising.
    starts: Vec<u64>,
}

impl SegmentTable {
    /// Encoded video of this rate, on the grid that [`super::snap_rate`] gave. A rate with a zero in it is taken as 1.
    #[must_use]
    pub fn video(rate: FrameRate, duration_s: f64) -> Self {
        let long = u64::from(long_segment_frames(rate));
        let (timescale, frame_ticks) = (rate.num.max(1), rate.den.max(1));
        Self {
            timescale,
            frame_ticks,
            short_gops: SHORT_SEGMENTS,
            starts: starts(film_frames(timescale, frame_ticks, duration_s), long / u64::from(SHORT_SEGMENTS), long),
        }
    }

    /// Encoded audio, whatever the video's segments are.
    #[must_use]
    pub fn audio(duration_s: f64) -> Self {
        let frames = film_frames(AUDIO_RATE, AUDIO_FRAME_SAMPLES, duration_s);
        Self {
            timescale: AUDIO_RATE,
            frame_ticks: AUDIO_FRAME_SAMPLES,
            short_gops: 0,
            starts: starts(frames, AUDIO_SHORT_SEGMENT_FRAMES, AUDIO_SEGMENT_FRAMES),
        }
    }

    /// Copied video: a segment begins at each of these ticks, the first at 0, and the last ends with `total`. A frame of
    /// this table is a tick, since copied frames lie on no grid. Boundaries that don't rise are left out.
    #[must_use]
    pub fn copied_video(boundaries: impl IntoIterator<Item = u64>, total: u64) -> Self {
        let mut starts = vec![0];
        for start in boundaries {
            if start > starts.last().copied().unwrap_or(0) && start < total {
                starts.push(start);
            }
        }
        if total > 0 {
            starts.push(total);
        }
        Self { timescale: COPIED_TIMESCALE, frame_ticks: 1, short_gops: 0, starts }
    }

    /// Copied audio of so many samples a second and a frame: segments of a second at first, then of two, about. Some
    /// begin at each of the rising `edges`, frames by which those of the video begin: what a seek needs of both then
    /// lies in one stretch of the file.
    #[must_use]
    pub fn copied_audio(rate: u32, frame_samples: u32, duration_s: f64, edges: &[u64]) -> Self {
        let (rate, frame_samples) = (rate.max(1), frame_samples.max(1));
        let second = u64::from(rate).div_ceil(u64::from(frame_samples));
        let total = film_frames(rate, frame_samples, duration_s);
        let starts = if edges.is_empty() { starts(total, second, 2 * second) } else { between(edges, total, second) };
        Self { timescale: rate, frame_ticks: frame_samples, short_gops: 0, starts }
    }

    /// How many segments there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.starts.len() - 1).unwrap_or(u32::MAX)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first frame of a segment.
    #[must_use]
    pub fn first_frame(&self, segment: u32) -> u64 {
        self.starts.get(segment as usize).copied().unwrap_or_else(|| self.total_frames())
    }

    /// How many frames a segment holds.
    #[must_use]
    pub fn frames(&self, segment: u32) -> u64 {
        self.first_frame(segment.saturating_add(1)) - self.first_frame(segment)
    }

    /// Where a segment starts, in ticks of [`Self::timescale`]: its `tfdt`.
    #[must_use]
    pub fn start_ticks(&self, segment: u32) -> u64 {
        self.first_frame(segment) * u64::from(self.frame_ticks)
    }

    /// Where a segment starts, in seconds of film time.
    #[must_use]
    pub fn start_s(&self, segment: u32) -> f64 {
        self.seconds(self.first_frame(segment))
    }

    /// How long a segment is, in seconds.
    #[must_use]
    pub fn duration_s(&self, segment: u32) -> f64 {
        self.seconds(self.frames(segment))
    }

    #[must_use]
    pub fn total_frames(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The film's duration on this grid, in seconds.
    #[must_use]
    pub fn total_s(&self) -> f64 {
        self.seconds(self.total_frames())
    }

    /// Ticks a second.
    #[must_use]
    pub const fn timescale(&self) -> u32 {
        self.timescale
    }

    /// Ticks a frame.
    #[must_use]
    pub const fn frame_ticks(&self) -> u32 {
        self.frame_ticks
    }

    /// How many segments at the start need a head that runs with short GOPs; 0 for audio, which has none.
    #[must_use]
    pub const fn short_gop_segments(&self) -> u32 {
        self.short_gops
    }

    /// The segment in which a film time lies; the first or the last one for times outside the film, and 0 for a
    /// table without segments.
    #[must_use]
    pub fn segment_at(&self, time_s: f64) -> u32 {
        // A ten-thousandth of a frame absorbs the rounding of a boundary that came as seconds. The cast saturates and
        // turns what is not a number into 0.
        let frame = (time_s * f64::from(self.timescale) / f64::from(self.frame_ticks) + 1e-4) as u64;
        self.segment_of_frame(frame)
    }

    /// The segment that holds a frame; the last one for frames past the end, and 0 for a table without segments.
    #[must_use]
    pub fn segment_of_frame(&self, frame: u64) -> u32 {
        let begun = self.starts.partition_point(|&start| start <= frame);
        let last = self.starts.len().saturating_sub(2);
        u32::try_from(begun.saturating_sub(1).min(last)).unwrap_or(u32::MAX)
    }

    /// The table of a film that turned out to end after `frames` frames. A table never grows.
    #[must_use]
    pub fn truncated_to(&self, frames: u64) -> Self {
        let end = frames.min(self.total_frames());
        let mut starts: Vec<u64> = self.starts.iter().copied().take_while(|&start| start < end).collect();
        starts.push(end);
        Self { starts, ..*self }
    }

    fn seconds(&self, frames: u64) -> f64 {
        frames as f64 * f64::from(self.frame_ticks) / f64::from(self.timescale)
    }
}

/// The starts of segments of `short` frames, [`SHORT_SEGMENTS`] times, then of `long` ones; behind them `total`.
fn starts(total: u64, short: u64, long: u64) -> Vec<u64> {
    let short_ones = (0..u64::from(SHORT_SEGMENTS)).map(|n| n * short);
    let long_ones = (0..).map(|n| u64::from(SHORT_SEGMENTS) * short + n * long);
    let mut starts: Vec<u64> = short_ones.chain(long_ones).take_while(|&start| start < total).collect();
    starts.push(total);
    starts
}

/// Starts at the edges, and in between so that segments have a second at first, then two, and at most half as much
/// again.
fn between(edges: &[u64], total: u64, second: u64) -> Vec<u64> {
    let mut starts = vec![0];
    let mut from = 0;
    for &to in edges.iter().filter(|&&edge| edge < total).chain([&total]) {
        if to <= from {
            continue;
        }
        loop {
            let usual = if from < u64::from(SHORT_SEGMENTS) * second { second } else { 2 * second };
            if to - from < usual + usual / 2 {
                break;
            }
            from += usual;
            starts.push(from);
        }
        starts.push(to);
        from = to;
    }
    starts
}

#[cfg(test)]
mod tests {
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
}
