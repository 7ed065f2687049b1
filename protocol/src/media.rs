//! What is known of a film: container, duration, tracks, chapters, attachments.

use serde::{Deserialize, Serialize};

use crate::{TorrentFile, TrackId};

/// What probing a source found out, without reading it through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// The container's title, or else the last part of the link's path.
    pub title: String,
    /// Bytes; absent where the server does not tell.
    pub size: Option<u64>,
    /// From film time zero to the end of the longest of the video and audio tracks.
    pub duration_s: f64,
    /// The container's common name: `Matroska`, `MP4`, `MPEG-TS`, …
    pub container: String,
    pub video: Vec<VideoTrack>,
    pub audio: Vec<AudioTrack>,
    pub subtitles: Vec<SubtitleTrack>,
    pub chapters: Vec<Chapter>,
    pub attachments: Vec<Attachment>,
    pub reach: Reach,
    /// Sentences for the viewer about what is wrong with the file though it plays: cut short, no index, …
    pub warnings: Vec<String>,
    /// What can be chosen in a torrent. An inspected torrent has these alone: no tracks, no duration, since nothing of its
    /// files has been downloaded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<TorrentFile>,
}

impl Media {
    /// The subtitle tracks that a master playlist offers as text, in its order: those of text among the `readable` ones.
    pub fn texts(&self, readable: &[TrackId]) -> impl Iterator<Item = &SubtitleTrack> {
        let is_text = |track: &&SubtitleTrack| track.kind != SubtitleKind::Bitmap && readable.contains(&track.track);
        self.subtitles.iter().filter(is_text)
    }
}

/// How far into the source one can seek.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The server answers range requests: anywhere.
    Anywhere,
    /// The server does not: only as far as it has been read from its start.
    AsRead,
}

/// A rational number of frames a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FrameRate {
    pub num: u32,
    pub den: u32,
}

impl FrameRate {
    /// Frames a second.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }
}

/// How much brighter than paper a picture can be, by its transfer characteristics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DynamicRange {
    /// As on every screen.
    #[default]
    Standard,
    /// SMPTE ST 2084 (PQ): HDR10 and most of Dolby Vision.
    Hdr10,
    /// ARIB STD-B67: hybrid log-gamma, of broadcasters.
    Hlg,
}

/// Stands where ffmpeg does not know a track's codec.
pub const UNKNOWN_CODEC: &str = "unknown";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoTrack {
    pub track: TrackId,
    /// ffmpeg's name of the codec: `h264`, `hevc`, `av1`, …; [`UNKNOWN_CODEC`] where it has none.
    pub codec: String,
    pub profile: Option<String>,
    /// As the codec counts it: 41 is H.264 level 4.1.
    pub level: Option<i32>,
    pub bit_depth: Option<u8>,
    pub pixel_format: Option<String>,
    /// Pixels of the picture as it is shown: one that is stored lying on its side has been stood up.
    pub width: u32,
    pub height: u32,
    /// Whether the picture is stored lying on its side.
    #[serde(default)]
    pub turned: bool,
    /// The shape of a pixel, 1:1 unless the film is anamorphic.
    pub sample_aspect: (u32, u32),
    /// The average rate; absent where the container does not tell.
    pub frame_rate: Option<FrameRate>,
    pub interlaced: bool,
    #[serde(default)]
    pub range: DynamicRange,
    /// A still picture that comes with the file, not the film.
    pub cover: bool,
    pub language: Option<String>,
    pub title: Option<String>,
    pub default: bool,
    pub forced: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioTrack {
    pub track: TrackId,
    pub codec: String,
    pub profile: Option<String>,
    pub channels: u16,
    pub channel_layout: Option<String>,
    /// Hertz.
    pub sample_rate: u32,
    pub bit_depth: Option<u8>,
    pub language: Option<String>,
    pub title: Option<String>,
    pub default: bool,
    pub forced: bool,
}

/// How a subtitle track stores its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubtitleKind {
    /// SRT, WebVTT, mov_text, …
    Text,
    /// ASS or SSA: text with styles, positions and fonts.
    Styled,
    /// PGS, VobSub, DVB: pictures.
    Bitmap,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubtitleTrack {
    pub track: TrackId,
    pub codec: String,
    pub kind: SubtitleKind,
    pub language: Option<String>,
    pub title: Option<String>,
    pub default: bool,
    pub forced: bool,
    pub hearing_impaired: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chapter {
    pub start_s: f64,
    pub end_s: f64,
    pub title: Option<String>,
}

/// A file inside the container, typically a font. Its name is for showing only: no path is ever built from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub n: u16,
    pub name: Option<String>,
    pub mime: Option<String>,
}
