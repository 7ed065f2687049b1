//! A session as its viewers see it.

use serde::{Deserialize, Serialize};

use crate::{Error, Media, PublicViewerId, SessionId, SubtitleTrack, TorrentView, playhead::PlayheadView};

/// Where a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    Preparing,
    Ready,
    Failed,
}

/// What a preparing session is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Asking the link's server for the file.
    Connecting,
    /// Reading the container's structure.
    Probing,
    /// Making the first segments.
    Starting,
}

/// The shared position and play/pause state of a session.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Playhead {
    pub position_s: f64,
    pub paused: bool,
}

/// One viewer, as the others see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ViewerView {
    pub id: PublicViewerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub position_s: f64,
    pub paused: bool,
    /// A player that sends no heartbeats: VLC, ffmpeg, Safari's own.
    pub anonymous: bool,
    /// It has the host's key, as its last heartbeat showed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub host: bool,
    /// Its player should run and has no data.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub buffering: bool,
    /// It watches without the others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// Below [`crate::COLOURS`]; different ones for as many viewers as there are colours.
    #[serde(default)]
    pub colour: u8,
}

impl ViewerView {
    /// A page at the film's start of which nothing else is known.
    #[must_use]
    pub const fn new(id: PublicViewerId) -> Self {
        Self {
            id,
            name: None,
            position_s: 0.0,
            paused: false,
            anonymous: false,
            host: false,
            buffering: false,
            alone: false,
            colour: 0,
        }
    }
}

/// The answer of `POST /api/session`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionView {
    pub state: SessionState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    pub title: String,
    /// It stands in `POST /api/sessions` while it is awake.
    pub listed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// The subtitles that viewers brought along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<SubtitleTrack>,
    pub viewers: Vec<ViewerView>,
    pub playhead: PlayheadView,
    /// Seconds of the source that have been read, where [`crate::Reach::AsRead`] bounds seeking; an estimate from bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_s: Option<f64>,
    /// How the film comes along, where it is a torrent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub torrent: Option<TorrentView>,
}

/// One line of the list of live sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionSummary {
    pub session: SessionId,
    pub title: String,
    /// How many watch.
    pub viewers: u32,
    /// Milliseconds since the Unix epoch.
    pub opened_at: u64,
    pub state: SessionState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
}
