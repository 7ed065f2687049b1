//! What the integration tests share.

pub(crate) mod films;
pub(crate) mod marks;
pub(crate) mod media;
pub(crate) mod playback;
pub(crate) mod processes;
pub(crate) mod stand_in;
#[cfg(feature = "torrents")]
pub(crate) mod swarm;
pub(crate) mod teletext;
pub(crate) mod theatre;
pub(crate) mod timeline;
pub(crate) mod upstream;

use std::time::Duration;

/// Waits until something is true, and says what was waited for in vain.
pub(crate) async fn eventually(what: &str, limit: Duration, mut is_true: impl FnMut() -> bool) {
    let looking = async {
        let mut look = tokio::time::interval(Duration::from_millis(5));
        while !is_true() {
            look.tick().await;
        }
    };
    assert!(tokio::time::timeout(limit, looking).await.is_ok(), "not within {limit:?}: {what}");
}
