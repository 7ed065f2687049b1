//! One torrent that librqbit has, and who reads it.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use librqbit::{ManagedTorrent, TorrentStatsState};
use protocol::{AwaitedPieces, Error, TorrentState};
use tokio::sync::Notify;

use super::{Along, files::Files, meta::Meta, sentences, slot::Slot};

/// How much of the film has to be there until it goes on, for the words about waiting.
const AWAITED_S: f64 = 4.0;
/// The same in bytes while it is not known how long the film is.
const AWAITED_BYTES: u64 = 1 << 20;
/// Parts of a file that are told; the smallest gaps are passed over where there are more.
const MOST_PARTS: usize = 400;

/// A torrent in librqbit's hands.
pub(super) struct Entry {
    pub(super) meta: Arc<Meta>,
    pub(super) files: Arc<Files>,
    /// Peers that are known from links.
    pub(super) peers: Vec<SocketAddr>,
    inner: Mutex<Inner>,
    slots: Mutex<Vec<Weak<Slot>>>,
    /// Nothing more is asked of peers since the quota is used up.
    pub(super) full: AtomicBool,
    /// Rung when that has changed.
    pub(super) changed: Notify,
    /// Rung when somebody begins or ends to wait, so that the others see whose turn it is.
    pub(super) turn: Notify,
    /// What is there from before is known.
    pub(super) loaded: AtomicBool,
    /// Bytes a second of the film, to say how much of it is awaited; 0 while nobody knows.
    rate: AtomicU64,
}

struct Inner {
    /// How many have each file open.
    leases: HashMap<u32, usize>,
    /// When somebody had it open last.
    watched: Instant,
    handle: Arc<ManagedTorrent>,
    /// How often librqbit was given the torrent anew. Streams of before lead nowhere.
    generation: u64,
}

impl Entry {
    pub(super) fn new(meta: Arc<Meta>, files: Arc<Files>, peers: Vec<SocketAddr>, handle: Arc<ManagedTorrent>) -> Self {
        let inner = Inner { leases: HashMap::new(), watched: Instant::now(), handle, generation: 0 };
        Self {
            meta,
            files,
            peers,
            inner: Mutex::new(inner),
            slots: Mutex::default(),
            full: AtomicBool::new(false),
            changed: Notify::new(),
            turn: Notify::new(),
            loaded: AtomicBool::new(false),
            rate: AtomicU64::new(0),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody opens a file.
    pub(super) fn take(&self, file: u32) {
        let mut inner = self.inner();
        *inner.leases.entry(file).or_default() += 1;
        inner.watched = Instant::now();
    }

    pub(super) fn give_back(&self, file: u32) {
        let mut inner = self.inner();
        inner.watched = Instant::now();
        if let Some(count) = inner.leases.get_mut(&file) {
            *count -= 1;
            if *count == 0 {
                inner.leases.remove(&file);
            }
        }
    }

    /// The files that somebody has open.
    pub(super) fn leased(&self) -> Vec<u32> {
        self.inner().leases.keys().copied().collect()
    }

    /// What librqbit has of it, and since how many times.
    pub(super) fn handle(&self) -> (Arc<ManagedTorrent>, u64) {
        let inner = self.inner();
        (Arc::clone(&inner.handle), inner.generation)
    }

    /// librqbit was given the torrent anew.
    pub(super) fn renew(&self, handle: Arc<ManagedTorrent>) {
        let mut inner = self.inner();
        inner.handle = handle;
        inner.generation += 1;
        drop(inner);
        self.loaded.store(false, Ordering::Relaxed);
        self.turn.notify_waiters();
    }

    pub(super) fn watched(&self) -> Instant {
        self.inner().watched
    }

    pub(super) fn set_full(&self, full: bool) {
        if self.full.swap(full, Ordering::Relaxed) != full {
            self.changed.notify_waiters();
        }
    }

    pub(super) fn set_rate(&self, bytes_per_s: u64) {
        self.rate.store(bytes_per_s, Ordering::Relaxed);
    }

    pub(super) fn slot(&self, slot: &Arc<Slot>) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|slot| slot.strong_count() > 0);
        slots.push(Arc::downgrade(slot));
    }

