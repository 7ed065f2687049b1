//! Cutting copied video where its keyframes are.
//!
//! A fragment of a head begins with a keyframe and is told by the time at which that is shown. Decode times are made
//! anew: the frames of a segment are decoded in their own order at the times, sorted, at which they are shown. So a
//! segment's `tfdt` is its place in the playlist exactly, from which hls.js takes its time; each frame lasts as long as
//! it is shown, by which Chromium finds the frame of a seek; and all is the same whichever head made it, whatever the
//! source's muxer wrote.
//!
//! Frames that are decoded later than they are shown that way would have composition offsets below zero, for which
//! ffmpeg moves a whole film. So all offsets are larger by [`Keys::delay`], and the init segment has an edit list that
//! takes it off again: that is what edit lists are for.

use std::sync::Arc;

use bytes::Bytes;

use super::{Cut, CutError, Ending};
use crate::{
    fmp4::{Fragment, Run, Sample, with_edit, write_segment},
    time::{COPIED_TIMESCALE, SegmentTable},
};

/// Bytes of one segment; a film with larger ones is not copied.
const MAX_SEGMENT: usize = 64 << 20;

/// The least by which a keyframe may be off, in ticks: Matroska rounds to milliseconds.
const LEAST_TOLERANCE: i64 = 135;

/// Frames by which one may be shown before its turn to be decoded: what pyramids of B-frames and open GOPs need.
const DELAY_FRAMES: u32 = 6;

/// Frames that a decoder may keep back: H.264 has at most 16 of them waiting.
const KEPT_BACK: usize = 16;

/// The most by which one may be off, in ticks: 20 ms. A film that mostly stands still has long frames and short ones.
const MOST_TOLERANCE: i64 = 1800;

/// Where a head's keyframes should be, in ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Source time of film time zero.
    pub zero: i64,
    /// Film time of the very first keyframe. The first segment begins at zero nonetheless.
    pub first: i64,
    /// How long a frame is shown, about.
    pub frame: u32,
    /// Film time of the last keyframe that the index has in each segment.
    pub last: Vec<i64>,
    /// Decoders pass over frames that need what is before their keyframe, as HEVC's have to; H.264's fail.
    pub may_be_open: bool,
}

impl Keys {
    /// By how much composition offsets are larger than they are meant.
    const fn delay(&self) -> u32 {
        self.frame.saturating_mul(DELAY_FRAMES)
    }
}

/// One frame, as it came.
#[derive(Clone, Copy, Debug)]
struct Picture {
    /// When it is shown, in ticks of film time.
    shown: i64,
    size: u32,
    flags: u32,
}

/// Collects frames until the keyframe with which the next segment begins.
#[derive(Debug)]
pub struct KeyframeCutter {
    table: Arc<SegmentTable>,
    keys: Keys,
    segment: u32,
    end_segment: u32,
    started: bool,
    /// When the latest keyframe is shown.
    key: i64,
    pictures: Vec<Picture>,
    data: Vec<Bytes>,
    bytes: usize,
    from_start: bool,
    /// Of all segments so far.
    frames: usize,
}

