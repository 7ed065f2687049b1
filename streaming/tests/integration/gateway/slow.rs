//! Servers that have the film from elsewhere, as those between torrents and HTTP: late with everything, and not always
//! sure of its length. With the limits as they are and the real tools.

use protocol::SessionState;

use super::*;
use crate::support::{
    eventually,
    films::{TestFilm, film},
    media::small_mkv,
    theatre::Theatre,
    timeline,
};

/// The link of such a server.
const LINK: &str = "/stream?url=magnet%3A%3Fxt%3Durn%3Abtih%3A0123456789abcdef0123456789abcdef01234567\
                    %26dn%3DA%2BFilm%2B%25282026%2529.mkv%26tr%3Dudp%253A%252F%252Ft.example%253A80&index=1&play";
/// As long as anything here may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);

const VIDEO: &str = "v0-copy";
const ENCODED: &str = "v0-encode-none";
const AUDIO: &str = "a0-aac";

/// A server with everything that they have in common.
fn middleman() -> Habits {
    Habits { content_type: "application/octet-stream", ..Habits::default() }
}

async fn theatre(film: &TestFilm, habits: Habits) -> Theatre {
    let theatre = Theatre::at(LINK, film, habits, |_| {}).await;
    prepared(&theatre).await;
    theatre
}

async fn prepared(theatre: &Theatre) {
    eventually("the film is prepared", PATIENCE, || theatre.view().state != SessionState::Preparing).await;
    let view = theatre.view();
    assert_eq!(view.state, SessionState::Ready, "{:?}", view.error);
}

/// Plays a segment at the film's beginning and one far behind it, and shows that they are what the playlist promises.
async fn plays(theatre: &Theatre, rendition: &str) {
    let segments = theatre.playlist(rendition).await.segments;
    let starts_s = |n: usize| segments[..n].iter().map(|segment| f64::from(segment.duration)).sum::<f64>();
    for n in [0, segments.len() * 2 / 3] {
        let segment = theatre.insist(rendition, u32::try_from(n).unwrap()).await;
        let segment = segment.unwrap_or_else(|error| panic!("{rendition} {n}: {error}"));
        let init = theatre.init(rendition).await.unwrap();
        let first_s = timeline::packets(&init, &segment)[0].pts as f64 / f64::from(timeline::timescale(&init));
        assert!((first_s - starts_s(n)).abs() < 0.1, "{rendition} {n} begins at {first_s} s, not {} s", starts_s(n));
    }
}

#[tokio::test]
async fn a_film_whose_first_answer_takes_25_s_plays() {
    let film = film("short-ffmpeg").await;
    let theatre = theatre(&film, Habits { wakes_after: Duration::from_secs(25), ..middleman() }).await;
    plays(&theatre, VIDEO).await;
    plays(&theatre, AUDIO).await;
    theatre.close().await;
}

#[tokio::test]
async fn a_film_whose_first_bytes_come_25_s_after_the_head_plays() {
    let film = film("mp4-last").await;
    let habits = Habits { wakes_after: Duration::from_secs(25), head_first: true, ..middleman() };
    let theatre = theatre(&film, habits).await;
    plays(&theatre, VIDEO).await;
    theatre.close().await;
}

#[tokio::test]
async fn a_film_each_place_of_which_takes_6_s_plays() {
    for name in ["short-mkvmerge", "mp4-last"] {
        let film = film(name).await;
        let theatre = theatre(&film, Habits { fetches_for: Duration::from_secs(6), ..middleman() }).await;
        for rendition in [VIDEO, ENCODED, AUDIO] {
            plays(&theatre, rendition).await;
        }
        theatre.close().await;
    }
}

#[tokio::test]
async fn a_film_each_place_of_which_takes_6_s_after_the_head_plays() {
    let film = film("mp4-last").await;
    let habits = Habits { fetches_for: Duration::from_secs(6), head_first: true, ..middleman() };
    let theatre = theatre(&film, habits).await;
    plays(&theatre, VIDEO).await;
    theatre.close().await;
}

#[tokio::test]
async fn a_film_without_a_title_is_called_what_its_server_or_its_link_calls_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    let made = tokio::task::spawn_blocking(move || small_mkv(&path, 10)).await.unwrap();
    let film = TestFilm::at(made);
    let named = Some("inline; filename=\"The Server's Film.mkv\"");
    for (disposition, title) in [(None, "A Film (2026).mkv"), (named, "The Server's Film.mkv")] {
        let theatre = theatre(&film, Habits { disposition, ..middleman() }).await;
        assert_eq!(theatre.view().title, title);
        assert_eq!(theatre.view().media.unwrap().title, title);
        // It is one link to its server, whatever is in its query.
        assert!(theatre.upstream.seen().iter().all(|seen| seen.path == LINK));
        theatre.close().await;
    }
}

#[tokio::test]
async fn a_film_whose_index_takes_longer_than_ffprobe_has_plays() {
    let film = film("mp4-last").await;
    let theatre = Theatre::at(LINK, &film, Habits { wakes_after: Duration::from_secs(1), ..middleman() }, |_| {}).await;
    eventually("the film is asked for", PATIENCE, || theatre.upstream.requests() == 1).await;
    // All of ffprobe's time is 20 s.
    theatre.upstream.change(|habits| habits.fetches_for = Duration::from_secs(22));
    eventually("the index is asked for", PATIENCE, || theatre.upstream.requests() >= 2).await;
    theatre.upstream.change(|habits| habits.fetches_for = Duration::ZERO);
    prepared(&theatre).await;
    plays(&theatre, VIDEO).await;
    theatre.close().await;
}

#[tokio::test]
async fn a_film_without_length_and_ranges_plays() {
    for name in ["short-ffmpeg", "mp4-first"] {
        let film = film(name).await;
        let habits = Habits {
            ranges: false,
            says_ranges: false,
            length: false,
            fetches_for: Duration::from_secs(6),
            head_first: true,
            ..middleman()
        };
        let theatre = theatre(&film, habits).await;
        plays(&theatre, ENCODED).await;
        plays(&theatre, AUDIO).await;
        theatre.close().await;
    }
}

#[tokio::test]
async fn a_film_of_unknown_length_is_sought_in_where_parts_can_be_had() {
    let ways = [
        Habits { length: false, ..middleman() },
        Habits { total: false, ..middleman() },
        Habits { length: false, total: false, whole_from_zero: true, ..middleman() },
    ];
    let film = film("mp4-last").await;
    for habits in ways {
        let theatre = theatre(&film, habits).await;
        let media = theatre.view().media.unwrap();
        assert_eq!((media.reach, media.size), (Reach::Anywhere, Some(film.bytes())));
        plays(&theatre, VIDEO).await;
        theatre.close().await;
    }
}

#[tokio::test]
async fn a_film_of_unknown_length_that_comes_in_parts_plays() {
    let film = film("short-ffmpeg").await;
    let theatre = theatre(&film, Habits { total: false, part: Some(3_000_000), ..middleman() }).await;
    plays(&theatre, ENCODED).await;
    plays(&theatre, AUDIO).await;
    theatre.close().await;
}