    pub(super) fn slots(&self) -> Vec<Arc<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
    }

    /// Whether somebody waits for data.
    pub(super) fn is_awaited(&self) -> bool {
        self.slots().iter().any(|slot| slot.waits_at().is_some())
    }

    /// How many bytes from an offset of a file on are there, `max` at most.
    pub(super) fn there(&self, file: u32, offset: u64, max: u64) -> u64 {
        let Some(about) = self.meta.files.get(file as usize) else { return 0 };
        let end = (offset + max).min(about.len);
        let mut at = offset;
        while at < end && self.files.has((about.offset + at) / self.meta.piece) {
            // To the end of the piece.
            at = ((about.offset + at) / self.meta.piece + 1) * self.meta.piece - about.offset;
        }
        at.min(end).saturating_sub(offset)
    }

    pub(super) fn peers(&self) -> u32 {
        self.handle().0.live().map_or(0, |live| live.stats_snapshot().peer_stats.live)
    }

    /// Why nothing comes any more, if that is so.
    pub(super) fn broken(&self) -> Option<Error> {
        self.handle().0.with_state(|state| match state {
            librqbit::ManagedTorrentState::Error(why) => Some(sentences::disk(&format!("{why:#}"))),
            _ => None,
        })
    }

    pub(super) fn along(&self, file: u32) -> Along {
        let stats = self.handle().0.stats();
        let size = self.meta.files.get(file as usize).map_or(0, |file| file.len);
        let parts = self.parts(file);
        let have = parts.iter().map(|(from, to)| to - from).sum();
        let live = stats.live.as_ref();
        let peers = live.map(|live| &live.snapshot.peer_stats);
        let state = match stats.state {
            TorrentStatsState::Initializing { .. } => TorrentState::Checking,
            _ if have >= size => TorrentState::Complete,
            TorrentStatsState::Error => TorrentState::Full,
            _ if self.full.load(Ordering::Relaxed) => TorrentState::Full,
            _ => TorrentState::Downloading,
        };
        Along {
            state,
            peers: peers.map_or(0, |peers| peers.live),
            known_peers: peers.map_or(0, |peers| peers.seen),
            down_bps: live.map_or(0, |live| live.download_speed.as_bytes()),
            up_bps: live.map_or(0, |live| live.upload_speed.as_bytes()),
            uploaded: stats.uploaded_bytes,
            size,
            have,
            parts: told(parts, size),
            awaited: self.awaited(file),
        }
    }

    /// What of a file is there.
    fn parts(&self, file: u32) -> Vec<(u64, u64)> {
        let Some(about) = self.meta.files.get(file as usize) else { return Vec::new() };
        let mut parts: Vec<(u64, u64)> = Vec::new();
        let pieces = about.offset / self.meta.piece..(about.offset + about.len).div_ceil(self.meta.piece);
        for piece in pieces.filter(|piece| self.files.has(*piece)) {
            let from = (piece * self.meta.piece).saturating_sub(about.offset);
            let to = ((piece + 1) * self.meta.piece - about.offset).min(about.len);
            match parts.last_mut() {
                Some(last) if last.1 == from => last.1 = to,
                _ => parts.push((from, to)),
            }
        }
        parts
    }

    /// The pieces that who began to wait last waits for.
    fn awaited(&self, file: u32) -> Option<AwaitedPieces> {
        let slots = self.slots();
        let waiting = slots.iter().filter(|slot| slot.file() == file);
        let waiting = waiting.filter_map(|slot| Some((slot.used(), slot.waits_at()?)));
        let (_, at) = waiting.max_by_key(|(used, _)| *used)?;
        let about = self.meta.files.get(file as usize)?;
        let window = match self.rate.load(Ordering::Relaxed) {
            0 => AWAITED_BYTES,
            rate => (rate as f64 * AWAITED_S) as u64,
        };
        let end = (at + window.max(1)).min(about.len);
        let pieces = (about.offset + at) / self.meta.piece..(about.offset + end).div_ceil(self.meta.piece);
        let have = pieces.clone().filter(|piece| self.files.has(*piece)).count();
        Some(AwaitedPieces {
            have: u32::try_from(have).unwrap_or(u32::MAX),
            of: u32::try_from(pieces.count()).unwrap_or(u32::MAX),
        })
    }
}

/// Parts without the smallest gaps, where there are too many to tell.
fn told(mut parts: Vec<(u64, u64)>, size: u64) -> Vec<(u64, u64)> {
    let mut gap = size / (2 * MOST_PARTS as u64);
    while parts.len() > MOST_PARTS {
        let mut fewer: Vec<(u64, u64)> = Vec::new();
        for part in parts {
            match fewer.last_mut() {
                Some(last) if part.0 - last.1 <= gap => last.1 = part.1,
                _ => fewer.push(part),
            }
        }
        parts = fewer;
        gap = gap * 2 + 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_bounded() {
        let many: Vec<_> = (0..10_000).map(|n| (n * 10, n * 10 + 5)).collect();
        let few = told(many, 100_000);
        assert!((2..=MOST_PARTS).contains(&few.len()), "{}", few.len());
        assert!(few.windows(2).all(|pair| pair[0].1 < pair[1].0));
        assert_eq!((few[0].0, few.last().unwrap().1), (0, 99_995));
        assert_eq!(told(vec![(0, 5), (6, 7)], 10), [(0, 5), (6, 7)]);
    }
}
