//! The preset that keeps up with who watches, and words where none does.

use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::{Heartbeat, Strain, TrackId, ViewerToken};
use streaming::encoder::{Effort, Preset};

use super::PLAIN_VIDEO;
use crate::support::{
    eventually,
    films::film,
    marks,
    stand_in::StandIn,
    theatre::{PATIENCE, Theatre},
    timeline::{self, Packet},
    upstream::Habits,
};

/// Segments of ten seconds of film, of which two more follow: four of half a second, and some of two.
const SEGMENTS: u32 = 8;

#[tokio::test]
async fn one_preset_goes_on_where_another_ended() {
    let film = film("vp9").await;
    let mut inits = Vec::new();
    for preset in Preset::LADDER {
        let theatre = Theatre::with(&film, |config| config.effort = Effort::Always(preset)).await;
        theatre.ready().await;
        inits.push(theatre.init(PLAIN_VIDEO).await.unwrap());
        theatre.close().await;
    }
    assert!(inits.iter().all(|init| *init == inits[0]), "the presets' init segments differ");
}

/// Fetches the film's beginning and checks it; returns the seconds that it lasts, and how long that took to fetch.
async fn watch(theatre: &Theatre) -> (f64, Duration) {
    let (segments, took) = fetch(theatre).await;
    (check(theatre, &segments).await, took)
}

/// Fetches the film's beginning as a player does; returns it, and how long that took.
async fn fetch(theatre: &Theatre) -> (Vec<Bytes>, Duration) {
    let since = Instant::now();
    let mut segments = Vec::new();
    for n in 0..SEGMENTS {
        segments.push(theatre.insist(PLAIN_VIDEO, n).await.unwrap());
    }
    (segments, since.elapsed())
}

/// Shows that all of the film's beginning is there; returns the seconds that it lasts.
async fn check(theatre: &Theatre, segments: &[Bytes]) -> f64 {
    let init = theatre.init(PLAIN_VIDEO).await.unwrap();
    let packets: Vec<Packet> = timeline::by_segment(&init, segments).concat();
    assert!(packets.windows(2).all(|pair| pair[1].pts == pair[0].pts + pair[0].ticks), "a gap");
    let frames = marks::read(timeline::joined(&init, segments)).await.frames;
    let wanted = (0..u32::try_from(packets.len()).unwrap()).map(Some);
    assert!(frames.iter().map(|(_, number)| *number).eq(wanted), "not every frame once");
    let ticks: i64 = packets.iter().map(|packet| packet.ticks).sum();
    ticks as f64 / f64::from(timeline::timescale(&init))
}

fn strains(theatre: &Theatre) -> Vec<Strain> {
    let beat = Heartbeat::new(theatre.session, ViewerToken("0123456789abcdef".into()), 0.0, false);
    theatre.matinee.heartbeat(&beat, Instant::now()).unwrap().strains
}

#[tokio::test]
async fn a_head_that_falls_behind_is_followed_by_a_faster_one() {
    let film = film("vp9").await;
    let mpv = StandIn::slow_mpv("veryfast superfast");
    let theatre = Theatre::with(&film, |config| {
        config.effort = Effort::ByNeed;
        config.tools.mpv = Some(mpv.path());
    })
    .await;
    theatre.ready().await;
    let (film_s, took) = watch(&theatre).await;
    assert_eq!(mpv.presets()[..2], ["superfast", "ultrafast"]);
    // All at two thirds would have taken half as long again as the film lasts.
    assert!(took.as_secs_f64() < film_s * 1.2, "{film_s} s took {took:?}");
    assert_eq!(strains(&theatre), []);
    theatre.close().await;
}

#[tokio::test]
async fn where_no_preset_keeps_up_it_is_told() {
    let film = film("vp9").await;
    let mpv = StandIn::slow_mpv("veryfast superfast ultrafast");
    let theatre = Theatre::with(&film, |config| {
        config.effort = Effort::ByNeed;
        config.tools.mpv = Some(mpv.path());
    })
    .await;
    theatre.ready().await;
    let (segments, _) = fetch(&theatre).await;
    // It is told while the head lives, which makes no more than two segments from here on.
    let mut told = Vec::new();
    eventually("it is told", PATIENCE, || {
        told = strains(&theatre);
        !told.is_empty()
    })
    .await;
    check(&theatre, &segments).await;
    let [strain] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((strain.track, strain.height, strain.burn), (TrackId::video(0), 360, None));
    // Two thirds, or more where the segment that starts the clock was heard of late.
    assert!((0.05..1.0).contains(&strain.speed), "{strain:?}");
    theatre.close().await;
}

#[tokio::test]
async fn a_slow_server_is_not_taken_for_a_slow_machine() {
    let film = film("fps25").await;
    let length = std::fs::metadata(&film.path).unwrap().len();
    let mpv = StandIn::slow_mpv("");
    // The film comes at two thirds of the speed at which it is watched.
    let rate = (length as f64 / (f64::from(film.frames()) / 25.0) / 1.5) as u64;
    let habits = Habits { rate: Some(rate), ..Habits::default() };
    let theatre = Theatre::behind(&film, habits, |config| {
        config.effort = Effort::ByNeed;
        config.tools.mpv = Some(mpv.path());
    })
    .await;
    theatre.ready().await;
    watch(&theatre).await;
    assert!(mpv.presets().iter().all(|preset| preset == "superfast"), "{:?}", mpv.presets());
    assert_eq!(strains(&theatre), []);
    theatre.close().await;
}
