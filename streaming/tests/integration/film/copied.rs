//! Copied renditions: the source's own frames, byte for byte, where and when the playlist has them.

use std::{collections::BTreeSet, path::Path};

use m3u8_rs::MasterPlaylist;
use protocol::{AudioMode, ErrorKind, MasterQuery, VideoMode, VideoPlan};
use streaming::fmp4::codec_string;

use super::PLAIN_VIDEO;
use crate::support::{
    films::{TestFilm, film},
    marks,
    media::tool_async,
    playback::{Copy, Order},
    theatre::{PATIENCE, Theatre, player},
    timeline::{self, Packet},
    upstream::Habits,
};

const VIDEO: &str = "v0-copy";
const AUDIO: &str = "a0-copy";

/// What is read of a film beyond a GOP until that can be played: the film's head and index, its sound, and what is on
/// its way when the reader has enough.
const BESIDES: u64 = 3 << 20;

/// Bytes a second of a film's server that is as fast as the film: a faster one has sent more than was needed before
/// anybody looks. So has one from which the sound's head reads on while the picture's starts late.
const RATE: u64 = 1 << 20;

#[tokio::test]
async fn a_film_by_ffmpeg_is_copied() {
    is_copied("short-ffmpeg").await;
}

#[tokio::test]
async fn a_film_by_mkvmerge_is_copied() {
    is_copied("short-mkvmerge").await;
}

#[tokio::test]
async fn an_mp4_with_its_index_last_is_copied() {
    is_copied("mp4-last").await;
}

#[tokio::test]
async fn an_mp4_with_its_index_first_is_copied() {
    is_copied("mp4-first").await;
}

#[tokio::test]
async fn a_film_of_a_variable_rate_is_copied() {
    is_copied("vfr").await;
}

#[tokio::test]
async fn a_film_of_60_frames_a_second_is_copied() {
    is_copied("fps60").await;
}

#[tokio::test]
async fn hevc_is_copied_with_its_open_gops() {
    is_copied("hevc").await;
}

#[tokio::test]
async fn vp9_is_copied() {
    is_copied("vp9").await;
}

#[tokio::test]
async fn av1_is_copied() {
    is_copied("av1").await;
}

#[tokio::test]
async fn a_film_that_starts_below_zero_is_copied() {
    is_copied("start-minus").await;
}

#[tokio::test]
async fn a_film_that_starts_after_26_ms_is_copied() {
    is_copied("start-026").await;
}

#[tokio::test]
async fn a_film_that_starts_at_10_s_is_copied() {
    is_copied("start-10").await;
}

#[tokio::test]
async fn little_more_is_read_than_the_first_gop() {
    for name in ["short-ffmpeg", "short-mkvmerge", "mp4-last", "mp4-first"] {
        let habits = Habits { rate: Some(RATE), ..Habits::default() };
        let theatre = Theatre::behind(&film(name).await, habits, |_| {}).await;
        theatre.ready().await;
        let segment = theatre.insist(VIDEO, 0).await.unwrap().len() as u64;
        let sent = theatre.upstream.sent();
        assert!(sent < segment + BESIDES, "{name}: {sent} bytes were read for a first segment of {segment}");
        theatre.close().await;
    }
}

/// What one run of a server gave of a film.
struct Show {
    master: MasterPlaylist,
    duration_s: f64,
    video: Copy,
    audio: Copy,
}

async fn is_copied(name: &'static str) {
    let film = film(name).await;
    let rising = show(&film, Order::Rising).await;
    check_master(&rising);
    check_picture(&film, &rising).await;
    check_sound(&film, &rising).await;
    let random = show(&film, Order::Random(3)).await;
    for (id, rising, random) in [(VIDEO, &rising.video, &random.video), (AUDIO, &rising.audio, &random.audio)] {
        assert!(rising.init == random.init, "{id}: heads write different init segments");
        assert_eq!(rising.segments.len(), random.segments.len());
        for (n, (rising, random)) in rising.segments.iter().zip(&random.segments).enumerate() {
            assert!(rising == random, "{id} {n}: {} bytes in order, {} in disorder", rising.len(), random.len());
        }
    }
}

/// A fresh server, which has none of the film.
async fn show(film: &TestFilm, order: Order) -> Show {
    let theatre = Theatre::open(film).await;
    let view = theatre.ready().await;
    // A browser that decodes all there is.
    let caps = protocol::CANDIDATES.map(|(codec, _)| codec).join(",");
    let query = MasterQuery { caps: Some(caps), ..MasterQuery::default() };
    let master = theatre.matinee.master(theatre.session, &query, &[], &player(VIDEO)).await.unwrap();
    let (video, audio) = tokio::join!(theatre.play(VIDEO, order), theatre.play(AUDIO, order));
    for (rendition, copy) in [(VIDEO, &video), (AUDIO, &audio)] {
        let past = theatre.segment(rendition, u32::try_from(copy.segments.len()).unwrap()).await.unwrap_err();
        assert_eq!(past.kind, ErrorKind::NotFound, "past the end of {rendition}");
    }
    theatre.close().await;
    let (_, master) = m3u8_rs::parse_master_playlist(master.as_bytes()).unwrap();
    Show { master, duration_s: view.media.unwrap().duration_s, video, audio }
}

