//! Sources that can be read from their start only.

use std::path::{Path, PathBuf};

use super::*;

/// What is in the folders of the servers that use this data folder, apart from their locks.
pub(super) fn files(data_dir: &Path) -> Vec<PathBuf> {
    let entries = |dir: PathBuf| dir.read_dir().unwrap().map(|entry| entry.unwrap().path());
    entries(data_dir.join("spill"))
        .filter(|path| path.is_dir())
        .flat_map(entries)
        .filter(|file| !file.ends_with("lock"))
        .collect()
}

/// A server that has to be read from its start, and sends no more than a bit.
async fn slow(film: &Bytes) -> Upstream {
    let habits = Habits { ranges: false, says_ranges: false, hold_at: Some(MB as u64), ..Habits::default() };
    Upstream::bytes(film, habits).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_ranges_is_read_once_from_its_start() {
    let film = noise(30 * MB);
    let habits = Habits { ranges: false, says_ranges: false, hold_at: Some(10 * MB as u64), ..Habits::default() };
    let upstream = Upstream::bytes(&film, habits).await;
    let house = House::with(patient).await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    assert_eq!((feed.reach(), feed.len(), house.spilled()), (Reach::AsRead, Some(30 * MB as u64), 1));
    until("10 MB are read", || feed.have_read() == 10 * MB as u64).await;
    assert!(house.get(&feed, Some("5000000-5999999")).await.bytes().await.unwrap() == film[5_000_000..6_000_000]);
    // Too far ahead: told at once.
    assert_eq!(house.get(&feed, Some(&format!("{}-", 25 * MB))).await.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(feed.read(25 * MB as u64, 10).await.unwrap_err().kind, ErrorKind::SourceUnreachable);
    // A little ahead: waited for.
    let range = format!("{}-{}", 15 * MB, 16 * MB - 1);
    let (soon, ()) = tokio::join!(house.get(&feed, Some(&range)), async {
        upstream.change(|habits| habits.hold_at = None);
    });
    assert!(soon.bytes().await.unwrap() == film[15 * MB..16 * MB]);
    until("all is read", || feed.reach() == Reach::Anywhere).await;
    assert!(house.get(&feed, None).await.bytes().await.unwrap() == film);
    assert_eq!((upstream.requests(), feed.upstream_bytes()), (1, 30 * MB as u64));
    drop(feed);
    assert_eq!((house.spilled(), house.gateway.feeds()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_length_is_seekable_once_it_is_read() {
    let film = noise(6 * MB);
    let habits =
        Habits { ranges: false, says_ranges: false, length: false, hold_at: Some(2 * MB as u64), ..Habits::default() };
    let upstream = Upstream::bytes(&film, habits).await;
    let house = House::with(patient).await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    assert_eq!((feed.reach(), feed.len()), (Reach::AsRead, None));
    let whole = house.get(&feed, None).await;
    assert_eq!((whole.status(), whole.content_length()), (StatusCode::OK, None));
    assert_eq!(house.get(&feed, Some("-100")).await.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    upstream.change(|habits| habits.hold_at = None);
    assert!(whole.bytes().await.unwrap() == film);
    until("all is read", || feed.reach() == Reach::Anywhere).await;
    assert_eq!(feed.len(), Some(6 * MB as u64));
    assert!(house.get(&feed, Some("-100")).await.bytes().await.unwrap() == film[6 * MB - 100..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spilled_download_resumes_if_it_can_and_says_so_if_not() {
    let film = noise(3 * MB);
    let can = Habits { whole_from_zero: true, says_ranges: false, drop_after: Some(MB as u64), ..Habits::default() };
    let upstream = Upstream::bytes(&film, can).await;
    let house = House::new().await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    assert_eq!(feed.reach(), Reach::AsRead);
    assert!(house.get(&feed, None).await.bytes().await.unwrap() == film);

    let cannot = Habits { ranges: false, says_ranges: false, drop_after: Some(MB as u64), ..Habits::default() };
    let upstream = Upstream::bytes(&film, cannot).await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    assert!(house.get(&feed, None).await.bytes().await.is_err());
    let fault = feed.fault().unwrap();
    assert!(fault.kind == ErrorKind::SourceUnreachable && fault.message.contains("cannot go on"), "{fault}");
    assert!(feed.read(0, 100).await.unwrap() == film[..100]);
    assert_eq!(house.get(&feed, Some("2000000-")).await.status(), StatusCode::BAD_GATEWAY);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_be_spilled_has_a_bound() {
    let film = noise(3 * MB);
    let house = House::with(|config| config.spill_bytes = 2 * MB as u64).await;
    let habits = Habits { ranges: false, says_ranges: false, ..Habits::default() };
    let announced = Upstream::bytes(&film, habits.clone()).await;
    assert_eq!(house.open(&announced.url("/film")).await.unwrap_err().kind, ErrorKind::TooLarge);
    let endless = Upstream::bytes(&film, Habits { length: false, ..habits }).await;
    let feed = house.open(&endless.url("/film")).await.unwrap();
    assert!(house.get(&feed, None).await.bytes().await.is_err());
    assert_eq!(feed.fault().unwrap().kind, ErrorKind::TooLarge);
    assert!(feed.have_read() <= 2 * MB as u64);
    drop(feed);
    endless.quiet().await;
    // The room is free again, as soon as the download's task is gone.
    let small =
        Upstream::bytes(&film.slice(..MB), Habits { ranges: false, says_ranges: false, ..Habits::default() }).await;
    let feed = house.open(&small.url("/film")).await.unwrap();
    assert!(house.get(&feed, None).await.bytes().await.unwrap() == film[..MB]);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_with_one_data_folder_leave_each_other_s_files_alone() {
    let film = noise(3 * MB);
    let upstream = slow(&film).await;
    let dir = tempfile::tempdir().unwrap();
    let at_dir = |config: &mut GatewayConfig| {
        config.spill_dir = dir.path().to_owned();
        patient(config);
    };
    let first = House::with(at_dir).await;
    let feed = first.open(&upstream.url("/film")).await.unwrap();
    let [file] = files(dir.path()).try_into().unwrap();

    let second = House::with(at_dir).await;
    let other = second.open(&upstream.url("/film")).await.unwrap();
    assert!(file.exists(), "a start takes nothing from who is alive");
    assert_eq!(files(dir.path()).len(), 2);
    assert!(second.tasks.join(Duration::from_secs(5)).await);
    // The second's feed is still held, and its files are gone nevertheless.
    assert_eq!(files(dir.path()), [file]);
    drop((other, second));

    upstream.change(|habits| habits.hold_at = None);
    assert!(first.get(&feed, None).await.bytes().await.unwrap() == film);
    assert!(first.tasks.join(Duration::from_secs(5)).await);
    assert_eq!(dir.path().join("spill").read_dir().unwrap().count(), 0, "nothing is left after the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_removes_what_killed_servers_left_and_nothing_else() {
    let film = noise(3 * MB);
    let upstream = slow(&film).await;
    let house = House::new().await;
    let _feed = house.open(&upstream.url("/film")).await.unwrap();
    let [file] = files(house.dir.path()).try_into().unwrap();
    let alive = file.parent().unwrap();
    // What a kill leaves is the same without a lock that is held: a copy.
    let spill = house.dir.path().join("spill");
    let dead = spill.join("4194304-0123456789abcdef");
    std::fs::create_dir(&dead).unwrap();
    for entry in alive.read_dir().unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), dead.join(entry.file_name())).unwrap();
    }
    assert!(dead.join(file.file_name().unwrap()).exists() && dead.join("lock").exists());
    std::fs::create_dir(spill.join("other")).unwrap();
    let others = [spill.join("other/a.spill"), spill.join("a.txt"), house.dir.path().join("mine.spill")];
    for other in &others {
        std::fs::write(other, b"x").unwrap();
    }

    let tasks = Tasks::new();
    Gateway::start(GatewayConfig::new(house.dir.path().to_owned()), &tasks).await.unwrap();
    assert!(!dead.exists());
    for kept in others.iter().chain([&file]) {
        assert!(kept.exists(), "{}", kept.display());
    }
    assert!(tasks.join(Duration::from_secs(5)).await);
    assert!(file.exists(), "an end takes nothing from who is alive");
}
