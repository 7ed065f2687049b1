//! Playlists as RFC 8216 has them, and the facts of H.264 and AAC that stand in them.
//!
//! Pure functions. A media playlist lists the whole film from the first second on; a master has exactly one
//! `EXT-X-STREAM-INF`, since every segment that a player asks for on trial starts an encoder.

mod codecs;
mod copied;
mod frame_size;
mod master;
mod media;

pub use codecs::{AAC_CODEC, Level, bit_rate_cap};
pub use copied::CopiedCodec;
pub use frame_size::{MAX_HEIGHT, MAX_WIDTH, fit};
pub use master::{AudioRendition, MasterPlan, SubtitleRendition, VideoRendition, master};
pub use media::{media, subtitles};
