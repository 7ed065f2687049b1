//! How much of torrents is kept, and for how long.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use protocol::{ErrorKind, Open, TorrentState};

use super::VIDEO;
use crate::support::{
    eventually,
    films::film,
    swarm::{Cinema, Content, FAST, SLOW, Seeder},
    theatre::PATIENCE,
};

const PIECE: u32 = 256 << 10;

/// The bytes that files below a folder really take: they are sparse.
fn taken(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let about = entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)));
    about.map(|(path, about)| if about.is_dir() { taken(&path) } else { about.blocks() * 512 }).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quota_is_kept_while_two_films_download() {
    const QUOTA: u64 = 112 << 20;
    let (one, two) = (film("short-ffmpeg").await, film("short-mkvmerge").await);
    let (one, two) = (Content::of(&one.path, PIECE).await, Content::of(&two.path, PIECE).await);
    let seeders = (Seeder::start(&one, FAST).await, Seeder::start(&two, FAST).await);
    let cinema = Cinema::open(|torrents| torrents.quota = QUOTA).await;
    // Looked at all the time, beside what the server says of itself.
    let (most, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let looking = std::thread::spawn({
        let (folder, most, done) = (cinema.data(), Arc::clone(&most), Arc::clone(&done));
        move || {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(taken(&folder), Ordering::Relaxed);
                std::thread::yield_now();
            }
        }
    });
    let open = |content: &Content, seeder: &Seeder| {
        cinema.matinee.open(&Open::link(content.magnet(&[seeder.address])), &[]).unwrap()
    };
    let (first, second) = (open(&one, &seeders.0), open(&two, &seeders.1));
    // Both play.
    for n in [0, 2] {
        cinema.segment(first.session, VIDEO, n).await;
        cinema.segment(second.session, VIDEO, n).await;
    }
    let used = cinema.matinee.system().torrents.unwrap().bytes;
    assert!(used.used <= used.allowed && used.allowed == QUOTA, "{used:?}");
    // As one of them goes, there is room for the other.
    cinema.matinee.close(first.session, &first.host_key).unwrap();
    eventually("its data go", PATIENCE, || !cinema.data().join(&one.hash).exists()).await;
    let whole = || cinema.torrent(second.session).state == TorrentState::Complete;
    eventually("the other is downloaded as a whole", PATIENCE, whole).await;
    done.store(true, Ordering::Relaxed);
    looking.join().unwrap();
    let most = most.load(Ordering::Relaxed);
    assert!((40 << 20..=QUOTA).contains(&most), "{most} bytes were on the disk");
    cinema.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_episode_that_nobody_watches_any_more_makes_room_for_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("A season");
    std::fs::create_dir(&folder).unwrap();
    for (n, name) in ["fps25", "fps2997", "fps60"].into_iter().enumerate() {
        std::fs::copy(film(name).await.path, folder.join(format!("{n}.mkv"))).unwrap();
    }
    let content = Content::of(&folder, PIECE).await;
    let seeder = Seeder::start(&content, FAST).await;
    // Two of them fit, of some 16 MB each.
    let cinema = Cinema::impatient(|torrents| torrents.quota = 45 << 20).await;
    let magnet = content.magnet(&[seeder.address]);
    let files = cinema.matinee.inspect(&magnet).await.unwrap().files;
    // Somebody may come back to each, so that the torrent stays.
    let mut sessions = Vec::new();
    for file in &files {
        let open = Open { file: Some(file.file), ..Open::link(&magnet) };
        let session = cinema.matinee.open(&open, &[]).unwrap().session;
        let whole = || cinema.matinee.torrent(session).unwrap().is_some_and(|it| it.state == TorrentState::Complete);
        eventually("the episode is there", PATIENCE, whole).await;
        // Who has a page can leave; a player without one would be there for 45 s after its request.
        let page = cinema.come(session);
        cinema.segment_for(&page, session, VIDEO, 1).await;
        sessions.push(session);
        let used = cinema.matinee.system().torrents.unwrap().bytes;
        assert!(used.used <= used.allowed, "{used:?}");
        // Everybody leaves, and it falls asleep.
        cinema.sleep(session).await;
    }
    cinema.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_that_the_quota_cannot_hold_is_refused() {
    let film = film("short-ffmpeg").await;
    let content = Content::of(&film.path, PIECE).await;
    let seeder = Seeder::start(&content, FAST).await;
    let cinema = Cinema::open(|torrents| torrents.quota = 50 << 20).await;
    let session = cinema.matinee.open(&Open::link(content.magnet(&[seeder.address])), &[]).unwrap().session;
    eventually("it is refused", PATIENCE, || cinema.matinee.session(session).unwrap().error.is_some()).await;
    let error = cinema.matinee.session(session).unwrap().error.unwrap();
    assert_eq!(error.kind, ErrorKind::TooLarge);
    assert!(error.message.contains("--torrent-quota"), "{}", error.message);
    cinema.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_data_go_by_age_when_there_is_no_room() {
    let films = [film("fps25").await, film("gop10").await, film("fps60").await];
    let mut contents = Vec::new();
    for film in &films {
        contents.push(Content::of(&film.path, PIECE).await);
    }
    // Two of them fit, of some 16 MB each.
    let cinema = Cinema::open(|torrents| {
        torrents.quota = 45 << 20;
        torrents.keep = true;
    })
    .await;
    let is_there = |content: &Content| cinema.data().join(&content.hash).exists();
    for content in &contents {
        let seeder = Seeder::start(content, FAST).await;
        let opened = cinema.matinee.open(&Open::link(content.magnet(&[seeder.address])), &[]).unwrap();
        let whole =
            || cinema.matinee.torrent(opened.session).unwrap().is_some_and(|it| it.state == TorrentState::Complete);
        eventually("it is downloaded", PATIENCE, whole).await;
        cinema.matinee.close(opened.session, &opened.host_key).unwrap();
    }
    eventually("the oldest goes", PATIENCE, || !is_there(&contents[0])).await;
    assert!(is_there(&contents[1]) && is_there(&contents[2]));
    cinema.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_or_fetched_when_nobody_watches() {
    let film = film("short-ffmpeg").await;
    let content = Content::of(&film.path, PIECE).await;
    let seeder = Seeder::start(&content, SLOW).await;
    let cinema = Cinema::open(|torrents| torrents.keep = true).await;
    let magnet = content.magnet(&[seeder.address]);
    let (one, two) = (
        cinema.matinee.open(&Open::link(&magnet), &[]).unwrap(),
        cinema.matinee.open(&Open::link(&magnet), &[]).unwrap(),
    );
    cinema.segment(one.session, VIDEO, 0).await;
    cinema.matinee.close(one.session, &one.host_key).unwrap();
    // Somebody else still watches.
    cinema.segment(two.session, VIDEO, 2).await;
    cinema.matinee.close(two.session, &two.host_key).unwrap();
    let idle = || seeder.connections() == 0;
    eventually("peers are left", PATIENCE, idle).await;
    assert!(cinema.data().join(&content.hash).exists());
    cinema.close().await;
}
