//! The vocabulary that Matinee's page and server share.
//!
//! Only types and pure functions: no IO, no clock. Every time is *film time* in seconds unless a field
//! says otherwise: zero is the earliest start among the film's video and audio tracks.

mod calls;
mod capabilities;
mod choice;
mod company;
mod error;
mod events;
mod ids;
mod media;
mod plan;
pub mod playhead;
mod rendition;
mod session;
mod system;
mod torrent;

pub use calls::{Close, Empty, Heartbeat, HeartbeatReply, Inspect, LARGEST_SUBTITLES, Leave, Open, Opened, Steer};
pub use capabilities::{CANDIDATES, Capabilities};
pub use choice::{Choice, choose, known_language};
pub use company::{COLOURS, HostChange, LONGEST_TEXT, LONGEST_TITLE, MESSAGES_KEPT, Message, Reaction, Said, Say};
pub use error::{Error, ErrorKind};
pub use events::{EndReason, Event, SessionNews};
pub use ids::{HostKey, PublicViewerId, SessionId, TrackId, TrackKind, ViewerToken};
pub use media::{
    Attachment, AudioTrack, Chapter, DynamicRange, FrameRate, Media, Reach, SubtitleKind, SubtitleTrack, UNKNOWN_CODEC,
    VideoTrack,
};
pub use plan::{AudioMode, AudioPlan, PlanView, VideoPlan};
pub use rendition::{Channels, EncodedBy, MasterQuery, Quality, RenditionId, VideoMode};
pub use session::{Playhead, SessionState, SessionSummary, SessionView, Stage, ViewerView};
pub use system::{Capacity, EncoderKind, EncoderReport, EncoderTrial, StoreReport, Strain, SystemReport, ToolReport};
pub use torrent::{
    AwaitedPieces, LARGEST_TORRENT_FILE, TorrentAdded, TorrentFile, TorrentFileKind, TorrentState, TorrentView,
    TorrentsReport,
};

/// The request header in which the page sends its [`ViewerToken`] with every playlist and segment request, and when it
/// opens its event channel.
///
/// A player that does not send it (VLC, ffmpeg, Safari's own) counts as an anonymous viewer.
pub const VIEWER_HEADER: &str = "matinee-viewer";
