//! The calls under `/api/`: the browser's side and the server's side of each in one place.
//!
//! JSON goes in and comes out, under the field names of the arguments. A failed call answers with the JSON of
//! a [`protocol::Error`] and nothing else.

#[cfg(feature = "ssr")]
mod backend;
mod error;
mod patience;

use leptos::{prelude::*, server_fn::codec::Json};
use protocol::{
    Empty, Heartbeat, HeartbeatReply, HostChange, HostKey, MasterQuery, Media, Opened, PlanView, Reaction, SessionId,
    SessionSummary, SessionView, Stage, SubtitleTrack, SystemReport, TorrentView, ViewerToken,
    playhead::{Command, PlayheadView},
};

#[cfg(feature = "ssr")]
pub use backend::{Answer, Backend, Calls};
pub use error::ApiError;
pub(crate) use patience::within;

/// What is in a source, without opening a session.
#[server(name = InspectCall, prefix = "/api", endpoint = "inspect", input = Json, output = Json)]
pub async fn inspect(source: String) -> Result<Media, ApiError> {
    Ok(Backend::here()?.0.inspect(source).await?)
}

/// Opens a session. It answers at once; the preparation goes on. `file` and `subtitles` are numbers of files of a torrent.
/// A `private` one does not stand in the list of live sessions.
#[server(name = OpenCall, prefix = "/api", endpoint = "open", input = Json, output = Json)]
pub async fn open(
    source: String,
    file: Option<u32>,
    subtitles: Option<u32>,
    private: Option<bool>,
) -> Result<Opened, ApiError> {
    let open = protocol::Open { source, file, subtitles, private: private.unwrap_or_default() };
    Ok(Backend::here()?.0.open(open).await?)
}

/// The live sessions.
#[server(name = SessionsCall, prefix = "/api", endpoint = "sessions", input = Json, output = Json)]
pub async fn sessions() -> Result<Vec<SessionSummary>, ApiError> {
    Ok(Backend::here()?.0.sessions().await?)
}

/// One session: how far it is prepared, its tracks, who watches. With `past` the answer comes when the preparation has
/// come past that stage, after ten seconds at the latest.
#[server(name = SessionCall, prefix = "/api", endpoint = "session", input = Json, output = Json)]
pub async fn session(session: SessionId, past: Option<Stage>) -> Result<SessionView, ApiError> {
    Ok(Backend::here()?.0.session(session, past).await?)
}

/// How the film of a session comes along, where it is a torrent's.
#[server(name = TorrentCall, prefix = "/api", endpoint = "torrent", input = Json, output = Json)]
pub async fn torrent(session: SessionId) -> Result<Option<TorrentView>, ApiError> {
    Ok(Backend::here()?.0.torrent(session).await?)
}

/// How the film is made playable for one viewer's browser and choice, and why; waits until the film is ready.
#[server(name = PlanCall, prefix = "/api", endpoint = "plan", input = Json, output = Json)]
pub async fn plan(session: SessionId, query: MasterQuery) -> Result<PlanView, ApiError> {
    Ok(Backend::here()?.0.plan(session, query).await?)
}

/// Says that a viewer is there and where in the film.
#[server(name = HeartbeatCall, prefix = "/api", endpoint = "heartbeat", input = Json, output = Json)]
pub async fn heartbeat(beat: Heartbeat) -> Result<HeartbeatReply, ApiError> {
    Ok(Backend::here()?.0.heartbeat(beat).await?)
}

/// Steers the playhead that all viewers share: play, pause, seek, rate; the host's key goes along for what is the host's.
#[server(name = SteerCall, prefix = "/api", endpoint = "steer", input = Json, output = Json)]
pub async fn steer(
    session: SessionId,
    viewer: ViewerToken,
    host_key: Option<HostKey>,
    command: Command,
) -> Result<PlayheadView, ApiError> {
    Ok(Backend::here()?.0.steer(protocol::Steer { session, viewer, host_key, command }).await?)
}

/// Does what only a session's host can: renames it, lists it or not, removes a viewer, hands it over.
#[server(name = HostCall, prefix = "/api", endpoint = "host", input = Json, output = Json)]
pub async fn host(session: SessionId, host_key: HostKey, change: HostChange) -> Result<Empty, ApiError> {
    Backend::here()?.0.host(session, host_key, change).await?;
    Ok(Empty {})
}

/// Says something to all who watch: either a text or a reaction.
#[server(name = SayCall, prefix = "/api", endpoint = "say", input = Json, output = Json)]
pub async fn say(
    session: SessionId,
    viewer: ViewerToken,
    text: Option<String>,
    reaction: Option<Reaction>,
) -> Result<Empty, ApiError> {
    Backend::here()?.0.say(protocol::Say { session, viewer, text, reaction }).await?;
    Ok(Empty {})
}

/// Adds the subtitle file that a link leads to, for everybody who watches.
#[server(name = BringSubtitlesCall, prefix = "/api", endpoint = "bring-subtitles", input = Json, output = Json)]
pub async fn bring_subtitles(
    session: SessionId,
    viewer: ViewerToken,
    source: String,
) -> Result<SubtitleTrack, ApiError> {
    Ok(Backend::here()?.0.bring_subtitles(session, viewer, source).await?)
}

/// Says that a viewer is gone.
#[server(name = LeaveCall, prefix = "/api", endpoint = "leave", input = Json, output = Json)]
pub async fn leave(session: SessionId, viewer: ViewerToken) -> Result<Empty, ApiError> {
    Backend::here()?.0.leave(session, viewer).await?;
    Ok(Empty {})
}

/// Ends a session for everybody; only its host can.
#[server(name = CloseCall, prefix = "/api", endpoint = "close", input = Json, output = Json)]
pub async fn close(session: SessionId, host_key: HostKey) -> Result<Empty, ApiError> {
    Backend::here()?.0.close(session, host_key).await?;
    Ok(Empty {})
}

/// The server's tools, store and capacity.
#[server(name = SystemCall, prefix = "/api", endpoint = "system", input = Json, output = Json)]
pub async fn system() -> Result<SystemReport, ApiError> {
    Ok(Backend::here()?.0.system().await?)
}
