//! Which display sets of a PGS track are needed around a moment, and getting them from where the index has them.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use protocol::Error;
use tokio::time::Instant;

use super::{
    Walk,
    block::decoded,
    fetch::{Clusters, stored},
    pgs::Sets,
    places::Places,
    walk::Need,
};
use crate::keyframes::{Encoding, EventPlace, SubtitleIndex};

/// Units of a SUP file's times in a second.
const CLOCK: f64 = 90_000.0;
/// Thirteen hours are all that it has times for, seconds.
const LAST_S: f64 = u32::MAX as f64 / CLOCK;
/// Bytes that are read for a block at first; most pictures of a line or two fit.
const FIRST: usize = 32 * 1024;
/// Bytes after which an answer ends with the moment that it is at.
const ENOUGH: usize = 7 << 20;
/// How long after it began an answer ends so.
const LONG_ENOUGH: Duration = Duration::from_secs(4);
/// Bytes, and moments, that are looked back through for what a picture builds on. A fade is a set for each frame.
const MOST_BEFORE: usize = 4 << 20;
const MOST_MOMENTS: usize = 128;
/// Blocks and bytes of one moment. A Blu-ray player has room for a megabyte; old muxers store each segment by itself.
const MOST_BLOCKS: usize = 64;
const MOST_AT_ONCE: usize = 2 << 20;

/// The display sets of a stretch of the film.
#[derive(Clone, Debug, PartialEq)]
pub struct PicturesRead {
    /// A SUP file, in film time. It begins with what is needed to draw at the stretch's beginning.
    pub sup: Vec<u8>,
    /// All that is drawn before this is in it, in seconds of film time.
    pub until_s: f64,
}

/// Reads one PGS track's display sets.
#[derive(Debug)]
pub struct Pictures {
    number: u64,
    encoding: Encoding,
    tick_s: f64,
    /// Source time of film time zero, seconds.
    zero_s: f64,
    places: Places,
}

impl Pictures {
    /// For a PGS track whose display sets the index has, or else `walk` looks for; none for any other.
    #[must_use]
    pub fn new(index: &SubtitleIndex, zero_s: f64, walk: Option<&Arc<Walk>>) -> Option<Self> {
        if index.codec_id != "S_HDMV/PGS" {
            return None;
        }
        let mut places = Places::new(index, walk)?;
        if let Places::Told(places) = &mut places {
            places.sort_by_key(|place| (place.time, place.cluster, place.inside));
            if places.iter().any(|place| place.inside.is_none()) {
                return None;
            }
        }
        Some(Self { number: index.number, encoding: index.encoding.clone(), tick_s: index.tick_s, zero_s, places })
    }

    /// Whether its events are found by going through the film's clusters.
    #[must_use]
    pub fn is_walked(&self) -> bool {
        matches!(self.places, Places::Walked(_))
    }

