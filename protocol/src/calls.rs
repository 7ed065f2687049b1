//! Requests and answers of the calls under `/api/`.

use serde::{Deserialize, Serialize};

use crate::{
    HostKey, Message, PublicViewerId, SessionId, SessionState, Strain, SubtitleTrack, ViewerToken, ViewerView,
    playhead::{Command, PlayheadView, Report, ServerTimes},
};

/// The largest file of subtitles that is taken along to a session, in bytes.
pub const LARGEST_SUBTITLES: usize = 5 << 20;

/// `POST /api/inspect`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Inspect {
    pub source: String,
}

/// `POST /api/open`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Open {
    pub source: String,
    /// Which file of a torrent is the film; absent: its largest video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<u32>,
    /// A subtitle file of the same torrent that is added to the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitles: Option<u32>,
    /// The session does not stand in `POST /api/sessions`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}

impl Open {
    /// What a link leads to, the largest video of a torrent.
    #[must_use]
    pub fn link(source: impl Into<String>) -> Self {
        Self { source: source.into(), file: None, subtitles: None, private: false }
    }
}

/// The answer of `POST /api/open`. The host key is told this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    pub session: SessionId,
    pub host_key: HostKey,
}

/// What a viewer sends every five seconds, also while paused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    pub session: SessionId,
    pub viewer: ViewerToken,
    pub position_s: f64,
    pub paused: bool,
    /// At most 40 characters; longer names are cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The page is in a background tab, where browsers slow its timers down.
    #[serde(default)]
    pub hidden: bool,
    /// How the viewer follows the shared playhead. A session's playhead is shared from the first report or command on;
    /// before it is where the viewer is who has been there longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// When it was sent by the page's own clock, in milliseconds; it comes back in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_ms: Option<f64>,
    /// What makes the sender the host. One that is not (any more) the host's is passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_key: Option<HostKey>,
    /// The highest [`Message::number`] that the sender has, 0 at first. Present: it wants those after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<u64>,
}

impl Heartbeat {
    /// What every heartbeat has.
    #[must_use]
    pub const fn new(session: SessionId, viewer: ViewerToken, position_s: f64, paused: bool) -> Self {
        Self {
            session,
            viewer,
            position_s,
            paused,
            name: None,
            hidden: false,
            report: None,
            sent_ms: None,
            host_key: None,
            heard: None,
        }
    }
}

/// The answer to a heartbeat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeartbeatReply {
    pub playhead: PlayheadView,
    /// One entry a viewer, the asking one too.
    pub viewers: Vec<ViewerView>,
    pub session_state: SessionState,
    /// The film's duration, which an end that came early may have corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// The subtitles that viewers brought along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<SubtitleTrack>,
    pub times: ServerTimes,
    /// [`Heartbeat::sent_ms`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_ms: Option<f64>,
    /// Which of the viewers the asking one is.
    pub you: PublicViewerId,
    /// [`Heartbeat::host_key`] is the host's.
    pub host: bool,
    /// The session is handed over to this viewer: with a heartbeat that carries this key it is the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_key: Option<HostKey>,
    /// What was said after [`Heartbeat::heard`], the newest [`crate::MESSAGES_KEPT`] in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// Whether the session stands in `POST /api/sessions`.
    pub listed: bool,
    /// The pictures that somebody watches and that this machine makes more slowly than that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strains: Vec<Strain>,
}

/// `POST /api/steer`, of which the answer is the new [`PlayheadView`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Steer {
    pub session: SessionId,
    pub viewer: ViewerToken,
    /// What makes the sender the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_key: Option<HostKey>,
    pub command: Command,
}

/// `POST /api/leave`, also sent as a beacon.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Leave {
    pub session: SessionId,
    pub viewer: ViewerToken,
}

/// `POST /api/close`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Close {
    pub session: SessionId,
    pub host_key: HostKey,
}

/// `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}
