//! WebVTT renditions as other players read them.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::program::{Place, Program, client};

/// In seconds from the picture's first frame. The second stands in two segments.
const EVENTS: [(f64, f64, &str); 4] = [
    (2.0, 4.5, "<i>████ slanted</i>"),
    (28.4, 31.2, "████ over the edge"),
    (32.8, 33.6, "████ a < b & c"),
    (34.0, 34.5, "████\nof two lines"),
];
const LENGTH_S: u32 = 36;
/// Of the picture, pixels.
const SIZE: (usize, usize) = (320, 180);
/// The lines that tell the time; text is drawn below them.
const TOLD: usize = 60;

/// Runs a program to its end, for at most a minute.
#[expect(clippy::disallowed_methods, reason = "tests make and look at their films with the real programs")]
fn tool(program: &str, args: &[&str]) -> Output {
    Command::new("timeout").args(["-k", "1", "60", program]).args(args).output().unwrap()
}

fn told(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn clock(s: f64) -> String {
    let ms = (s * 1000.0).round() as u64;
    format!("{:02}:{:02}:{:02},{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

/// A film whose source times begin at `start_s`. The upper third of its picture is brighter by 20 each second, for ten
/// seconds, and then anew.
fn film(folder: &Path, name: &str, start_s: u32) -> PathBuf {
    let script: String = (1..)
        .zip(EVENTS)
        .map(|(n, (start, end, text))| format!("{n}\n{} --> {}\n{text}\n\n", clock(start), clock(end)))
        .collect();
    let (srt, path) = (folder.join(format!("{name}.srt")), folder.join(name));
    std::fs::write(&srt, script).unwrap();
    let (width, height) = SIZE;
    let picture = format!(
        "color=black:size={width}x{height}:rate=25:duration={LENGTH_S},\
         geq=lum='if(lt(Y,{TOLD}),16+20*mod(T,10),16)':cb=128:cr=128"
    );
    let sound = format!("sine=duration={LENGTH_S}");
    let begin = start_s.to_string();
    let codec = if name.ends_with(".mp4") { "mov_text" } else { "srt" };
    let made = tool(
        "ffmpeg",
        &[
            "-v",
            "error",
            "-nostdin",
            "-f",
            "lavfi",
            "-i",
            &picture,
            "-f",
            "lavfi",
            "-i",
            &sound,
            "-i",
            srt.to_str().unwrap(),
            "-map",
            "0",
            "-map",
            "1",
            "-map",
            "2",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-qp",
            "10",
            "-g",
            "25",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "ac3",
            "-c:s",
            codec,
            "-metadata:s:s:0",
            "title=Said \"so\"",
            "-metadata:s:s:0",
            "language=fre",
            "-output_ts_offset",
            &begin,
            path.to_str().unwrap(),
        ],
    );
    told(&made);
    path
}

/// A server with a session on such a film.
struct Showing {
    program: Program,
    url: String,
    _place: Place,
    folder: tempfile::TempDir,
}

impl Showing {
    async fn of(start_s: u32) -> Self {
        Self::named("film.mkv", start_s).await
    }

    async fn named(name: &str, start_s: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        film(folder.path(), name, start_s);
        Self::over(folder, name).await
    }

    async fn over(folder: tempfile::TempDir, name: &str) -> Self {
        let place = Place::new();
        let program = Program::start(&place, &["--media-dir", folder.path().to_str().unwrap()], None).await;
        let (status, opened) = program.call("open", &json!({"source": format!("media:{name}")})).await;
        assert_eq!(status, 200, "{opened}");
        let session = opened["session"].as_str().unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let (_, view) = program.call("session", &json!({"session": session})).await;
            if view["state"] == "ready" {
                break;
            }
            assert!(view["state"] == "preparing" && Instant::now() < deadline, "{view}");
        }
        let url = format!("{}/hls/{session}", program.url);
        Self { program, url, _place: place, folder }
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        client().get(format!("{}/{path}", self.url)).send().await.unwrap()
    }
}

fn header<'a>(answer: &'a reqwest::Response, name: &str) -> &'a str {
    answer.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test]
