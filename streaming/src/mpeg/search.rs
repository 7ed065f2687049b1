//! Where in a file its clock begins anew or jumps.
//!
//! The clock is looked at in a few places, which shows how many bytes a second takes. Between two places where it has not
//! gone forward by about as much, it is looked at in the middle, and so on, until the stretch is short enough to be read.

use std::future::Future;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use protocol::Error;

use super::{
    TICKS_A_SECOND, between,
    one_clock::{OneClock, Part},
    packets::Layout,
};

/// Bytes that are read at a place: a packet of the picture begins every 250 KB at 50 Mbit/s and 25 frames a second.
const LOOK: usize = 256 * 1024;
/// Looks at a time.
const AT_ONCE: usize = 4;
/// Looks and readings after those, for a film of a dozen parts.
const MOST: usize = 160;
/// Parts whose clocks are made one; a file of more is none that anybody has joined.
const MOST_PARTS: usize = 500;
/// A stretch that is read.
const SHORT: u64 = 1024 * 1024;
/// A jump ahead by less is taken for what it says, such as a signal that was lost.
const AHEAD_S: f64 = 10.0;
/// What the clock may go back by from one packet to the next: pictures may come in another order than they are shown in.
const BACK_S: f64 = 1.0;
/// The longest that one packet of the picture is taken to last.
const PACKET: i64 = TICKS_A_SECOND;

/// How closely a file is looked at.
#[derive(Clone, Copy)]
struct How {
    /// Looks at first, those at the beginning and the end among them.
    places: u64,
    /// A second may take so many times more bytes than on the average, or fewer.
    uneven: f64,
    /// And so much time is no sign of anything.
    slack_s: f64,
}

const FIRST: How = How { places: 9, uneven: 3.0, slack_s: 10.0 };

/// Readings that a search begins with: the beginning, and these.
pub(crate) const FIRST_LOOKS: u64 = 1 + FIRST.places;

const CLOSER: How = How { places: 41, uneven: 2.0, slack_s: 2.0 };

impl How {
    /// Whether the clock has gone on by about as much as the bytes between say.
    fn is_even(self, from: Moment, to: Moment, bytes_a_second: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "2^53 bytes are no file")]
        let usual = (to.at - from.at) as f64 / bytes_a_second;
        let least = (usual / self.uneven - self.slack_s).max(-BACK_S);
        (least..usual * self.uneven + self.slack_s).contains(&seconds(from, to))
    }
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What makes the clock one, if there is anything to be done.
    pub one_clock: Option<OneClock>,
    /// Whether the clock goes back in a place that was not found.
    pub is_lost: bool,
}

/// A time of the track that is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moment {
    at: u64,
    ticks: i64,
}

/// From one moment to a later one.
fn seconds(from: Moment, to: Moment) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "33 bits")]
    let ticks = between(from.ticks, to.ticks) as f64;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let second = TICKS_A_SECOND as f64;
    ticks / second
}

/// What is looked for: the times of one track.
#[derive(Clone, Copy, Debug)]
struct Looking {
    layout: Layout,
    track: u16,
}

impl Looking {
    /// The picture's times, or those of any sound.
    fn at(start: &[u8]) -> Option<Self> {
        let layout = Layout::of(start)?;
        let packets = layout.packets(start, &[]);
        let mut all = packets.into_iter().flat_map(|packet| layout.stamps(&start[packet])).peekable();
        let any = all.peek().copied()?;
        let track = all.find(|stamps| stamps.is_picture).unwrap_or(any).track;
        Some(Self { layout, track })
    }

    fn moments(self, at: u64, bytes: &[u8]) -> impl Iterator<Item = Moment> {
        let packets = self.layout.packets(bytes, &[]).into_iter();
        let all = packets.flat_map(move |packet| {
            let at = at + packet.start as u64;
            self.layout.stamps(&bytes[packet]).into_iter().map(move |stamps| (at, stamps))
        });
        all.filter(move |(_, stamps)| stamps.track == self.track)
            .map(|(at, stamps)| Moment { at, ticks: stamps.ticks() })
    }

