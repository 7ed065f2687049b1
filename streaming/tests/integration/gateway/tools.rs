//! The real ffprobe, ffmpeg and mpv as the gateway's clients.

use std::path::PathBuf;

use super::*;
use crate::support::media::{small_mkv, tool, tool_async};

/// What the tools must manage, whatever the upstream can do.
struct Screening {
    house: House,
    film: PathBuf,
    upstream: Upstream,
    feed: Feed,
}

impl Screening {
    async fn new(habits: Habits) -> Self {
        let house = House::with(patient).await;
        let dir = house.dir.path().to_owned();
        let film = tokio::task::spawn_blocking(move || small_mkv(&dir, 80)).await.unwrap();
        let bytes = Bytes::from(std::fs::read(&film).unwrap());
        // Half of it is there: the Cues at the end are not.
        let hold_at = habits.hold_at.map(|_| bytes.len() as u64 / 2);
        let upstream = Upstream::bytes(&bytes, Habits { hold_at, ..habits }).await;
        let feed = house.open(&upstream.url("/film.mkv")).await.unwrap();
        Self { house, film, upstream, feed }
    }

    /// Container, duration and tracks, without the whole file being asked for.
    async fn probes(&self) {
        let args = ["-v", "error", "-show_entries", "format=duration:stream=codec_name", "-of", "csv=p=0"];
        let url = self.feed.url();
        let out = tool_async("ffprobe", args.iter().map(|arg| (*arg).to_owned()).chain([url]).collect()).await;
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(
            out.status.success() && text.contains("h264") && text.contains("aac") && text.contains("80.0"),
            "{text} {out:?}"
        );
    }

    /// The times of the first and the last of the frames that mpv makes of a stretch.
    async fn plays(&self, start: u32, end: u32) -> (f64, f64) {
        let path = self.house.dir.path().join("out.nut");
        let args = [
            "--no-config",
            "--msg-level=all=error",
            "--load-scripts=no",
            "--ytdl=no",
            "--access-references=no",
            "--cache=yes",
            "--network-timeout=10",
            "--demuxer-max-bytes=32MiB",
            "--rebase-start-time=no",
            "--orawts",
            "--vid=1",
            "--aid=no",
            "--sid=no",
            "--of=nut",
            "--ovc=rawvideo",
        ];
        let more =
            [format!("--start={start}"), format!("--end={end}"), format!("--o={}", path.display()), self.feed.url()];
        let out = tool_async("mpv", args.iter().map(|arg| (*arg).to_owned()).chain(more).collect()).await;
        assert!(out.status.success(), "{out:?}");
        let times = tool(
            "ffprobe",
            &["-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path.to_str().unwrap()],
        );
        let times: Vec<f64> = String::from_utf8_lossy(&times.stdout)
            .lines()
            .filter_map(|line| line.trim_end_matches(',').parse().ok())
            .collect();
        (times[0], times[times.len() - 1])
    }

    /// How many frames ffmpeg finds in a stretch, which it seeks by the container's means.
    async fn copies(&self, start: u32, seconds: u32) -> usize {
        let args = [
            "-v",
            "error",
            "-nostdin",
            "-protocol_whitelist",
            "http,tcp,file,pipe",
            "-ss",
            &start.to_string(),
            "-t",
            &seconds.to_string(),
            "-i",
            &self.feed.url(),
            "-map",
            "0:v:0",
            "-f",
            "framecrc",
            "-",
        ]
        .map(str::to_owned);
        let out = tool_async("ffmpeg", args.to_vec()).await;
        assert!(out.status.success(), "{out:?}");
        String::from_utf8_lossy(&out.stdout).lines().filter(|line| !line.starts_with('#')).count()
    }
}

fn near(found: (f64, f64), wanted: (f64, f64)) -> bool {
    (found.0 - wanted.0).abs() < 0.05 && (found.1 - wanted.1).abs() < 0.1
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tools_seek_and_play_through_the_gateway() {
    let show = Screening::new(Habits::default()).await;
    show.probes().await;
    let size = std::fs::metadata(&show.film).unwrap().len();
    assert!(show.feed.upstream_bytes() < size / 2, "{} of {size} bytes to probe it", show.feed.upstream_bytes());
    let played = show.plays(30, 32).await;
    assert!(near(played, (30.0, 31.96)), "{played:?}");
    assert_eq!(show.copies(25, 4).await, 100);
    assert_eq!(show.feed.fault(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tools_play_what_has_been_read_of_a_film_of_known_length() {
    plays_as_read(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tools_play_what_has_been_read_of_a_film_of_unknown_length() {
    plays_as_read(false).await;
}

/// Half of the film is there, and its Cues are not: it is probed, played and sought in; then the rest comes.
async fn plays_as_read(length: bool) {
    let habits = Habits { ranges: false, says_ranges: false, length, hold_at: Some(1), ..Habits::default() };
    let show = Screening::new(habits).await;
    let size = std::fs::metadata(&show.film).unwrap().len();
    assert!(size / 2 > 9 * MB as u64 && show.feed.reach() == Reach::AsRead, "the Cues are near: {size} bytes");
    until("half of it is there", || show.feed.have_read() == size / 2).await;
    show.probes().await;
    let played = show.plays(10, 12).await;
    assert!(near(played, (10.0, 11.96)), "{played:?}");
    assert_eq!(show.copies(8, 4).await, 100);
    show.upstream.change(|habits| habits.hold_at = None);
    until("all of it is there", || show.feed.reach() == Reach::Anywhere).await;
    let played = show.plays(30, 32).await;
    assert!(near(played, (30.0, 31.96)), "{played:?}");
    assert_eq!(show.copies(25, 4).await, 100);
    assert_eq!(show.upstream.requests(), 1);
}
