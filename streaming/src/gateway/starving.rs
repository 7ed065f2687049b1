//! How long each tool has waited for its source, and how much it has got.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Tools that have not read for so long are forgotten; a head lasts about as long at most.
const KEPT: Duration = Duration::from_secs(3600);

/// Tools that are kept at most; the one that has not read for longest is forgotten.
const MOST: usize = 256;

/// Waits that are no more than a look into the cache.
const NOTHING: Duration = Duration::from_millis(2);

/// By the numbers of tools; 0 is who has none, and is not kept.
#[derive(Debug, Default)]
pub(super) struct Starving {
    tools: Mutex<HashMap<u64, Tool>>,
}

/// What is known of one tool.
#[derive(Clone, Copy, Debug)]
struct Tool {
    waited: Duration,
    /// Bytes.
    fed: u64,
    last: Instant,
}

impl Starving {
    /// A tool has got so many bytes after such a wait.
    pub(super) fn note(&self, tool: u64, wait: Duration, bytes: usize) {
        if tool == 0 {
            return;
        }
        let (mut tools, now) = (self.lock(), Instant::now());
        // Each read comes here: the others are looked through only when there is one more.
        if !tools.contains_key(&tool) {
            tools.retain(|_, tool| now.duration_since(tool.last) < KEPT);
            if tools.len() >= MOST
                && let Some(oldest) = tools.iter().min_by_key(|(_, tool)| tool.last).map(|(number, _)| *number)
            {
                tools.remove(&oldest);
            }
        }
        let tool = tools.entry(tool).or_insert(Tool { waited: Duration::ZERO, fed: 0, last: now });
        if wait >= NOTHING {
            tool.waited += wait;
        }
        tool.fed += bytes as u64;
        tool.last = now;
    }

    pub(super) fn of(&self, tool: u64) -> Duration {
        self.lock().get(&tool).map_or(Duration::ZERO, |tool| tool.waited)
    }

    /// Bytes that a tool has got.
    pub(super) fn fed(&self, tool: u64) -> u64 {
        self.lock().get(&tool).map_or(0, |tool| tool.fed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Tool>> {
        self.tools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_and_bytes_add_up_by_tool() {
        let starving = Starving::default();
        starving.note(7, Duration::from_millis(500), 3);
        starving.note(7, Duration::from_millis(250), 4);
        starving.note(7, Duration::from_millis(1), 5);
        starving.note(0, Duration::from_secs(9), 6);
        assert_eq!(starving.of(7), Duration::from_millis(750));
        assert_eq!((starving.of(0), starving.of(8)), (Duration::ZERO, Duration::ZERO));
        assert_eq!((starving.fed(7), starving.fed(0), starving.fed(8)), (12, 0, 0));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let starving = Starving::default();
        for tool in 1..=1000 {
            starving.note(tool, Duration::from_secs(1), 1);
        }
        assert_eq!(starving.lock().len(), MOST);
        assert_eq!((starving.of(1), starving.of(1000)), (Duration::ZERO, Duration::from_secs(1)));
    }
}
