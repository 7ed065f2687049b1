//! What of a session outlives the server.

use std::time::{Duration, Instant};

use protocol::{Playhead, SessionId};
use serde::{Deserialize, Serialize};

use super::{
    Registry,
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
    joined: bool,
}

impl<R: Clone> Registry<R> {
    /// What is to outlive the server. Failed sessions do not: who comes back to one opens the link again.
    #[must_use]
    pub fn saved(&self) -> Vec<(SessionId, Saved<R>)> {
        let kept = self.sessions.iter().filter(|(_, screening)| !screening.has_failed());
        kept.map(|(session, screening)| (*session, screening.saved())).collect()
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
        let Saved { host, recipe, title, opened_at, playhead, joined } = saved;
        let screening = Screening {
            host,
            recipe,
            title,
            opened_at,
            media: None,
            outside: Vec::new(),
            notices: Vec::new(),
            viewers: Viewers::default(),
            playhead,
            life: Life::Asleep { since },
            empty_since: since,
            joined,
        };
        self.sessions.insert(session, screening);
        true
    }
}

impl<R: Clone> Screening<R> {
    fn saved(&self) -> Saved<R> {
        Saved {
            host: self.host.clone(),
            recipe: self.recipe.clone(),
            title: self.title.clone(),
            opened_at: self.opened_at,
            playhead: self.playhead,
            joined: self.joined,
        }
    }
}
