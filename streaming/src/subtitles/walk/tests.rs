use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;

use super::*;
use crate::{
    ebml::{CLUSTER, tests::write},
    keyframes::{Encoding, SubtitleIndex},
    subtitles::{Event, Reader},
};

const TRACK: u8 = 3;
const ZERO_S: f64 = 1.0;

/// A cluster of a second: a picture of so many bytes, and before it a line of half a second.
fn cluster(second: u64, picture: usize, line: Option<&str>) -> Vec<u8> {
    let mut content = write(0xE7, &(second * 1000).to_be_bytes());
    if let Some(line) = line {
        let stored = [&[0x80 | TRACK, 0, 100, 0][..], line.as_bytes()].concat();
        content.extend(write(0xA0, &[write(0xA1, &stored), write(0x9B, &500_u16.to_be_bytes())].concat()));
    }
    content.extend(write(0xA3, &[&[0x81, 0, 0, 0x80][..], &vec![0x55; picture]].concat()));
    write(CLUSTER, &content)
}

struct Film {
    bytes: Bytes,
    /// Source time in seconds, and place.
    clusters: Vec<(f64, u64)>,
    read: Mutex<usize>,
}

impl Film {
    /// Seconds of so many bytes, each with a line that says which it is, after a head of another kind.
    fn new(seconds: u64, picture: usize) -> Self {
        let (mut bytes, mut clusters) = (write(0x1549_A966, &[0; 50]), Vec::new());
        for second in 0..seconds {
            clusters.push((second as f64, bytes.len() as u64));
            bytes.extend(cluster(second, picture, Some(&format!("line {second}"))));
        }
        bytes.extend(write(0x1C53_BB6B, &[0; 30]));
        Self { bytes: bytes.into(), clusters, read: Mutex::default() }
    }

    fn reader(&self, told: &[(f64, u64)]) -> Reader {
        let route = Route { tracks: vec![TRACK.into()], tick_s: 0.001, zero_s: ZERO_S, clusters: 0, told };
        let walk = Arc::new(Walk::new(&route));
        walk.extend(Extent { bytes: Some(self.bytes.len() as u64), film_s: self.clusters.len() as f64 });
        let index = SubtitleIndex {
            number: TRACK.into(),
            codec_id: "S_TEXT/UTF8".into(),
            config: None,
            encoding: Encoding::Plain,
            tick_s: 0.001,
            events: Vec::new(),
        };
        Reader::new(&index, ZERO_S, Some(&walk)).unwrap()
    }

    async fn events(&self, reader: &Reader, from_s: f64, until_s: f64) -> (Vec<Event>, f64) {
        let read = |at: u64, length: usize| {
            let at = self.bytes.len().min(at as usize);
            let bytes = self.bytes.slice(at..self.bytes.len().min(at + length));
            *self.read.lock().unwrap() += bytes.len();
            std::future::ready(Ok(bytes))
        };
        let found = reader.between(&read, from_s, until_s).await.unwrap();
        (found.events, found.until_s)
    }

    /// What `events` shows, by the number in its line.
    async fn lines(&self, reader: &Reader, from_s: f64, until_s: f64) -> Vec<u64> {
        let (events, reached_s) = self.events(reader, from_s, until_s).await;
        assert_eq!(reached_s, until_s);
        // Those that ended before may be told late.
        let events: Vec<_> =
            events.into_iter().filter(|event| event.start_ms + 500 > (from_s * 1000.0) as i64).collect();
        for event in &events {
            assert_eq!(event.duration_ms, 500);
            assert_eq!(event.start_ms, 1000 * line(event).cast_signed() + 100 - 1000);
        }
        events.iter().map(line).collect()
    }

    fn has_read(&self) -> usize {
        std::mem::take(&mut *self.read.lock().unwrap())
    }
}

fn line(event: &Event) -> u64 {
    event.text.strip_prefix("line ").unwrap().parse().unwrap()
}

#[tokio::test]
async fn lines_are_found_by_the_cues_of_the_picture() {
    let film = Film::new(100, 100_000);
    let told: Vec<_> = film.clusters.iter().copied().step_by(4).collect();
    let reader = film.reader(&told);
    assert_eq!(film.lines(&reader, 50.0, 55.0).await, [51, 52, 53, 54, 55]);
    // The stretch, those thirty seconds before it and two keyframes' distances, and the beginning of each line again.
    let read = film.has_read();
    assert!(read < 44 * 100_200 + 35 * 5000, "{read}");
    assert_eq!(film.lines(&reader, 52.0, 54.0).await, [53, 54]);
    assert_eq!(film.has_read(), 0, "what is known is not read again");
    assert_eq!(film.lines(&reader, 0.0, 3.0).await, [1, 2, 3]);
    assert_eq!(film.lines(&reader, 97.0, 110.0).await, [98, 99]);
}

