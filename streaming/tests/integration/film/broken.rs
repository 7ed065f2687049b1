//! Sources that break: told in words and in time, never passed off as silence or as the film's end.

use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::{Error, ErrorKind};
use streaming::Config;

use super::{AUDIO, VIDEO};
use crate::support::{
    eventually,
    films::film,
    media::tool_async,
    theatre::{PATIENCE, Theatre, withheld},
    timeline,
    upstream::Habits,
};

/// A broken source is told of within this; the gateway of these tests gives up after 5 s or so.
const BOUND: Duration = Duration::from_secs(20);

fn impatient(config: &mut Config) {
    config.gateway.stall_timeout = Duration::from_secs(2);
    config.gateway.place_timeout = Duration::from_secs(5);
    config.gateway.connect_timeout = Duration::from_secs(2);
    config.gateway.backoff = Duration::from_millis(10);
    config.gateway.tries = 2;
}

/// Plays until something goes wrong.
async fn play_on(theatre: &Theatre, rendition: &str) -> (Vec<Bytes>, Error, Duration) {
    let mut segments = Vec::new();
    loop {
        let asked = Instant::now();
        match theatre.segment(rendition, u32::try_from(segments.len()).unwrap()).await {
            Ok(segment) => segments.push(segment),
            Err(error) => return (segments, error, asked.elapsed()),
        }
    }
}

#[tokio::test]
async fn a_source_that_stalls_in_the_middle_is_told_of_in_time_and_heals() {
    let film = film("short-ffmpeg").await;
    let theatre = Theatre::behind(&film, withheld(&film), impatient).await;
    let duration_s = theatre.ready().await.media.unwrap().duration_s;
    for rendition in [VIDEO, AUDIO[0], AUDIO[1]] {
        let (segments, error, took) = play_on(&theatre, rendition).await;
        assert_eq!(error.kind, ErrorKind::SourceTimeout, "{rendition} after {} segments: {error}", segments.len());
        assert!(took < BOUND, "{rendition}: {took:?}");
        let played_s = played_s(&theatre, rendition, &segments).await;
        assert!((24.0..40.0).contains(&played_s), "{rendition} played {played_s} s, of which 36 are there");
    }
    assert_eq!(theatre.view().media.unwrap().duration_s, duration_s, "a stall passes for the film's end");
    theatre.release();
    for rendition in [VIDEO, AUDIO[0], AUDIO[1]] {
        let count = theatre.playlist(rendition).await.segments.len();
        theatre.insist(rendition, u32::try_from(count * 7 / 10).unwrap()).await.expect("it has healed");
    }
    theatre.close().await;
}

#[tokio::test]
async fn a_source_that_refuses_in_the_middle_is_told_of_in_time_and_heals() {
    let film = film("short-ffmpeg").await;
    let habits = Habits { hold_status: Some(503), ..withheld(&film) };
    let theatre = Theatre::behind(&film, habits, impatient).await;
    let duration_s = theatre.ready().await.media.unwrap().duration_s;
    for rendition in [VIDEO, AUDIO[0], AUDIO[1]] {
        let count = theatre.playlist(rendition).await.segments.len();
        let asked = Instant::now();
        let error = theatre.segment(rendition, u32::try_from(count * 7 / 10).unwrap()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::SourceUnreachable, "{rendition}: {error}");
        assert!(asked.elapsed() < BOUND, "{rendition}: {:?}", asked.elapsed());
    }
    assert_eq!(theatre.view().media.unwrap().duration_s, duration_s, "a refusal passes for the film's end");
    theatre.release();
    for rendition in [VIDEO, AUDIO[0], AUDIO[1]] {
        let count = theatre.playlist(rendition).await.segments.len();
        theatre.insist(rendition, u32::try_from(count * 7 / 10).unwrap()).await.expect("it has healed");
    }
    theatre.close().await;
}

