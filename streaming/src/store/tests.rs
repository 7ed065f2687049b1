//! The store as its users see it, on a real folder.

mod model;

use std::path::{Path, PathBuf};

use futures_util::FutureExt as _;
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;

const LIMIT: Duration = Duration::from_secs(30);
const PAGE: u64 = 4096;

/// A store with a budget smaller than what `Store::open` allows.
fn store(pages: u64) -> (TempDir, Store) {
    let temp = tempfile::tempdir().unwrap();
    let store = Store::at(Place::open(temp.path()).unwrap(), pages * PAGE).unwrap();
    (temp, store)
}

/// Bytes that say which segment they are of, so that a mix-up shows.
fn content(space: u64, n: u32, length: usize) -> Bytes {
    format!("{space}/{n};").bytes().cycle().take(length).collect()
}

/// The only folder in the store's directory.
fn folder(temp: &TempDir) -> PathBuf {
    let mut entries = std::fs::read_dir(temp.path()).unwrap();
    let folder = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none());
    folder
}

/// Bytes of the files in a folder, as `du --apparent-size` counts them.
fn on_disk(folder: &Path) -> u64 {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().filter(|entry| entry.as_ref().unwrap().file_name() != "lock").count()
}

#[tokio::test]
async fn what_is_put_can_be_got() {
    let (temp, store) = store(100);
    let space = store.rendition();
    assert_eq!(space.get(3).await, None);
    space.put(3, content(0, 3, 5000)).await.unwrap();
    assert_eq!(space.get(3).await.unwrap(), content(0, 3, 5000));
    assert_eq!((space.contains(3), space.contains(4)), (true, false));
    assert_eq!((space.size(3), space.size(4)), (Some(5000), None));
    space.put(4, Bytes::new()).await.unwrap();
    assert_eq!(space.get(4).await.unwrap(), Bytes::new());
    assert_eq!((space.bytes(..), space.bytes(4..)), (5000, 0));
    assert_eq!(space.ready().into_iter().collect::<Vec<_>>(), [3, 4]);
    assert_eq!(store.usage(), Capacity { used: 3 * PAGE, allowed: 100 * PAGE });
    assert_eq!(on_disk(&folder(&temp)), 5000);
}

#[tokio::test]
async fn renditions_do_not_see_each_other() {
    let (_temp, store) = store(100);
    let (one, two) = (store.rendition(), store.rendition());
    one.put(0, content(1, 0, 10)).await.unwrap();
    assert!(!two.contains(0));
    two.put(0, content(2, 0, 10)).await.unwrap();
    assert_eq!(one.get(0).await.unwrap(), content(1, 0, 10));
    assert_eq!(two.get(0).await.unwrap(), content(2, 0, 10));
}

#[tokio::test]
async fn a_segment_that_comes_twice_is_kept_once() {
    let (temp, store) = store(100);
    let space = store.rendition();
    let puts = futures_util::future::join_all((0..16).map(|_| space.put(1, content(0, 1, 9000))));
    assert!(puts.await.into_iter().all(|put| put.is_ok()));
    store.settled().await;
    assert_eq!(store.usage().used, ledger::charge(9000));
    assert_eq!(files(&folder(&temp)), 1);
    assert_eq!(space.get(1).await.unwrap(), content(0, 1, 9000));
}

#[tokio::test]
async fn init_segments_are_counted_and_never_evicted() {
    let (_temp, store) = store(3);
    let space = store.rendition();
    assert_eq!(space.init(), None);
    space.put_init(Bytes::from_static(b"init")).await.unwrap();
    space.put_init(Bytes::from_static(b"another")).await.unwrap();
    assert_eq!(store.usage().used, PAGE);
    for n in 0..10 {
        space.put(n, content(0, n, 100)).await.unwrap();
    }
    assert_eq!(space.init().unwrap(), "init");
    assert_eq!(space.ready().into_iter().collect::<Vec<_>>(), [8, 9]);
    drop(space);
    store.settled().await;
    assert_eq!(store.usage().used, 0);
}

