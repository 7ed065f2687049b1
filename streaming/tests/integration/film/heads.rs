//! Text in containers that have no index of it: read by runs of ffmpeg for the stretch that is asked for.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use protocol::{ErrorKind, MasterQuery, SubtitleKind, TrackId};
use streaming::subtitles::Event;

use super::subtitles::quiet;
use crate::support::{
    eventually,
    films::TestFilm,
    media::tool,
    teletext::with_teletext,
    theatre::{PATIENCE, Theatre, resting},
    upstream::Habits,
};

/// Bytes that may be read for lines where the film's opening has read what is around them.
const HARDLY_ANY: u64 = 4 << 20;
const TRACK: TrackId = TrackId::subtitles(0);
const LENGTH_S: u64 = 240;
/// When each line comes and goes, in milliseconds, and its text.
const LINES: [(u64, u64, &[&str]); 8] = [
    (1000, 3500, &["first"]),
    (20_000, 28_000, &["eight seconds"]),
    (42_000, 44_000, &["two", "lines"]),
    (60_240, 62_000, &["minute"]),
    (100_000, 103_000, &["hundred"]),
    (185_000, 199_000, &["fourteen seconds"]),
    (200_000, 204_480, &["two hundred"]),
    (235_000, 238_000, &["last"]),
];

