//! When a page's heartbeats are due.

use super::follower::EXCHANGES;

/// Apart by this many milliseconds once the clock is known well.
const BEAT_MS: f64 = 5_000.0;
/// The first ones follow each other at once, since nothing starts before the clock is known.
const FIRST_MS: f64 = 100.0;
/// Exchanges of a quarter and of half a second, after which heartbeats are as far apart as anybody's.
const QUICK: u32 = 8;
const QUICK_MS: f64 = 250.0;
const BRISK: u32 = 16;
const BRISK_MS: f64 = 500.0;
/// A timer that comes this much early, in milliseconds, would otherwise skip a whole look.
const EARLY_MS: f64 = 50.0;

/// The last heartbeat: when it was sent, and what was told of the player.
#[derive(Clone, Debug, Default)]
pub(super) struct Beats {
    last_ms: Option<f64>,
    ready: Option<u64>,
    stalled: bool,
}

impl Beats {
    /// Whether one should go out now, after so many exchanges: also at once when the player has become ready, since others
    /// may wait for that, and when it stalls or goes on.
    pub(super) fn due(&self, now_ms: f64, exchanges: u32, ready: Option<u64>, stalled: bool) -> bool {
        let Some(last_ms) = self.last_ms else { return true };
        let pause_ms = match exchanges {
            0..EXCHANGES => FIRST_MS,
            EXCHANGES..QUICK => QUICK_MS,
            QUICK..BRISK => BRISK_MS,
            _ => BEAT_MS,
        };
        now_ms - last_ms >= pause_ms - EARLY_MS || (ready.is_some() && ready != self.ready) || stalled != self.stalled
    }

    pub(super) const fn sent(&mut self, now_ms: f64, ready: Option<u64>, stalled: bool) {
        *self = Self { last_ms: Some(now_ms), ready, stalled };
    }
}
