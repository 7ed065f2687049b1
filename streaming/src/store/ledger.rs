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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn put(ledger: &mut Ledger, id: SpaceId, n: u32, length: u64) -> Option<Vec<Doomed>> {
        let reservation = ledger.reserve(charge(length))?;
        ledger.settle(&reservation);
        let file = ledger.next_file();
        assert!(ledger.publish(id, n, file, length));
        Some(reservation.victims)
    }

    fn ledger_of(pages: u64) -> (Ledger, SpaceId) {
        let mut ledger = Ledger::new(pages * PAGE);
        let id = ledger.add_space(Arc::default());
        (ledger, id)
    }

    #[test]
    fn files_are_charged_whole_pages() {
        assert_eq!(charge(0), PAGE);
        assert_eq!(charge(PAGE - ENTRY), PAGE);
        assert_eq!(charge(PAGE), 2 * PAGE);
    }

    #[test]
    fn the_one_used_longest_ago_goes_first() {
        let (mut ledger, id) = ledger_of(3);
        for n in 0..3 {
            assert_eq!(put(&mut ledger, id, n, 1).unwrap(), []);
        }
        ledger.open(id, 0).unwrap();
        assert_eq!(put(&mut ledger, id, 3, 1).unwrap().len(), 1);
        assert_eq!(ledger.ready(id), BTreeSet::from([0, 2, 3]));
    }

    #[test]
    fn what_lies_behind_the_readers_goes_before_what_is_older() {
        let (mut ledger, id) = ledger_of(3);
        for n in [2, 1, 0] {
            put(&mut ledger, id, n, 1).unwrap();
        }
        ledger.set_window(id, 1);
        put(&mut ledger, id, 3, 1).unwrap();
        assert_eq!(ledger.ready(id), BTreeSet::from([1, 2, 3]));
        put(&mut ledger, id, 4, 1).unwrap();
        assert_eq!(ledger.ready(id), BTreeSet::from([1, 3, 4]));
    }

    #[test]
    fn what_is_held_stays_and_nothing_goes_in_vain() {
        let (mut ledger, id) = ledger_of(3);
        for n in 0..3 {
            put(&mut ledger, id, n, 1).unwrap();
        }
        ledger.pin(id, 0);
        ledger.pin(id, 0);
        ledger.pin(id, 1);
        assert!(ledger.reserve(2 * PAGE).is_none());
        assert_eq!(ledger.ready(id), BTreeSet::from([0, 1, 2]));
        assert_eq!(ledger.used(), 3 * PAGE);
        ledger.unpin(id, 0);
        assert!(ledger.reserve(2 * PAGE).is_none());
        ledger.unpin(id, 0);
        let reservation = ledger.reserve(2 * PAGE).unwrap();
        assert_eq!(reservation.victims.len(), 2);
        assert_eq!(ledger.ready(id), BTreeSet::from([1]));
    }

    #[test]
    fn the_surplus_of_a_victim_is_free_only_when_it_is_gone() {
        let (mut ledger, id) = ledger_of(4);
        put(&mut ledger, id, 0, 3 * PAGE).unwrap();
        let small = ledger.reserve(PAGE).unwrap();
        assert_eq!((small.victims.len(), ledger.used()), (1, 4 * PAGE));
        assert!(ledger.deleting());
        assert!(ledger.reserve(PAGE).is_none());
        ledger.settle(&small);
        assert!(!ledger.deleting());
        assert_eq!(ledger.used(), PAGE);
        assert!(ledger.reserve(3 * PAGE).is_some());
    }

    #[test]
    fn a_victim_that_cannot_be_deleted_stays_counted() {
        let (mut ledger, id) = ledger_of(4);
        put(&mut ledger, id, 0, 2 * PAGE).unwrap();
        put(&mut ledger, id, 1, 1).unwrap();
        let reservation = ledger.reserve(4 * PAGE).unwrap();
        ledger.abandon(&reservation, 3 * PAGE);
        assert_eq!(ledger.used(), 3 * PAGE);
        assert!(!ledger.deleting());
    }

    #[test]
    fn a_dropped_space_is_counted_until_its_files_are_gone() {
        let (mut ledger, id) = ledger_of(4);
        let reservation = ledger.reserve(PAGE).unwrap();
        ledger.settle(&reservation);
        assert!(ledger.publish_init(id, Bytes::from_static(b"init")));
        assert!(!ledger.publish_init(id, Bytes::from_static(b"other")));
        assert_eq!(ledger.init(id).unwrap(), "init");
        put(&mut ledger, id, 0, 1).unwrap();
        put(&mut ledger, id, 1, 1).unwrap();
        assert!(ledger.drop_space(id));
        assert!(!ledger.drop_space(id));
        assert_eq!(ledger.used(), 2 * PAGE);
        let doomed = ledger.take_doomed().unwrap();
        assert!(ledger.deleting());
        ledger.deleted(&doomed, true);
        assert_eq!(ledger.used(), PAGE);
        // The next put helps with the rest.
        let reservation = ledger.reserve(4 * PAGE).unwrap();
        assert_eq!(reservation.victims.len(), 1);
        assert!(ledger.take_doomed().is_none());
    }

    #[test]
    fn the_second_of_two_equal_segments_is_not_kept() {
        let (mut ledger, id) = ledger_of(4);
        assert!(ledger.publish(id, 5, FileId(1), 9));
        assert!(!ledger.publish(id, 5, FileId(2), 9));
        assert_eq!(ledger.open(id, 5), Some((FileId(1), 9)));
        assert_eq!(ledger.lose(id, 5, FileId(2)), None);
        assert_eq!(ledger.lose(id, 5, FileId(1)), Some(Doomed { file: FileId(1), charge: PAGE }));
        assert_eq!(ledger.open(id, 5), None);
    }

    #[test]
    fn lengths_add_up_over_a_range() {
        let (mut ledger, id) = ledger_of(100);
        for n in 0..5 {
            put(&mut ledger, id, n, u64::from(n) * 10).unwrap();
        }
        assert_eq!(ledger.length(id, 3), Some(30));
        assert_eq!(ledger.length(id, 5), None);
        assert_eq!(ledger.length_of(id, 1..3), 30);
        assert_eq!(ledger.length_of(id, 3..), 70);
        assert_eq!(ledger.length_of(SpaceId(99), ..), 0);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Reserve(u64),
        /// Ends the i-th of the reservations under way: victims deleted, file written and published.
        Finish(usize, usize, u32),
        DropSpace(usize),
        DeleteDoomed,
        Pin(usize, u32),
        Unpin(usize, u32),
        Use(usize, u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..6 * PAGE).prop_map(Step::Reserve),
            4 => (any::<usize>(), 0..3_usize, 0..8_u32).prop_map(|(i, space, n)| Step::Finish(i, space, n)),
            1 => (0..3_usize).prop_map(Step::DropSpace),
            1 => Just(Step::DeleteDoomed),
            1 => (0..3_usize, 0..8_u32).prop_map(|(space, n)| Step::Pin(space, n)),
            1 => (0..3_usize, 0..8_u32).prop_map(|(space, n)| Step::Unpin(space, n)),
            1 => (0..3_usize, 0..8_u32).prop_map(|(space, n)| Step::Use(space, n)),
        ]
    }

    proptest! {
        /// However puts, deletions and drops interleave, the files on disk never take more than what is counted, and
        /// that never more than the limit; in the end the accounts are even.
        #[test]
        fn the_disk_never_holds_more_than_is_counted(limit in 4_u64..24, steps in prop::collection::vec(step(), 1..200)) {
            let mut ledger = Ledger::new(limit * PAGE);
            let mut spaces: Vec<SpaceId> = (0..3).map(|_| ledger.add_space(Arc::default())).collect();
            let mut disk: HashMap<FileId, u64> = HashMap::new();
            let mut under_way: Vec<(Reservation, u64)> = Vec::new();
            let mut pins: Vec<(usize, u32)> = Vec::new();
            let on_disk = |disk: &HashMap<FileId, u64>| disk.values().sum::<u64>();
            for step in steps {
                let held: Vec<_> = pins.iter().filter(|&&(s, n)| ledger.length(spaces[s], n).is_some()).copied().collect();
                let mut dropped = None;
                match step {
                    Step::Reserve(length) => {
                        if let Some(reservation) = ledger.reserve(charge(length)) {
                            under_way.push((reservation, length));
                        }
                    }
                    Step::Finish(i, space, n) if !under_way.is_empty() => {
                        let (reservation, length) = under_way.swap_remove(i % under_way.len());
                        for victim in reservation.victims() {
                            prop_assert_eq!(disk.remove(&victim.file), Some(victim.charge));
                        }
                        ledger.settle(&reservation);
                        let file = ledger.next_file();
                        disk.insert(file, charge(length));
                        prop_assert!(on_disk(&disk) <= ledger.used());
                        if !ledger.publish(spaces[space], n, file, length) {
                            disk.remove(&file);
                            ledger.free(charge(length));
                        }
                    }
                    Step::DropSpace(space) => {
                        ledger.drop_space(spaces[space]);
                        spaces[space] = ledger.add_space(Arc::default());
                        pins.retain(|&(s, _)| s != space);
                        dropped = Some(space);
                    }
                    Step::DeleteDoomed => {
                        if let Some(doomed) = ledger.take_doomed() {
                            prop_assert_eq!(disk.remove(&doomed.file), Some(doomed.charge));
                            ledger.deleted(&doomed, true);
                        }
                    }
                    Step::Pin(space, n) => {
                        ledger.pin(spaces[space], n);
                        pins.push((space, n));
                    }
                    Step::Unpin(space, n) => {
                        if let Some(i) = pins.iter().position(|&pin| pin == (space, n)) {
                            pins.swap_remove(i);
                            ledger.unpin(spaces[space], n);
                        }
                    }
                    Step::Use(space, n) => {
                        ledger.open(spaces[space], n);
                    }
                    Step::Finish(..) => {}
                }
                prop_assert!(on_disk(&disk) <= ledger.used());
                prop_assert!(ledger.used() <= limit * PAGE);
                for (space, n) in held {
                    prop_assert!(dropped == Some(space) || ledger.length(spaces[space], n).is_some(), "a held segment went");
                }
            }
            for (reservation, _) in under_way {
                ledger.settle(&reservation);
                ledger.free(reservation.charge);
            }
            for space in spaces {
                ledger.drop_space(space);
            }
            while let Some(doomed) = ledger.take_doomed() {
                ledger.deleted(&doomed, true);
            }
            prop_assert_eq!(ledger.used(), 0);
            prop_assert!(!ledger.deleting());
        }
    }
}
