//! Cutting a head's fragments into the rendition's segments. Pure.

mod frames;
mod keyframes;

use bytes::Bytes;

pub use frames::{FrameCutter, Grid};
pub use keyframes::{KeyframeCutter, Keys};

use crate::fmp4::Fragment;

/// Why a track with open GOPs is not copied.
pub const OPEN_GOPS: &str = "its GOPs are open: a browser that seeks in it fails";
/// Why a track is not copied whose head did not bring what was expected.
pub const NOT_AS_INDEXED: &str = "the file's index does not fit its keyframes";

/// One finished segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    pub segment: u32,
    pub bytes: Bytes,
}

/// The head's output is not what was ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    #[error("frame {got} came where frame {wanted} was due")]
    Gap { wanted: u64, got: i64 },
    /// The source's index is wrong, or the head was led astray by it.
    #[error("a keyframe came at {got} where one was due at {wanted} (ticks)")]
    NotAsIndexed { wanted: i64, got: i64 },
    #[error("a segment grew over {0} bytes without the keyframe that ends it")]
    TooLarge(usize),
    /// Whoever seeks to the keyframe cannot decode the frame.
    #[error("a frame at {shown} came after its keyframe at {key} (ticks)")]
    OpenGop { key: i64, shown: i64 },
    #[error("a frame that is shown at {shown} is decoded at {turn} (ticks)")]
    Reordered { shown: i64, turn: i64 },
    #[error("the whole film has {0} frames")]
    Still(usize),
}

impl CutError {
    /// Why the track cannot be copied, in words for a viewer; none if another try may bring something else.
    #[must_use]
    pub const fn why_not_copied(&self) -> Option<&'static str> {
        match self {
            Self::Gap { .. } => None,
            Self::NotAsIndexed { .. } => Some(NOT_AS_INDEXED),
            Self::TooLarge(_) => Some("its keyframes are too far apart"),
            Self::OpenGop { .. } => Some(OPEN_GOPS),
            Self::Reordered { .. } => Some("its frames stand for long and are stored in another order"),
            Self::Still(_) => Some("its picture stands still"),
        }
    }
}

/// What the end of a head's output means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What had been collected, as the last segment or segments.
    pub cuts: Vec<Cut>,
    /// The frame before which the source ended, if that is earlier than the table says.
    pub early_at: Option<u64>,
}

/// Collects frames until a segment is whole.
#[derive(Debug)]
pub enum Cutter {
    Frames(FrameCutter),
    Keyframes(KeyframeCutter),
}

impl Cutter {
    /// Whether nothing that was due has come yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        match self {
            Self::Frames(cutter) => cutter.is_empty(),
            Self::Keyframes(cutter) => cutter.is_empty(),
        }
    }

    /// Whether all segments have been cut.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        match self {
            Self::Frames(cutter) => cutter.is_done(),
            Self::Keyframes(cutter) => cutter.is_done(),
        }
    }

    /// The init segment for what this cuts, from the head's own.
    #[must_use]
    pub fn init(&self, init: Bytes) -> Bytes {
        match self {
            Self::Frames(_) => init,
            Self::Keyframes(cutter) => cutter.init(&init),
        }
    }

    /// Takes the next fragment and returns the segments that it completes. What comes before the first frame that is
    /// due, or after the last, is dropped.
    ///
    /// # Errors
    ///
    /// When the output is not what was ordered.
    pub fn push(&mut self, fragment: &Fragment) -> Result<Vec<Cut>, CutError> {
        match self {
            Self::Frames(cutter) => cutter.push(fragment),
            Self::Keyframes(cutter) => cutter.push(fragment),
        }
    }

    /// The source has ended.
    ///
    /// # Errors
    ///
    /// When what came cannot be played as it is.
    pub fn finish(&mut self) -> Result<Ending, CutError> {
        match self {
            Self::Frames(cutter) => Ok(cutter.finish()),
            Self::Keyframes(cutter) => {
                cutter.check_moves()?;
                Ok(cutter.finish())
            }
        }
    }
}