    /// Where the clock breaks off in these bytes: the first packet of the new part, and by how much its times have to be
    /// moved to go on where those before it end.
    fn breaks(self, at: u64, bytes: &[u8]) -> Vec<Part> {
        // Of all tracks, since the sound's first packet may come before the picture's.
        let mut others: Vec<Moment> = Vec::new();
        let (mut last, mut lasts) = (None::<Moment>, None);
        let mut found = Vec::new();
        for packet in self.layout.packets(bytes, &[]) {
            let at = at + packet.start as u64;
            let packet = &bytes[packet];
            others.extend(self.layout.clock(packet).map(|clock| Moment { at, ticks: clock.ticks }));
            for stamps in self.layout.stamps(packet) {
                let now = Moment { at, ticks: stamps.ticks() };
                if stamps.track != self.track {
                    others.push(now);
                    continue;
                }
                if let Some(last) = last {
                    let passed = between(last.ticks, now.ticks);
                    if (-BACK_S..AHEAD_S).contains(&seconds(last, now)) {
                        lasts = (1..=PACKET).contains(&passed).then_some(passed).or(lasts);
                    } else if passed < 0 || has_jumped(last, now, &others) {
                        let is_new = |other: &&Moment| seconds(now, **other).abs() < seconds(last, **other).abs();
                        let first = others.iter().rev().take_while(is_new).last().unwrap_or(&now);
                        found.push(Part { at: first.at, by: lasts.unwrap_or(0) - passed });
                    }
                }
                others.clear();
                last = Some(now);
            }
        }
        found
    }
}

/// Whether the others have jumped from the one moment to the other too. Sound goes on under a picture that stands still.
fn has_jumped(last: Moment, now: Moment, others: &[Moment]) -> bool {
    let is_between = |other: &Moment| {
        let limits = AHEAD_S / 2.0..seconds(last, now) - AHEAD_S / 2.0;
        limits.contains(&seconds(last, *other))
    };
    !others.iter().any(is_between)
}

/// Looks for the places. None of it where the file is no stream of MPEG's.
///
/// # Errors
/// What `read` reports, which is asked for so many bytes from an offset and gives fewer only at the file's end.
pub async fn search<R, F>(size: u64, read: R) -> Result<Option<Found>, Error>
where
    R: Fn(u64, usize) -> F,
    F: Future<Output = Result<Bytes, Error>>,
{
    let start = read(0, LOOK).await?;
    let Some(looking) = Looking::at(&start) else { return Ok(None) };
    let (mut parts, is_lost) = if size <= SHORT {
        (looking.breaks(0, &read(0, SHORT as usize).await?), false)
    } else {
        let first = looking.parts(size, &read, FIRST).await?;
        // Where there is one, there may be more that are nearer to each other.
        if first.0.is_empty() { first } else { looking.parts(size, &read, CLOSER).await? }
    };
    if parts.len() > MOST_PARTS {
        return Ok(Some(Found { one_clock: None, is_lost: true }));
    }
    parts.sort_by_key(|part| part.at);
    let mut by = 0;
    for part in &mut parts {
        by += part.by;
        part.by = by;
    }
    let one_clock = (!parts.is_empty()).then_some(OneClock { layout: looking.layout, parts });
    Ok(Some(Found { one_clock, is_lost }))
}

