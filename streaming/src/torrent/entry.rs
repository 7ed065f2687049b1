//! One torrent that librqbit has, and who reads it.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use librqbit::{ManagedTorrent, TorrentStatsState};
use protocol::{AwaitedPieces, Error, TorrentState, TorrentView};
use tokio::sync::Notify;

use super::{Along, files::Files, meta::Meta, sentences, slot::Slot};

/// How much of the film has to be there until it goes on, for the words about waiting.
const AWAITED_S: f64 = 4.0;
/// The same in bytes while it is not known how long the film is.
const AWAITED_BYTES: u64 = 1 << 20;
/// Looks over which speeds are averaged, of about a second each.
const LOOKS: usize = 6;
/// Parts of a file that are told.
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
    /// Bytes that had come in and gone out at the last looks.
    looks: Mutex<VecDeque<(Instant, u64, u64)>>,
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
            looks: Mutex::default(),
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

    /// Whether something is missing of a file that somebody has open.
    pub(super) fn is_wanted(&self) -> bool {
        let is_whole = |file: &u32| {
            let have: u64 = self.parts(*file).iter().map(|(from, to)| to - from).sum();
            have >= self.meta.len_of(*file)
        };
        !self.leased().iter().all(is_whole)
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

    /// Notes what has come in and gone out, for the speeds.
    pub(super) fn look(&self) {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(live) = self.handle().0.live() else { return looks.clear() };
        let now = live.stats_snapshot();
        // It counts anew when it is resumed.
        if looks.back().is_some_and(|(_, down, up)| *down > now.fetched_bytes || *up > now.uploaded_bytes) {
            looks.clear();
        }
        looks.push_back((Instant::now(), now.fetched_bytes, now.uploaded_bytes));
        if looks.len() > LOOKS {
            looks.pop_front();
        }
    }

    /// Bytes a second that came in and went out over the last looks: peers send in bursts.
    fn speeds(&self) -> (u64, u64) {
        let looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(first), Some(last)) = (looks.front(), looks.back()) else { return (0, 0) };
        let seconds = (last.0 - first.0).as_secs_f64();
        let a_second = |bytes: u64| if seconds > 0.0 { (bytes as f64 / seconds) as u64 } else { 0 };
        (a_second(last.1 - first.1), a_second(last.2 - first.2))
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
        let size = self.meta.len_of(file);
        let parts = self.parts(file);
        let have = parts.iter().map(|(from, to)| to - from).sum();
        let (down_bps, up_bps) = self.speeds();
        let peers = stats.live.as_ref().map(|live| &live.snapshot.peer_stats);
        let state = match stats.state {
            TorrentStatsState::Initializing { .. } => TorrentState::Checking,
            _ if have >= size => TorrentState::Complete,
            TorrentStatsState::Error => TorrentState::Full,
            _ if self.full.load(Ordering::Relaxed) => TorrentState::Full,
            _ => TorrentState::Downloading,
        };
        let view = TorrentView {
            state,
            peers: peers.map_or(0, |peers| peers.live),
            known_peers: peers.map_or(0, |peers| peers.seen),
            down_bps,
            up_bps,
            uploaded: stats.uploaded_bytes,
            size,
            have,
            parts_s: Vec::new(),
            awaited: self.awaited(file),
        };
        Along { view, parts: told(parts, size) }
    }

    /// What of a file is there.
    fn parts(&self, file: u32) -> Vec<(u64, u64)> {
        let Some(about) = self.meta.files.get(file as usize) else { return Vec::new() };
        let there = self.meta.pieces(about, 0..about.len).filter(|piece| self.files.has(*piece));
        joined(there.map(|piece| {
            let from = (piece * self.meta.piece).saturating_sub(about.offset);
            (from, ((piece + 1) * self.meta.piece - about.offset).min(about.len))
        }))
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
        let pieces = self.meta.pieces(about, at..end);
        let have = pieces.clone().filter(|piece| self.files.has(*piece)).count();
        Some(AwaitedPieces {
            have: u32::try_from(have).unwrap_or(u32::MAX),
            of: u32::try_from(pieces.count()).unwrap_or(u32::MAX),
        })
    }
}

/// Parts as they are; where there are too many to tell, in cells of a four-hundredth of the file, of which each is there when
/// half of it is.
fn told(parts: Vec<(u64, u64)>, size: u64) -> Vec<(u64, u64)> {
    if parts.len() <= MOST_PARTS {
        return parts;
    }
    let cell = size.div_ceil(MOST_PARTS as u64).max(1);
    let mut there = vec![0; MOST_PARTS];
    for (from, to) in parts {
        for n in from / cell..to.div_ceil(cell) {
            if let Some(bytes) = usize::try_from(n).ok().and_then(|n| there.get_mut(n)) {
                *bytes += to.min((n + 1) * cell) - from.max(n * cell);
            }
        }
    }
    let cells = (0..).zip(there).filter(|(_, bytes)| *bytes * 2 >= cell);
    joined(cells.map(|(n, _)| (n * cell, ((n + 1) * cell).min(size))))
}

/// Parts in order, those that meet as one.
fn joined(parts: impl Iterator<Item = (u64, u64)>) -> Vec<(u64, u64)> {
    let mut all: Vec<(u64, u64)> = Vec::new();
    for (from, to) in parts {
        match all.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            _ => all.push((from, to)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_bounded() {
        // Half of the first half, in small parts, and all of the last quarter.
        let mut many: Vec<_> = (0..5000).map(|n| (n * 20, n * 20 + 5)).collect();
        many.push((150_000, 200_000));
        assert_eq!(told(many.clone(), 200_000), [(150_000, 200_000)]);
        for part in &mut many[..1000] {
            part.1 += 10;
        }
        assert_eq!(told(many, 200_000), [(0, 20_000), (150_000, 200_000)]);
        let alternating: Vec<_> = (0..10_000).map(|n| (n * 20, n * 20 + 10)).collect();
        assert!(told(alternating, 200_000).len() <= MOST_PARTS);
        assert_eq!(told(vec![(0, 5), (6, 7)], 10), [(0, 5), (6, 7)]);
        assert_eq!(told(vec![(0, 0); 500], 0), []);
    }
}
