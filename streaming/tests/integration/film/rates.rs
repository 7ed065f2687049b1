//! Frame rates and starts of all kinds: at random times, what is seen and heard is what the film has there.

use std::collections::{BTreeMap, btree_map::Entry};

use bytes::Bytes;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{AUDIO, VIDEO};
use crate::support::{
    films::{TestFilm, film},
    marks::{self, Marks},
    theatre::Theatre,
    timeline,
};

const TIMES: usize = 20;

/// How exactly a tone begins, in seconds: Matroska rounds the time of the first frame, which all others count from.
const ONSET_S: f64 = 0.001;

#[tokio::test]
async fn a_film_of_25_frames_a_second_is_right_at_random_times() {
    is_right("fps25", 25).await;
}

#[tokio::test]
async fn a_film_of_30000_1001_frames_a_second_is_right_at_random_times() {
    is_right("fps2997", 2997).await;
}

#[tokio::test]
async fn a_film_of_60_frames_a_second_is_right_at_random_times() {
    is_right("fps60", 60).await;
}

#[tokio::test]
async fn a_film_of_a_variable_rate_is_right_at_random_times() {
    is_right("vfr", 1).await;
}

#[tokio::test]
async fn a_film_that_starts_below_zero_is_right_at_random_times() {
    is_right("start-minus", 2).await;
}

#[tokio::test]
async fn a_film_that_starts_after_26_ms_is_right_at_random_times() {
    is_right("start-026", 26).await;
}

#[tokio::test]
async fn a_film_that_starts_at_10_s_is_right_at_random_times() {
    is_right("start-10", 10).await;
}

async fn is_right(name: &'static str, seed: u64) {
    let film = film(name).await;
    let theatre = Theatre::open(&film).await;
    let duration_s = theatre.ready().await.media.unwrap().duration_s;
    // The container's own end, which rounding and the priming of its sound move a little.
    assert!((duration_s - f64::from(film.length_s())).abs() < 0.1, "{duration_s} s");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut draw = || -> Vec<f64> { (0..TIMES).map(|_| rng.random_range(0.0..f64::from(film.length_s()))).collect() };
    let (seen, first, second) = (draw(), draw(), draw());
    let (video, a0, a1) = tokio::join!(
        around(&theatre, VIDEO, &seen, 0.0),
        around(&theatre, AUDIO[0], &first, 0.2),
        around(&theatre, AUDIO[1], &second, 0.2),
    );
    theatre.close().await;
    shows(&film, seed, &seen, &video);
    sounds(&film, seed, 0, &first, &a0);
    sounds(&film, seed, 1, &second, &a1);
}

/// Fetches the segments that hold what is at these times, in this order, and decodes them. For sound that is the
/// tone of each time's second, with so much before and after it.
async fn around(theatre: &Theatre, rendition: &str, times: &[f64], margin_s: f64) -> Marks {
    let playlist = theatre.playlist(rendition).await;
    let mut starts = vec![0.0];
    for segment in &playlist.segments {
        starts.push(starts[starts.len() - 1] + f64::from(segment.duration));
    }
    let last = playlist.segments.len() - 1;
    let segment_at = |time: f64| starts.partition_point(|start| *start <= time).saturating_sub(1).min(last);
    let mut segments = BTreeMap::new();
    for &time in times {
        let stretch = if margin_s > 0.0 { (time.floor() - margin_s, time.floor() + margin_s) } else { (time, time) };
        for n in segment_at(stretch.0)..=segment_at(stretch.1) {
            if let Entry::Vacant(place) = segments.entry(n) {
                place.insert(theatre.insist(rendition, u32::try_from(n).unwrap()).await.unwrap());
            }
        }
    }
    let segments: Vec<Bytes> = segments.into_values().collect();
    marks::read(timeline::joined(&theatre.init(rendition).await.unwrap(), &segments)).await
}

fn shows(film: &TestFilm, seed: u64, times: &[f64], marks: &Marks) {
    for &time in times {
        let (wanted, got) = (film.frame_at(time), marks.number_at(time));
        let near = got.is_some_and(|got| got.abs_diff(wanted) <= 1);
        assert!(near, "seed {seed}: at {time:.4} s frame {got:?} is shown, not {wanted}");
    }
}

fn sounds(film: &TestFilm, seed: u64, track: usize, times: &[f64], marks: &Marks) {
    for second in times.iter().map(|time| *time as u32) {
        let (at_s, hz) = film.beep(track, second);
        let heard = marks.audio[0].beep_near(at_s);
        // The first AAC frame has none before it to overlap with, so what begins in it is not whole.
        let faded_in = at_s < 0.02;
        let right = heard.is_some_and(|(heard_s, heard_hz)| {
            let off_s = (heard_s - at_s).abs();
            if faded_in { off_s < film.frame_s() } else { off_s < ONSET_S && (heard_hz - hz).abs() < 10.0 }
        });
        assert!(right, "seed {seed}: track {track} sounds {heard:?} where {hz} Hz are due at {at_s:.4} s");
    }
}