/// Picture and sound of 240 s, some 60 MB, and whatever comes after the first options.
fn film(path: &Path, more: &[&str]) {
    let picture = format!("testsrc2=size=640x360:rate=25:duration={LENGTH_S}");
    let sound = format!("sine=duration={LENGTH_S}");
    let input = ["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound];
    let end = [path.to_str().unwrap()];
    let made = tool("ffmpeg", &[&input[..], more, &end].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

const H264: [&str; 8] = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "2M", "-g", "50"];

fn fragmented(dir: &Path) -> PathBuf {
    let clock = |ms: u64| format!("00:{:02}:{:02},{:03}", ms / 60_000, ms / 1000 % 60, ms % 1000);
    let cue = |(from, until, lines): &(u64, u64, &[&str])| {
        format!("1\n{} --> {}\n{}\n\n", clock(*from), clock(*until), lines.join("\n"))
    };
    let script = dir.join("lines.srt");
    std::fs::write(&script, LINES.iter().map(cue).collect::<String>()).unwrap();
    let path = dir.join("film.mp4");
    let tracks =
        ["-i", script.to_str().unwrap(), "-map", "0", "-map", "1", "-map", "2", "-c:a", "aac", "-c:s", "mov_text"];
    film(&path, &[&tracks[..], &H264, &["-movflags", "frag_keyframe+empty_moov"]].concat());
    path
}

fn teletext(dir: &Path) -> PathBuf {
    let plain = dir.join("plain.ts");
    film(&plain, &[&H264[..], &["-c:a", "mp2"]].concat());
    let path = dir.join("film.ts");
    std::fs::write(&path, with_teletext(&std::fs::read(&plain).unwrap(), &LINES)).unwrap();
    path
}

/// What ffmpeg finds when it reads the film through, in film time: beginning, end and text.
fn read_through(film: &Path, options: &[&str], zero_s: f64) -> Vec<(i64, i64, String)> {
    let path = film.to_str().unwrap();
    let script = [&["-v", "error", "-nostdin"][..], options, &["-copyts", "-i", path, "-map", "0:s:0"]].concat();
    let read = tool("ffmpeg", &[&script[..], &["-c:s", "ass", "-f", "ass", "-"]].concat());
    let ms = |clock: &str| {
        let [hours, minutes, seconds] = clock.split(':').collect::<Vec<_>>()[..] else { panic!("{clock}") };
        let seconds: f64 = seconds.parse::<f64>().unwrap() + 60.0 * minutes.parse::<f64>().unwrap();
        ((seconds + 3600.0 * hours.parse::<f64>().unwrap() - zero_s) * 1000.0).round() as i64
    };
    let event = |line: &str| {
        let fields: Vec<_> = line.strip_prefix("Dialogue:")?.splitn(10, ',').collect();
        Some((ms(fields[1]), ms(fields[2]), fields[9].to_owned()))
    };
    String::from_utf8_lossy(&read.stdout).lines().filter_map(event).collect()
}

/// When the track's samples begin, in milliseconds of film time.
fn samples(film: &Path, zero_s: f64) -> Vec<i64> {
    let args = ["-v", "error", "-select_streams", "s:0", "-show_entries", "packet=pts_time", "-of", "csv=p=0"];
    let read = tool("ffprobe", &[&args[..], &[film.to_str().unwrap()]].concat());
    let ms = |line: &str| Some(((line.trim_end_matches(',').parse::<f64>().ok()? - zero_s) * 1000.0).round() as i64);
    String::from_utf8_lossy(&read.stdout).lines().filter_map(ms).collect()
}

async fn events(theatre: &Theatre, from_s: f64, until_s: f64) -> Vec<Event> {
    let (mut all, mut seen, mut at_s) = (Vec::new(), HashSet::new(), from_s);
    while at_s < until_s {
        let answer =
            theatre.matinee.subtitle_events(theatre.session, TRACK, at_s, until_s.min(at_s + 60.0)).await.unwrap();
        assert!(answer.until_s > at_s);
        all.extend(answer.events.into_iter().filter(|event| seen.insert(event.read_order)));
        at_s = answer.until_s;
    }
    all.sort_by_key(|event| event.start_ms);
    all
}

fn same(found: &[Event], wanted: &[(i64, i64, String)]) {
    let told: Vec<_> = found
        .iter()
        .map(|event| (event.start_ms, event.start_ms + event.duration_ms.cast_signed(), event.text.clone()))
        .collect();
    let near = |a: i64, b: i64| (a - b).abs() <= 20;
    let is_same = told.len() == wanted.len()
        && told.iter().zip(wanted).all(|(a, b)| near(a.0, b.0) && near(a.1, b.1) && a.2 == b.2);
    assert!(is_same, "{told:?}\n{wanted:?}");
}

/// Asks after seeks first, then for all, and compares with `wanted`; tells what the seeks cost in bytes.
async fn holds(theatre: &Theatre, wanted: &[(i64, i64, String)]) -> u64 {
    assert_eq!(wanted.len(), LINES.len());
    let plan = theatre.matinee.plan(theatre.session, &MasterQuery::default(), &[]).await.unwrap();
    assert_eq!(plan.readable, [TRACK]);
    let media = theatre.view().media.unwrap();
    assert_eq!(media.subtitles[0].kind, SubtitleKind::Text);
    let header = theatre.matinee.subtitle_header(theatre.session, TRACK).await.unwrap();
    assert!(header.contains("[V4+ Styles]") && header.contains("[Events]\nFormat:"), "{header}");
    // Picture and sound read the beginning by themselves.
    for rendition in ["v0-encode-none", "a0-aac"] {
        theatre.segment(rendition, 0).await.unwrap();
    }
    let before = quiet(theatre).await;
    // In the midst of the line of fourteen seconds, which began before.
    let far = events(theatre, 198.0, 206.0).await;
    same(&far, &wanted[5..7]);
    let cost = quiet(theatre).await - before;
    let again = events(theatre, 198.0, 206.0).await;
    assert_eq!(again, far);
    assert_eq!(quiet(theatre).await - before, cost, "what is known is not read again");
    let all = events(theatre, 0.0, LENGTH_S as f64).await;
    same(&all, wanted);
    let numbers: HashSet<_> = all.iter().map(|event| event.read_order).collect();
    assert_eq!(numbers.len(), all.len());
    assert!(far.iter().all(|event| all.contains(event)), "a line keeps its number");
    cost
}

/// And as WebVTT.
async fn is_in_the_master(theatre: &Theatre, text: &str) {
    let segment = theatre.segment("s0-vtt", 6).await.unwrap();
    let segment = String::from_utf8_lossy(&segment);
    assert!(segment.starts_with("WEBVTT") && segment.contains(text), "{segment}");
}

#[tokio::test]
async fn teletext_is_read_as_text() {
    let dir = tempfile::tempdir().unwrap();
    let path = teletext(dir.path());
    let bytes = path.metadata().unwrap().len();
    let theatre = Theatre::behind(&TestFilm::at(path.clone()), Habits::default(), resting).await;
    theatre.ready().await;
    let wanted = read_through(&path, &["-txt_page", "subtitle", "-txt_format", "ass", "-fix_sub_duration"], 1.4);
    let cost = holds(&theatre, &wanted).await;
    // Those 23 s, the ten after them by which a line's end is known, and what is read ahead and to find the place.
    assert!(cost < bytes / 3, "{cost} of {bytes}");
    is_in_the_master(&theatre, "two hundred").await;
    theatre.close().await;
}

#[tokio::test]
async fn a_fragmented_mp4_is_read_sample_by_sample() {
    let dir = tempfile::tempdir().unwrap();
    let path = fragmented(dir.path());
    let theatre = Theatre::behind(&TestFilm::at(path.clone()), Habits::default(), resting).await;
    theatre.ready().await;
    let samples = samples(&path, 0.0);
    let mut wanted = read_through(&path, &[], 0.0);
    for event in &mut wanted {
        // ffmpeg's demuxer does not say how long the last sample of a fragment lasts: until the next one.
        if event.1 <= event.0 {
            event.1 = *samples.iter().find(|sample| **sample > event.0 + 10).unwrap();
        }
    }
    let cost = holds(&theatre, &wanted).await;
    // Whoever opens such a film reads the head of each fragment, and the gateway has what that took.
    assert!(cost < HARDLY_ANY, "{cost} bytes");
    is_in_the_master(&theatre, "two hundred").await;
    theatre.close().await;
}

#[tokio::test]
async fn what_has_not_come_yet_is_told_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let path = teletext(dir.path());
    let half = path.metadata().unwrap().len() / 2;
    let habits = Habits { ranges: false, says_ranges: false, hold_at: Some(half), ..Habits::default() };
    let theatre = Theatre::behind(&TestFilm::at(path), habits, |_| {}).await;
    theatre.ready().await;
    eventually("half of the film has come", PATIENCE, || theatre.upstream.sent() >= half - (1 << 20)).await;
    let (matinee, session) = (&theatre.matinee, theatre.session);
    let error = matinee.subtitle_events(session, TRACK, 198.0, 206.0).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::SourceUnreachable, "{error}");
    let found = matinee.subtitle_events(session, TRACK, 58.0, 66.0).await.unwrap();
    assert_eq!((found.events.len(), found.until_s), (1, 66.0));
    theatre.release();
    theatre.close().await;
}
