//! The frame grids that encoded renditions are cut on.

use protocol::FrameRate;

/// How many segments at a rendition's start are short, so that the first frame does not wait for a long one.
pub const SHORT_SEGMENTS: u32 = 4;

/// What a long segment of encoded video is nearest to, in seconds.
pub const LONG_SEGMENT_S: u64 = 2;

/// Samples in an AAC frame.
pub const AUDIO_FRAME_SAMPLES: u32 = 1024;

/// Samples a second of encoded audio.
pub const AUDIO_RATE: u32 = 48_000;

/// AAC frames in a long segment: 4.011 s.
pub const AUDIO_SEGMENT_FRAMES: u64 = 188;

/// AAC frames in one of the first segments: 1.003 s, so that the short ones together are as long as a long one.
pub const AUDIO_SHORT_SEGMENT_FRAMES: u64 = AUDIO_SEGMENT_FRAMES / SHORT_SEGMENTS as u64;

/// Ticks a second of copied video, whatever the source's: a multiple of most frame rates and of a millisecond.
pub const COPIED_TIMESCALE: u32 = 90_000;

/// The longest film that is believed, in seconds: a week. It bounds tables and playlists made from a lying container.
pub const MAX_FILM_S: f64 = 7.0 * 24.0 * 3600.0;

/// The rates that encoded video can have, slowest first.
pub const STANDARD_RATES: [FrameRate; 8] = [
    FrameRate { num: 24_000, den: 1001 },
    FrameRate { num: 24, den: 1 },
    FrameRate { num: 25, den: 1 },
    FrameRate { num: 30_000, den: 1001 },
    FrameRate { num: 30, den: 1 },
    FrameRate { num: 48, den: 1 },
    FrameRate { num: 50, den: 1 },
    FrameRate { num: 60_000, den: 1001 },
];

const FASTEST: FrameRate = FrameRate { num: 60, den: 1 };

/// The grid of video whose container tells no rate: recordings of browsers and screens, mostly, which are of 30 frames
/// a second or fewer. 60 would lose no frame of any, and cost twice the encoding on all of them.
pub const UNKNOWN_RATE: FrameRate = FrameRate { num: 30, den: 1 };

/// How far from a standard rate an average may be and still mean it.
const SNAP: f64 = 0.001;

/// The rate of the grid for video of this average rate (after deinterlacing, if it is interlaced).
///
/// An average within 0.1 % of a standard rate is that rate; anything else is a variable rate and gets the next
/// standard rate up, at most 60. Without a usable average it is [`UNKNOWN_RATE`].
#[must_use]
pub fn snap_rate(average: Option<FrameRate>) -> FrameRate {
    let Some(average) = average.filter(|rate| rate.num > 0 && rate.den > 0) else { return UNKNOWN_RATE };
    let average = average.as_f64();
    let off = |rate: &FrameRate| (average - rate.as_f64()).abs() / rate.as_f64();
    let rates = || STANDARD_RATES.into_iter().chain([FASTEST]);
    let nearest = rates().min_by(|a, b| off(a).total_cmp(&off(b))).filter(|rate| off(rate) <= SNAP);
    nearest.or_else(|| rates().find(|rate| rate.as_f64() >= average)).unwrap_or(FASTEST)
}

/// K, the frames of a long segment: the multiple of 4 nearest to 2 s, the lower of two that are equally near, at
/// least 4. A rate with a zero in it is taken as 1.
#[must_use]
pub fn long_segment_frames(rate: FrameRate) -> u32 {
    let step = u64::from(SHORT_SEGMENTS);
    let (num, den) = (u64::from(rate.num.max(1)), u64::from(rate.den.max(1)));
    // In units of 1/den frames, so that no rounding decides which of two is nearer.
    let target = LONG_SEGMENT_S * num;
    let lower = target / (step * den) * step;
    let upper = lower + step;
    let frames = if lower >= step && target - lower * den <= upper * den - target { lower } else { upper };
    u32::try_from(frames).unwrap_or(u32::MAX - u32::MAX % SHORT_SEGMENTS)
}

/// The distance between keyframes, in frames, for a head of encoded video that begins with this segment: K/4 when it
/// covers short segments (the long ones it makes are then joined from four fragments), else K.
#[must_use]
pub fn gop_frames(rate: FrameRate, first_segment: u32) -> u32 {
    let long = long_segment_frames(rate);
    if first_segment < SHORT_SEGMENTS { long / SHORT_SEGMENTS } else { long }
}

