//! What of a session outlives the server.

use std::time::{Duration, Instant};

use protocol::{Playhead, SessionId, playhead::SharedPlayhead};
use serde::{Deserialize, Serialize};

use super::{
    Registry,
    host::{HandOver, Removed},
    messages::Messages,
    playhead::SessionPlayhead,
    screening::{Life, Screening},
    secrets::HostKeyHash,
    viewers::Viewers,
};

/// A session's recipe, where its playhead is, and who may close it. Everything else is found out again, or comes again by
/// itself: viewers by their heartbeats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved<R> {
    host: HostKeyHash,
    pub recipe: R,
    title: String,
    /// Milliseconds since the Unix epoch.
    opened_at: u64,
    playhead: Playhead,
    /// The playhead, where it is shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shared: Option<SharedPlayhead>,
    /// Server time in milliseconds at which the film was seen running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ran_ms: Option<f64>,
    joined: bool,
    /// The host gave the title.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    titled: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    private: bool,
    /// Whom the host removed.
    #[serde(default, skip_serializing_if = "Removed::is_empty")]
    removed: Removed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    handing_over: Option<HandOver>,
}

impl<R: Clone> Registry<R> {
    /// What is to outlive the server. Failed sessions do not: who comes back to one opens the link again.
    #[must_use]
    pub fn saved(&self, now: Instant) -> Vec<(SessionId, Saved<R>)> {
        let now_ms = self.clock.ms(now);
        let kept = self.sessions.iter().filter(|(_, screening)| !screening.has_failed());
        kept.map(|(session, screening)| (*session, screening.saved(now_ms))).collect()
    }

    /// Takes a session back that was saved so long ago; it sleeps. False, and nothing changed, if it would have been
    /// forgotten by now, is known, or finds no place.
    pub fn restore(&mut self, now: Instant, session: SessionId, saved: Saved<R>, ago: Duration) -> bool {
        let limits = &self.limits;
        if ago >= limits.forget_after
            || self.sessions.len() >= limits.max_remembered
            || self.sessions.contains_key(&session)
        {
            return false;
        }
        // A clock that began with the machine may not reach so far back; then it sleeps a little longer.
        let since = now.checked_sub(ago).unwrap_or(now);
        let now_ms = self.clock.ms(now);
        let Saved {
            host,
            recipe,
            title,
            opened_at,
            playhead,
            shared,
            ran_ms,
            joined,
            titled,
            private,
            removed,
            handing_over,
        } = saved;
        let shared = shared.map(|mut shared| {
            shared.restored(now_ms);
            shared
        });
        let mut screening = Screening {
            host,
            recipe,
            title,
            titled,
            listed: !private,
            handing_over,
            removed,
            messages: Messages::default(),
            opened_at,
            media: None,
            outside: Vec::new(),
            notices: Vec::new(),
            viewers: Viewers::default(),
            playhead: SessionPlayhead::restored(playhead, shared),
            life: Life::Asleep { since },
            changes: 0,
            empty_since: since,
            last_sign_ms: ran_ms.unwrap_or(now_ms),
            joined,
        };
        screening.hold_if_forsaken(now_ms, limits);
        self.sessions.insert(session, screening);
        true
    }
}

impl<R: Clone> Screening<R> {
    fn saved(&self, now_ms: f64) -> Saved<R> {
        let runs = self.is_awake() && !self.playhead_view(now_ms).paused && self.playhead.is_shared();
        Saved {
            host: self.host.clone(),
            recipe: self.recipe.clone(),
            title: self.title.clone(),
            opened_at: self.opened_at,
            playhead: self.playhead.led(),
            shared: self.playhead.shared().cloned(),
            ran_ms: runs.then_some(now_ms),
            joined: self.joined,
            titled: self.titled,
            private: !self.listed,
            removed: self.removed.clone(),
            handing_over: self.handing_over.clone(),
        }
    }
}