    /// All that is drawn from `from_s` to `until_s` of film time, or to a moment between them where that is much or takes
    /// long. `read` reads so many bytes from an offset, fewer only at the file's end.
    ///
    /// # Errors
    ///
    /// What `read` reports.
    pub async fn between<R, F>(&self, read: &R, from_s: f64, until_s: f64) -> Result<PicturesRead, Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let began = Instant::now();
        let clusters = &Clusters::default();
        let around = self.places.around(read, self.number, (from_s, until_s), Need::Pictures).await?;
        let until_s = around.until_s;
        let (before, after) =
            around.places.split_at(around.places.partition_point(|place| self.film_s(place) <= from_s));
        // What comes before a gap may have been taken away in it.
        let before = &before[before.partition_point(|place| self.film_s(place) < around.since_s)..];
        let mut sup = self.standing(read, before, clusters).await?;
        for moment in after.chunk_by(|a, b| a.time == b.time) {
            let at_s = self.film_s(&moment[0]);
            if at_s >= until_s.min(LAST_S) {
                break;
            }
            if sup.len() >= ENOUGH || began.elapsed() > LONG_ENOUGH {
                return Ok(PicturesRead { sup, until_s: at_s });
            }
            if let Some(sets) = self.sets(read, moment, clusters).await? {
                sets.write(self.clock(&moment[0]), &mut sup);
            }
        }
        Ok(PicturesRead { sup, until_s })
    }

    /// What is drawn after these: from the last set that needs none before it.
    async fn standing<R, F>(&self, read: &R, before: &[EventPlace], clusters: &Clusters) -> Result<Vec<u8>, Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let (mut needed, mut length) = (Vec::new(), 0);
        for moment in before.chunk_by(|a, b| a.time == b.time).rev().take(MOST_MOMENTS) {
            let Some(sets) = self.sets(read, moment, clusters).await? else { continue };
            let starts_anew = sets.starts_anew;
            let mut written = Vec::new();
            sets.write(self.clock(&moment[0]), &mut written);
            length += written.len();
            needed.push(written);
            if starts_anew || length > MOST_BEFORE {
                break;
            }
        }
        needed.reverse();
        Ok(needed.concat())
    }

    /// The display sets of one moment; none if they are not what they should be.
    async fn sets<R, F>(&self, read: &R, moment: &[EventPlace], clusters: &Clusters) -> Result<Option<Sets>, Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let mut content = Vec::new();
        for place in moment.iter().take(MOST_BLOCKS) {
            let Some(block) = stored(read, place, self.number, FIRST, clusters).await? else { continue };
            let Some(plain) = decoded(&block.content, &self.encoding) else { return Ok(None) };
            if content.len() + plain.len() > MOST_AT_ONCE {
                return Ok(None);
            }
            content.extend_from_slice(&plain);
        }
        Ok(Sets::of(content.into()))
    }

    fn film_s(&self, place: &EventPlace) -> f64 {
        place.time as f64 * self.tick_s - self.zero_s
    }

    /// What began before the film is drawn from its beginning on.
    fn clock(&self, place: &EventPlace) -> u32 {
        (self.film_s(place) * CLOCK).round() as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::pgs::tests::set, *};
    use crate::ebml::{CLUSTER, tests::write};

    const ZERO_S: f64 = 10.0;

    /// A film of one cluster, and where its display sets are: time in milliseconds, composition state, whether it shows.
    fn film(sets: &[(i64, u8, bool)]) -> (Bytes, SubtitleIndex) {
        let (mut content, mut events) = (Vec::new(), Vec::new());
        for (time, state, shows) in sets {
            let (cluster, inside) = (0, Some(content.len() as u64));
            events.push(EventPlace { time: *time, duration: None, cluster, inside });
            content.extend(write(0xA3, &[&[0x86, 0, 0, 0][..], &set(*state, *shows)].concat()));
        }
        let index = SubtitleIndex {
            number: 6,
            codec_id: "S_HDMV/PGS".into(),
            config: None,
            encoding: Encoding::Plain,
            tick_s: 0.001,
            events,
        };
        (write(CLUSTER, &content).into(), index)
    }

    async fn read(film: &Bytes, index: &SubtitleIndex, from_s: f64, until_s: f64) -> PicturesRead {
        let read = |at: u64, length: usize| {
            let at = film.len().min(at as usize);
            let bytes = film.slice(at..film.len().min(at + length));
            async move { Ok(bytes) }
        };
        Pictures::new(index, ZERO_S, None).unwrap().between(&read, from_s, until_s).await.unwrap()
    }

    /// When the display sets of a SUP file begin, in milliseconds.
    fn times(sup: &[u8]) -> Vec<u32> {
        let (mut rest, mut times) = (sup, Vec::new());
        while let [b'P', b'G', a, b, c, d, _, _, _, _, kind, high, low, ..] = *rest {
            if kind == 0x16 {
                times.push(u32::from_be_bytes([a, b, c, d]) / 90);
            }
            rest = &rest[13 + usize::from(u16::from_be_bytes([high, low]))..];
        }
        assert_eq!(rest, b"");
        times
    }

    #[tokio::test]
    async fn a_stretch_begins_with_what_its_first_picture_builds_on() {
        let (film, index) = film(&[
            (9_000, 0x80, true),
            (11_000, 0x80, true),
            (11_500, 0, true),
            (12_000, 0, false),
            (16_000, 0x40, true),
            (17_000, 0, false),
        ]);
        for (from_s, until_s, wanted) in [
            (0.5, 1.0, &[0][..]),
            (0.5, 1.001, &[0, 1000]),
            (1.0, 1.1, &[1000]),
            (1.6, 1.7, &[1000, 1500]),
            (3.0, 6.0, &[1000, 1500, 2000]),
            (6.5, 60.0, &[6000, 7000]),
            (50.0, 60.0, &[6000, 7000]),
        ] {
            let read = read(&film, &index, from_s, until_s).await;
            assert_eq!(times(&read.sup), wanted, "{from_s} to {until_s}");
            assert_eq!(read.until_s, until_s);
        }
    }

    #[tokio::test]
    async fn segments_that_are_stored_by_themselves_are_one_set() {
        let (_, mut index) = film(&[(11_000, 0x80, true)]);
        let whole = set(0x80, true);
        let (mut content, mut at) = (Vec::new(), 0);
        index.events.clear();
        while at < whole.len() {
            let length = 3 + usize::from(whole[at + 2]);
            let inside = Some(content.len() as u64);
            index.events.push(EventPlace { time: 11_000, duration: None, cluster: 0, inside });
            content.extend(write(0xA3, &[&[0x86, 0, 0, 0][..], &whole[at..at + length]].concat()));
            at += length;
        }
        let parts = read(&write(CLUSTER, &content).into(), &index, 0.0, 2.0).await;
        let (film, index) = film(&[(11_000, 0x80, true)]);
        assert_eq!(parts, read(&film, &index, 0.0, 2.0).await);
        assert_eq!(times(&parts.sup), [1000]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_takes_long_says_how_far_it_reaches() {
        let (film, index) = film(&[(11_000, 0x80, true), (12_000, 0, false), (13_000, 0x80, true), (14_000, 0, false)]);
        let read = |at: u64, length: usize| {
            let bytes = film.slice(at as usize..film.len().min(at as usize + length));
            async move {
                tokio::time::sleep(Duration::from_millis(2200)).await;
                Ok(bytes)
            }
        };
        let pictures = Pictures::new(&index, ZERO_S, None).unwrap();
        let first = pictures.between(&read, 0.0, 9.0).await.unwrap();
        assert_eq!((times(&first.sup), first.until_s), (vec![1000, 2000], 3.0));
        let second = pictures.between(&read, first.until_s, 9.0).await.unwrap();
        assert_eq!((times(&second.sup), second.until_s), (vec![3000, 4000], 9.0));
    }

    #[test]
    fn only_a_pgs_track_with_an_index_has_pictures() {
        let (_, index) = film(&[(11_000, 0x80, true)]);
        let with = |change: fn(&mut SubtitleIndex)| {
            let mut index = index.clone();
            change(&mut index);
            Pictures::new(&index, ZERO_S, None).is_some()
        };
        assert!(with(|_| {}));
        assert!(!with(|index| index.codec_id = "S_VOBSUB".into()));
        assert!(!with(|index| index.encoding = Encoding::Unknown));
        assert!(!with(|index| index.events.clear()));
        assert!(!with(|index| index.events[0].inside = None));
    }

    proptest! {
        #[test]
        fn nothing_panics(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            places in proptest::collection::vec((any::<i32>(), 0_u64..300, 0_u64..300), 1..20),
            from_s in 0.0..1e5,
        ) {
            let (_, mut index) = film(&[(0, 0, false)]);
            let place = |(time, cluster, inside): (i32, u64, u64)| {
                EventPlace { time: i64::from(time), duration: None, cluster, inside: Some(inside) }
            };
            index.events = places.into_iter().map(place).collect();
            index.events.sort_unstable();
            if let Some(pictures) = Pictures::new(&index, ZERO_S, None) {
                let bytes = Bytes::from(bytes);
                let read = |at: u64, length: usize| {
                    let at = bytes.len().min(at as usize);
                    let bytes = bytes.slice(at..bytes.len().min(at + length));
                    async move { Ok(bytes) }
                };
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                let read = runtime.block_on(pictures.between(&read, from_s, from_s + 60.0)).unwrap();
                prop_assert!(read.until_s > from_s);
            }
        }
    }
}
