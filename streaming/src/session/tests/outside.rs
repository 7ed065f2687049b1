//! Subtitles that viewers bring along.

use std::sync::Arc;

use protocol::{SubtitleTrack, TrackId};

use super::*;
use crate::subtitles::outside::{Name, Outside};

impl World {
    fn bring(&mut self, n: u128, viewer: &str, name: &str, content: &str) -> Result<SubtitleTrack, Error> {
        let subtitles = Arc::new(Outside::read(content.as_bytes()).unwrap());
        self.registry.bring(id(n), &token(viewer), Name::read(name), subtitles)
    }

    fn tracks(&self, n: u128) -> Vec<String> {
        let view = self.registry.view(self.now, id(n)).unwrap();
        view.outside.iter().map(|track| track.track.to_string()).collect()
    }
}

const SRT: &str = "00:00:01,000 --> 00:00:02,000\nHi\n";

#[test]
fn a_viewer_brings_subtitles_and_all_are_told() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    assert_eq!(world.bring(1, "ada", "a.srt", SRT).unwrap_err().kind, ErrorKind::Forbidden);
    world.beat(1, "ada", 0.0).unwrap();
    let track = world.bring(1, "ada", "film.de.srt", SRT).unwrap();
    assert_eq!((track.track, track.codec.as_str()), (TrackId::outside(0), "subrip"));
    assert_eq!((track.title.as_deref(), track.language.as_deref()), (Some("film.de.srt"), Some("de")));
    assert_eq!(world.beat(1, "bob", 0.0).unwrap().reply.outside, [track]);
    assert_eq!(world.registry.outside(id(1), 0).unwrap().between(0.0, 9.0).events.len(), 1);
    assert_eq!(world.registry.outside(id(1), 1).unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(world.bring(2, "ada", "a.srt", SRT).unwrap_err().kind, ErrorKind::UnknownSession);
}

#[test]
fn they_outlast_sleep_and_end_with_their_session() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    world.open(2).unwrap();
    world.beat(1, "ada", 0.0).unwrap();
    world.bring(1, "ada", "a.srt", SRT).unwrap();
    assert_eq!(world.tracks(2), [] as [&str; 0], "another session on the same film");
    let held = Arc::downgrade(&world.registry.outside(id(1), 0).unwrap());
    world.pass(200);
    assert_eq!(world.registry.epoch(id(1)), None);
    world.beat(1, "ada", 0.0).unwrap();
    assert_eq!(world.tracks(1), ["x0"]);
    world.registry.close(id(1), &key(1)).unwrap();
    assert_eq!(world.registry.outside(id(1), 0).unwrap_err().kind, ErrorKind::UnknownSession);
    assert_eq!(held.strong_count(), 0);
}

#[test]
fn there_is_room_for_so_many() {
    let mut world = world(Limits { max_streams: 9, ..Limits::default() });
    world.open(1).unwrap();
    world.beat(1, "ada", 0.0).unwrap();
    for _ in 0..16 {
        world.bring(1, "ada", "a.srt", SRT).unwrap();
    }
    assert_eq!(world.bring(1, "ada", "a.srt", SRT).unwrap_err().kind, ErrorKind::AtCapacity);
    // Four megabytes of header each; other sessions fill what the server has.
    let large = format!("[Events]\n;{}\nDialogue: 0,0:00:01.00,0:00:02.00,,,,,,,x", "x".repeat(4 << 20));
    let taken = (2..9).flat_map(|n| [n; 16]).take_while(|&n| {
        let _ = world.open(n);
        world.beat(n, "ada", 0.0).unwrap();
        world.bring(n, "ada", "a.ass", &large).is_ok()
    });
    assert_eq!(taken.count(), 63);
}
