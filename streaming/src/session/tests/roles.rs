//! Whatever the host and the viewers do: one key counts, and who was removed is not there.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 4] = ["ada", "bob", "cleo", "dora"];

#[derive(Clone, Debug)]
enum Step {
    /// With one of the keys that were ever made, or none.
    Beat(usize, Option<usize>),
    HandOver(usize, usize),
    Remove(usize, usize),
    Leave(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (viewer, key) = (0..NAMES.len(), 0..6_usize);
    prop_oneof![
        8 => (viewer.clone(), prop::option::of(key.clone())).prop_map(|(viewer, key)| Step::Beat(viewer, key)),
        3 => (viewer.clone(), key.clone()).prop_map(|(viewer, key)| Step::HandOver(viewer, key)),
        1 => (viewer.clone(), key).prop_map(|(viewer, key)| Step::Remove(viewer, key)),
        1 => viewer.prop_map(Step::Leave),
        1 => (0..100_u64).prop_map(Step::Pass),
    ]
}

proptest! {
    #[test]
    fn one_key_counts_and_who_was_removed_is_not_there(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = world(Limits::default());
        world.open(1).unwrap();
        let ids: Vec<PublicViewerId> = NAMES.iter().map(|name| world.beat(1, name, 0.0).unwrap().reply.you).collect();
        let mut keys = vec![key(1)];
        let mut removed = BTreeSet::new();
        let counts = |world: &mut World, key: &HostKey| world.registry.show_in_list(id(1), key, true).is_ok();
        for step in steps {
            match step {
                Step::Beat(viewer, with) => {
                    let carried = with.and_then(|n| keys.get(n).cloned());
                    let beat = Heartbeat { host_key: carried.clone(), ..heartbeat(1, NAMES[viewer], 0.0) };
                    match world.registry.beat(world.now, &beat) {
                        Ok(outcome) => {
                            let reply = outcome.reply;
                            prop_assert!(!removed.contains(&viewer));
                            prop_assert_eq!(reply.host, carried.is_some_and(|key| counts(&mut world, &key)));
                            let told = reply.host_key.as_ref();
                            prop_assert!(told.is_none_or(|key| keys.last() == Some(key)), "the newest alone");
                        }
                        Err(error) => {
                            prop_assert_eq!(error.kind, ErrorKind::Forbidden);
                            prop_assert!(removed.contains(&viewer));
                        }
                    }
                }
                Step::HandOver(viewer, with) => {
                    let Some(with) = keys.get(with).cloned() else { continue };
                    let may = counts(&mut world, &with);
                    let new = HostKey(format!("new key {}", keys.len()));
                    if world.registry.hand_over(id(1), &with, &ids[viewer], new.clone()).is_ok() {
                        prop_assert!(may && !removed.contains(&viewer));
                        keys.push(new);
                    }
                }
                Step::Remove(viewer, with) => {
                    let Some(with) = keys.get(with).cloned() else { continue };
                    let may = counts(&mut world, &with);
                    if world.registry.remove(world.now, id(1), &with, &ids[viewer]).is_ok() {
                        prop_assert!(may && removed.insert(viewer));
                    }
                }
                Step::Leave(viewer) => drop(world.registry.leave(world.now, id(1), &token(NAMES[viewer])).unwrap()),
                Step::Pass(seconds) => drop(world.pass(seconds)),
            }
            prop_assert_eq!(keys.iter().filter(|key| counts(&mut world, key)).count(), 1);
            let there = world.registry.viewers(world.now, id(1)).unwrap();
            prop_assert!(removed.iter().all(|n| !there.iter().any(|viewer| viewer.id == ids[*n])));
        }
    }
}
