//! The reaper: ends viewers and sessions that nobody needs any more, each with a logged reason.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use super::{Inner, torrents};
use crate::session::{End, Ended};

/// Sleeps until the registry's next deadline instead of looking round in between.
pub(super) async fn run(inner: Weak<Inner>) {
    loop {
        let Some(inner) = inner.upgrade() else { return };
        let ended = inner.registry().expire(Instant::now());
        for ended in ended {
            act_on(&inner, &ended);
        }
        let deadline = inner.registry().next_deadline();
        let rung = inner.bell.notified();
        match deadline {
            // A deadline is passed, not met, when `expire` looks.
            Some(at) => {
                let at = tokio::time::Instant::from(at) + Duration::from_millis(1);
                // Either way the registry is looked at again.
                let _ = tokio::time::timeout_at(at, rung).await;
            }
            None => rung.await,
        }
    }
}

/// Logs an end and lets go of what the session held.
pub(super) fn act_on(inner: &Arc<Inner>, ended: &Ended) {
    tracing::info!(session = %ended.session, what = ?ended.what, reason = %ended.reason, "ended");
    if ended.releases() {
        let awake = inner.registry().epoch(ended.session);
        inner.screenings.release(ended.session, awake);
    }
    inner.remember.by(matches!(ended.what, End::Closed));
    if matches!(ended.what, End::Closed | End::Forgotten) {
        torrents::forget(inner, ended.session);
    }
}
