//! The store's accounts: which segments there are, who holds them, what they cost, what goes first. Pure: no IO.
//!
//! Bytes are taken out of the budget before a file is written and given back after it is deleted, so what lies on the
//! file system never passes the budget, not even for a moment.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::RangeBounds,
    sync::Arc,
};

use bytes::Bytes;
use tokio::sync::Notify;

/// tmpfs gives out whole pages.
const PAGE: u64 = 4096;

/// What a file's entry in its folder takes at most, for those who count the folder too.
const ENTRY: u64 = 128;

/// What a file of `length` bytes takes out of the budget.
pub(super) const fn charge(length: u64) -> u64 {
    (length + ENTRY).next_multiple_of(PAGE)
}

/// The number of a rendition's space; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SpaceId(pub(super) u64);

/// The serial number of a file; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct FileId(pub(super) u64);

impl FileId {
    pub(super) fn name(self) -> String {
        format!("{}.m4s", self.0)
    }
}

/// A file that has left the accounts' lists and still is to be deleted; its bytes stay counted until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doomed {
    pub(super) file: FileId,
    pub(super) charge: u64,
}

/// Room for a file, once the victims are deleted.
#[derive(Debug)]
pub(super) struct Reservation {
    charge: u64,
    victims: Vec<Doomed>,
    /// What is counted until the victims are gone: theirs or the new file's bytes, whichever are more.
    hold: u64,
}

impl Reservation {
    pub(super) fn victims(&self) -> &[Doomed] {
        &self.victims
    }
}

#[derive(Debug)]
pub(super) struct Ledger {
    limit: u64,
    used: u64,
    /// Counts uses, so that the one longest ago is known.
    clock: u64,
    next_space: u64,
    next_file: u64,
    spaces: HashMap<SpaceId, Space>,
    doomed: Vec<Doomed>,
    /// Deletions that are under way and will give bytes back.
    deletions: u32,
}

#[derive(Debug)]
struct Space {
    /// Wakes those who wait for a segment of this rendition.
    changed: Arc<Notify>,
    /// The lowest segment that a reader still is interested in.
    window: u32,
    init: Option<Bytes>,
    segments: BTreeMap<u32, Segment>,
    /// How many hold each number, whether its segment is there or not.
    pins: HashMap<u32, u32>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    file: FileId,
    length: u64,
    used_at: u64,
}

impl Segment {
    const fn doomed(&self) -> Doomed {
        Doomed { file: self.file, charge: charge(self.length) }
    }
}

