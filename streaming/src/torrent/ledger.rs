//! How many bytes torrent data take, and how many they may.

use std::sync::atomic::{AtomicU64, Ordering};

use protocol::Capacity;
use tokio::sync::Notify;

/// What is kept free for what is under way when downloading stops: a share of the quota, and never more than this.
const MOST_SLACK: u64 = 64 << 20;

/// The accounts of all torrents' data.
#[derive(Debug)]
pub(super) struct Ledger {
    quota: u64,
    used: AtomicU64,
    /// Rung when more is used than should be, so that somebody makes room.
    pub(super) pressed: Notify,
}

impl Ledger {
    pub(super) fn new(quota: u64) -> Self {
        Self { quota, used: AtomicU64::new(0), pressed: Notify::new() }
    }

    pub(super) fn capacity(&self) -> Capacity {
        Capacity { used: self.used(), allowed: self.quota }
    }

    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Beyond this nothing more is asked of peers.
    pub(super) const fn comfortable(&self) -> u64 {
        let slack = self.quota / 16;
        self.quota - if slack < MOST_SLACK { slack } else { MOST_SLACK }
    }

    /// Takes bytes, if the quota has so many left.
    pub(super) fn take(&self, bytes: u64) -> bool {
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            Some(used + bytes).filter(|used| *used <= self.quota)
        });
        if taken.map_or(true, |before| before + bytes > self.comfortable()) {
            self.pressed.notify_one();
        }
        taken.is_ok()
    }

    /// Enters bytes that are on the disk already, however many.
    pub(super) fn find(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
        if self.used() > self.comfortable() {
            self.pressed.notify_one();
        }
    }

    pub(super) fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quota_is_never_passed() {
        let ledger = Ledger::new(1600);
        assert_eq!(ledger.comfortable(), 1500);
        assert!(ledger.take(1600));
        assert!(!ledger.take(1));
        ledger.give_back(100);
        assert!(ledger.take(100) && !ledger.take(1));
        assert_eq!(ledger.capacity(), Capacity { used: 1600, allowed: 1600 });
    }

    #[tokio::test]
    async fn pressure_is_told() {
        let ledger = Ledger::new(1600);
        assert!(ledger.take(1501));
        ledger.pressed.notified().await;
        ledger.give_back(1501);
        ledger.find(5000);
        ledger.pressed.notified().await;
        assert!(!ledger.take(1));
    }
}
