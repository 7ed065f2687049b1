//! libx264's presets.

use std::fmt;

/// The presets that keep up with real time on ordinary machines, the fastest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Preset {
    UltraFast,
    SuperFast,
    VeryFast,
    Faster,
    Fast,
    Medium,
}

impl Preset {
    /// The ladder of [`Effort::ByNeed`], the fastest first. Heads with different ones of these write the same init segment, so
    /// one can go on where another ended (shown by the integration tests), and a segment is begun about as quickly with each.
    pub const LADDER: [Self; 3] = [Self::UltraFast, Self::SuperFast, Self::VeryFast];

    /// Where nothing has been learnt.
    pub const FIRST: Self = Self::SuperFast;

    /// x264's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UltraFast => "ultrafast",
            Self::SuperFast => "superfast",
            Self::VeryFast => "veryfast",
            Self::Faster => "faster",
            Self::Fast => "fast",
            Self::Medium => "medium",
        }
    }

    /// Seconds that a hundred seconds of 1080p take on two cores, decoding included (`make bench`, the part `speed`; the last
    /// three are the design's, beside its superfast). Only their ratios are used, and only until a preset has been measured.
    pub(super) const fn cost(self) -> f64 {
        match self {
            Self::UltraFast => 25.0,
            Self::SuperFast => 39.0,
            Self::VeryFast => 59.0,
            Self::Faster | Self::Fast | Self::Medium => 69.0,
        }
    }
}

/// How much work is put into a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// As much as this machine can do while films are watched.
    #[default]
    ByNeed,
    /// What the operator chose.
    Always(Preset),
}

impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByNeed => f.write_str("auto"),
            Self::Always(preset) => f.write_str(preset.name()),
        }
    }
}