/// How many frames of `timescale / frame_ticks` a second a track of this duration has.
///
/// Rounded, since containers round durations to milliseconds; one at least, if it lasts at all. A duration that is
/// zero, negative or not a number gives none, one over [`MAX_FILM_S`] is cut down to that.
#[must_use]
pub fn film_frames(timescale: u32, frame_ticks: u32, duration_s: f64) -> u64 {
    if duration_s.is_nan() || duration_s <= 0.0 {
        return 0;
    }
    let rate = f64::from(timescale.max(1)) / f64::from(frame_ticks.max(1));
    // In range: at most a week of 2^32 frames a second, which is 2^52.
    ((duration_s.min(MAX_FILM_S) * rate).round() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn rate(num: u32, den: u32) -> FrameRate {
        FrameRate { num, den }
    }

    #[test]
    fn long_segments_of_the_standard_rates() {
        for (rate, frames) in [
            (rate(24_000, 1001), 48),
            (rate(24, 1), 48),
            (rate(25, 1), 48),
            (rate(30_000, 1001), 60),
            (rate(30, 1), 60),
            (rate(48, 1), 96),
            (rate(50, 1), 100),
            (rate(60_000, 1001), 120),
            (rate(60, 1), 120),
        ] {
            assert_eq!(long_segment_frames(rate), frames, "{rate:?}");
            assert_eq!(gop_frames(rate, 0), frames / 4);
            assert_eq!(gop_frames(rate, 3), frames / 4);
            assert_eq!(gop_frames(rate, 4), frames);
        }
    }

    #[test]
    fn impossible_rates_have_segments_too() {
        for odd in [rate(0, 1), rate(1, 0), rate(0, 0), rate(1, u32::MAX), rate(u32::MAX, 1)] {
            let frames = long_segment_frames(odd);
            assert!(frames >= 4 && frames.is_multiple_of(4), "{odd:?}: {frames}");
        }
    }

    #[test]
    fn averages_snap() {
        for (average, grid) in [
            // 23.98 as some muxers round it; 23.976 likewise.
            (rate(2398, 100), rate(24_000, 1001)),
            (rate(23_976, 1000), rate(24_000, 1001)),
            // 0.11 % off: variable, so the next up, which is the same rate.
            (rate(2395, 100), rate(24_000, 1001)),
            (rate(24, 1), rate(24, 1)),
            (rate(2399, 100), rate(24, 1)),
            (rate(2402, 100), rate(24, 1)),
            (rate(2403, 100), rate(25, 1)),
            (rate(25, 1), rate(25, 1)),
            (rate(2997, 100), rate(30_000, 1001)),
            (rate(30, 1), rate(30, 1)),
            (rate(5994, 100), rate(60_000, 1001)),
            (rate(60, 1), rate(60, 1)),
            (rate(10, 1), rate(24_000, 1001)),
            (rate(27, 1), rate(30_000, 1001)),
            (rate(40, 1), rate(48, 1)),
            (rate(55, 1), rate(60_000, 1001)),
            (rate(120, 1), rate(60, 1)),
            (rate(90_000, 1), rate(60, 1)),
        ] {
            assert_eq!(snap_rate(Some(average)), grid, "{average:?}");
        }
        for unknown in [None, Some(rate(0, 0)), Some(rate(0, 1)), Some(rate(25, 0))] {
            assert_eq!(snap_rate(unknown), UNKNOWN_RATE);
        }
    }

    #[test]
    fn frames_of_odd_durations() {
        for nothing in [0.0, -0.0, -3.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(film_frames(25, 1, nothing), 0, "{nothing}");
        }
        assert_eq!(film_frames(25, 1, 1e-9), 1);
        assert_eq!(film_frames(25, 1, 10.0), 250);
        // 600 s of 24000/1001 frames a second, as Matroska tells it: rounded to a millisecond, here up.
        assert_eq!(film_frames(24_000, 1001, 600.016_416), 14_386);
        assert_eq!(film_frames(24_000, 1001, 600.017), 14_386);
        for absurd in [1e12, f64::INFINITY, f64::MAX] {
            assert_eq!(film_frames(25, 1, absurd), 25 * 7 * 24 * 3600);
        }
    }

    proptest! {
        #[test]
        fn long_segments_are_nearest_to_two_seconds(num in 1_u32..200_000, den in 1_u32..2000) {
            let frames = long_segment_frames(rate(num, den));
            prop_assert!(frames >= 4 && frames.is_multiple_of(4));
            let wanted = 2.0 * rate(num, den).as_f64();
            let off = (f64::from(frames) - wanted).abs();
            prop_assert!(off <= (f64::from(frames) + 4.0 - wanted).abs() + 1e-6);
            prop_assert!(frames == 4 || off < (f64::from(frames) - 4.0 - wanted).abs() + 1e-6);
        }

        #[test]
        fn a_grid_is_standard_and_loses_few_frames(num in 1_u32..100_000, den in 1_u32..2000) {
            let average = rate(num, den);
            let grid = snap_rate(Some(average));
            prop_assert!(STANDARD_RATES.contains(&grid) || grid == FASTEST);
            prop_assert!(grid.as_f64() >= average.as_f64().min(60.0) * 0.998);
        }
    }
}
