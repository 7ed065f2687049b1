//! How long each tool has waited for its source.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Tools that have not waited for so long are forgotten; a head lasts about as long at most.
const KEPT: Duration = Duration::from_secs(3600);

/// Waits that are no more than a look into the cache.
const NOTHING: Duration = Duration::from_millis(2);

/// By the numbers of tools; 0 is who has none, and is not kept.
#[derive(Debug, Default)]
pub(super) struct Starving {
    waits: Mutex<HashMap<u64, (Duration, Instant)>>,
}

impl Starving {
    pub(super) fn note(&self, tool: u64, wait: Duration) {
        if tool == 0 || wait < NOTHING {
            return;
        }
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.retain(|_, (_, last)| last.elapsed() < KEPT);
        let (total, last) = waits.entry(tool).or_insert_with(|| (Duration::ZERO, Instant::now()));
        *total += wait;
        *last = Instant::now();
    }

    pub(super) fn of(&self, tool: u64) -> Duration {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).get(&tool).map_or(Duration::ZERO, |(total, _)| *total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_add_up_by_tool() {
        let starving = Starving::default();
        starving.note(7, Duration::from_millis(500));
        starving.note(7, Duration::from_millis(250));
        starving.note(7, Duration::from_millis(1));
        starving.note(0, Duration::from_secs(9));
        assert_eq!(starving.of(7), Duration::from_millis(750));
        assert_eq!((starving.of(0), starving.of(8)), (Duration::ZERO, Duration::ZERO));
    }
}
