//! What answers the calls: the server program gives every call a [`Backend`] as context.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use leptos::prelude::use_context;
use protocol::{
    Error, ErrorKind, Heartbeat, HeartbeatReply, HostChange, HostKey, MasterQuery, Media, Open, Opened, PlanView, Say,
    SessionId, SessionSummary, SessionView, Stage, Steer, SubtitleTrack, SystemReport, TorrentView, ViewerToken,
    playhead::PlayheadView,
};

/// An answer that takes its time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// The calls of the HTTP contract.
pub trait Calls: Send + Sync {
    fn inspect(&self, source: String) -> Answer<'_, Media>;
    fn open(&self, open: Open) -> Answer<'_, Opened>;
    fn sessions(&self) -> Answer<'_, Vec<SessionSummary>>;
    fn session(&self, session: SessionId, past: Option<Stage>) -> Answer<'_, SessionView>;
    fn torrent(&self, session: SessionId) -> Answer<'_, Option<TorrentView>>;
    fn plan(&self, session: SessionId, query: MasterQuery) -> Answer<'_, PlanView>;
    fn heartbeat(&self, beat: Heartbeat) -> Answer<'_, HeartbeatReply>;
    fn steer(&self, steer: Steer) -> Answer<'_, PlayheadView>;
    fn host(&self, session: SessionId, host_key: HostKey, change: HostChange) -> Answer<'_, ()>;
    fn say(&self, say: Say) -> Answer<'_, ()>;
    fn bring_subtitles(&self, session: SessionId, viewer: ViewerToken, source: String) -> Answer<'_, SubtitleTrack>;
    fn leave(&self, session: SessionId, viewer: ViewerToken) -> Answer<'_, ()>;
    fn close(&self, session: SessionId, host_key: HostKey) -> Answer<'_, ()>;
    fn system(&self) -> Answer<'_, SystemReport>;
}

/// The context value.
#[derive(Clone)]
pub struct Backend(pub Arc<dyn Calls>);

impl Backend {
    pub(crate) fn here() -> Result<Self, Error> {
        use_context().ok_or_else(|| {
            Error::new(ErrorKind::Internal, "this call is not connected to a server; report it to the developers")
        })
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Backend")
    }
}
