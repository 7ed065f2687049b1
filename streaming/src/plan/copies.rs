//! Which tracks can be copied at all, whatever the browser, and how.

use std::collections::BTreeMap;

use protocol::{AudioTrack, Reach, TrackId, VideoTrack};

use crate::{
    head::{AudioCopyOrder, OPEN_GOPS, SourceFrames, VideoCopyOrder},
    keyframes::{NoIndex, VideoIndex},
    playlist::CopiedCodec,
    time::{COPIED_TIMESCALE, MAX_FILM_S},
};

/// Segments of copied video are joined from GOPs until they are this long, seconds.
const SHORTEST_SEGMENT_S: f64 = 2.0;

/// The longest distance between two keyframes, seconds.
const LONGEST_GAP_S: f64 = 12.0;

/// The longest that half of the distances may have. Each seek waits for a whole GOP to be fetched.
const LONGEST_USUAL_GAP_S: f64 = 9.0;

/// The most bytes from one keyframe to the next.
const LARGEST_GAP: u64 = 32 << 20;

/// How much later than the film a copied track may begin, and a sound track earlier end, in seconds: silence and a still
/// picture are only made by encoding.
const LATEST_START_S: f64 = 0.1;
const EARLIEST_END_S: f64 = 1.0;

/// How far a frame's duration may be off, in seconds: Matroska rounds to milliseconds.
const ROUNDING_S: f64 = 0.0015;

/// What of a film can be copied, or in a few words why not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Copies {
    /// One entry a video track.
    pub video: Vec<Result<VideoCopy, String>>,
    pub audio: BTreeMap<TrackId, Result<AudioCopy, String>>,
    /// Where an audio track's frames are, which encoding it needs.
    pub frames: BTreeMap<TrackId, SourceFrames>,
}

/// A video track that can be copied.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoCopy {
    pub codec: CopiedCodec,
    pub order: VideoCopyOrder,
    /// Where segments begin, in ticks of film time.
    pub boundaries: Vec<u64>,
    /// Bits a second of the segment with the highest rate, with all that is stored between its frames.
    pub bandwidth: u64,
}

/// An audio track that can be copied.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioCopy {
    /// As in `CODECS`.
    pub codec: &'static str,
    /// As a browser is asked for it.
    pub asked: &'static str,
    pub order: AudioCopyOrder,
    /// Seconds from frame 0 to the track's end.
    pub length_s: f64,
}

/// The times of a film that decide about copying, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Source time of film time zero.
    pub zero_s: f64,
    /// The film's length.
    pub duration_s: f64,
    /// Film time at which it ends.
    pub ends_s: f64,
}

impl VideoCopy {
    /// # Errors
    ///
    /// Why the track is not copied.
    pub fn of(
        track: &VideoTrack,
        container: &str,
        reach: Reach,
        index: Result<&VideoIndex, &NoIndex>,
        size: Option<u64>,
        times: Times,
    ) -> Result<Self, String> {
        if reach == Reach::AsRead {
            return Err("the film's server cannot seek".into());
        }
        if track.interlaced {
            return Err("the picture is interlaced, which browsers show combed".into());
        }
        let name = super::words::codec(&track.codec);
        match track.codec.as_str() {
            codec if CopiedCodec::KNOWN.contains(&codec) => {}
            "vp8" | "theora" => return Err(format!("{name} is not passed on as it is")),
            _ => return Err(format!("no browser decodes {name}")),
        }
        let index = index.map_err(|why| format!("{container} without a usable index of keyframes ({why})"))?;
        let codec = CopiedCodec::of(track, index.config.as_deref()).ok_or_else(|| {
            format!("{name} of a kind that no browser decodes, or without its decoder's configuration")
        })?;
        if index.open_gops && !codec.is_hevc() {
            return Err(OPEN_GOPS.into());
        }
        let ticks = |seconds: f64| (seconds * f64::from(COPIED_TIMESCALE)).round() as i64;
        let zero_ticks = ticks(times.zero_s);
        let keys: Vec<(i64, u64)> =
            index.keyframes.iter().map(|key| (ticks(key.time_s) - zero_ticks, key.offset)).collect();
        let Some(&(first_ticks, _)) = keys.first() else { return Err("there is no keyframe".into()) };
        // A browser would wait for a picture, or pass over the sound before it.
        if first_ticks > ticks(LATEST_START_S) {
            let late_s = first_ticks as f64 / f64::from(COPIED_TIMESCALE);
            return Err(format!("its first keyframe comes {late_s:.1} s after the film's beginning"));
        }
        let end = ticks(times.duration_s.min(MAX_FILM_S));
        check_gaps(&keys, end, size)?;
        let boundaries = boundaries(&keys);
        let gaps = gaps(&keys, &boundaries, end);
        let frame_s = track.frame_rate.map_or(1.0 / 30.0, |rate| 1.0 / rate.as_f64());
        let order = VideoCopyOrder {
            video: track.track.order,
            hevc: codec.is_hevc(),
            zero_ticks,
            first_ticks,
            frame_ticks: u32::try_from(ticks(frame_s)).unwrap_or(1).max(1),
            gaps,
            last_keys: last_keys(&keys, &boundaries),
        };
        let bandwidth = bandwidth(&keys, &boundaries, end, size);
        Ok(Self { codec, order, boundaries, bandwidth })
    }
}