impl KeyframeCutter {
    /// For a head that makes the segments `first..end`.
    #[must_use]
    pub fn new(table: Arc<SegmentTable>, keys: Keys, first: u32, end: u32) -> Self {
        Self {
            table,
            keys,
            segment: first,
            end_segment: end,
            started: false,
            key: i64::MIN / 2,
            pictures: Vec::new(),
            data: Vec::new(),
            bytes: 0,
            from_start: first == 0,
            frames: 0,
        }
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !self.started
    }

    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.segment >= self.end_segment
    }

    /// The init segment with the edit list that its segments need.
    #[must_use]
    pub fn init(&self, init: &Bytes) -> Bytes {
        with_edit(init, self.keys.delay()).unwrap_or_else(|| init.clone())
    }

    /// # Errors
    ///
    /// When keyframes are not where they should be.
    pub fn push(&mut self, fragment: &Fragment) -> Result<Vec<Cut>, CutError> {
        let pictures = self.pictures_of(fragment);
        let Some(key) = pictures.first().map(|picture| picture.shown).filter(|_| !self.is_done()) else {
            return Ok(Vec::new());
        };
        let mut cuts = Vec::new();
        if self.pictures.is_empty() {
            let due = self.due(self.segment);
            if key < due - self.tolerance() && !self.started {
                // The head landed on an earlier keyframe.
                return Ok(cuts);
            }
            if (key - due).abs() > self.tolerance() {
                return Err(CutError::NotAsIndexed { wanted: due, got: key });
            }
        } else if self.segment + 1 < self.table.len() {
            let due = self.due(self.segment + 1);
            if key > due + self.tolerance() {
                return Err(CutError::NotAsIndexed { wanted: due, got: key });
            }
            if key >= due - self.tolerance() {
                cuts.push(self.cut(self.segment_end()));
                if self.is_done() {
                    return Ok(cuts);
                }
            }
        }
        self.check_closed(key, &pictures)?;
        self.check_turns(&pictures)?;
        self.started = true;
        self.key = key;
        self.bytes += fragment.data.len();
        if self.bytes > MAX_SEGMENT {
            return Err(CutError::TooLarge(MAX_SEGMENT));
        }
        self.frames += pictures.len();
        self.pictures.extend(pictures);
        self.data.push(fragment.data.clone());
        if self.is_whole() {
            cuts.push(self.cut(self.segment_end()));
        }
        Ok(cuts)
    }

    /// Whether the frame is there after which only the next segment's keyframe can come. Waiting for that one would
    /// be waiting for its whole GOP, since a fragment comes when it is complete.
    fn is_whole(&self) -> bool {
        let ends = self.segment_end().cast_signed();
        let last = self.last_shown();
        // The index may name another keyframe in this segment, whose frames are still to come.
        let is_last = self.keys.last.get(self.segment as usize).is_none_or(|&due| self.key >= due - self.tolerance());
        is_last
            && self.segment + 1 < self.table.len()
            && last < ends - self.tolerance()
            && last + i64::from(self.keys.frame) + self.tolerance() >= ends
    }

    fn check_closed(&self, key: i64, pictures: &[Picture]) -> Result<(), CutError> {
        // Before the film's very first keyframe there is nothing that a frame could need.
        let is_first = self.segment == 0 && self.pictures.is_empty();
        let before = pictures.iter().find(|picture| picture.shown < key);
        match before.filter(|_| !self.keys.may_be_open && !is_first) {
            Some(picture) => Err(CutError::OpenGop { key, shown: picture.shown }),
            None => Ok(()),
        }
    }

    /// Whether each frame of a GOP is decoded before it is shown, if they are decoded in their order at the times at which
    /// they are shown. Where frames stand for seconds, as in recordings of slides, the usual delay is too short.
    fn check_turns(&self, pictures: &[Picture]) -> Result<(), CutError> {
        let mut turns: Vec<i64> = pictures.iter().map(|picture| picture.shown).collect();
        turns.sort_unstable();
        let delay = i64::from(self.keys.delay());
        match pictures.iter().zip(turns).find(|(picture, turn)| picture.shown + delay < *turn) {
            Some((picture, turn)) => Err(CutError::Reordered { shown: picture.shown, turn }),
            None => Ok(()),
        }
    }

    /// Whether a film that one head has made from its start to its end has more than a few frames. A decoder keeps some back until it is told that no
    /// more come, which hls.js (1.7) does not say before the first of them has been shown: both would wait for ever.
    pub(super) fn check_moves(&self) -> Result<(), CutError> {
        let is_film = self.from_start && self.segment + 1 == self.table.len();
        let is_long = self.table.total_frames() > u64::from(COPIED_TIMESCALE);
        if is_film && is_long && (1..=KEPT_BACK).contains(&self.frames) {
            Err(CutError::Still(self.frames))
        } else {
            Ok(())
        }
    }

    /// When the last of the segment's frames so far is shown.
    fn last_shown(&self) -> i64 {
        self.pictures.iter().map(|picture| picture.shown).max().unwrap_or(i64::MIN / 2)
    }

    /// The source has ended, with the film's last segment or early.
    pub fn finish(&mut self) -> Ending {
        if self.is_done() || !self.started {
            return Ending { cuts: Vec::new(), early_at: None };
        }
        if self.pictures.is_empty() {
            return Ending { cuts: Vec::new(), early_at: Some(self.table.first_frame(self.segment)) };
        }
        if self.segment + 1 == self.table.len() {
            // Where the film goes on, with sound or with a picture that stands still, the last frame stays.
            return Ending { cuts: vec![self.cut(self.segment_end())], early_at: None };
        }
        let picture_end = self.last_shown() + i64::from(self.keys.frame);
        let end = u64::try_from(picture_end).unwrap_or(0).max(self.table.first_frame(self.segment) + 1);
        Ending { cuts: vec![self.cut(end)], early_at: Some(end) }
    }

    /// When the keyframe of a segment is shown.
    fn due(&self, segment: u32) -> i64 {
        if segment == 0 { self.keys.first } else { self.table.first_frame(segment).cast_signed() }
    }

    fn tolerance(&self) -> i64 {
        (i64::from(self.keys.frame) / 2).clamp(LEAST_TOLERANCE, MOST_TOLERANCE)
    }

    fn segment_end(&self) -> u64 {
        self.table.first_frame(self.segment + 1)
    }

    fn pictures_of(&self, fragment: &Fragment) -> Vec<Picture> {
        let mut decoded = fragment.decode_time - self.keys.zero;
        let picture = |sample: &Sample| {
            let shown = decoded + i64::from(sample.composition);
            decoded += i64::from(sample.duration);
            Picture { shown, size: sample.size, flags: sample.flags }
        };
        fragment.samples.iter().map(picture).collect()
    }

    fn cut(&mut self, end: u64) -> Cut {
        let start = self.table.start_ticks(self.segment);
        let samples = samples(&self.pictures, start.cast_signed(), end.cast_signed(), self.keys.delay().into());
        let bytes = write_segment(self.segment + 1, start, &Run { samples: &samples, data: &self.data });
        let cut = Cut { segment: self.segment, bytes };
        self.pictures.clear();
        self.data.clear();
        self.bytes = 0;
        self.segment += 1;
        cut
    }
}

