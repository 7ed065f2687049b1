//! When the last frames of a Matroska file are, from the end of the file.

use std::{collections::BTreeMap, future::Future};

use bytes::Bytes;
use protocol::{Error, FrameRate};

use super::matroska::{self, Head};

/// How much is read at a time; a cluster of most films is smaller.
const STEP: usize = 4 * 1024 * 1024;
/// How far back it is looked for a cluster: five seconds at 50 Mbit/s.
const STEPS: usize = 8;
/// Bytes from a file's end that are searched at most.
pub(super) const SEARCHED: u64 = (STEP * STEPS) as u64;

/// When tracks end, in seconds of source time. The length of the last video frame is added, that of the last sound is
/// not known and small.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ends {
    /// The latest of all.
    pub(super) all: f64,
    /// By the tracks' order; `None` for one that has no frame near the end of the file.
    pub(super) video: Vec<Option<f64>>,
    pub(super) audio: Vec<Option<f64>>,
}

/// Reads the last 4 MiB of a file of `size` bytes, or up to 32 if no cluster begins in there.
pub(super) async fn ends<R, F>(
    size: u64,
    head: &Head,
    rates: &[Option<FrameRate>],
    read: &R,
) -> Result<Option<Ends>, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let mut stretch = Vec::new();
    let mut start = size;
    for _ in 0..STEPS {
        let step = usize::try_from(start).map_or(STEP, |start| start.min(STEP));
        start -= step as u64;
        let part = read(start, step).await?;
        if part.len() != step {
            return Ok(None);
        }
        stretch.splice(..0, part);
        if let Some(ends) = from_frames(&matroska::last_frames(&stretch), head, rates) {
            return Ok(Some(ends));
        }
        if start == 0 {
            break;
        }
    }
    Ok(None)
}

fn from_frames(last: &BTreeMap<u64, i64>, head: &Head, rates: &[Option<FrameRate>]) -> Option<Ends> {
    #[expect(clippy::cast_precision_loss, reason = "2^53 ns are a hundred days, and longer films are refused")]
    let seconds = |ticks: i64| ticks as f64 * head.tick_ns as f64 / 1e9;
    let time = |number: &u64| last.get(number).map(|ticks| seconds(*ticks));
    let frame = |order: usize| rates.get(order).copied().flatten().map_or(0.0, |rate| 1.0 / rate.as_f64());
    let video: Vec<_> = head.video.iter().enumerate().map(|(n, id)| time(id).map(|t| t + frame(n))).collect();
    let audio: Vec<_> = head.audio.iter().map(time).collect();
    let known = video.iter().chain(&audio).flatten().copied().reduce(f64::max);
    // The list of tracks may be too far from the file's start to have been read.
    let all = known.or_else(|| last.values().map(|ticks| seconds(*ticks)).reduce(f64::max))?;
    Some(Ends { all, video, audio })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILM: Option<FrameRate> = Some(FrameRate { num: 25, den: 1 });

    fn head() -> Head {
        Head { tick_ns: 1_000_000, video: vec![1], audio: vec![2, 3], ..Head::default() }
    }

    #[test]
    fn each_track_has_its_end() {
        let last = BTreeMap::from([(1, 9_960), (2, 9_990), (7, 50_000)]);
        let ends = from_frames(&last, &head(), &[FILM]).unwrap();
        assert_eq!(ends, Ends { all: 10.0, video: vec![Some(10.0)], audio: vec![Some(9.99), None] });
        assert_eq!(from_frames(&last, &Head { tick_ns: 1_000_000, ..Head::default() }, &[]).unwrap().all, 50.0);
        assert_eq!(from_frames(&BTreeMap::new(), &head(), &[FILM]), None);
    }

    #[tokio::test]
    async fn a_cluster_that_begins_far_before_the_end_is_found() {
        let block = [&[0x81, 0, 40, 0x80][..], &vec![0; STEP + 5000]].concat();
        let body = [matroska::tests::write(0xE7, &[10]), matroska::tests::write(0xA3, &block)].concat();
        let file = [vec![0; 3 * STEP], matroska::tests::write(0x1F43_B675, &body)].concat();
        let asked = std::sync::Mutex::new(0);
        let read = |at: u64, length: usize| {
            *asked.lock().unwrap() += length;
            let at = usize::try_from(at).unwrap();
            std::future::ready(Ok(Bytes::copy_from_slice(&file[at..at + length])))
        };
        let ends = ends(file.len() as u64, &head(), &[FILM], &read).await.unwrap().unwrap();
        assert_eq!(ends.video, [Some(0.09)]);
        assert_eq!(*asked.lock().unwrap(), 2 * STEP);
        let none = super::ends(2 * STEP as u64, &head(), &[FILM], &read).await.unwrap();
        assert_eq!(none, None);
    }
}
