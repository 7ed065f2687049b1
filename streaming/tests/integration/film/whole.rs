//! Every segment of a film, in order and in disorder: always the same unbroken timeline.

use std::collections::BTreeSet;

use m3u8_rs::{AlternativeMediaType, MasterPlaylist};
use protocol::{ErrorKind, MasterQuery};
use streaming::fmp4::codec_string;

use super::{AUDIO, VIDEO};
use crate::support::{
    films::{TestFilm, film},
    marks,
    playback::{Copy, Order},
    theatre::{Theatre, player},
    timeline::{self, Packet},
};

#[tokio::test]
async fn a_film_by_ffmpeg_is_whole_in_order_and_in_disorder() {
    is_whole("short-ffmpeg").await;
}

#[tokio::test]
async fn a_film_by_mkvmerge_is_whole_in_order_and_in_disorder() {
    is_whole("short-mkvmerge").await;
}

/// What one run of a server gave of a film.
struct Show {
    master: MasterPlaylist,
    duration_s: f64,
    video: Copy,
    audio: Vec<Copy>,
}

async fn is_whole(name: &'static str) {
    let film = film(name).await;
    let rising = show(&film, Order::Rising).await;
    check(&film, &rising).await;
    for seed in [2] {
        let random = show(&film, Order::Random(seed)).await;
        check(&film, &random).await;
        assert!(rising.video.init == random.video.init, "heads of the video write different init segments");
        assert_eq!(times(&rising.video), times(&random.video));
        for (rising, random) in rising.audio.iter().zip(&random.audio) {
            assert!(rising.init == random.init, "heads of the audio write different init segments");
            assert_eq!(times(rising), times(random));
        }
    }
}

/// A fresh server, which has none of the film.
async fn show(film: &TestFilm, order: Order) -> Show {
    let theatre = Theatre::open(film).await;
    let view = theatre.ready().await;
    let query = MasterQuery { burn: Some("s0".into()), ..MasterQuery::default() };
    let master = theatre.matinee.master(theatre.session, &query, &[], &player(VIDEO)).await.unwrap();
    let (video, first, second) =
        tokio::join!(theatre.play(VIDEO, order), theatre.play(AUDIO[0], order), theatre.play(AUDIO[1], order));
    for (rendition, copy) in [(VIDEO, &video), (AUDIO[0], &first), (AUDIO[1], &second)] {
        let past = theatre.segment(rendition, u32::try_from(copy.segments.len()).unwrap()).await.unwrap_err();
        assert_eq!(past.kind, ErrorKind::NotFound, "past the end of {rendition}");
    }
    theatre.close().await;
    let (_, master) = m3u8_rs::parse_master_playlist(master.as_bytes()).unwrap();
    Show { master, duration_s: view.media.unwrap().duration_s, video, audio: vec![first, second] }
}

fn times(copy: &Copy) -> Vec<Vec<Packet>> {
    timeline::by_segment(&copy.init, &copy.segments)
}

async fn check(film: &TestFilm, show: &Show) {
    check_master(show);
    check_video(film, &show.video).await;
    for (track, copy) in show.audio.iter().enumerate() {
        check_audio(film, show.duration_s, track, copy).await;
    }
}

/// What the master playlist says before anything is encoded is what comes out.
fn check_master(show: &Show) {
    let codecs: BTreeSet<String> = [&show.video, &show.audio[0]].map(|copy| codec_string(&copy.init).unwrap()).into();
    let [variant] = show.master.variants.as_slice() else { panic!("{:?}", show.master.variants) };
    let told = variant.codecs.as_deref().unwrap().split(',').map(|codec| codec.trim().to_owned()).collect();
    assert_eq!(codecs, told, "CODECS");
    assert_eq!(variant.uri, format!("{VIDEO}/index.m3u8"));
    let audio = show.master.alternatives.iter().filter(|other| other.media_type == AlternativeMediaType::Audio);
    let audio: Vec<_> = audio.map(|other| other.uri.clone().unwrap()).collect();
    // The AAC track is copied although the picture is not; its encoded rendition is there for who asks.
    assert_eq!(audio, ["a0-copy", AUDIO[1]].map(|id| format!("{id}/index.m3u8")));
}

