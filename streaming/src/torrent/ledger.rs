//! How many bytes torrent data take, and how many they may.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use protocol::Capacity;
use tokio::sync::Notify;

/// What is kept free for what is under way when downloading stops: a share of the quota, and never more than this.
const MOST_SLACK: u64 = 64 << 20;

/// The accounts of all torrents' data.
#[derive(Debug)]
pub(super) struct Ledger {
    quota: u64,
    used: Mutex<u64>,
    freed: Condvar,
    /// Rung when more is used than should be, so that somebody makes room.
    pub(super) pressed: Notify,
}

impl Ledger {
    pub(super) fn new(quota: u64) -> Self {
        Self { quota, used: Mutex::new(0), freed: Condvar::new(), pressed: Notify::new() }
    }

    pub(super) fn capacity(&self) -> Capacity {
        Capacity { used: self.used(), allowed: self.quota }
    }

    pub(super) fn used(&self) -> u64 {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Beyond this nothing more is asked of peers.
    pub(super) const fn comfortable(&self) -> u64 {
        let slack = self.quota / 16;
        self.quota - if slack < MOST_SLACK { slack } else { MOST_SLACK }
    }

    /// Takes bytes, if the quota has so many left within `patience`. Blocks: a fast line fills the slack before anybody
    /// can make room.
    pub(super) fn take(&self, bytes: u64, patience: Duration) -> bool {
        let mut used = self.lock();
        if *used + bytes > self.comfortable() {
            self.pressed.notify_one();
        }
        if *used + bytes > self.quota {
            let waited = self.freed.wait_timeout_while(used, patience, |used| *used + bytes > self.quota);
            used = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let fits = *used + bytes <= self.quota;
        if fits {
            *used += bytes;
        }
        fits
    }

    /// Enters bytes that are on the disk already, however many.
    pub(super) fn find(&self, bytes: u64) {
        let mut used = self.lock();
        *used += bytes;
        if *used > self.comfortable() {
            self.pressed.notify_one();
        }
    }

    pub(super) fn give_back(&self, bytes: u64) {
        *self.lock() -= bytes;
        self.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(ledger: &Ledger, bytes: u64) -> bool {
        ledger.take(bytes, Duration::ZERO)
    }

    #[test]
    fn the_quota_is_never_passed() {
        let ledger = Ledger::new(1600);
        assert_eq!(ledger.comfortable(), 1500);
        assert!(take(&ledger, 1600));
        assert!(!take(&ledger, 1));
        ledger.give_back(100);
        assert!(take(&ledger, 100) && !take(&ledger, 1));
        assert_eq!(ledger.capacity(), Capacity { used: 1600, allowed: 1600 });
    }

    #[tokio::test]
    async fn pressure_is_told() {
        let ledger = Ledger::new(1600);
        assert!(take(&ledger, 1501));
        ledger.pressed.notified().await;
        ledger.give_back(1501);
        ledger.find(5000);
        ledger.pressed.notified().await;
        assert!(!take(&ledger, 1));
    }

    #[test]
    fn who_finds_no_room_waits_for_it() {
        let ledger = std::sync::Arc::new(Ledger::new(1600));
        assert!(take(&ledger, 1600));
        let waiting = std::thread::spawn({
            let ledger = std::sync::Arc::clone(&ledger);
            move || ledger.take(100, Duration::from_secs(60))
        });
        ledger.give_back(200);
        assert!(waiting.join().unwrap());
        assert_eq!(ledger.used(), 1500);
    }
}