impl Ledger {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit,
            used: 0,
            clock: 0,
            next_space: 0,
            next_file: 0,
            spaces: HashMap::new(),
            doomed: Vec::new(),
            deletions: 0,
        }
    }

    /// Bytes.
    pub(super) const fn used(&self) -> u64 {
        self.used
    }

    /// Whether bytes are being given back this moment.
    pub(super) const fn deleting(&self) -> bool {
        self.deletions > 0
    }

    pub(super) fn next_file(&mut self) -> FileId {
        self.next_file += 1;
        FileId(self.next_file)
    }

    pub(super) fn add_space(&mut self, changed: Arc<Notify>) -> SpaceId {
        self.next_space += 1;
        let id = SpaceId(self.next_space);
        let space = Space { changed, window: 0, init: None, segments: BTreeMap::new(), pins: HashMap::new() };
        self.spaces.insert(id, space);
        id
    }

    /// Forgets a rendition. Whether it leaves files to delete.
    pub(super) fn drop_space(&mut self, id: SpaceId) -> bool {
        let Some(space) = self.spaces.remove(&id) else { return false };
        if let Some(init) = space.init {
            self.used -= charge(init.len() as u64);
        }
        self.doomed.extend(space.segments.values().map(Segment::doomed));
        !space.segments.is_empty()
    }

    pub(super) fn take_doomed(&mut self) -> Option<Doomed> {
        let doomed = self.doomed.pop()?;
        self.deletions += 1;
        Some(doomed)
    }

    /// A file from [`Ledger::take_doomed`] was dealt with.
    pub(super) fn deleted(&mut self, doomed: &Doomed, gone: bool) {
        self.deletions -= 1;
        if gone {
            self.free(doomed.charge);
        }
    }

    /// Gives bytes back that are on the file system no more.
    pub(super) fn free(&mut self, charge: u64) {
        self.used -= charge;
    }

    /// Takes `charge` bytes out of the budget, choosing what has to go for them. None, and nothing changed, if not
    /// enough can go.
    pub(super) fn reserve(&mut self, charge: u64) -> Option<Reservation> {
        let shortage = (self.used + charge).saturating_sub(self.limit);
        let mut victims = Vec::new();
        let mut sum = 0;
        while sum < shortage
            && let Some(doomed) = self.doomed.pop()
        {
            sum += doomed.charge;
            victims.push(doomed);
        }
        if sum < shortage {
            let mut evicted = Vec::new();
            let mut candidates = self.evictable();
            candidates.sort_unstable();
            for (_, _, id, n) in candidates {
                if sum >= shortage {
                    break;
                }
                sum += self.spaces[&id].segments[&n].doomed().charge;
                evicted.push((id, n));
            }
            if sum < shortage {
                self.doomed.append(&mut victims);
                return None;
            }
            victims.extend(evicted.into_iter().filter_map(|(id, n)| self.take(id, n)));
        }
        let hold = if victims.is_empty() { charge } else { charge.max(sum) };
        self.used = self.used - sum + hold;
        if !victims.is_empty() {
            self.deletions += 1;
        }
        Some(Reservation { charge, victims, hold })
    }

    /// The segments that may go, each with what it is judged by: what lies behind the readers first, then the one
    /// used longest ago.
    fn evictable(&self) -> Vec<(bool, u64, SpaceId, u32)> {
        let segments = self.spaces.iter().flat_map(|(&id, space)| space.segments.iter().map(move |it| (id, space, it)));
        segments
            .filter(|(_, space, (n, _))| !space.pins.contains_key(n))
            .map(|(id, space, (&n, segment))| (n >= space.window, segment.used_at, id, n))
            .collect()
    }

    fn take(&mut self, id: SpaceId, n: u32) -> Option<Doomed> {
        Some(self.spaces.get_mut(&id)?.segments.remove(&n)?.doomed())
    }

    /// The victims of a reservation are deleted.
    pub(super) fn settle(&mut self, reservation: &Reservation) {
        self.used = self.used - reservation.hold + reservation.charge;
        self.end_deletion(reservation);
    }

    /// Some victims of a reservation, of `kept` bytes, could not be deleted, so it is given up.
    pub(super) fn abandon(&mut self, reservation: &Reservation, kept: u64) {
        self.used = self.used - reservation.hold + kept;
        self.end_deletion(reservation);
    }

    fn end_deletion(&mut self, reservation: &Reservation) {
        if !reservation.victims.is_empty() {
            self.deletions -= 1;
        }
    }

    /// Makes a written segment visible; false if it is there already or its rendition is gone.
    pub(super) fn publish(&mut self, id: SpaceId, n: u32, file: FileId, length: u64) -> bool {
        let used_at = self.tick();
        let Some(space) = self.spaces.get_mut(&id) else { return false };
        if space.segments.contains_key(&n) {
            return false;
        }
        space.segments.insert(n, Segment { file, length, used_at });
        space.changed.notify_waiters();
        true
    }

    /// Keeps an init segment; false if there is one already or its rendition is gone.
    pub(super) fn publish_init(&mut self, id: SpaceId, bytes: Bytes) -> bool {
        let Some(space) = self.spaces.get_mut(&id) else { return false };
        if space.init.is_some() {
            return false;
        }
        space.init = Some(bytes);
        space.changed.notify_waiters();
        true
    }

    /// Where a segment is, marking it as used.
    pub(super) fn open(&mut self, id: SpaceId, n: u32) -> Option<(FileId, u64)> {
        let used_at = self.tick();
        let segment = self.spaces.get_mut(&id)?.segments.get_mut(&n)?;
        segment.used_at = used_at;
        Some((segment.file, segment.length))
    }

    /// Forgets a segment whose file is damaged, if it still has that file.
    pub(super) fn lose(&mut self, id: SpaceId, n: u32, file: FileId) -> Option<Doomed> {
        if self.spaces.get(&id)?.segments.get(&n)?.file != file {
            return None;
        }
        self.take(id, n)
    }

    pub(super) fn init(&self, id: SpaceId) -> Option<Bytes> {
        self.spaces.get(&id)?.init.clone()
    }

    /// Bytes of a segment, if it is there.
    pub(super) fn length(&self, id: SpaceId, n: u32) -> Option<u64> {
        Some(self.spaces.get(&id)?.segments.get(&n)?.length)
    }

    /// Bytes of the segments in a range.
    pub(super) fn length_of(&self, id: SpaceId, range: impl RangeBounds<u32>) -> u64 {
        self.spaces.get(&id).map_or(0, |space| space.segments.range(range).map(|(_, segment)| segment.length).sum())
    }

    pub(super) fn ready(&self, id: SpaceId) -> BTreeSet<u32> {
        self.spaces.get(&id).map(|space| space.segments.keys().copied().collect()).unwrap_or_default()
    }

    pub(super) fn set_window(&mut self, id: SpaceId, lowest: u32) {
        if let Some(space) = self.spaces.get_mut(&id) {
            space.window = lowest;
        }
    }

    pub(super) fn pin(&mut self, id: SpaceId, n: u32) {
        if let Some(space) = self.spaces.get_mut(&id) {
            *space.pins.entry(n).or_default() += 1;
        }
    }

    pub(super) fn unpin(&mut self, id: SpaceId, n: u32) {
        let Some(space) = self.spaces.get_mut(&id) else { return };
        if let Some(holders) = space.pins.get_mut(&n) {
            *holders -= 1;
            if *holders == 0 {
                space.pins.remove(&n);
            }
        }
    }

    /// Wakes everybody who waits for a segment.
    pub(super) fn wake_all(&self) {
        for space in self.spaces.values() {
            space.changed.notify_waiters();
        }
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
}

#[cfg(test)]
mod tests;