impl VideoCopy {
    /// For each segment but the first when it begins, in seconds of film time, and where a seek aims for it, in seconds
    /// of source time.
    pub fn edges_s(&self) -> impl Iterator<Item = (f64, f64)> {
        let edge = |(segment, &ticks): (u32, &u64)| {
            (ticks as f64 / f64::from(COPIED_TIMESCALE), self.order.aim_s(segment, ticks))
        };
        (1..).zip(&self.boundaries).map(edge)
    }
}

/// Whether segments would be short and small enough.
fn check_gaps(keys: &[(i64, u64)], end: i64, size: Option<u64>) -> Result<(), String> {
    let seconds = |ticks: i64| ticks as f64 / f64::from(COPIED_TIMESCALE);
    let last = keys.last().map(|&(time, offset)| (end.max(time), size.unwrap_or(offset).max(offset)));
    let next = || keys.iter().copied().skip(1).chain(last);
    let mut gaps: Vec<f64> = keys.iter().zip(next()).map(|(key, next)| seconds(next.0 - key.0)).collect();
    let largest = keys.iter().zip(next()).map(|(key, next)| next.1.saturating_sub(key.1)).max().unwrap_or(0);
    gaps.sort_by(f64::total_cmp);
    let longest = gaps.last().copied().unwrap_or(0.0);
    if longest > LONGEST_GAP_S {
        return Err(format!("its keyframes are up to {longest:.0} s apart"));
    }
    let usual = gaps.get(gaps.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
    if usual > LONGEST_USUAL_GAP_S {
        return Err(format!("its keyframes are {usual:.0} s apart, and each seek would wait for as much"));
    }
    if largest > LARGEST_GAP {
        return Err(format!("there are {} MB from one keyframe to the next", largest >> 20));
    }
    Ok(())
}

/// Neighbouring GOPs are joined until a segment is long enough.
fn boundaries(keys: &[(i64, u64)]) -> Vec<u64> {
    let shortest = (SHORTEST_SEGMENT_S * f64::from(COPIED_TIMESCALE)) as i64;
    let mut boundaries = Vec::new();
    let mut start = 0;
    for &(time, _) in keys.iter().skip(1) {
        if time - start >= shortest {
            boundaries.extend(u64::try_from(time));
            start = time;
        }
    }
    boundaries
}

/// For each segment, the ticks from its keyframe to the next.
fn gaps(keys: &[(i64, u64)], boundaries: &[u64], end: i64) -> Vec<u32> {
    let starts = std::iter::once(keys.first().map_or(0, |key| key.0)).chain(boundaries.iter().map(|b| b.cast_signed()));
    let gap = |start: i64| {
        let next = keys.partition_point(|&(time, _)| time <= start);
        let next = keys.get(next).map_or(end, |&(time, _)| time);
        u32::try_from(next - start).unwrap_or(0)
    };
    starts.map(gap).collect()
}

/// For each segment, the time of its last keyframe.
fn last_keys(keys: &[(i64, u64)], boundaries: &[u64]) -> Vec<i64> {
    let before = |end: i64| keys.partition_point(|&(time, _)| time < end).checked_sub(1).map(|n| keys[n].0);
    let ends = boundaries.iter().map(|boundary| boundary.cast_signed()).chain([i64::MAX]);
    ends.map(|end| before(end).unwrap_or(0)).collect()
}

fn bandwidth(keys: &[(i64, u64)], boundaries: &[u64], end: i64, size: Option<u64>) -> u64 {
    let offset = |time: i64| keys.get(keys.partition_point(|key| key.0 < time)).map(|key| key.1);
    let starts: Vec<i64> = std::iter::once(0).chain(boundaries.iter().map(|b| b.cast_signed())).chain([end]).collect();
    let rate = |pair: &[i64]| {
        let (from, to) = (offset(pair[0])?, offset(pair[1]).or(size)?);
        let seconds = (pair[1] - pair[0]) as f64 / f64::from(COPIED_TIMESCALE);
        // The last segment may be so short that its rate says nothing.
        (seconds >= 1.0).then(|| (to.saturating_sub(from) as f64 * 8.0 / seconds) as u64)
    };
    starts.windows(2).filter_map(rate).max().unwrap_or(8_000_000).max(100_000)
}

/// Whether AAC names this layout by its channel configuration, a number. Any other one is described in the stream itself
/// (ffmpeg makes that of 5.1 channels with those at the sides, as AC-3 and DTS have them, and of 2.1 or quad): Chromium (156)
/// says that it decodes AAC and then fails on these. ffprobe's name for such a layout is none of the following, or none.
fn is_common(layout: Option<&str>) -> bool {
    matches!(layout, Some("mono" | "stereo" | "3.0" | "4.0" | "5.0" | "5.1" | "7.1"))
}

impl AudioCopy {
    /// `frames` is when the first frame is heard, in seconds of source time, and how long each lasts.
    ///
    /// # Errors
    ///
    /// Why the track is not copied.
    pub fn of(track: &AudioTrack, frames: Option<(f64, f64)>, is_film: bool, times: Times) -> Result<Self, String> {
        let name = super::words::codec(&track.codec);
        let (codec, asked, frame_samples) = match (track.codec.as_str(), track.profile.as_deref()) {
            ("aac", _) if !is_common(track.channel_layout.as_deref()) => {
                return Err("some browsers fail on AAC of an unusual order of channels".into());
            }
            ("aac", Some("LC")) => ("mp4a.40.2", "mp4a.40.2", 1024),
            ("aac", _) => return Err("only the AAC-LC kind of AAC is passed on as it is".into()),
            ("ac3", _) => ("ac-3", "ac-3", 1536),
            ("eac3", _) => ("ec-3", "ec-3", 1536),
            ("mp3", _) => ("mp4a.6B", "mp3", if track.sample_rate >= 32_000 { 1152 } else { 576 }),
            ("opus", _) => ("opus", "opus", 960),
            _ => return Err(format!("{name} is not passed on as it is")),
        };
        let Some((first_s, frame_s)) = frames.filter(|_| track.sample_rate > 0) else {
            return Err("its frames are not known to be of one length".into());
        };
        let rate = f64::from(track.sample_rate);
        if (frame_s - f64::from(frame_samples) / rate).abs() > ROUNDING_S {
            return Err("its frames have an unusual length".into());
        }
        let first_s = first_s - times.zero_s;
        if first_s > LATEST_START_S {
            return Err(format!("it begins {first_s:.1} s after the film"));
        }
        if times.ends_s < times.duration_s - EARLIEST_END_S {
            return Err(format!("it ends {:.0} s before the film", times.duration_s - times.ends_s));
        }
        // What is heard before the film begins is left out, as whole frames.
        let first = (first_s * rate).round() as i64;
        let before = (-first).max(0).cast_unsigned().div_ceil(u64::from(frame_samples)) * u64::from(frame_samples);
        let phase = u32::try_from(first + before.cast_signed()).unwrap_or(0);
        let order = AudioCopyOrder {
            audio: track.track.order,
            rate: track.sample_rate,
            frame_samples,
            zero_s: times.zero_s,
            phase,
            is_film,
            aims_s: Vec::new(),
        };
        let length_s = times.ends_s.min(times.duration_s) - f64::from(phase) / rate;
        Ok(Self { codec, asked, order, length_s })
    }
}
