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
