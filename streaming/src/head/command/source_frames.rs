//! Where the frames of a sound track are in its source.
//!
//! Matroska's times are rounded to milliseconds, and a decoder begins to count at the time of the first frame that it
//! is given: two heads that begin at different frames would be up to a millisecond apart, which is heard as a click
//! where they join.

use protocol::AudioTrack;

/// How far a time may be rounded, in seconds.
const ROUNDING_S: f64 = 0.0011;

/// A track of which all frames have the same number of samples: frame n begins at `first_s` and n times as long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceFrames {
    /// Source time of the first frame, seconds.
    pub first_s: f64,
    /// Samples of a frame.
    pub samples: u32,
    /// Samples a second.
    pub rate: u32,
}

impl SourceFrames {
    /// `frames` is when the first frame begins and how long each lasts, about, in seconds. None where frames have no
    /// length of their own.
    #[must_use]
    pub fn of(track: &AudioTrack, frames: Option<(f64, f64)>) -> Option<Self> {
        let sizes: &[u32] = match track.codec.as_str() {
            "aac" => &[1024, 2048],
            "ac3" => &[1536],
            "eac3" => &[1536, 768, 512, 256],
            "mp3" | "mp2" => &[1152, 576],
            "dts" => &[512, 1024, 2048],
            "opus" => &[960, 480, 1920, 2880],
            _ => return None,
        };
        let (first_s, length_s) = frames?;
        let off_s = |samples: u32| (f64::from(samples) / f64::from(track.sample_rate) - length_s).abs();
        let samples = sizes.iter().copied().find(|samples| off_s(*samples) <= ROUNDING_S)?;
        Some(Self { first_s, samples, rate: track.sample_rate })
    }

    /// An expression of ffmpeg's filters: the exact time of a frame in seconds. A time that is further off than
    /// rounding explains stays as it is.
    #[must_use]
    pub fn exact(&self) -> String {
        let step = format!("({}/{})", self.samples, self.rate);
        let exact = format!("({:.6}+round((PTS*TB-({:.6}))/{step})*{step})", self.first_s, self.first_s);
        format!("if(lte(abs(PTS*TB-{exact}),{ROUNDING_S}),{exact},PTS*TB)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(codec: &str, sample_rate: u32) -> AudioTrack {
        AudioTrack {
            track: protocol::TrackId::audio(0),
            codec: codec.into(),
            profile: None,
            channels: 2,
            channel_layout: None,
            bit_depth: None,
            sample_rate,
            language: None,
            title: None,
            default: true,
            forced: false,
        }
    }

    #[test]
    fn the_size_that_fits_is_taken_and_none_if_none_does() {
        let samples = |codec, rate, length_s| {
            SourceFrames::of(&track(codec, rate), Some((0.0, length_s))).map(|frames| frames.samples)
        };
        assert_eq!(samples("aac", 48_000, 0.022), Some(1024));
        assert_eq!(samples("aac", 48_000, 0.043), Some(2048));
        assert_eq!(samples("aac", 44_100, 0.024), Some(1024));
        assert_eq!(samples("ac3", 48_000, 0.032), Some(1536));
        assert_eq!(samples("ac3", 48_000, 0.064), None);
        assert_eq!(samples("flac", 48_000, 0.085), None);
        assert_eq!(samples("aac", 0, 0.022), None);
        assert_eq!(SourceFrames::of(&track("aac", 48_000), None), None);
    }
}