async fn check_video(film: &TestFilm, copy: &Copy) {
    let segments = times(copy);
    check_extinf(copy, &segments, 24_000);
    let packets: Vec<Packet> = segments.concat();
    assert_eq!(packets.len(), film.frames() as usize);
    for (n, packet) in packets.iter().enumerate() {
        assert_eq!(*packet, Packet { pts: n as i64 * 1001, ticks: 1001 }, "frame {n}");
    }
    let (by_ffprobe, marks) = tokio::join!(timeline::by_ffprobe(copy.joined(), 24_000), marks::read(copy.joined()));
    let times: Vec<i64> = packets.iter().map(|packet| packet.pts).collect();
    assert!(by_ffprobe == times, "ffprobe sees other times than we do");
    let numbers: Vec<_> = marks.frames.iter().map(|(_, number)| *number).collect();
    let wanted: Vec<_> = (0..film.frames()).map(Some).collect();
    assert!(numbers == wanted, "not every frame once: {:?}", differences(&numbers, &wanted));
}

/// The first places where two lists of frame numbers differ: place, got, wanted.
fn differences(got: &[Option<u32>], wanted: &[Option<u32>]) -> Vec<(usize, Option<u32>, Option<u32>)> {
    let both = got.iter().zip(wanted).enumerate().map(|(n, (got, wanted))| (n, *got, *wanted));
    both.filter(|(_, got, wanted)| got != wanted).take(10).collect()
}

async fn check_audio(film: &TestFilm, duration_s: f64, track: usize, copy: &Copy) {
    let segments = times(copy);
    check_extinf(copy, &segments, 48_000);
    let (by_ffprobe, marks) = tokio::join!(timeline::by_ffprobe(copy.joined(), 48_000), marks::read(copy.joined()));
    let packets = segments.concat();
    let times: Vec<i64> = packets.iter().map(|packet| packet.pts).collect();
    assert!(by_ffprobe == times, "ffprobe sees other times than we do");
    assert!(times[0].abs() <= 2, "the sound begins at {}", times[0]);
    for pair in times.windows(2) {
        let step = pair[1] - pair[0];
        assert!((step - 1024).abs() <= 2, "a step of {step} at {}", pair[0]);
    }
    let last = packets[packets.len() - 1];
    let end_s = (last.pts + last.ticks) as f64 / 48_000.0;
    assert!((end_s - duration_s).abs() <= 1024.0 / 48_000.0, "the sound ends at {end_s} s, the film at {duration_s} s");
    let sound = &marks.audio[0];
    assert_eq!(sound.gaps, [], "leaps in the decoded sound");
    assert_eq!(sound.beeps.len(), film.length_s() as usize, "one tone a second: {:?}", sound.beeps);
    for second in 0..film.length_s() {
        let (at_s, hz) = film.beep(track, second);
        let (heard_s, heard_hz) = sound.beeps[second as usize];
        // The first AAC frame has none before it to overlap with, so what begins in it is not whole.
        let faded_in = at_s < 0.02;
        assert!(faded_in || (heard_hz - hz).abs() < 10.0, "second {second}: {heard_hz} Hz for {hz} Hz");
        assert!((heard_s - at_s).abs() < film.frame_s(), "second {second}: at {heard_s} for {at_s}");
    }
}

/// Each EXTINF is what its segment holds.
fn check_extinf(copy: &Copy, segments: &[Vec<Packet>], timescale: u32) {
    assert_eq!(copy.playlist.segments.len(), segments.len());
    for (n, (told, packets)) in copy.playlist.segments.iter().zip(segments).enumerate() {
        let ticks: i64 = packets.iter().map(|packet| packet.ticks).sum();
        let held_s = ticks as f64 / f64::from(timescale);
        // EXTINF is in whole microseconds.
        assert!((f64::from(told.duration) - held_s).abs() < 3e-6, "segment {n}: {} for {held_s}", told.duration);
    }
}