/// Gives the pictures, which are in the order in which they are decoded, decode times from `start` up to `end`.
fn samples(pictures: &[Picture], start: i64, end: i64, delay: i64) -> Vec<Sample> {
    let mut decoded: Vec<i64> = pictures.iter().map(|picture| picture.shown).collect();
    decoded.sort_unstable();
    // Where pictures are shown before the segment's keyframe and decoded after it (an open GOP), all wait for it.
    let wait = decoded.first().map_or(0, |first| (start - first).max(0));
    let mut earliest = start;
    for (n, time) in decoded.iter_mut().enumerate() {
        *time = if n == 0 { start } else { (*time + wait).max(earliest) };
        earliest = *time + 1;
    }
    let mut latest = end - 1;
    for time in decoded.iter_mut().rev() {
        *time = (*time).min(latest);
        latest = *time - 1;
    }
    let next = decoded.iter().skip(1).copied().chain([end]);
    let sample = |((picture, decoded), next): ((&Picture, &i64), i64)| Sample {
        size: picture.size,
        duration: u32::try_from(next - decoded).unwrap_or(0),
        flags: picture.flags,
        composition: i32::try_from(picture.shown + delay - decoded).unwrap_or(0),
    };
    pictures.iter().zip(&decoded).zip(next).map(sample).collect()
}

#[cfg(test)]
mod tests;
