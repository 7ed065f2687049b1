//! Sessions on the same link share its bytes, its heads and its segments.

use std::{cell::Cell, collections::BTreeSet, time::Duration};

use bytes::Bytes;
use streaming::Player;

use super::VIDEO;
use crate::support::{
    films::film,
    theatre::{Theatre, id},
};

#[tokio::test]
async fn two_sessions_on_one_film_are_served_by_one_head_and_one_download() {
    let film = film("fps25").await;
    let theatre = Theatre::open(&film).await;
    theatre.ready().await;
    let other = theatre.another_session().unwrap();
    let (count, mpvs, most) = (theatre.playlist(VIDEO).await.segments.len(), Cell::new(0), Cell::new(0));
    let watch = async |session, name: &str| {
        let player = Player::Anonymous(name.to_owned());
        let mut segments: Vec<Bytes> = Vec::new();
        for n in 0..u32::try_from(count).unwrap() {
            segments.push(theatre.matinee.segment(session, id(VIDEO), n, &player).await.unwrap());
        }
        segments
    };
    let counting = async {
        let (mut seen, mut look) = (BTreeSet::new(), tokio::time::interval(Duration::from_millis(3)));
        loop {
            look.tick().await;
            let running = theatre.bin.running("mpv");
            most.set(most.get().max(running.len()));
            seen.extend(running.into_iter().map(|pid| pid.as_raw_nonzero().get()));
            mpvs.set(seen.len());
        }
    };
    let (one, two) = tokio::select! {
        () = counting => unreachable!("it counts for ever"),
        both = async { tokio::join!(watch(theatre.session, "one"), watch(other, "two")) } => both,
    };
    assert!(one == two, "they get different segments");
    assert_eq!(most.get(), 1, "heads at the same time");
    // The first one ends where the short GOPs of its start stop being worth their bit rate.
    assert!(mpvs.get() <= 2, "{} heads", mpvs.get());
    assert!(theatre.upstream.sent() < film.bytes() * 3 / 2, "{} bytes of {}", theatre.upstream.sent(), film.bytes());

    // Who comes when all is there costs nothing any more.
    let sent = theatre.upstream.sent();
    let late = theatre.another_session().unwrap();
    assert!(watch(late, "late").await == one);
    assert_eq!(theatre.upstream.sent(), sent);
    theatre.close().await;
}
