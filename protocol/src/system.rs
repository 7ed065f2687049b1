//! The server's own state, as the home page shows it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{TorrentsReport, TrackId};

/// One program that Matinee runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolReport {
    /// `ffmpeg`, `ffprobe` or `mpv`.
    pub name: String,
    /// Absent when the program is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What to do about a missing or unusable program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// How much of something is in use and how much may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    pub used: u64,
    pub allowed: u64,
}

/// The segment store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreReport {
    pub on_tmpfs: bool,
    /// Bytes.
    pub bytes: Capacity,
    /// What to do when the store is not on tmpfs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// What compresses pictures to H.264, by FFmpeg's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EncoderKind {
    /// In software, by the processor.
    #[serde(rename = "libx264")]
    X264,
    /// NVIDIA's.
    #[serde(rename = "h264_nvenc")]
    Nvenc,
    /// Intel's Quick Sync Video.
    #[serde(rename = "h264_qsv")]
    Qsv,
    /// Linux's interface to the encoders of Intel's and AMD's graphics.
    #[serde(rename = "h264_vaapi")]
    Vaapi,
}

impl EncoderKind {
    /// Those of graphics cards, in the order in which they are tried.
    pub const HARDWARE: [Self; 3] = [Self::Nvenc, Self::Qsv, Self::Vaapi];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::X264 => "libx264",
            Self::Nvenc => "h264_nvenc",
            Self::Qsv => "h264_qsv",
            Self::Vaapi => "h264_vaapi",
        }
    }
}

impl fmt::Display for EncoderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What became of the test encode with a graphics card's encoder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderTrial {
    pub encoder: EncoderKind,
    /// Why it is not used; absent when it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// How pictures are encoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderReport {
    /// What encodes the films that are opened from now on.
    pub used: EncoderKind,
    /// libx264's preset, `auto` where it is chosen by how fast this machine is.
    pub preset: String,
    /// Trials are under way; until they are over libx264 is used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trying: bool,
    /// In the order in which they were made: none where the operator chose libx264.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<EncoderTrial>,
}

/// An encoded picture that this machine makes more slowly than it is watched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strain {
    /// The video track.
    pub track: TrackId,
    /// Lines of the picture.
    pub height: u32,
    /// The subtitle track that is drawn in.
    pub burn: Option<TrackId>,
    /// A graphics card makes it.
    pub on_card: bool,
    /// Seconds of film that are made in a second; below 1.
    pub speed: f64,
}

/// The answer of `POST /api/system`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemReport {
    pub version: String,
    pub tools: Vec<ToolReport>,
    pub store: StoreReport,
    pub sessions: Capacity,
    pub encodes: Capacity,
    pub encoder: EncoderReport,
    /// Absent where torrents are switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub torrents: Option<TorrentsReport>,
}