/// How many seconds segments hold.
async fn played_s(theatre: &Theatre, rendition: &str, segments: &[Bytes]) -> f64 {
    let init = theatre.init(rendition).await.unwrap();
    let timescale = f64::from(timeline::timescale(&init));
    timeline::by_segment(&init, segments).concat().last().map_or(0.0, |last| (last.pts + last.ticks) as f64 / timescale)
}

/// When the last whole frame of a file's picture ends, as ffprobe finds it.
async fn true_end_s(path: &std::path::Path) -> f64 {
    let args = ["-v", "quiet", "-select_streams", "v:0", "-show_entries", "packet=pts_time", "-of", "csv=p=0"];
    let args = args.iter().map(|arg| (*arg).to_owned()).chain([path.to_str().unwrap().to_owned()]).collect();
    let shown = String::from_utf8_lossy(&tool_async("ffprobe", args).await.stdout).into_owned();
    let times = shown.lines().filter_map(|line| line.trim_end_matches(',').parse::<f64>().ok());
    times.fold(0.0, f64::max) + 1001.0 / 24_000.0
}

#[tokio::test]
async fn a_film_cut_short_is_ready_with_a_warning_and_plays_to_its_true_end() {
    let film = film("truncated").await;
    let theatre = Theatre::open(&film).await;
    let media = theatre.ready().await.media.unwrap();
    assert!(!media.warnings.is_empty(), "nothing is said of it");
    let end_s = true_end_s(&film.path).await;
    let (segments, error, took) = play_on(&theatre, VIDEO).await;
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(took < BOUND, "{took:?}");
    let played_s = played_s(&theatre, VIDEO, &segments).await;
    assert!((played_s - end_s).abs() < 0.5, "{played_s} s were played of {end_s}");
    check_length(&theatre, played_s).await;
    let beyond = u32::try_from(segments.len()).unwrap() + 10;
    assert_eq!(theatre.segment(VIDEO, beyond).await.unwrap_err().kind, ErrorKind::NotFound);
    theatre.close().await;
}

#[tokio::test]
async fn a_film_that_ends_before_its_container_says_is_corrected_and_makes_no_request_wait() {
    let film = film("fps25").await;
    let (film, _dir) = film.lying("00:00:30.", "00:00:45.", 15_000.0);
    let theatre = Theatre::open(&film).await;
    let promised_s = theatre.ready().await.media.unwrap().duration_s;
    assert!(promised_s > 45.0, "the lie was seen through: {promised_s} s");
    let last = u32::try_from(theatre.playlist(VIDEO).await.segments.len()).unwrap() - 1;
    let asked = Instant::now();
    let error = theatre.segment(VIDEO, last).await.unwrap_err();
    // Nobody knows yet where the film really ends.
    assert!(matches!(error.kind, ErrorKind::NotFound | ErrorKind::Unplayable), "{error}");
    assert!(asked.elapsed() < BOUND, "{:?}", asked.elapsed());
    let (segments, error, took) = play_on(&theatre, VIDEO).await;
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(took < BOUND, "{took:?}");
    let played_s = played_s(&theatre, VIDEO, &segments).await;
    assert!((played_s - 30.0).abs() < 0.5, "{played_s} s were played of 30");
    check_length(&theatre, played_s).await;
    assert_eq!(theatre.segment(VIDEO, last).await.unwrap_err().kind, ErrorKind::NotFound);
    theatre.close().await;
}

/// The page and all playlists have been told how long the film is.
async fn check_length(theatre: &Theatre, played_s: f64) {
    let told_s = || theatre.view().media.unwrap().duration_s;
    let near = || (told_s() - played_s).abs() < 0.05;
    eventually("the page is told the film's true length", PATIENCE, near).await;
    for rendition in [VIDEO, AUDIO[0], AUDIO[1]] {
        let playlist = theatre.playlist(rendition).await;
        let told_s: f64 = playlist.segments.iter().map(|segment| f64::from(segment.duration)).sum();
        assert!((told_s - played_s).abs() < 0.05, "{rendition} lasts {told_s} s, not {played_s} s");
    }
}
