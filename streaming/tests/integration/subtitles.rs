//! The events that the index leads to must be those that ffmpeg finds by reading the film through.

mod other_text;

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
};

use bytes::Bytes;
use streaming::{
    keyframes::{Encoding, IndexKind, attachments, read},
    subtitles::{Event, Reader},
};

use super::support::{films::film, media::tool};

/// A film on the disk, and how much of it was read.
struct Shelf {
    content: Vec<u8>,
    read: Mutex<usize>,
}

impl Shelf {
    fn of(path: &Path) -> Self {
        Self { content: std::fs::read(path).unwrap(), read: Mutex::new(0) }
    }

    fn size(&self) -> Option<u64> {
        Some(self.content.len() as u64)
    }

    fn piece(&self, at: u64, length: usize) -> std::future::Ready<Result<Bytes, protocol::Error>> {
        let rest = self.content.get(usize::try_from(at).unwrap()..).unwrap_or_default();
        let piece = &rest[..length.min(rest.len())];
        *self.read.lock().unwrap() += piece.len();
        std::future::ready(Ok(Bytes::copy_from_slice(piece)))
    }

    /// A reader of each subtitle track; none for one that is not text.
    async fn readers(&self) -> Vec<(Encoding, Option<Reader>)> {
        self.readers_of(IndexKind::Matroska).await
    }

    async fn readers_of(&self, kind: IndexKind) -> Vec<(Encoding, Option<Reader>)> {
        let index = read(kind, self.size(), &|at, length| self.piece(at, length)).await.unwrap().unwrap();
        index.subtitles.iter().map(|track| (track.encoding.clone(), Reader::new(track, 0.0, None))).collect()
    }

    async fn events(&self, reader: &Reader, from_s: f64, until_s: f64) -> Vec<Event> {
        let read = |at, length| self.piece(at, length);
        reader.between(&read, from_s, until_s).await.unwrap().events
    }
}

/// Start, end, style and text of each dialogue that ffmpeg finds in a track, by start.
fn dialogues(path: &Path, track: usize) -> Vec<(String, String, String, String)> {
    let args = ["-v", "error", "-i", path.to_str().unwrap(), "-map", &format!("0:s:{track}"), "-f", "ass", "-"];
    let made = tool("ffmpeg", &args);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let script = String::from_utf8(made.stdout).unwrap();
    let dialogues = script.lines().filter_map(|line| line.strip_prefix("Dialogue: "));
    let mut found: Vec<_> = dialogues
        .map(|line| {
            let fields: Vec<&str> = line.splitn(10, ',').collect();
            (fields[1].to_owned(), fields[2].to_owned(), fields[3].to_owned(), fields[9].to_owned())
        })
        .collect();
    found.sort();
    found
}

/// As ASS writes times.
fn clock(ms: i64) -> String {
    let centis = (ms + 5) / 10;
    format!("{}:{:02}:{:02}.{:02}", centis / 360_000, centis / 6000 % 60, centis / 100 % 60, centis % 100)
}

fn told(events: &[Event]) -> Vec<(String, String, String, String)> {
    let mut told: Vec<_> = events
        .iter()
        .map(|event| {
            let end = event.start_ms + event.duration_ms.cast_signed();
            (clock(event.start_ms), clock(end), event.style.clone(), event.text.clone())
        })
        .collect();
    told.sort();
    told
}

async fn same(path: &Path) {
    let shelf = Shelf::of(path);
    let readers = shelf.readers().await;
    let [(_, Some(styled)), (_, Some(plain)), (_, None)] = &readers[..] else { panic!("{readers:?}") };
    *shelf.read.lock().unwrap() = 0;
    let events = shelf.events(styled, 0.0, 1e6).await;
    assert_eq!(told(&events), dialogues(path, 0), "{}", path.display());
    assert!(styled.header().contains("Style: Short,Matinee Blocks") && styled.header().contains("[Events]"));
    let mut numbers: Vec<_> = events.iter().map(|event| event.read_order).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), events.len());
    let text = shelf.events(plain, 0.0, 1e6).await;
    let wanted = dialogues(path, 1);
    assert_eq!(text.len(), wanted.len());
    for (event, wanted) in told(&text).iter().zip(&wanted) {
        assert_eq!((&event.0, &event.1), (&wanted.0, &wanted.1));
        // ffmpeg closes what stays open.
        let plain = |text: &str| text.replace("{\\c}", "").replace("{\\c&H00FF00&}", "").replace("{\\c&HFF00&}", "");
        assert_eq!(plain(&event.3), plain(&wanted.3));
    }
    let events = events.len() + text.len();
    assert!(*shelf.read.lock().unwrap() < events * 5000, "{:?} bytes for {events} events", shelf.read);
}

#[tokio::test]
async fn events_of_a_film_by_ffmpeg() {
    same(&film("short-ffmpeg").await.path).await;
}

#[tokio::test]
async fn events_of_a_film_by_mkvmerge() {
    same(&film("short-mkvmerge").await.path).await;
}

#[tokio::test]
async fn events_that_are_compressed() {
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join("zlib.mkv");
    let source = film("short-mkvmerge").await.path;
    let args = [
        "--quiet",
        "-o",
        path.to_str().unwrap(),
        "--compression",
        "3:zlib",
        "--compression",
        "4:zlib",
        source.to_str().unwrap(),
    ];
    assert!(tool("mkvmerge", &args).status.success());
    let encodings: Vec<_> = Shelf::of(&path).readers().await.into_iter().map(|(encoding, _)| encoding).collect();
    assert_eq!(encodings[..2], [Encoding::Zlib, Encoding::Zlib]);
    same(&path).await;
}

#[tokio::test]
async fn an_event_that_began_before_is_there_and_others_are_not_read() {
    let shelf = Shelf::of(&film("short-ffmpeg").await.path);
    let readers = shelf.readers().await;
    let styled = readers[0].1.as_ref().unwrap();
    *shelf.read.lock().unwrap() = 0;
    let told: Vec<_> = shelf.events(styled, 26.0, 27.0).await.iter().map(|e| (e.start_ms, e.style.clone())).collect();
    assert_eq!(told, [(3000, "Long".into())]);
    assert!(*shelf.read.lock().unwrap() < 6000);
    assert!(shelf.events(styled, 29.0, 30.0).await.is_empty());
    // What is known is not read again.
    *shelf.read.lock().unwrap() = 0;
    assert_eq!(shelf.events(styled, 20.0, 21.0).await.len(), 1);
    assert_eq!(*shelf.read.lock().unwrap(), 0);
}

#[tokio::test]
async fn attached_fonts_are_found() {
    for name in ["short-ffmpeg", "short-mkvmerge"] {
        let shelf = Shelf::of(&film(name).await.path);
        let found = attachments(shelf.size(), &|at, length| shelf.piece(at, length)).await.unwrap();
        let [font] = &found[..] else { panic!("{name}: {found:?}") };
        let at = usize::try_from(font.offset).unwrap();
        assert_eq!(font.size, 756, "{name}");
        assert_eq!(shelf.content[at..at + 4], [0, 1, 0, 0], "{name}: not a TrueType font");
    }
}
