//! The store beside a plain model of it, whatever is done to both.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Put(usize, u32, usize),
    Get(usize, u32),
    Pin(usize, u32),
    Unpin(usize),
    Window(usize, u32),
    Drop(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (space, n) = (0..3_usize, 0..12_u32);
    prop_oneof![
        8 => (space.clone(), n.clone(), 0..12_000_usize).prop_map(|(s, n, length)| Step::Put(s, n, length)),
        4 => (space.clone(), n.clone()).prop_map(|(s, n)| Step::Get(s, n)),
        1 => (space.clone(), n.clone()).prop_map(|(s, n)| Step::Pin(s, n)),
        2 => (0..8_usize).prop_map(Step::Unpin),
        1 => (space.clone(), n).prop_map(|(s, n)| Step::Window(s, n)),
        1 => space.prop_map(Step::Drop),
    ]
}

/// The store as its documentation describes it, in the plainest way: a list in order of use.
#[derive(Default)]
struct Model {
    limit: u64,
    order: Vec<(usize, u32)>,
    contents: BTreeMap<(usize, u32), Bytes>,
    windows: HashMap<usize, u32>,
    pins: Vec<(usize, u32)>,
}

impl Model {
    fn used(&self) -> u64 {
        self.contents.values().map(|bytes| ledger::charge(bytes.len() as u64)).sum()
    }

    fn put(&mut self, key: (usize, u32), bytes: Bytes) -> bool {
        if self.contents.contains_key(&key) {
            return true;
        }
        let needed = ledger::charge(bytes.len() as u64);
        let pinned = |key: &&(usize, u32)| self.pins.contains(*key);
        let held: u64 = self.order.iter().filter(pinned).map(|it| ledger::charge(self.contents[it].len() as u64)).sum();
        if held + needed > self.limit {
            return false;
        }
        while self.used() + needed > self.limit {
            let free = || (0..self.order.len()).filter(|&i| !self.pins.contains(&self.order[i]));
            let behind = free().find(|&i| {
                let (space, n) = self.order[i];
                self.windows.get(&space).is_some_and(|&window| n < window)
            });
            let victim = behind.or_else(|| free().next()).unwrap();
            let victim = self.order.remove(victim);
            self.contents.remove(&victim);
        }
        self.order.push(key);
        self.contents.insert(key, bytes);
        true
    }

    fn get(&mut self, key: (usize, u32)) -> Option<Bytes> {
        let bytes = self.contents.get(&key)?.clone();
        self.order.retain(|it| *it != key);
        self.order.push(key);
        Some(bytes)
    }

    fn drop(&mut self, space: usize) {
        self.order.retain(|it| it.0 != space);
        self.contents.retain(|it, _| it.0 != space);
        self.pins.retain(|it| it.0 != space);
        self.windows.remove(&space);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_store_does_what_the_model_does(pages in 4_u64..20, steps in prop::collection::vec(step(), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (temp, store) = store(pages);
        let folder = folder(&temp);
        let mut spaces: Vec<_> = (0..3).map(|_| store.rendition()).collect();
        let mut model = Model { limit: pages * PAGE, ..Model::default() };
        let mut pins: Vec<SegmentPin> = Vec::new();
        for step in steps {
            runtime.block_on(async {
                match step {
                    Step::Put(space, n, length) => {
                        let bytes = content(space as u64, n, length);
                        let put = spaces[space].put(n, bytes.clone()).await;
                        prop_assert_eq!(put.is_ok(), model.put((space, n), bytes), "{:?}", put);
                        let expected = matches!(put, Ok(()) | Err(StoreError::Full { .. }));
                        prop_assert!(expected, "{:?}", put);
                    }
                    Step::Get(space, n) => prop_assert_eq!(spaces[space].get(n).await, model.get((space, n))),
                    Step::Pin(space, n) => {
                        pins.push(spaces[space].pin(n));
                        model.pins.push((space, n));
                    }
                    Step::Unpin(i) if i < pins.len() => {
                        pins.swap_remove(i);
                        model.pins.swap_remove(i);
                    }
                    Step::Unpin(_) => {}
                    Step::Window(space, n) => {
                        spaces[space].set_window(n);
                        model.windows.insert(space, n);
                    }
                    Step::Drop(space) => {
                        let keep = model.pins.iter().map(|pin| pin.0 != space).collect::<Vec<_>>();
                        let mut keep = keep.into_iter();
                        pins.retain(|_| keep.next().unwrap());
                        spaces[space] = store.rendition();
                        model.drop(space);
                        timeout(LIMIT, store.settled()).await.unwrap();
                    }
                }
                Ok(())
            })?;
            prop_assert!(on_disk(&folder) <= pages * PAGE);
            prop_assert_eq!(on_disk(&folder), model.contents.values().map(|bytes| bytes.len() as u64).sum::<u64>());
            prop_assert_eq!(store.usage().used, model.used());
            for (space, handle) in spaces.iter().enumerate() {
                let ready: Vec<u32> = handle.ready().into_iter().collect();
                let expected: Vec<u32> = model.contents.keys().filter(|key| key.0 == space).map(|key| key.1).collect();
                prop_assert_eq!(ready, expected);
            }
        }
        drop((pins, spaces));
        runtime.block_on(store.close()).unwrap();
        prop_assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
    }
}