#[tokio::test]
async fn a_long_stretch_is_answered_in_parts() {
    let film = Film::new(100, 1000);
    let reader = film.reader(&film.clusters);
    let (events, reached_s) = film.events(&reader, 10.0, 60.0).await;
    assert_eq!((line(events.last().unwrap()), reached_s), (30, 30.0));
    let (more, _) = film.events(&reader, reached_s, 60.0).await;
    let mut numbers: BTreeMap<_, _> = events.iter().map(|event| (event.read_order, line(event))).collect();
    for event in &more {
        let told = numbers.insert(event.read_order, line(event));
        assert!(told.is_none_or(|told| told == line(event)), "a line has the number that it had");
    }
    assert!(numbers.values().is_sorted(), "{numbers:?}");
    assert_eq!(numbers.values().last(), Some(&50));
}

#[tokio::test]
async fn without_cues_the_place_is_guessed_and_the_film_not_read_through() {
    let film = Film::new(1200, 60_000);
    let reader = film.reader(&[]);
    assert_eq!(film.lines(&reader, 900.0, 905.0).await, [901, 902, 903, 904, 905]);
    let read = film.has_read();
    assert!(read < 14_000_000, "{read} of {}", film.bytes.len());
    assert_eq!(film.lines(&reader, 300.2, 301.0).await, [301]);
    assert_eq!(film.lines(&reader, 0.0, 2.0).await, [1, 2]);
}

#[tokio::test]
async fn cues_that_lie_cost_no_more_than_what_they_hide() {
    let film = Film::new(40, 1000);
    let told = [(10.0, film.clusters[10].1), (20.0, film.clusters[20].1 + 7), (30.0, film.clusters[30].1)];
    let reader = film.reader(&told);
    let (events, reached_s) = film.events(&reader, 32.0, 36.0).await;
    let lines: Vec<_> = events.iter().map(line).filter(|line| *line > 32).collect();
    assert_eq!((lines, reached_s), (vec![33, 34, 35, 36], 36.0));
}

#[tokio::test]
async fn a_keyframe_is_not_taken_for_the_beginning_of_its_cluster() {
    let film = Film::new(100, 1000);
    // Each of them half a second into its cluster, and only one in five.
    let told: Vec<_> = film.clusters.iter().step_by(5).map(|(time_s, place)| (time_s + 0.5, *place)).collect();
    let reader = film.reader(&told);
    // The line at 40.1 of the source, 39.1 of the film, is in a cluster that is told to begin behind the stretch's end.
    assert_eq!(film.lines(&reader, 36.0, 39.3).await, [37, 38, 39, 40]);
}