async fn a_master_names_tracks_whose_segments_are_text() {
    let showing = Showing::of(0).await;
    let master = showing.get("master.m3u8").await.text().await.unwrap();
    let track = master.lines().find(|line| line.contains("TYPE=SUBTITLES")).unwrap();
    for attribute in [
        "GROUP-ID=\"subtitles\"",
        "NAME=\"Said 'so'\"",
        "LANGUAGE=\"fr\"",
        "AUTOSELECT=YES",
        "URI=\"s0-vtt/index.m3u8\"",
    ] {
        assert!(track.contains(attribute), "{attribute} in {track}");
    }
    assert!(!track.contains("DEFAULT=YES") && !track.contains("FORCED"), "{track}");
    assert!(master.contains(",SUBTITLES=\"subtitles\""), "{master}");

    let playlist = showing.get("s0-vtt/index.m3u8").await;
    assert_eq!(header(&playlist, "content-type"), "application/vnd.apple.mpegurl");
    let playlist = playlist.text().await.unwrap();
    let segments: Vec<_> = playlist.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(segments, ["0.vtt", "1.vtt"], "{playlist}");
    let segment = showing.get("s0-vtt/1.vtt").await;
    assert_eq!(header(&segment, "content-type"), "text/vtt; charset=utf-8");
    assert!(header(&segment, "cache-control").contains("immutable"));
    let tag = header(&segment, "etag").to_owned();
    let known = client().get(format!("{}/s0-vtt/1.vtt", showing.url)).header("if-none-match", tag);
    assert_eq!(known.send().await.unwrap().status(), 304);
    let text = segment.text().await.unwrap();
    assert!(text.starts_with("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n"), "{text}");
    assert!(text.contains("\n████ a &lt; b &amp; c\n") && text.contains("\n████\nof two lines\n"), "{text}");
    assert!(text.contains("over the edge") && !text.contains("slanted"), "{text}");
    for path in
        ["s0-vtt/2.vtt", "s0-vtt/0.m4s", "s0-vtt/init.mp4", "s1-vtt/index.m3u8", "s1-vtt/0.vtt", "v0-copy/0.vtt"]
    {
        assert_eq!(showing.get(path).await.status(), 404, "{path}");
    }
    assert!(!showing.program.log().contains("panicked"));
}

#[tokio::test]
async fn an_mp4_s_timed_text_is_a_rendition_too() {
    let showing = Showing::named("film.mp4", 10).await;
    let master = showing.get("master.m3u8").await.text().await.unwrap();
    assert!(master.contains("URI=\"s0-vtt/index.m3u8\""), "{master}");
    let text = showing.get("s0-vtt/1.vtt").await.text().await.unwrap();
    assert!(text.contains("\n████ over the edge\n") && text.contains("\n00:00:28.4"), "{text}");
    assert!(text.contains("\n████\nof two lines\n") && text.contains("\n00:00:34.0"), "{text}");
    let first = showing.get("s0-vtt/0.vtt").await.text().await.unwrap();
    assert!(first.contains("\n<i>████ slanted</i>\n"), "{first}");
}

/// Of which this ffmpeg does not know what it is.
#[tokio::test]
async fn webvtt_by_mkvmerge_is_a_rendition_too() {
    let folder = tempfile::tempdir().unwrap();
    let bare = film(folder.path(), "bare.mkv", 0);
    let [vtt, merged] = ["text.vtt", "merged.mkv"].map(|name| folder.path().join(name));
    let (bare, vtt, merged) = (bare.to_str().unwrap(), vtt.to_str().unwrap(), merged.to_str().unwrap());
    told(&tool("ffmpeg", &["-v", "error", "-i", bare, "-map", "0:s", vtt]));
    told(&tool("mkvmerge", &["--quiet", "-o", merged, "-S", bare, vtt]));
    let showing = Showing::over(folder, "merged.mkv").await;
    let master = showing.get("master.m3u8").await.text().await.unwrap();
    assert!(master.contains("URI=\"s0-vtt/index.m3u8\""), "{master}");
    let text = showing.get("s0-vtt/1.vtt").await.text().await.unwrap();
    assert!(text.contains("\n████ a &lt; b &amp; c\n") && text.contains("\n00:00:32.8"), "{text}");
}