/// What the master playlist says before anything is copied is what comes out.
fn check_master(show: &Show) {
    let codecs: BTreeSet<String> = [&show.video, &show.audio].map(|copy| codec_string(&copy.init).unwrap()).into();
    let [variant] = show.master.variants.as_slice() else { panic!("{:?}", show.master.variants) };
    let told = variant.codecs.as_deref().unwrap().split(',').map(|codec| codec.trim().to_owned()).collect();
    assert_eq!(codecs, told, "CODECS");
    assert_eq!(variant.uri, format!("{VIDEO}/index.m3u8"));
}

async fn check_picture(film: &TestFilm, show: &Show) {
    let copy = &show.video;
    let timescale = f64::from(timeline::timescale(&copy.init));
    let packets = check_times(copy, timescale, 0.0);
    let told_s: f64 = copy.playlist.segments.iter().map(|segment| f64::from(segment.duration)).sum();
    assert!((told_s - show.duration_s).abs() < 1e-4, "the segments last {told_s} s, the film {} s", show.duration_s);
    let last = packets[packets.len() - 1];
    assert!((last.0 as f64 + last.1.ticks as f64 - told_s * timescale).abs() < 10.0, "{last:?} ends at {told_s} s");

    let (source, got) = tokio::join!(frames(film.path.clone(), "v:0"), frames_of(copy));
    same_bytes(&source, &got, "frame");
    assert_eq!(packets.len(), film.frames() as usize);
    for (n, ((_, packet), frame)) in packets.iter().zip(&source).enumerate() {
        let (wanted_s, got_s) = (frame.shown_s - film.zero_s(), packet.pts as f64 / timescale);
        assert!((got_s - wanted_s).abs() < 0.001, "frame {n} is shown at {got_s} s, in the source at {wanted_s} s");
    }
}

/// All of the sound that begins with the film or later.
async fn check_sound(film: &TestFilm, show: &Show) {
    let copy = &show.audio;
    let rate = f64::from(timeline::timescale(&copy.init));
    // Its frames are not moved to begin with the film.
    let begins_s = timeline::packets(&copy.init, &copy.segments[0])[0].pts as f64 / rate;
    assert!((0.0..1024.0 / rate).contains(&begins_s), "the sound begins at {begins_s} s");
    let packets = check_times(copy, rate, begins_s);
    let (source, got) = tokio::join!(frames(film.path.clone(), "a:0"), frames_of(copy));
    // Matroska rounds to milliseconds.
    let wanted: Vec<Frame> = source.into_iter().filter(|frame| frame.shown_s - film.zero_s() > -0.0006).collect();
    same_bytes(&wanted, &got, "frame of sound");
    for (n, pair) in packets.windows(2).enumerate() {
        assert_eq!(pair[1].1.pts - pair[0].1.pts, 1024, "after frame {n} of the sound");
    }
    let wanted_s = wanted[0].shown_s - film.zero_s();
    assert!((begins_s - wanted_s).abs() < 0.001, "the sound begins at {begins_s} s, not {wanted_s} s");
}

/// Each segment begins where the playlist has it, and decode times rise from the first frame to the last.
fn check_times(copy: &Copy, timescale: f64, begins_s: f64) -> Vec<(i64, Packet)> {
    let mut starts_s = begins_s;
    let mut all: Vec<(i64, Packet)> = Vec::new();
    for (n, (told, segment)) in copy.playlist.segments.iter().zip(&copy.segments).enumerate() {
        let packets = timeline::decoded(&copy.init, segment);
        let tfdt_s = packets[0].0 as f64 / timescale;
        assert!((tfdt_s - starts_s).abs() < 1e-4, "segment {n} is decoded from {tfdt_s} s on, not {starts_s} s");
        starts_s += f64::from(told.duration);
        all.extend(packets);
    }
    for (n, pair) in all.windows(2).enumerate() {
        assert!(pair[0].0 < pair[1].0, "decode times {} and {} after frame {n}", pair[0].0, pair[1].0);
    }
    all
}

/// One frame of a file, as ffprobe finds it.
struct Frame {
    shown_s: f64,
    hash: String,
}

