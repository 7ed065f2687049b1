//! What is to be made of a picture, and where its frames lie.

use protocol::{DynamicRange, FrameRate};

use super::Shape;
use crate::encoder::{Encoder, Work};

/// Media seconds that a video head starts before its first frame, so that the frame filter has the frame before.
pub(super) const VIDEO_LEAD_S: f64 = 0.25;

/// The part of a frame by which source times are moved before they are put on the frame grid: an eighth.
const END_SHIFT: i64 = 8;

/// Parts of a tick to which source times are rounded before that. At 25 frames a second a tick is a frame; several roundings
/// together have to stay far below the eighth.
pub(super) const PARTS: u64 = 64;

/// Which frames are made of two fields that were taken one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deinterlace {
    None,
    /// Those that say so.
    Told,
    /// All of a codec whose frames say nothing.
    All,
}

/// Encoded video with a subtitle track drawn in.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoOrder {
    /// Order among the video tracks, from 0.
    pub video: u16,
    /// Order among the subtitle tracks, from 0.
    pub burn: Option<u16>,
    pub rate: FrameRate,
    /// The source's picture, as the film was opened with it.
    pub shape: Shape,
    /// The output's size where it is not the source's.
    pub scale: Option<(u32, u32)>,
    pub deinterlace: Deinterlace,
    /// What is brighter than a usual screen is mapped to it.
    pub range: DynamicRange,
    /// The pictures are stored in red, green and blue.
    pub rgb: bool,
    /// A seek in the source finds a time and no keyframe.
    pub seeks_by_time: bool,
    pub encoder: Encoder,
    /// By which the speeds of heads are compared.
    pub work: Work,
    /// Source time of film time zero, seconds.
    pub zero_s: f64,
    /// When the track's first frame is shown, in film time; none at a variable rate, where it tells nothing of the
    /// others.
    pub starts_s: Option<f64>,
    /// When the track's last frame has been shown, in film time. Should the sound go on, that frame stays.
    pub ends_s: f64,
}

impl VideoOrder {
    /// By how much source times are moved before they are put on the frame grid, in parts of a tick.
    ///
    /// The frame filter takes the time of the last frame for the end, and would drop that frame if the end rounded to
    /// its own place. So frames come an eighth of a frame behind their place, which is more than containers round:
    /// they round back to it, and the end is rounded up to the next.
    pub(super) fn shift(&self) -> i64 {
        let frame = i64::from(self.rate.den) * PARTS.cast_signed();
        let phase = self.starts_s.unwrap_or(0.0) * f64::from(self.rate.num) / f64::from(self.rate.den);
        ((phase.round() - phase) * frame as f64).round() as i64 + frame / END_SHIFT
    }

    /// Whether a head for the frames from this one on that was started with [`Look::Quick`] may miss its first ones. It
    /// tells so by beginning late, so that another looks for them.
    #[must_use]
    pub fn may_miss(&self, first: u64) -> bool {
        let first_s = first as f64 * f64::from(self.rate.den) / f64::from(self.rate.num);
        self.seeks_by_time && self.starts_s.is_some_and(|starts_s| starts_s + VIDEO_LEAD_S < first_s)
    }

    /// The frame before which the picture ends.
    pub(super) fn end_frame(&self) -> u64 {
        (self.ends_s.max(0.0) * f64::from(self.rate.num) / f64::from(self.rate.den)).round() as u64
    }

    /// Film time zero in parts of a tick.
    pub(super) fn zero_parts(&self) -> i64 {
        (self.zero_s * f64::from(self.rate.num) * PARTS as f64).round() as i64
    }

    /// Film time zero in ticks of the output's time scale, as frames leave the head.
    #[must_use]
    pub fn output_zero_ticks(&self) -> i64 {
        // ffmpeg takes it off again, since its frame filter has to be the last that touches times.
        if self.encoder.hardware.is_some() { 0 } else { self.zero_ticks() }
    }

    /// Film time zero in ticks of the output's time scale.
    ///
    /// Frames leave the head in source time, on a grid that is moved by this whole number of ticks, so that every
    /// time stamp in the output is exact. At 25 frames a second a tick is a frame, so what is taken off before the
    /// filter is more exact than what is added behind it.
    #[must_use]
    pub fn zero_ticks(&self) -> i64 {
        (self.zero_s * f64::from(self.rate.num)).round() as i64
    }
}
