//! What compresses pictures to H.264: libx264, or the encoder of a graphics card that has passed its trial; with which
//! preset; and how fast heads have been with each.

mod arguments;
mod choice;
mod preset;
mod speeds;
mod trial;

use std::path::PathBuf;

use protocol::EncoderKind;

pub(crate) use arguments::{Making, Run, making};
pub use choice::{EncoderConfig, Encoders, Wanted};
pub use preset::{Effort, Preset};
pub use speeds::{Decoder, Speeds, Work};

/// How pictures are encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoder {
    /// None: libx264.
    pub hardware: Option<Hardware>,
    /// H.264 level times ten: 41 is level 4.1.
    pub level: u8,
    /// Upper bound of the bit rate, bits a second.
    pub max_bit_rate: u32,
}

/// The encoder of a graphics card.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hardware {
    /// Not libx264.
    pub kind: EncoderKind,
    /// The card, where its encoder does not find it by itself.
    pub device: Option<PathBuf>,
}
