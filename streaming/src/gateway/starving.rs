//! How long each tool has waited for its source.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Tools that have not waited for so long are forgotten; a head lasts about as long at most.
const KEPT: Duration = Duration::from_secs(3600);

/// Tools that are kept at most; the one that has not waited for longest is forgotten.
const MOST: usize = 256;

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
        if waits.len() >= MOST
            && !waits.contains_key(&tool)
            && let Some(oldest) = waits.iter().min_by_key(|(_, (_, last))| *last).map(|(tool, _)| *tool)
        {
            waits.remove(&oldest);
        }
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

    #[test]
    fn what_is_kept_is_bounded() {
        let starving = Starving::default();
        for tool in 1..=1000 {
            starving.note(tool, Duration::from_secs(1));
        }
        assert_eq!(starving.waits.lock().unwrap().len(), MOST);
        assert_eq!((starving.of(1), starving.of(1000)), (Duration::ZERO, Duration::from_secs(1)));
    }
}