#[tokio::test]
async fn ffmpeg_reads_the_right_times_wherever_the_source_begins() {
    for start_s in [0, 10] {
        let showing = Showing::of(start_s).await;
        let list = format!("{}/s0-vtt/index.m3u8", showing.url);
        let packets = ["-v", "error", "-show_entries", "packet=pts_time,duration_time", "-of", "csv=p=0", &list];
        let packets = told(&tool("ffprobe", &packets));
        let times: Vec<Vec<f64>> = packets
            .lines()
            .map(|line| line.split(',').filter(|field| !field.is_empty()).map(|s| s.parse().unwrap()).collect())
            .collect();
        assert_eq!(times.len(), EVENTS.len(), "{packets}");
        for (time, (start, end, _)) in times.iter().zip(EVENTS) {
            let near = |a: f64, b: f64| (a - b).abs() < 0.05;
            assert!(near(time[0], start) && near(time[0] + time[1], end), "{time:?} for {start} to {end}");
        }
        let text = told(&tool("ffmpeg", &["-v", "error", "-i", &list, "-f", "srt", "-"])).replace('\r', "");
        for (_, _, said) in EVENTS {
            assert_eq!(text.matches(&format!("\n{said}\n")).count(), 1, "{said} in {text}");
        }
        assert!(!text.contains("WEBVTT") && !text.contains("TIMESTAMP"), "{text}");
    }
}

/// What VLC shows from `from_s` on: of each frame the time that its picture tells, from 30 s on, and whether text is on it.
fn shown_by_vlc(showing: &Showing, from_s: u32) -> Vec<(f64, bool)> {
    use std::os::unix::fs::PermissionsExt;
    let folder = showing.folder.path();
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o777)).unwrap();
    let frames = folder.join("frames.y4m");
    let home = format!("HOME={}", folder.display());
    let (start, file) = (format!("--start-time={from_s}"), format!("--yuv-file={}", frames.display()));
    // The picture as it is encoded, as VLC is late by six frames with a copied one: it passes over its edit list.
    let master = format!("{}/master.m3u8?video=encode&burn=none", showing.url);
    let player = [
        "env",
        &home,
        "cvlc",
        "--no-video-title-show",
        "--no-audio",
        "--sub-track=0",
        "--no-drop-late-frames",
        "--no-skip-frames",
        &start,
        "--vout",
        "yuv",
        &file,
        "--yuv-yuv4mpeg2",
        &master,
        "vlc://quit",
    ];
    // VLC does not run as root.
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let command = if rustix::process::geteuid().is_root() { [&nobody[..], &player].concat() } else { player.to_vec() };
    let played = tool(command[0], &command[1..]);
    assert!(frames.exists(), "VLC showed nothing: {}", String::from_utf8_lossy(&played.stderr));
    let raw = ["-v", "error", "-i", frames.to_str().unwrap(), "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"];
    let raw = tool("ffmpeg", &raw).stdout;
    let (width, height) = SIZE;
    let frame = |frame: &[u8]| {
        let line = &frame[width * 20..width * 21];
        let brightness = line.iter().map(|luma| f64::from(*luma)).sum::<f64>() / width as f64;
        let is_text = frame[width * (TOLD + 8)..width * height].iter().any(|luma| *luma > 180);
        ((brightness - 16.0) / 20.0 + 30.0, is_text)
    };
    raw.chunks_exact(width * height * 3 / 2).map(frame).collect()
}

#[tokio::test]
async fn vlc_shows_the_text_when_it_is_due() {
    let showing = Showing::of(10).await;
    let shown = shown_by_vlc(&showing, 29);
    // What is on screen just after VLC has begun depends on how it fills its buffers.
    let begins = shown.windows(2).position(|pair| pair[1].0 < pair[0].0).map_or(0, |at| at + 1);
    let shown = &shown[begins..];
    for (moment, wanted) in
        [(30.9, true), (31.5, false), (32.5, false), (33.1, true), (33.85, false), (34.25, true), (34.9, false)]
    {
        let nearest = shown.iter().min_by(|a, b| (a.0 - moment).abs().total_cmp(&(b.0 - moment).abs())).unwrap();
        assert!((nearest.0 - moment).abs() < 0.15, "no frame near {moment}: {shown:?}");
        assert_eq!(nearest.1, wanted, "at {moment}: {shown:?}");
    }
}