#[tokio::test]
async fn waiters_are_woken_by_what_they_wait_for() {
    let (_temp, store) = store(100);
    let space = store.rendition();
    let wait = async {
        let pin = space.wait(7).await.unwrap();
        assert_eq!(pin.segment(), 7);
        pin.get().await.unwrap()
    };
    let put = async {
        tokio::task::yield_now().await;
        space.put(6, content(0, 6, 10)).await.unwrap();
        space.put_init(Bytes::from_static(b"init")).await.unwrap();
        space.put(7, content(0, 7, 10)).await.unwrap();
    };
    let (got, init, ()) = timeout(LIMIT, async { tokio::join!(wait, space.wait_init(), put) }).await.unwrap();
    assert_eq!(got, content(0, 7, 10));
    assert_eq!(init.unwrap(), "init");
    // What is there already needs no waiting.
    timeout(LIMIT, space.wait(7)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_segment_that_is_awaited_survives_until_it_is_read() {
    let (_temp, store) = store(2);
    let space = store.rendition();
    let pin = space.pin(0);
    for n in 0..20 {
        space.put(n, content(0, n, 100)).await.unwrap();
    }
    assert_eq!(pin.get().await.unwrap(), content(0, 0, 100));
    drop(pin);
    space.put(20, content(0, 20, 100)).await.unwrap();
    space.put(21, content(0, 21, 100)).await.unwrap();
    assert!(!space.contains(0));
}

#[tokio::test]
async fn when_nothing_can_go_the_store_is_full() {
    let (temp, store) = store(2);
    let space = store.rendition();
    let pins = [space.pin(0), space.pin(1)];
    space.put(0, content(0, 0, 100)).await.unwrap();
    space.put(1, content(0, 1, 100)).await.unwrap();
    let full = space.put(2, content(0, 2, 100)).await.unwrap_err();
    assert!(matches!(full, StoreError::Full { .. }), "{full}");
    assert_eq!(protocol::Error::from(full).kind, protocol::ErrorKind::StoreFull);
    assert!(!space.contains(2));
    drop(pins);
    space.put(2, content(0, 2, 100)).await.unwrap();
    // What is larger than the whole budget never fits, and nothing is evicted for it.
    let before = space.ready();
    let huge = space.put(3, content(0, 3, 3 * 4096)).await.unwrap_err();
    assert!(matches!(huge, StoreError::Full { .. }), "{huge}");
    assert_eq!(space.ready(), before);
    assert_eq!(files(&folder(&temp)), 2);
}

#[tokio::test]
async fn the_last_handle_takes_the_files_along() {
    let (temp, store) = store(100);
    let (kept, dropped) = (store.rendition(), store.rendition());
    kept.put(0, content(0, 0, 100)).await.unwrap();
    for n in 0..5 {
        dropped.put(n, content(1, n, 100)).await.unwrap();
    }
    let clone = dropped.clone();
    let pin = clone.pin(2);
    drop((dropped, clone));
    store.settled().await;
    assert_eq!(store.usage().used, 6 * PAGE);
    assert_eq!(pin.get().await.unwrap(), content(1, 2, 100));
    drop(pin);
    timeout(LIMIT, store.settled()).await.unwrap();
    assert_eq!(store.usage().used, PAGE);
    assert_eq!(files(&folder(&temp)), 1);
    assert!(kept.contains(0));
}

#[test]
fn handles_can_be_dropped_outside_of_a_runtime() {
    let (temp, store) = store(100);
    let space = store.rendition();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(space.put(0, content(0, 0, 100))).unwrap();
    drop(runtime);
    drop(space);
    assert_eq!(store.usage().used, 0);
    assert_eq!(files(&folder(&temp)), 0);
}

#[tokio::test]
async fn closing_removes_the_folder_and_tells_everybody() {
    let (temp, store) = store(100);
    let other = temp.path().join("other");
    std::fs::write(&other, "not ours").unwrap();
    let space = store.rendition();
    space.put(0, content(0, 0, 100)).await.unwrap();
    let (waiter, closed) = timeout(LIMIT, async { tokio::join!(space.wait(1), store.close()) }).await.unwrap();
    assert!(matches!(waiter, Err(StoreError::Closed)));
    closed.unwrap();
    assert_eq!(folder(&temp), other);
    assert!(matches!(space.put(1, Bytes::new()).await, Err(StoreError::Closed)));
    assert!(matches!(space.put_init(Bytes::new()).await, Err(StoreError::Closed)));
    assert!(matches!(space.wait_init().await, Err(StoreError::Closed)));
    assert_eq!(space.get(0).await, None);
    store.close().await.unwrap();
    drop(space);
    timeout(LIMIT, store.settled()).await.unwrap();
}

#[tokio::test]
async fn closing_awaits_the_writes_under_way() {
    let (temp, store) = store(1000);
    let space = store.rendition();
    let puts = futures_util::future::join_all((0..20).map(|n| space.put(n, content(0, n, 50_000))));
    let (puts, closed) = timeout(LIMIT, async { tokio::join!(puts, store.close()) }).await.unwrap();
    closed.unwrap();
    for put in puts {
        assert!(matches!(put, Ok(()) | Err(StoreError::Closed)));
    }
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_put_that_nobody_awaits_any_more_leaves_the_accounts_even() {
    let (temp, store) = store(100);
    let space = store.rendition();
    for n in 0..10 {
        // Polled once, so that the write begins, and dropped, mostly before it is done.
        drop(space.put(n, content(0, n, 9000)).now_or_never());
    }
    timeout(LIMIT, store.settled()).await.unwrap();
    assert_eq!(space.ready().len(), 10);
    assert_eq!(store.usage().used, 10 * ledger::charge(9000));
    assert_eq!(on_disk(&folder(&temp)), 90_000);
}

#[tokio::test]
async fn a_file_that_somebody_deleted_is_forgotten_and_can_be_put_again() {
    let (temp, store) = store(100);
    let space = store.rendition();
    space.put(0, content(0, 0, 100)).await.unwrap();
    space.put(1, content(0, 1, 100)).await.unwrap();
    for entry in std::fs::read_dir(folder(&temp)).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "lock" {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    assert_eq!(space.get(0).await, None);
    assert!(!space.contains(0));
    assert_eq!(store.usage().used, PAGE);
    space.put(0, content(0, 0, 100)).await.unwrap();
    assert_eq!(space.get(0).await.unwrap(), content(0, 0, 100));
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_behind() {
    let (temp, store) = store(100);
    let space = store.rendition();
    // Something is in the way of the first file.
    std::fs::create_dir(folder(&temp).join("1.m4s")).unwrap();
    let error = space.put(0, content(0, 0, 100)).await.unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert!(!space.contains(0));
    std::fs::remove_dir(folder(&temp).join("1.m4s")).unwrap();
    space.put(0, content(0, 0, 100)).await.unwrap();
    assert_eq!(space.get(0).await.unwrap(), content(0, 0, 100));
    // What could not be deleted stays counted: one file that is there and one that might be.
    assert_eq!(store.usage().used, 2 * PAGE);
}

#[tokio::test]
async fn a_start_sweeps_up_after_a_dead_server_but_not_a_living_one() {
    let temp = tempfile::tempdir().unwrap();
    let dead = temp.path().join("999999-0123456789abcdef");
    std::fs::create_dir(&dead).unwrap();
    std::fs::write(dead.join("lock"), "").unwrap();
    std::fs::write(dead.join("1.m4s"), "left behind").unwrap();

    let config = StoreConfig { dir: Some(temp.path().to_owned()), budget: Some(MIN_BUDGET) };
    let living = Store::open(config.clone()).unwrap();
    assert!(!dead.exists());
    let space = living.rendition();
    space.put(0, content(0, 0, 100)).await.unwrap();
    let second = Store::open(config.clone()).unwrap();
    assert_eq!(space.get(0).await.unwrap(), content(0, 0, 100));
    living.close().await.unwrap();
    second.close().await.unwrap();
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);

    // A restart in the same place begins with nothing.
    let restarted = Store::open(config).unwrap();
    assert_eq!(restarted.usage(), Capacity { used: 0, allowed: MIN_BUDGET });
    assert_eq!(restarted.rendition().get(0).await, None);
}

#[tokio::test]
async fn the_page_is_told_no_path() {
    let (temp, store) = store(100);
    let report = store.report();
    assert_eq!(report.on_tmpfs, report.advice.is_none());
    assert_eq!(report.on_tmpfs, store.operator_advice().is_none());
    if let (Some(page), Some(operator)) = (report.advice, store.operator_advice()) {
        let path = temp.path().canonicalize().unwrap().display().to_string();
        assert!(page.contains("--store-dir") && !page.contains(&path), "{page}");
        assert!(operator.contains(&format!("tmpfs {path}")), "{operator}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_budget_holds_while_everybody_writes_and_reads() {
    const PAGES: u64 = 64;
    let (temp, store) = store(PAGES);
    let tasks = crate::tasks::Tasks::new();
    let workers: Vec<_> = (0..8_u64)
        .map(|worker| {
            let store = store.clone();
            tasks.spawn("puts, gets and drops", async move {
                let (mut stored, mut full) = (0_u32, 0_u32);
                for round in 0..5 {
                    let space = store.rendition();
                    for n in 0..40_u32 {
                        let length = 1000 + (n as usize * 7919 + round * 104_729) % 30_000;
                        match space.put(n, content(worker, n, length)).await {
                            Ok(()) => stored += 1,
                            // The others' files that are being written right now can fill a budget this small.
                            Err(StoreError::Full { .. }) => full += 1,
                            Err(error) => panic!("{error}"),
                        }
                        for back in [0, 3] {
                            if let Some(bytes) = space.get(n.saturating_sub(back)).await {
                                assert_eq!(bytes, content(worker, n.saturating_sub(back), bytes.len()));
                            }
                        }
                    }
                }
                (stored, full)
            })
        })
        .collect();
    for worker in workers {
        let (stored, full) = timeout(LIMIT * 2, worker).await.unwrap().unwrap().unwrap();
        assert!(stored > full, "{stored} stored, {full} refused");
    }
    timeout(LIMIT, store.settled()).await.unwrap();
    assert_eq!(store.usage().used, 0);
    assert_eq!(files(&folder(&temp)), 0);
    let gauge = &store.core.folder.gauge;
    assert_eq!(gauge.now(), 0);
    assert!(gauge.peak() > PAGES * PAGE / 2 && gauge.peak() <= PAGES * PAGE, "{} bytes at most", gauge.peak());
}