#[tokio::test]
async fn what_is_broken_or_goes_back_in_time_does_not_hide_the_rest() {
    let film = Film::new(40, 1000);
    let mut bytes = film.bytes.to_vec();
    let hurt = film.clusters[10].1 as usize;
    bytes[hurt + 30..hurt + 60].fill(0);
    // A second film behind the first, as simple tools append it.
    for second in 0..5 {
        bytes.extend(cluster(second, 1000, Some(&format!("line {second}"))));
    }
    let film = Film { bytes: bytes.into(), ..film };
    let reader = film.reader(&[]);
    let (events, reached_s) = film.events(&reader, 0.0, 20.0).await;
    let lines: Vec<_> = events.iter().map(line).collect();
    assert!(reached_s == 20.0 && lines.contains(&9) && !lines.contains(&10) && lines.contains(&11), "{lines:?}");
    let (events, reached_s) = film.events(&reader, 30.0, 45.0).await;
    assert!(reached_s == 45.0 && events.iter().any(|event| line(event) == 39), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn the_way_to_a_moment_is_not_waited_for_for_ever() {
    let film = Film::new(100, 1_000_000);
    let reader = film.reader(&[]);
    let read = |at: u64, length: usize| {
        let end = film.bytes.len().min(at as usize + length);
        let bytes = film.bytes.slice((at as usize).min(end)..end);
        async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Ok(bytes)
        }
    };
    let error = reader.between(&read, 80.0, 88.0).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::SourceTimeout, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_picture_from_before_a_gap_is_not_taken_for_what_is_shown_now() {
    use crate::subtitles::{Pictures, pgs::tests::set};
    let content = |second: u64, state: Option<(u8, bool)>| {
        let mut content = write(0xE7, &(second * 1000).to_be_bytes());
        if let Some((state, shows)) = state {
            content.extend(write(0xA3, &[&[0x80 | TRACK, 0, 0, 0][..], &set(state, shows)].concat()));
        }
        content.extend(write(0xA3, &[&[0x81, 0, 0, 0x80][..], &[0x55; 300_000]].concat()));
        write(CLUSTER, &content)
    };
    let (mut bytes, mut told) = (Vec::new(), Vec::new());
    for second in 0..200 {
        told.push((second as f64, bytes.len() as u64));
        // One is shown at 10 and taken away at 40.
        let state = if second == 10 { Some((0x80, true)) } else { (second == 40).then_some((0, false)) };
        bytes.extend(content(second, state));
    }
    let film = Film { bytes: bytes.into(), clusters: told, read: Mutex::default() };
    let route = Route { tracks: vec![TRACK.into()], tick_s: 0.001, zero_s: 0.0, clusters: 0, told: &film.clusters };
    let walk = Arc::new(Walk::new(&route));
    walk.extend(Extent { bytes: Some(film.bytes.len() as u64), film_s: 200.0 });
    let index = SubtitleIndex {
        number: TRACK.into(),
        codec_id: "S_HDMV/PGS".into(),
        config: None,
        encoding: Encoding::Plain,
        tick_s: 0.001,
        events: Vec::new(),
    };
    let pictures = Pictures::new(&index, 0.0, Some(&walk)).unwrap();
    let slow = std::sync::atomic::AtomicBool::new(false);
    let read = |at: u64, length: usize| {
        let end = film.bytes.len().min(at as usize + length);
        let bytes = film.bytes.slice((at as usize).min(end)..end);
        let slow = slow.load(std::sync::atomic::Ordering::Relaxed);
        async move {
            if slow {
                tokio::time::sleep(Duration::from_millis(900)).await;
            }
            Ok(bytes)
        }
    };
    assert!(!pictures.between(&read, 12.0, 20.0).await.unwrap().sup.is_empty(), "it stands");
    slow.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(pictures.between(&read, 150.0, 152.0).await.unwrap().sup.is_empty(), "nobody knows what stands there");
}

#[tokio::test]
async fn what_cannot_be_read_yet_ends_the_answer_and_is_an_error_only_at_its_beginning() {
    let film = Film::new(60, 400_000);
    let reader = film.reader(&film.clusters);
    let limit = film.clusters[30].1;
    let read = |at: u64, length: usize| {
        let there = at < limit;
        let end = film.bytes.len().min(at as usize + length);
        let bytes = film.bytes.slice((at as usize).min(end)..end);
        let late = protocol::Error::new(protocol::ErrorKind::SourceTimeout, "not yet");
        std::future::ready(if there { Ok(bytes) } else { Err(late) })
    };
    let found = reader.between(&read, 20.0, 35.0).await.unwrap();
    assert!((25.0..=29.0).contains(&found.until_s), "{}", found.until_s);
    assert_eq!(found.events.last().map(line), Some(found.until_s as u64));
    assert!(reader.between(&read, 40.0, 45.0).await.is_err());
}

proptest! {
    #[test]
    fn nothing_panics_and_all_ends(
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        told in proptest::collection::vec((-1e4..1e4, prop_oneof![0_u64..3000, any::<u64>()]), 0..8),
        from_s in 0.0..1e4,
    ) {
        let film = Film { bytes: bytes.into(), clusters: Vec::new(), read: Mutex::default() };
        let reader = film.reader(&told);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (_, reached_s) = runtime.block_on(film.events(&reader, from_s, from_s + 10.0));
        prop_assert!(reached_s > from_s);
    }

    #[test]
    fn broken_films_never_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30)) {
        let film = Film::new(20, 50);
        let mut bytes = film.bytes.to_vec();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let film = Film { bytes: bytes.into(), ..film };
        let reader = film.reader(&film.clusters[..3]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(film.events(&reader, 5.0, 15.0));
    }
}