impl Looking {
    /// The places in a long file, and whether the clock goes back where none was found.
    async fn parts<R, F>(self, size: u64, read: &R, how: How) -> Result<(Vec<Part>, bool), Error>
    where
        R: Fn(u64, usize) -> F,
        F: Future<Output = Result<Bytes, Error>>,
    {
        let places = (0..how.places).map(|n| (size - LOOK as u64) / (how.places - 1) * n);
        let looks = places.map(|at| {
            let bytes = read(at, LOOK);
            async move { Ok::<Vec<_>, Error>(self.moments(at, &bytes.await?).collect()) }
        });
        let mut looks = stream::iter(looks).buffered(AT_ONCE);
        let mut seen = Vec::new();
        while let Some(look) = looks.next().await {
            seen.push(look?);
        }
        let (mut parts, mut is_lost, mut left) = (Vec::new(), false, MOST);
        let Some(second) = bytes_a_second(&seen) else { return Ok((parts, is_lost)) };
        // From one look to the next, and to the end of the last.
        let ends = seen.iter().filter_map(|look| look.first()).chain(seen.last().and_then(|look| look.last()));
        let ends: Vec<_> = ends.copied().collect();
        // Looks at a small file overlap, and each may have seen other packets in it.
        let pairs = ends.windows(2).map(|pair| (pair[0], pair[1]));
        let mut stretches: Vec<_> = pairs.filter(|(from, to)| from.at < to.at).collect();
        while let Some((from, to)) = stretches.pop() {
            if how.is_even(from, to, second) {
                continue;
            }
            let goes_back = seconds(from, to) < -BACK_S;
            if left == 0 {
                is_lost |= goes_back;
                continue;
            }
            left -= 1;
            if let Some(length) = usize::try_from(to.at - from.at).ok().filter(|length| *length as u64 <= SHORT) {
                // As far as behind the packet at its end.
                let here = self.breaks(from.at, &read(from.at, length + self.layout.size()).await?);
                is_lost |= here.is_empty() && goes_back;
                parts.extend(here);
                continue;
            }
            let middle = from.at + (to.at - from.at) / 2;
            let look = read(middle, LOOK).await?;
            match self.moments(middle, &look).next().filter(|moment| moment.at < to.at) {
                Some(middle) => stretches.extend([(from, middle), (middle, to)]),
                None => is_lost |= goes_back,
            }
        }
        Ok((parts, is_lost))
    }
}

