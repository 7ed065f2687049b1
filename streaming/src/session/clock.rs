//! Server time: what the shared playhead and the page's clock count in.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch as they were read once, plus a monotonic clock: it never jumps while the server
/// runs, and goes on over a restart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServerClock {
    unix_ms: f64,
    at: Instant,
}

impl ServerClock {
    /// It was `unix_ms` then. Taken in whole milliseconds, so that deadlines can be met exactly.
    #[must_use]
    pub const fn new(unix_ms: u64, at: Instant) -> Self {
        // Exact until the year 287396.
        Self { unix_ms: unix_ms as f64, at }
    }

    /// As this computer's clocks are now.
    #[must_use]
    pub fn read() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX), Instant::now())
    }

    /// Server time in milliseconds.
    #[must_use]
    pub fn ms(&self, now: Instant) -> f64 {
        match now.checked_duration_since(self.at) {
            Some(since) => self.unix_ms + since.as_secs_f64() * 1000.0,
            None => self.unix_ms - self.at.duration_since(now).as_secs_f64() * 1000.0,
        }
    }

    /// The first whole millisecond at which a server time has come; none if that is beyond all clocks.
    pub(super) fn instant(&self, ms: f64) -> Option<Instant> {
        let since = Duration::try_from_secs_f64((ms - self.unix_ms).ceil().max(0.0) / 1000.0).ok()?;
        // To the nearest: seconds as a float are off by some nanoseconds.
        let since = Duration::from_millis(u64::try_from((since + Duration::from_micros(500)).as_millis()).ok()?);
        self.at.checked_add(since)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_deadline_has_come_when_it_is_met(unix_ms in 0..4_000_000_000_000_u64, after_ms in 0.0..1e10_f64) {
            let clock = ServerClock::new(unix_ms, Instant::now());
            let due_ms = unix_ms as f64 + after_ms;
            let met = clock.instant(due_ms).unwrap();
            prop_assert!(clock.ms(met) >= due_ms, "{} < {due_ms}", clock.ms(met));
            prop_assert!(clock.ms(met) < due_ms + 1.01);
        }
    }

    #[test]
    fn what_is_beyond_all_clocks_never_comes() {
        let clock = ServerClock::new(1_000, Instant::now());
        for ms in [1e300, f64::INFINITY, f64::NAN] {
            assert_eq!(clock.instant(ms).filter(|_| !ms.is_nan()), None);
        }
        assert_eq!(clock.instant(-5.0), Some(clock.at));
        assert_eq!(clock.ms(clock.at + Duration::from_secs(2)), 3_000.0);
        assert_eq!(clock.ms(clock.at.checked_sub(Duration::from_secs(2)).unwrap()), -1_000.0);
    }
}
