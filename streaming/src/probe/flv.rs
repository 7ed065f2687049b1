//! When the last frames of an FLV file are, from the end of the file: recordings of live streams do not tell how long they
//! are, and what ffprobe takes for the end is when the last tag is *decoded*.
//!
//! The layout is that of Adobe's "Video File Format Specification", version 10.1, annex E: behind each tag stands its length,
//! so that tags can be read from the last one back.

use std::future::Future;

use bytes::Bytes;
use protocol::{Error, FrameRate};

use super::tail::Ends;

/// How much of the file's end is read: a second and more at 30 Mbit/s.
const TAIL: u64 = 4 << 20;
/// Milliseconds before the latest time within which a frame can still be shown after it.
const REORDERED_MS: i64 = 2000;

const TAG_HEADER: usize = 11;
const AUDIO: u8 = 8;
const VIDEO: u8 = 9;
/// H.264's number among the codecs, and that of its packets which hold frames.
const AVC: u8 = 7;
const AVC_FRAMES: u8 = 1;
/// The sign of the newer form, and its packets that hold frames: with a delay, and without.
const ENHANCED: u8 = 0x80;
const ENHANCED_FRAMES: u8 = 1;
const ENHANCED_FRAMES_AT_ONCE: u8 = 3;

/// Whether `onMetaData`, which stands at the file's start, has a duration.
pub(super) fn tells_duration(start: &[u8]) -> bool {
    const NAME: &[u8] = b"\0\x08duration\0";
    let Some(at) = start.windows(NAME.len()).position(|window| window == NAME) else { return false };
    let value =
        start.get(at + NAME.len()..).and_then(|rest| rest.first_chunk()).map(|bytes| f64::from_be_bytes(*bytes));
    value.is_some_and(|seconds| seconds > 0.0)
}

/// Reads the end of a file of `size` bytes. None where it does not end with a whole tag.
pub(super) async fn ends<R, F>(size: u64, rates: &[Option<FrameRate>], read: &R) -> Result<Option<Ends>, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let from = size.saturating_sub(TAIL);
    let tail = read(from, usize::try_from(size - from).unwrap_or(usize::MAX)).await?;
    let last = last_times(&tail);
    #[expect(clippy::cast_precision_loss, reason = "a time stamp has 32 bits")]
    let seconds = |ms: i64| ms as f64 / 1000.0;
    let frame_s = rates.first().copied().flatten().map_or(0.0, |rate| 1.0 / rate.as_f64());
    let (video, audio) = (last.video.map(|ms| seconds(ms) + frame_s), last.audio.map(seconds));
    let all = video.into_iter().chain(audio).reduce(f64::max);
    Ok(all.map(|all| Ends { all, video: vec![video], audio: vec![audio] }))
}

/// The latest times at which something is shown or heard, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Last {
    video: Option<i64>,
    audio: Option<i64>,
}

fn last_times(tail: &[u8]) -> Last {
    let mut last = Last::default();
    let mut end = last_end(tail);
    while let Some((start, tag)) = tag_before(tail, end) {
        let decoded_ms = i64::from(u32::from_be_bytes([tag[7], tag[4], tag[5], tag[6]]));
        let latest = last.video.into_iter().chain(last.audio).max().unwrap_or(decoded_ms);
        if decoded_ms < latest - REORDERED_MS {
            break;
        }
        let kept = match tag[0] & 0x1F {
            VIDEO => shown_after_ms(&tag[TAG_HEADER..]).map(|later| (&mut last.video, decoded_ms + later)),
            AUDIO => Some((&mut last.audio, decoded_ms)),
            _ => None,
        };
        if let Some((known, ms)) = kept {
            *known = Some(known.map_or(ms, |known| known.max(ms)));
        }
        end = start;
    }
    last
}

/// Where the last whole tag ends: a recording that broke off ends within one.
fn last_end(tail: &[u8]) -> usize {
    // Two in a row, since a length may stand anywhere by chance.
    let is_end =
        |end: &usize| tag_before(tail, *end).is_some_and(|(start, _)| start == 0 || tag_before(tail, start).is_some());
    let whole = tail.len();
    if tag_before(tail, whole).is_some() { whole } else { (0..whole).rev().find(is_end).unwrap_or(0) }
}

/// The tag before `end`, with its header and without the length behind it, and where it starts.
fn tag_before(tail: &[u8], end: usize) -> Option<(usize, &[u8])> {
    let behind = end.checked_sub(4)?;
    let length = u32::from_be_bytes(*tail.get(behind..end)?.first_chunk()?) as usize;
    let start = behind.checked_sub(length)?;
    let tag = tail.get(start..behind).filter(|tag| tag.len() >= TAG_HEADER)?;
    let told = u32::from_be_bytes([0, tag[1], tag[2], tag[3]]) as usize;
    (told + TAG_HEADER == length).then_some((start, tag))
}

