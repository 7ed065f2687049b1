//! How many and how long.

use std::time::Duration;

/// The figures of a session's life; the defaults are those of the design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sessions that are awake at the same time, failed ones apart.
    pub max_streams: usize,
    /// A viewer is gone after so long without a sign.
    pub viewer_timeout: Duration,
    /// The same for a page in a background tab, whose timers browsers slow down to one a minute.
    pub hidden_timeout: Duration,
    /// A player without heartbeats counts for so long after a request.
    pub anonymous_timeout: Duration,
    /// A session that nobody joined sleeps after so long.
    pub unjoined_timeout: Duration,
    /// A session that everybody left sleeps after so long.
    pub sleep_after: Duration,
    /// A sleeping session is forgotten after so long.
    pub forget_after: Duration,
    /// Viewers of one session; more are refused.
    pub max_viewers: usize,
    /// Open event channels of one viewer: a tab has one, and for a moment two when its page is reloaded.
    pub max_viewer_channels: usize,
    /// Of one session.
    pub max_session_channels: usize,
    /// Of the server: each is a connection, of which the system commonly allows a program 1024 files in all.
    pub max_channels: usize,
    /// Sessions in memory, awake or asleep; beyond it the one that has slept longest is forgotten.
    pub max_remembered: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_streams: 4,
            viewer_timeout: Duration::from_secs(45),
            hidden_timeout: Duration::from_secs(150),
            anonymous_timeout: Duration::from_secs(45),
            unjoined_timeout: Duration::from_secs(120),
            sleep_after: Duration::from_secs(45),
            forget_after: Duration::from_secs(24 * 3600),
            max_viewers: 1000,
            max_viewer_channels: 8,
            max_session_channels: 250,
            max_channels: 500,
            max_remembered: 1000,
        }
    }
}
