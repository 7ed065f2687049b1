//! Watching while it is downloaded.

use std::time::Instant;

use protocol::{ErrorKind, SessionState, TorrentState};

use super::{AUDIO, VIDEO};
use crate::support::{
    eventually,
    films::film,
    swarm::{Cinema, Content, FAST, SLOW, Seeder, free_address},
    theatre::{PATIENCE, Theatre},
};

const PIECE: u32 = 256 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_plays_while_our_seeder_sends_it_slowly() {
    let film = film("long-ffmpeg").await;
    let content = Content::of(&film.path, 4 * PIECE).await;
    plays_slowly(&content, Seeder::start(&content, SLOW).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_plays_while_aria2_sends_it_slowly() {
    let film = film("long-ffmpeg").await;
    let content = Content::of(&film.path, 4 * PIECE).await;
    plays_slowly(&content, Seeder::aria2(&content, SLOW).await).await;
}

/// At 8 Mbit/s, as much as the film itself has.
async fn plays_slowly(content: &Content, seeder: Seeder) {
    let cinema = Cinema::open(|_| {}).await;
    let magnet = content.magnet(&[seeder.address]);
    let listed = cinema.matinee.inspect(&magnet).await.unwrap();
    assert_eq!(listed.files.len(), 1);
    assert!(listed.files[0].preselected && listed.video.is_empty());
    assert_eq!(std::fs::read_dir(cinema.data()).unwrap().count(), 0, "listing downloads something");

    let start = Instant::now();
    let session = cinema.watch(&magnet, None).await;
    tokio::join!(cinema.segment(session, VIDEO, 0), cinema.segment(session, AUDIO, 0));
    eprintln!("first segments after {:.1} s", start.elapsed().as_secs_f64());
    let view = cinema.torrent(session);
    assert_eq!((view.peers, view.state), (1, TorrentState::Downloading));
    assert_eq!(view.size, listed.files[0].size);
    assert!(view.have < view.size / 2, "half of the film was read to begin: {view:?}");
    let film_s = cinema.matinee.session(session).unwrap().media.unwrap().duration_s;
    assert!(view.parts_s.first().is_some_and(|part| part.0 == 0.0 && part.1 > 0.5), "{:?}", view.parts_s);
    assert!(view.parts_s.iter().all(|part| part.0 < part.1 && part.1 <= film_s));

    // To 70 %.
    let (start, before) = (Instant::now(), cinema.torrent(session).have);
    let n = [cinema.at(session, VIDEO, film_s * 0.7).await, cinema.at(session, AUDIO, film_s * 0.7).await];
    tokio::join!(cinema.segment(session, VIDEO, n[0]), cinema.segment(session, AUDIO, n[1]));
    let after = cinema.torrent(session).have;
    let share = (after - before) as f64 / view.size as f64;
    eprintln!("a seek to 70 % after {:.1} s with {:.1} % of the film", start.elapsed().as_secs_f64(), share * 100.0);
    assert!(share <= 0.15, "a seek takes {:.0} % of the film", share * 100.0);
    cinema.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_a_film_comes_as_it_was() {
    let film = film("fps25").await;
    let content = Content::of(&film.path, PIECE).await;
    let seeder = Seeder::start(&content, FAST).await;
    let cinema = Cinema::open(|_| {}).await;
    let session = cinema.watch(&content.magnet(&[seeder.address]), None).await;
    let n = cinema.at(session, VIDEO, 15.0).await;
    let last = cinema.segment(session, VIDEO, n).await;
    eventually("the film is there", PATIENCE, || cinema.torrent(session).state == TorrentState::Complete).await;
    let view = cinema.torrent(session);
    assert_eq!((view.have, view.parts_s.len()), (view.size, 1));
    let here = std::fs::read(cinema.data().join(&content.hash).join("0")).unwrap();
    assert!(here == std::fs::read(&film.path).unwrap(), "the data are others");
    cinema.close().await;
    // What is made of it is what is made of the same film from an ordinary link.
    let theatre = Theatre::open(&film).await;
    theatre.ready().await;
    assert!(theatre.segment(VIDEO, n).await.unwrap() == last, "the segment is another");
    theatre.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seeder_that_vanishes_and_returns() {
    let film = film("short-ffmpeg").await;
    let content = Content::of(&film.path, PIECE).await;
    let seeder = Seeder::start(&content, SLOW).await;
    let cinema = Cinema::open(|_| {}).await;
    let session = cinema.watch(&content.magnet(&[seeder.address]), None).await;
    cinema.segment(session, VIDEO, 0).await;
    let address = seeder.stop().await;
    eventually("it is noticed", PATIENCE, || cinema.torrent(session).peers == 0).await;
    let n = cinema.at(session, VIDEO, 50.0).await;
    let asking = cinema.segment(session, VIDEO, n);
    let returning = async {
        eventually("it is waited for", PATIENCE, || cinema.torrent(session).awaited.is_some()).await;
        // From a fast one the film would be whole soon, and then there is nothing to be connected for.
        Seeder::start_at(&content, SLOW, address).await
    };
    let (_, seeder) = tokio::join!(asking, returning);
    assert_eq!(cinema.torrent(session).peers, 1);
    cinema.close().await;
    drop(seeder);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_magnet_that_nobody_seeds_ends_in_words() {
    let film = film("fps25").await;
    let content = Content::of(&film.path, PIECE).await;
    let cinema = Cinema::open(|torrents| torrents.magnet_timeout = std::time::Duration::from_secs(3)).await;
    let magnet = content.magnet(&[free_address()]);
    let error = cinema.matinee.inspect(&magnet).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::SourceTimeout | ErrorKind::SourceUnreachable), "{error:?}");
    // One who takes the connection and never speaks: it takes all the time there is, while it can be looked at.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let magnet = content.magnet(&[silent.local_addr().unwrap()]);
    let session = cinema.matinee.open(&protocol::Open::link(magnet), &[]).unwrap().session;
    assert_eq!(cinema.torrent(session).state, TorrentState::Resolving);
    eventually("it is told", PATIENCE, || cinema.matinee.session(session).unwrap().state == SessionState::Failed).await;
    let error = cinema.matinee.session(session).unwrap().error.unwrap();
    assert_eq!(error.kind, ErrorKind::SourceTimeout, "{error:?}");
    // Nobody to ask at all.
    let error = cinema.matinee.inspect(&content.hash).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidSource, "{error:?}");
    cinema.close().await;
}
