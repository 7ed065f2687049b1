//! Where the segments of a rendition begin and end.

use protocol::FrameRate;

use super::grid::{
    AUDIO_FRAME_SAMPLES, AUDIO_RATE, AUDIO_SEGMENT_FRAMES, AUDIO_SHORT_SEGMENT_FRAMES, COPIED_TIMESCALE,
    SHORT_SEGMENTS, film_frames, long_segment_frames,
};

/// WebVTT writes times in milliseconds.
const SUBTITLE_TIMESCALE: u32 = 1000;
/// How long a segment of WebVTT is.
pub const SUBTITLE_SEGMENT_S: u32 = 30;

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

    /// WebVTT: long pieces, since each is a request of its own and holds little.
    #[must_use]
    pub fn subtitles(duration_s: f64) -> Self {
        let total = film_frames(SUBTITLE_TIMESCALE, 1, duration_s);
        let mut starts: Vec<u64> = (0..)
            .map(|n| n * u64::from(SUBTITLE_SEGMENT_S * SUBTITLE_TIMESCALE))
            .take_while(|&at| at < total)
            .collect();
        starts.push(total);
        Self { timescale: SUBTITLE_TIMESCALE, frame_ticks: 1, short_gops: 0, starts }
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
mod tests;