/// How many bytes a second of the film takes, by what the looks show within themselves.
fn bytes_a_second(seen: &[Vec<Moment>]) -> Option<f64> {
    let spans = seen.iter().filter_map(|look| Some((*look.first()?, *look.last()?)));
    let steady = spans.filter(|(from, to)| (0.0..60.0).contains(&seconds(*from, *to)));
    #[expect(clippy::cast_precision_loss, reason = "2^53 bytes are no file")]
    let (bytes, time) = steady
        .fold((0.0, 0.0), |(bytes, time), (from, to)| (bytes + (to.at - from.at) as f64, time + seconds(from, to)));
    (time > 0.0).then(|| bytes / time)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{super::packets::tests::transport, *};
    use crate::{gateway::Rewrite as _, mpeg::MODULO};

    /// Packets with nothing in them.
    fn empty(packets: usize) -> Vec<u8> {
        [vec![0x47, 0x1F, 0xFF, 0x10], vec![0xFF; 184]].concat().repeat(packets)
    }

    /// Pictures at 25 a second from `start_s` on, with sound beside them and other bytes between, at 7.5 kB a picture.
    fn film(start_s: i64, pictures: i64) -> Vec<u8> {
        let empty = empty(38);
        let ticks = |n: i64| (start_s * TICKS_A_SECOND + n * 3600).rem_euclid(MODULO);
        (0..pictures)
            .flat_map(|n| [transport(2, 0xC0, ticks(n)), transport(1, 0xE0, ticks(n)), empty.clone()].concat())
            .collect()
    }

    async fn searched(file: &[u8]) -> (Found, usize) {
        let reads = AtomicUsize::new(0);
        let read = |at: u64, length: usize| {
            reads.fetch_add(1, Ordering::Relaxed);
            let at = usize::try_from(at).unwrap().min(file.len());
            std::future::ready(Ok(Bytes::copy_from_slice(&file[at..file.len().min(at + length)])))
        };
        let found = search(file.len() as u64, read).await.unwrap().unwrap();
        (found, reads.into_inner())
    }

    /// The times of the pictures that a reader finds.
    fn times(file: &[u8], one_clock: &OneClock) -> Vec<i64> {
        let mut all = file.to_vec();
        assert_eq!(one_clock.rewrite(0, &mut all), file.len());
        let looking = Looking::at(&all).unwrap();
        looking.moments(0, &all).map(|moment| moment.ticks).collect()
    }

    #[tokio::test]
    async fn an_ordinary_film_is_let_alone() {
        for start_s in [0, 95_000, 95_442] {
            let (found, reads) = searched(&film(start_s, 1500)).await;
            assert_eq!(found, Found { one_clock: None, is_lost: false });
            assert_eq!(reads, 10);
        }
    }

    #[tokio::test]
    async fn recordings_that_were_joined_get_one_clock() {
        for parts in [
            vec![(0, 1500), (0, 1500)],
            vec![(10, 700), (10, 2300)],
            vec![(10, 2300), (10, 700)],
            vec![(0, 1500), (3600, 1500)],
            vec![(95_400, 2000), (0, 900), (7200, 1100)],
            vec![(5, 50), (5, 50)],
            [750, 300, 1100, 500, 800, 450, 1250, 600, 350, 1000].map(|pictures| (1, pictures)).to_vec(),
        ] {
            let file: Vec<u8> = parts.iter().flat_map(|(start, pictures)| film(*start, *pictures)).collect();
            let (found, reads) = searched(&file).await;
            let one_clock = found.one_clock.unwrap();
            assert!(!found.is_lost && one_clock.joints() == parts.len() - 1 && reads < 120, "{parts:?}: {reads}");
            let times = times(&file, &one_clock);
            let all: i64 = parts.iter().map(|part| part.1).sum();
            assert_eq!(times.len() as i64, all);
            assert!(times.windows(2).all(|pair| between(pair[0], pair[1]) == 3600), "{parts:?}");
        }
    }

    #[tokio::test]
    async fn sound_that_goes_on_under_a_still_picture_is_no_jump() {
        let slide = |n: i64| {
            let sound = (0..500).flat_map(move |m| transport(2, 0xC0, (60 + n * 20) * TICKS_A_SECOND + m * 3600));
            [transport(1, 0xE0, (60 + n * 20) * TICKS_A_SECOND)].concat().into_iter().chain(sound)
        };
        let file: Vec<u8> = film(0, 1500).into_iter().chain((0..60).flat_map(slide)).collect();
        let (found, reads) = searched(&file).await;
        assert!(reads > 10, "it looks uneven");
        assert_eq!(found, Found { one_clock: None, is_lost: false });
    }

    #[tokio::test]
    async fn looks_that_overlap_and_see_different_things_do_no_harm() {
        let (early, late) = (film(0, 40), [empty(1100), film(0, 40)].concat());
        let looks = AtomicUsize::new(0);
        let read = |_, length: usize| {
            let bytes = if looks.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { &early } else { &late };
            std::future::ready(Ok(Bytes::copy_from_slice(&bytes[..length.min(bytes.len())])))
        };
        assert!(search(1_200_000, read).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn what_is_no_stream_is_read_once() {
        let read = |_, _| std::future::ready(Ok(Bytes::from_static(&[0; 1000])));
        assert_eq!(search(1_000_000_000, read).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_clock_that_goes_back_where_nothing_is_seen_is_told() {
        // Its other half has tracks of other numbers, but for its end.
        let other = film(0, 1500)
            .chunks(188)
            .flat_map(|packet| {
                let mut packet = packet.to_vec();
                packet[2] ^= 0x40;
                packet
            })
            .collect::<Vec<_>>();
        let (found, _) = searched(&[film(100, 1500), other, film(0, 40)].concat()).await;
        assert_eq!(found, Found { one_clock: None, is_lost: true });
    }
}