/// How much later than it is decoded a frame is shown, in milliseconds; none for what is no frame.
fn shown_after_ms(body: &[u8]) -> Option<i64> {
    match *body {
        // "Enhanced RTMP", for HEVC and others: the kind of packet, a name of four letters, and the delay.
        [kind, _, _, _, _, a, b, c, ..] if kind & ENHANCED != 0 => match kind & 0x0F {
            ENHANCED_FRAMES => Some(i64::from(i32::from_be_bytes([a, b, c, 0]) >> 8)),
            ENHANCED_FRAMES_AT_ONCE => Some(0),
            _ => None,
        },
        [kind, packet, a, b, c, ..] if kind & 0x0F == AVC => {
            (packet == AVC_FRAMES).then(|| i64::from(i32::from_be_bytes([a, b, c, 0]) >> 8))
        }
        [kind, ..] if kind & 0x0F != AVC => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(kind: u8, ms: u32, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap();
        let [high, time @ ..] = ms.to_be_bytes();
        let mut tag = vec![kind];
        tag.extend(&length.to_be_bytes()[1..]);
        tag.extend(time);
        tag.extend([high, 0, 0, 0]);
        tag.extend(body);
        tag.extend((length + 11).to_be_bytes());
        tag
    }

    fn frame(ms: u32, later: u8) -> Vec<u8> {
        tag(VIDEO, ms, &[0x27, AVC_FRAMES, 0, 0, later, 1, 2, 3])
    }

    #[test]
    fn the_frame_that_is_shown_last_need_not_be_the_last_one() {
        let tags = [tag(18, 0, b"meta"), frame(960, 40), frame(1000, 120), tag(AUDIO, 1010, &[0xAF]), frame(1040, 0)];
        let ended = tag(VIDEO, 1080, &[0x17, 2, 0, 0, 0]);
        let tail = [tags.concat(), ended].concat();
        assert_eq!(last_times(&tail), Last { video: Some(1120), audio: Some(1010) });
        assert_eq!(last_times(&tail[5..]), Last { video: Some(1120), audio: Some(1010) }, "it begins within a tag");
    }

    #[test]
    fn a_recording_that_broke_off_ends_with_its_last_whole_tag() {
        let whole = [frame(960, 40), tag(AUDIO, 980, &[0xAF]), frame(1000, 40)].concat();
        for torn in [whole.len() - 1, whole.len() - 5, whole.len() - 17] {
            assert_eq!(last_times(&whole[..torn]), Last { video: Some(1000), audio: Some(980) }, "{torn}");
        }
    }

    #[test]
    fn the_newer_form_is_read_too() {
        let newer = |packet: u8, later: u8| tag(VIDEO, 1000, &[0x90 | packet, b'h', b'v', b'c', b'1', 0, 0, later, 9]);
        assert_eq!(last_times(&newer(1, 80)).video, Some(1080));
        assert_eq!(last_times(&newer(3, 80)).video, Some(1000));
        assert_eq!(last_times(&newer(2, 80)).video, None, "the end of a sequence");
    }

    #[test]
    fn times_have_their_high_byte_elsewhere() {
        let late = 0x0102_0304;
        assert_eq!(last_times(&frame(late, 0)).video, Some(i64::from(late)));
    }

    #[test]
    fn what_is_no_tag_tells_nothing() {
        for tail in [&b""[..], b"abc", &[0xFF; 400], &[0; 400], &[0, 0, 0, 9]] {
            assert_eq!(last_times(tail), Last::default());
        }
    }

    #[test]
    fn a_duration_is_one_above_zero() {
        let meta =
            |seconds: f64| [b"onMetaData\x08\0\0\0\x01\0\x08duration\0".as_slice(), &seconds.to_be_bytes()].concat();
        assert!(tells_duration(&meta(12.5)));
        assert!(!tells_duration(&meta(0.0)) && !tells_duration(&meta(f64::NAN)));
        assert!(!tells_duration(b"FLV\x01") && !tells_duration(b"\0\x08duration\0"));
    }

    #[tokio::test]
    async fn ends_are_in_seconds_and_last_as_long_as_a_frame() {
        let file = [vec![0; 100], frame(960, 40), tag(AUDIO, 1010, &[0xAF])].concat();
        let read = |at: u64, length: usize| {
            let at = usize::try_from(at).unwrap();
            std::future::ready(Ok(Bytes::copy_from_slice(&file[at..at + length])))
        };
        let rates = [Some(FrameRate { num: 25, den: 1 })];
        let ends = ends(file.len() as u64, &rates, &read).await.unwrap().unwrap();
        assert_eq!(ends, Ends { all: 1.04, video: vec![Some(1.04)], audio: vec![Some(1.01)] });
    }
}
