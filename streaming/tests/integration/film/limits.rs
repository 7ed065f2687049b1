//! What is bounded: the store's bytes, the encoders, the sessions.

use std::{cell::Cell, time::Duration};

use protocol::{ErrorKind, Open};
use tokio::time::interval;

use super::{AUDIO, PLAIN_VIDEO, VIDEO};
use crate::support::{
    eventually,
    films::film,
    playback::Order,
    theatre::{PATIENCE, Theatre, bytes_below, patient, withheld},
    timeline,
};

/// The least that the store takes for a budget.
const BUDGET: u64 = 64 << 20;

#[tokio::test]
async fn the_store_never_exceeds_its_budget_while_more_than_that_is_fetched_twice() {
    let film = film("short-ffmpeg").await;
    let theatre = Theatre::with(&film, |config| config.store.budget = Some(BUDGET)).await;
    theatre.ready().await;
    let (folder, most) = (theatre.store(), Cell::new(0));
    let watching = async {
        let mut look = interval(Duration::from_millis(3));
        loop {
            look.tick().await;
            let told = theatre.matinee.system().store.bytes.used;
            most.set(most.get().max(bytes_below(&folder)).max(told));
        }
    };
    let fetching = async {
        let mut bytes = 0;
        for rendition in [VIDEO, PLAIN_VIDEO, AUDIO[0], VIDEO] {
            let copy = theatre.play(rendition, Order::Rising).await;
            let packets = timeline::by_segment(&copy.init, &copy.segments).concat();
            assert!(packets.windows(2).all(|pair| pair[1].pts == pair[0].pts + pair[0].ticks), "{rendition} has a gap");
            bytes += copy.bytes();
        }
        bytes
    };
    let fetched = tokio::select! {
        () = watching => unreachable!("it watches for ever"),
        fetched = fetching => fetched,
    };
    assert!(fetched > BUDGET, "{fetched} bytes do not put the budget to the test");
    assert!(most.get() > BUDGET / 2, "at most {} bytes were seen", most.get());
    assert!(most.get() <= BUDGET, "{} bytes", most.get());
    theatre.close().await;
}

#[tokio::test]
async fn one_encoder_is_not_taken_from_who_waits_for_it_and_is_given_on_afterwards() {
    let film = film("short-ffmpeg").await;
    // Whoever waits for what lies beyond the film's middle goes on waiting.
    let theatre = Theatre::behind(&film, withheld(&film), |config| {
        config.max_encodes = Some(1);
        patient(config);
    })
    .await;
    theatre.ready().await;
    let beyond = u32::try_from(theatre.playlist(VIDEO).await.segments.len() * 7 / 10).unwrap();
    theatre.segment(VIDEO, 0).await.unwrap();
    let waiting = theatre.segment(VIDEO, beyond);
    let other = async {
        let at_work = || theatre.upstream.held() > 0 && theatre.matinee.system().encodes.used == 1;
        eventually("the first rendition's head needs what does not come", PATIENCE, at_work).await;
        let refused = theatre.segment(PLAIN_VIDEO, beyond).await.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::AtCapacity, "{refused}");
        assert!(refused.message.contains("--max-encodes"), "{refused}");
        assert_eq!(theatre.matinee.system().encodes.used, 1);
        theatre.release();
    };
    let (waited, ()) = tokio::join!(waiting, other);
    waited.expect("the one that waited first gets its segment");
    let given_on = async {
        loop {
            match theatre.segment(PLAIN_VIDEO, beyond).await {
                Err(error) if error.kind == ErrorKind::AtCapacity => tokio::task::yield_now().await,
                other => return other,
            }
        }
    };
    tokio::time::timeout(PATIENCE, given_on).await.expect("the encoder is never given on").unwrap();
    theatre.close().await;
}

#[tokio::test]
async fn one_session_too_many_is_refused_until_another_is_closed() {
    let film = film("fps25").await;
    let theatre = Theatre::with(&film, |config| config.sessions.max_streams = 2).await;
    let second = theatre.matinee.open(&Open::link(theatre.upstream.url("/second.mkv")), &[]).unwrap();
    let refused = theatre.matinee.open(&Open::link(theatre.upstream.url("/third.mkv")), &[]).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::AtCapacity, "{refused}");
    assert_eq!(theatre.matinee.sessions().len(), 2);
    theatre.matinee.close(second.session, &second.host_key).unwrap();
    theatre.matinee.open(&Open::link(theatre.upstream.url("/third.mkv")), &[]).unwrap();
    theatre.ready().await;
    theatre.close().await;
}
