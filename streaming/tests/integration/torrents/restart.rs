//! A server that ends and starts again has what it had.

use std::{sync::Arc, time::Duration};

use protocol::{ErrorKind, Heartbeat, Open, SessionId, SessionState, TorrentState, ViewerToken};

use super::VIDEO;
use crate::support::{
    eventually,
    films::film,
    swarm::{Cinema, Content, FAST, SLOW, Seeder},
    theatre::PATIENCE,
};

const PIECE: u32 = 256 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_data_are_there_after_a_restart() {
    let film = film("short-ffmpeg").await;
    let content = Content::of(&film.path, PIECE).await;
    let seeder = Seeder::start(&content, SLOW).await;
    let magnet = content.magnet(&[seeder.address]);
    let cinema = Cinema::open(|_| {}).await;
    let session = cinema.watch(&magnet, None).await;
    let first = cinema.segment(session, VIDEO, 0).await;
    let before = cinema.torrent(session).have;
    let dir = cinema.close().await;
    drop(seeder);

    // Nobody is there to tell anything. The session is, asleep, and wakes when its viewer is heard of.
    let cinema = Cinema::again(Arc::clone(&dir), |_| {}).await;
    assert_eq!(cinema.matinee.sessions(), []);
    cinema.matinee.heartbeat(&beat(session), std::time::Instant::now()).unwrap();
    cinema.ready(session).await;
    assert!(cinema.segment(session, VIDEO, 0).await == first);
    cinema.matinee.leave(session, &beat(session).viewer).unwrap();
    let counted = || cinema.matinee.system().torrents.unwrap().bytes.used > 0;
    eventually("what is there counts", PATIENCE, counted).await;
    let session = cinema.watch(&magnet, None).await;
    eventually("nothing is lost", PATIENCE, || cinema.torrent(session).have >= before).await;
    assert!(cinema.segment(session, VIDEO, 0).await == first);
    let dir = cinema.close().await;

    // With somebody there it goes on.
    let seeder = Seeder::start_at(&content, FAST, seeder_address(&magnet)).await;
    let cinema = Cinema::again(dir, |_| {}).await;
    let session = cinema.watch(&magnet, None).await;
    eventually("it goes on", PATIENCE, || cinema.torrent(session).state == TorrentState::Complete).await;
    cinema.close().await;
    drop(seeder);
}

fn beat(session: SessionId) -> Heartbeat {
    let viewer = ViewerToken("the-token-of-a-viewer".into());
    Heartbeat::new(session, viewer, 3.0, false)
}

fn seeder_address(magnet: &str) -> std::net::SocketAddr {
    magnet.rsplit("x.pe=").next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_that_are_not_what_they_should_be_are_fetched_again() {
    let film = film("fps25").await;
    let content = Content::of(&film.path, PIECE).await;
    let seeder = Seeder::start(&content, FAST).await;
    let magnet = content.magnet(&[seeder.address]);
    let cinema = Cinema::open(|_| {}).await;
    let session = cinema.watch(&magnet, None).await;
    eventually("it is there", PATIENCE, || cinema.torrent(session).state == TorrentState::Complete).await;
    let file = cinema.data().join(&content.hash).join("0");
    let dir = cinema.close().await;
    let size = file.metadata().unwrap().len();
    // Half of it is lost, as after a crash of the machine.
    std::fs::File::options().write(true).open(&file).unwrap().set_len(size / 2).unwrap();

    let cinema = Cinema::again(dir, |_| {}).await;
    let session = cinema.watch(&magnet, None).await;
    eventually("it is whole again", PATIENCE, || cinema.torrent(session).state == TorrentState::Complete).await;
    assert!(std::fs::read(&file).unwrap() == std::fs::read(&film.path).unwrap());
    let n = cinema.at(session, VIDEO, 25.0).await;
    cinema.segment(session, VIDEO, n).await;
    cinema.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_torrents_they_are_refused_in_words() {
    let film = film("fps25").await;
    let content = Content::of(&film.path, PIECE).await;
    let theatre = crate::support::theatre::Theatre::open(&film).await;
    theatre.ready().await;
    for source in [content.magnet(&[]), content.hash.clone(), format!("torrent:{}", content.hash)] {
        let error = theatre.matinee.inspect(&source).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidSource);
        assert!(error.message.contains("--torrents"), "{}", error.message);
        let session = theatre.matinee.open(&Open::link(&source), &[]).unwrap().session;
        let failed = || theatre.matinee.session(session).unwrap().state == SessionState::Failed;
        eventually("opening it is refused as well", Duration::from_secs(10), failed).await;
    }
    theatre.close().await;
}
