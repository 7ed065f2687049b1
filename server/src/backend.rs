//! The calls of the page, answered by the domain.

use app::api::{Answer, Backend, Calls};
use protocol::{
    Heartbeat, HeartbeatReply, HostChange, HostKey, MasterQuery, Media, Open, Opened, PlanView, Say, SessionId,
    SessionSummary, SessionView, Stage, Steer, SubtitleTrack, SystemReport, TorrentView, ViewerToken,
    playhead::PlayheadView,
};
use std::{future::ready, sync::Arc, time::Instant};
use streaming::Matinee;

/// The domain and what is known of the caller.
struct Caller {
    matinee: Matinee,
    languages: Vec<String>,
    received: Instant,
}

/// What a request's server functions call; `languages` are those its sender prefers, best first, and it came at
/// `received`.
pub fn backend(matinee: Matinee, languages: Vec<String>, received: Instant) -> Backend {
    Backend(Arc::new(Caller { matinee, languages, received }))
}

impl Calls for Caller {
    fn inspect(&self, source: String) -> Answer<'_, Media> {
        Box::pin(async move { self.matinee.inspect(&source).await })
    }

    fn open(&self, open: Open) -> Answer<'_, Opened> {
        Box::pin(ready(self.matinee.open(&open, &self.languages)))
    }

    fn sessions(&self) -> Answer<'_, Vec<SessionSummary>> {
        Box::pin(ready(Ok(self.matinee.sessions())))
    }

    fn session(&self, session: SessionId, past: Option<Stage>) -> Answer<'_, SessionView> {
        Box::pin(async move {
            match past {
                None => self.matinee.session(session),
                Some(stage) => self.matinee.session_past(session, stage).await,
            }
        })
    }

    fn torrent(&self, session: SessionId) -> Answer<'_, Option<TorrentView>> {
        Box::pin(ready(self.matinee.torrent(session)))
    }

    fn plan(&self, session: SessionId, query: MasterQuery) -> Answer<'_, PlanView> {
        Box::pin(async move { self.matinee.plan(session, &query, &self.languages).await })
    }

    fn heartbeat(&self, beat: Heartbeat) -> Answer<'_, HeartbeatReply> {
        Box::pin(async move { self.matinee.heartbeat(&beat, self.received) })
    }

    fn steer(&self, steer: Steer) -> Answer<'_, PlayheadView> {
        Box::pin(
            async move { self.matinee.steer(steer.session, &steer.viewer, steer.host_key.as_ref(), &steer.command) },
        )
    }

    fn host(&self, session: SessionId, host_key: HostKey, change: HostChange) -> Answer<'_, ()> {
        Box::pin(async move { self.matinee.change_as_host(session, &host_key, &change) })
    }

    fn say(&self, say: Say) -> Answer<'_, ()> {
        Box::pin(async move { self.matinee.say(&say) })
    }

    fn bring_subtitles(&self, session: SessionId, viewer: ViewerToken, source: String) -> Answer<'_, SubtitleTrack> {
        Box::pin(async move { self.matinee.bring(session, viewer)?.link(&source).await })
    }

    fn leave(&self, session: SessionId, viewer: ViewerToken) -> Answer<'_, ()> {
        Box::pin(async move { self.matinee.leave(session, &viewer) })
    }

    fn close(&self, session: SessionId, host_key: HostKey) -> Answer<'_, ()> {
        Box::pin(async move { self.matinee.close(session, &host_key) })
    }

    fn system(&self) -> Answer<'_, SystemReport> {
        Box::pin(ready(Ok(self.matinee.system())))
    }
}