/// The frames of one track, in the order in which they are decoded.
async fn frames(path: impl AsRef<Path>, stream: &str) -> Vec<Frame> {
    let entries = "packet=pts_time,data_hash";
    let args = ["-v", "error", "-select_streams", stream, "-show_packets", "-show_data_hash", "md5"];
    let args = args.into_iter().chain(["-show_entries", entries, "-of", "json"]).map(str::to_owned);
    let args = args.chain([path.as_ref().to_str().unwrap().to_owned()]).collect();
    let shown = tool_async("ffprobe", args).await;
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let frame = |packet: &serde_json::Value| Frame {
        shown_s: packet["pts_time"].as_str().unwrap().parse().unwrap(),
        hash: packet["data_hash"].as_str().unwrap().to_owned(),
    };
    shown["packets"].as_array().unwrap().iter().map(frame).collect()
}

async fn frames_of(copy: &Copy) -> Vec<Frame> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rendition.mp4");
    std::fs::write(&path, copy.joined()).unwrap();
    frames(path, "0").await
}

fn same_bytes(wanted: &[Frame], got: &[Frame], what: &str) {
    let differs = wanted.iter().zip(got).position(|(wanted, got)| wanted.hash != got.hash);
    assert_eq!(differs, None, "the first {what} that is another than the source's");
    assert_eq!(wanted.len(), got.len(), "each {what} once");
}

/// What is said of the picture before anything has been asked for.
async fn picture_plan(theatre: &Theatre) -> VideoPlan {
    theatre.matinee.plan(theatre.session, &MasterQuery::default(), &[]).await.unwrap().video.unwrap()
}

/// Another plan than copying, which the viewer is told, and of whose picture no frame is missing.
async fn is_encoded(name: &'static str, why: &str) {
    let film = film(name).await;
    let theatre = Theatre::open(&film).await;
    theatre.ready().await;
    let plan = picture_plan(&theatre).await;
    assert_eq!(plan.mode, VideoMode::Encode);
    let told = plan.why.unwrap();
    assert!(told.contains(why), "{told}");
    let sound = theatre.matinee.plan(theatre.session, &MasterQuery::default(), &[]).await.unwrap().audio;
    assert_eq!(sound[0].mode, AudioMode::Copy, "{:?}", sound[0].why);
    check_encoded(&theatre, &film).await;
    theatre.close().await;
}

async fn check_encoded(theatre: &Theatre, film: &TestFilm) {
    let copy = theatre.play(PLAIN_VIDEO, Order::Rising).await;
    let marks = marks::read(copy.joined()).await;
    let numbers: Vec<_> = marks.frames.iter().map(|(_, number)| *number).collect();
    // The last one stays while the sound ends.
    let last = film.frames() - 1;
    let wanted: Vec<_> = (0..numbers.len()).map(|n| Some(u32::try_from(n).unwrap().min(last))).collect();
    assert_eq!(numbers, wanted);
    assert!(numbers.len() > last as usize && numbers.len() < last as usize + 4, "{} frames", numbers.len());
}

#[tokio::test]
async fn keyframes_ten_seconds_apart_are_encoded() {
    is_encoded("gop10", "its keyframes are 10 s apart").await;
}

#[tokio::test]
async fn a_film_without_an_index_is_encoded() {
    is_encoded("no-index", "without a usable index").await;
}

#[tokio::test]
async fn open_gops_are_encoded() {
    is_encoded("open-gop", "its GOPs are open").await;
}

#[tokio::test]
async fn open_gops_that_nobody_tells_of_are_noticed_and_the_film_encoded() {
    turns_out_not_copyable("open-gop-untold", "its GOPs are open").await;
}

#[tokio::test]
async fn an_index_that_lies_is_noticed_and_the_film_encoded() {
    turns_out_not_copyable("bad-index", "index").await;
}

/// It is to be copied, until its frames come.
async fn turns_out_not_copyable(name: &'static str, why: &str) {
    let film = film(name).await;
    let theatre = Theatre::open(&film).await;
    theatre.ready().await;
    let plan = picture_plan(&theatre).await;
    assert_eq!((plan.mode, plan.why), (VideoMode::Copy, None));
    let count = u32::try_from(theatre.playlist(VIDEO).await.segments.len()).unwrap();
    let failure = async {
        for n in 0..count {
            if let Err(error) = theatre.insist(VIDEO, n).await {
                return error;
            }
        }
        panic!("all {count} segments came")
    };
    let error = tokio::time::timeout(PATIENCE, failure).await.expect("it hangs");
    assert_eq!(error.kind, ErrorKind::Unplayable, "{error}");

    let plan = picture_plan(&theatre).await;
    assert_eq!(plan.mode, VideoMode::Encode);
    assert!(plan.why.as_deref().is_some_and(|told| told.contains(why)), "{:?}", plan.why);
    check_encoded(&theatre, &film).await;
    theatre.close().await;
}
