//! Text in other forms than ASS and SRT, in small films that ffmpeg makes.

use std::path::{Path, PathBuf};

use streaming::keyframes::IndexKind;

use super::Shelf;
use crate::support::media::tool;

/// When each begins and ends, in milliseconds, and what it is as ASS.
const EVENTS: [(i64, i64, &str); 4] = [
    (1000, 2500, "{\\i1}slanted{\\i0} ünï"),
    (2500, 3000, "right behind it"),
    (6000, 9000, "two\\Nlines & {\\b1}bold{\\b0}"),
    (11_000, 11_400, "last"),
];

/// An SRT file of them in some encoding.
fn srt(dir: &Path, encode: impl Fn(&str) -> Vec<u8>) -> PathBuf {
    let clock = |ms: i64| format!("00:00:{:02},{:03}", ms / 1000, ms % 1000);
    let mut script = Vec::new();
    for (n, (start, end, text)) in EVENTS.into_iter().enumerate() {
        let text = text.replace("{\\i1}", "<i>").replace("{\\i0}", "</i>").replace("\\N", "\n");
        let text = text.replace("{\\b1}", "<b>").replace("{\\b0}", "</b>");
        script.extend(encode(&format!("{}\n{} --> {}\n{text}\n\n", n + 1, clock(start), clock(end))));
    }
    let path = dir.join("text.srt");
    std::fs::write(&path, script).unwrap();
    path
}

/// A film of 12 s with these subtitles.
fn film(name: &str, srt: &Path, codec: &str, starts_s: &str) -> PathBuf {
    let path = srt.with_file_name(name);
    let input = ["-v", "error", "-y", "-f", "lavfi", "-i", "color=size=64x36:rate=25:duration=12", "-i"];
    let output = ["-map", "0", "-map", "1", "-c:v", "libx264", "-g", "50", "-bf", "0", "-c:s", codec];
    let place = [srt.to_str().unwrap()];
    let end = ["-output_ts_offset", starts_s, path.to_str().unwrap()];
    let made = tool("ffmpeg", &[&input[..], &place, &output, &end].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    path
}

async fn holds(path: &Path, kind: IndexKind, starts_ms: i64) {
    let shelf = Shelf::of(path);
    let readers = shelf.readers_of(kind).await;
    let [(_, Some(reader))] = &readers[..] else { panic!("{}: {readers:?}", path.display()) };
    let events = shelf.events(reader, 0.0, 1e6).await;
    assert_eq!(events.len(), EVENTS.len(), "{}: {events:?}", path.display());
    for (event, (start, end, text)) in events.iter().zip(EVENTS) {
        let end_ms = event.start_ms + event.duration_ms.cast_signed();
        let near = |a: i64, b: i64| (a - b).abs() <= 2;
        assert!(near(event.start_ms, start + starts_ms) && near(end_ms, end + starts_ms), "{event:?} in {path:?}");
        assert_eq!(event.text, text, "{}", path.display());
    }
    let middle_s = (starts_ms as f64 + 7500.0) / 1000.0;
    assert_eq!(shelf.events(reader, middle_s, middle_s + 0.1).await.len(), 1);
    assert!(shelf.events(reader, middle_s - 3.0, middle_s - 2.9).await.is_empty());
    assert!(reader.header().contains("Style: Default"));
}

#[tokio::test]
async fn mp4_s_timed_text() {
    let dir = tempfile::tempdir().unwrap();
    let srt = srt(dir.path(), |text| text.as_bytes().to_vec());
    holds(&film("zero.mp4", &srt, "mov_text", "0"), IndexKind::Mp4, 0).await;
    holds(&film("ten.mp4", &srt, "mov_text", "10"), IndexKind::Mp4, 10_000).await;
}

#[tokio::test]
async fn webvtt_in_matroska_by_both_muxers() {
    let dir = tempfile::tempdir().unwrap();
    let srt = srt(dir.path(), |text| text.as_bytes().to_vec());
    holds(&film("ffmpeg.mkv", &srt, "webvtt", "0"), IndexKind::Matroska, 0).await;
    let (vtt, bare, merged) =
        (dir.path().join("text.vtt"), film("bare.mkv", &srt, "srt", "0"), dir.path().join("merged.mkv"));
    assert!(tool("ffmpeg", &["-v", "error", "-i", srt.to_str().unwrap(), vtt.to_str().unwrap()]).status.success());
    let args = ["--quiet", "-o", merged.to_str().unwrap(), "-S", bare.to_str().unwrap(), vtt.to_str().unwrap()];
    assert!(tool("mkvmerge", &args).status.success());
    holds(&merged, IndexKind::Matroska, 0).await;
}

#[tokio::test]
async fn text_in_an_encoding_of_windows() {
    let dir = tempfile::tempdir().unwrap();
    // Latin text with two letters beyond ASCII, as Windows wrote it.
    let latin = |text: &str| text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let srt = srt(dir.path(), latin);
    let path = film("latin.mkv", &srt, "copy", "0");
    assert!(std::fs::read(&path).unwrap().windows(4).any(|bytes| bytes == b" \xFCn\xEF"));
    holds(&path, IndexKind::Matroska, 0).await;
}
