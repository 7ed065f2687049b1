//! The one block cache of the gateway: least recently used blocks go first, but for the films' beginnings, and its bytes
//! are bounded.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use lru::LruCache;

/// Bytes a block. Only the last block of a file is shorter.
pub(super) const BLOCK: u64 = 256 * 1024;

/// Blocks at a file's beginning that each tool reads when it starts, wherever in the film it is to go: a seek would wait
/// for them, and a connection be made for them.
const BEGINNING: u64 = 6;
/// How many of them an insertion passes over at most: those of ten films.
const SPARED: usize = 64;

/// Blocks of every feed, named by the feed's number and the block's.
pub(super) struct BlockCache {
    bound: u64,
    inner: Mutex<Inner>,
}

struct Inner {
    blocks: LruCache<(u64, u64), Bytes>,
    bytes: u64,
}

impl BlockCache {
    pub(super) fn new(bound: u64) -> Self {
        Self { bound, inner: Mutex::new(Inner { blocks: LruCache::unbounded(), bytes: 0 }) }
    }

    pub(super) fn get(&self, feed: u64, block: u64) -> Option<Bytes> {
        self.lock().blocks.get(&(feed, block)).cloned()
    }

    pub(super) fn contains(&self, feed: u64, block: u64) -> bool {
        self.lock().blocks.contains(&(feed, block))
    }

    /// Puts a block in, after others have made room for it. A block larger than the whole bound is not kept.
    pub(super) fn insert(&self, feed: u64, block: u64, bytes: Bytes) {
        let size = bytes.len() as u64;
        let mut inner = self.lock();
        if let Some(old) = inner.blocks.pop(&(feed, block)) {
            inner.bytes -= old.len() as u64;
        }
        if size > self.bound {
            return;
        }
        let mut spared = 0;
        while inner.bytes + size > self.bound {
            let Some((key, old)) = inner.blocks.pop_lru() else { break };
            if key.1 < BEGINNING && spared < SPARED {
                spared += 1;
                inner.blocks.put(key, old);
                continue;
            }
            inner.bytes -= old.len() as u64;
        }
        inner.bytes += size;
        inner.blocks.put((feed, block), bytes);
    }

    /// Drops every block of a feed.
    pub(super) fn forget(&self, feed: u64) {
        let mut inner = self.lock();
        let keys: Vec<_> = inner.blocks.iter().map(|(key, _)| *key).filter(|key| key.0 == feed).collect();
        for key in keys {
            if let Some(old) = inner.blocks.pop(&key) {
                inner.bytes -= old.len() as u64;
            }
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_least_recently_used_goes_first() {
        let cache = BlockCache::new(3);
        for block in 100..103 {
            cache.insert(0, block, Bytes::from_static(b"x"));
        }
        assert!(cache.get(0, 100).is_some());
        cache.insert(0, 103, Bytes::from_static(b"y"));
        assert!(cache.contains(0, 100) && !cache.contains(0, 101) && cache.contains(0, 103));
    }

    #[test]
    fn beginnings_stay_while_there_is_anything_else() {
        let cache = BlockCache::new(3);
        for (feed, block) in [(0, 0), (0, 100), (1, 5), (0, 101), (0, 102)] {
            cache.insert(feed, block, Bytes::from_static(b"x"));
        }
        assert!(cache.contains(0, 0) && cache.contains(1, 5) && cache.contains(0, 102));
        for block in 0..5 {
            cache.insert(2, block, Bytes::from_static(b"x"));
        }
        assert_eq!(cache.bytes(), 3, "nor do they pass the bound");
    }

    proptest! {
        #[test]
        fn never_above_its_bound(steps in proptest::collection::vec((0..3u64, 0..9u64, 0..40usize, any::<bool>()), 0..80)) {
            let cache = BlockCache::new(100);
            for (feed, block, size, forget) in steps {
                if forget && size == 0 {
                    cache.forget(feed);
                    prop_assert!((0..9).all(|block| !cache.contains(feed, block)));
                } else {
                    cache.insert(feed, block, Bytes::from(vec![0; size]));
                    prop_assert!(cache.contains(feed, block));
                }
                let inner = cache.lock();
                prop_assert_eq!(inner.bytes, inner.blocks.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
                prop_assert!(inner.bytes <= 100);
            }
        }
    }
}
