//! Films whose own clock begins anew in their middle: they are read with one clock throughout.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use protocol::{Error, ErrorKind, Reach};
use tokio::time::{Instant, timeout, timeout_at};

use crate::{gateway::Feed, mpeg};

/// For looking at ten places of a file, or at most some hundred of one whose clock is found to begin anew. Of files of other
/// kinds only the beginning is looked at.
const LIMIT: Duration = Duration::from_secs(20);

/// For the first looks, of which most films need no more. A server that fetches each place from elsewhere is not waited for.
const FIRST_LIMIT: Duration = Duration::from_secs(4);

/// What a viewer is told where that cannot be done.
const LOST: &str = "the film's clock begins anew in its middle, as where recordings were joined; a part of it may be missing or \
                    come at a wrong time; mux it anew with ffmpeg (ffmpeg -i FILM -c copy NEW.mkv)";

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// Whether what was read of the film before has other times than what is read from now on.
    pub(super) is_mended: bool,
    pub(super) warning: Option<String>,
}

/// Sees to it that all who read the film find one clock; gives a warning where it has several and that cannot be done.
/// What cannot be read is not told: whoever reads next meets it too.
pub(super) async fn make_one(feed: &Feed) -> Clock {
    let Some(size) = feed.len().filter(|_| feed.reach() == Reach::Anywhere) else { return Clock::default() };
    // Everybody reads on from the beginning, and nobody from the other places.
    let (first, looked) = (Instant::now() + FIRST_LIMIT, AtomicU64::new(0));
    let look = |offset, len| {
        let is_first = looked.fetch_add(1, Relaxed) < mpeg::FIRST_LOOKS;
        async move {
            if offset == 0 {
                feed.read(offset, len).await
            } else if is_first {
                let late = Err(Error::new(ErrorKind::SourceTimeout, "the film's server takes long for each place"));
                timeout_at(first, feed.glance(offset, len)).await.unwrap_or(late)
            } else {
                feed.glance(offset, len).await
            }
        }
    };
    let found = match timeout(LIMIT, mpeg::search(size, look)).await {
        Ok(Ok(Some(found))) => found,
        Ok(Ok(None)) => return Clock::default(),
        Ok(Err(error)) => {
            tracing::debug!(%error, "the film's clock could not be looked at");
            return Clock::default();
        }
        Err(_) => {
            tracing::warn!(limit = ?LIMIT, "looking at the film's clock took too long; if it begins anew, a part is missing");
            return Clock::default();
        }
    };
    let is_mended = found.one_clock.is_some();
    if let Some(one_clock) = found.one_clock {
        tracing::info!(joints = one_clock.joints(), "the film's clock begins anew or jumps: it is made one");
        feed.rewrite(one_clock);
    }
    Clock { is_mended, warning: found.is_lost.then(|| LOST.to_owned()) }
}
