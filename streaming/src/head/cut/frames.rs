//! Cutting on a grid of frames: everything encoded, and copied sound.

use std::sync::Arc;

use bytes::Bytes;

use super::{Cut, CutError, Ending};
use crate::{
    fmp4::{Fragment, Run, Sample, write_segment},
    time::SegmentTable,
};

/// How a head's time stamps lie on the rendition's frame grid: frame n is at `zero_ticks + n * frame_ticks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    pub zero_ticks: i64,
    pub frame_ticks: u32,
}

impl Grid {
    /// The frame nearest to a time stamp.
    fn frame(self, ticks: i64) -> i64 {
        let frame_ticks = i64::from(self.frame_ticks);
        (ticks - self.zero_ticks + frame_ticks / 2).div_euclid(frame_ticks)
    }
}

/// Frames that copied sound may lack in one place, where its source has a gap: ten seconds of the shortest.
const LONGEST_GAP: u64 = 500;

/// Collects frames until a segment is whole.
#[derive(Debug)]
pub struct FrameCutter {
    table: Arc<SegmentTable>,
    grid: Grid,
    /// Ticks by which the frames lie behind the table's: copied sound begins when it does.
    phase: u32,
    /// Whether frames may be missing: then the one before lasts longer.
    may_lack: bool,
    segment: u32,
    end_segment: u32,
    first_frame: u64,
    /// The next frame that is due.
    frame: u64,
    /// The first frame that was collected.
    begins: u64,
    samples: Vec<Sample>,
    data: Vec<Bytes>,
}

impl FrameCutter {
    /// For a head that makes the segments `first..end`.
    #[must_use]
    pub fn new(table: Arc<SegmentTable>, grid: Grid, first: u32, end: u32) -> Self {
        let first_frame = table.first_frame(first);
        Self {
            table,
            grid,
            phase: 0,
            may_lack: false,
            segment: first,
            end_segment: end,
            first_frame,
            frame: first_frame,
            begins: first_frame,
            samples: Vec::new(),
            data: Vec::new(),
        }
    }

    /// For copied sound whose frames lie so many ticks behind the table's.
    #[must_use]
    pub fn copied(self, phase: u32) -> Self {
        Self { phase, may_lack: true, ..self }
    }

    /// Whether no frame that was due has come yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.frame == self.first_frame
    }

    /// Whether all segments have been cut.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.segment >= self.end_segment
    }

    /// Takes the next fragment and returns the segments that it completes.
    ///
    /// Frames before the first due one are dropped (a head starts early on purpose), and those after the last.
    ///
    /// # Errors
    ///
    /// When a frame is missing.
    pub fn push(&mut self, fragment: &Fragment) -> Result<Vec<Cut>, CutError> {
        let mut cuts = Vec::new();
        let mut ticks = fragment.decode_time;
        let mut offset = 0;
        for sample in &fragment.samples {
            let frame = self.grid.frame(ticks);
            ticks += i64::from(sample.duration);
            let piece = offset..offset + sample.size as usize;
            offset = piece.end;
            if self.is_done() || frame < self.frame.cast_signed() {
                continue;
            }
            if frame != self.frame.cast_signed() {
                cuts.extend(self.bridge(frame)?);
                if self.is_done() {
                    continue;
                }
            }
            if self.samples.is_empty() {
                self.begins = self.frame;
            }
            // On a constant grid each frame lasts exactly one step, whatever the muxer rounded it to.
            self.samples.push(Sample { duration: self.grid.frame_ticks, ..*sample });
            self.data.push(fragment.data.slice(piece));
            self.frame += 1;
            if self.frame == self.segment_end() {
                cuts.push(self.cut());
            }
        }
        Ok(cuts)
    }

    fn segment_end(&self) -> u64 {
        self.table.first_frame(self.segment) + self.table.frames(self.segment)
    }

    /// Goes on to `frame`, which is not the one that was due.
    fn bridge(&mut self, frame: i64) -> Result<Vec<Cut>, CutError> {
        let wanted = self.frame;
        let gap = || CutError::Gap { wanted, got: frame };
        let frame = u64::try_from(frame).map_err(|_| gap())?;
        // What a head is to begin with it has to begin with: another head would bring it.
        if !self.may_lack || self.is_empty() || frame - self.frame > LONGEST_GAP {
            return Err(gap());
        }
        let mut cuts = Vec::new();
        while self.frame < frame && !self.is_done() {
            let until = frame.min(self.segment_end());
            // A segment that lies in the gap holds nothing, which players take for what it is.
            if let Some(last) = self.samples.last_mut() {
                last.duration = last.duration.saturating_add(ticks(until - self.frame, self.grid.frame_ticks));
            }
            self.frame = until;
            if self.frame == self.segment_end() {
                cuts.push(self.cut());
            }
        }
        Ok(cuts)
    }

    /// The source has ended: what has been collected is the last, shorter segment. Copied sound may end up to a second
    /// before the table does, which is silence like any gap.
    pub fn finish(&mut self) -> Ending {
        let total = self.table.total_frames();
        let second = u64::from(self.table.timescale() / self.grid.frame_ticks.max(1)) + 1;
        if self.may_lack && !self.is_empty() && total.saturating_sub(self.frame) <= second {
            let cuts = i64::try_from(total).ok().and_then(|total| self.bridge(total).ok()).unwrap_or_default();
            return Ending { cuts, early_at: None };
        }
        let cut = (!self.is_done() && !self.samples.is_empty()).then(|| self.cut());
        Ending { cuts: cut.into_iter().collect(), early_at: Some(self.frame) }
    }

    fn cut(&mut self) -> Cut {
        // A gap in copied sound may reach into a segment.
        let begins = if self.samples.is_empty() { self.table.first_frame(self.segment) } else { self.begins };
        let start = begins * u64::from(self.grid.frame_ticks) + u64::from(self.phase);
        let bytes = write_segment(self.segment + 1, start, &Run { samples: &self.samples, data: &self.data });
        let cut = Cut { segment: self.segment, bytes };
        self.samples.clear();
        self.data.clear();
        self.segment += 1;
        cut
    }
}

/// So many frames' ticks.
fn ticks(frames: u64, frame_ticks: u32) -> u32 {
    u32::try_from(frames * u64::from(frame_ticks)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use protocol::FrameRate;

    use super::*;
    use crate::fmp4::{Event, FragmentReader};

    const RATE: FrameRate = FrameRate { num: 24_000, den: 1001 };

    fn fragment(first: i64, count: i64, zero_ticks: i64) -> Fragment {
        let samples = (0..count).map(|_| Sample { size: 2, duration: 1001, flags: 0, composition: 0 }).collect();
        Fragment {
            decode_time: zero_ticks + first * 1001,
            samples,
            data: (first..first + count).flat_map(|frame| (frame as u16).to_be_bytes()).collect(),
        }
    }

    fn cutter(first: u32, end: u32, zero_ticks: i64) -> FrameCutter {
        let table = Arc::new(SegmentTable::video(RATE, 60.0));
        FrameCutter::new(table, Grid { zero_ticks, frame_ticks: 1001 }, first, end)
    }

    #[test]
    fn short_gops_are_joined_into_long_segments() {
        let mut cutter = cutter(3, 5, 240_000);
        let cuts: Vec<Cut> = (3..8).flat_map(|gop| cutter.push(&fragment(gop * 12, 12, 240_000)).unwrap()).collect();
        assert_eq!(cuts.iter().map(|cut| cut.segment).collect::<Vec<_>>(), [3, 4]);
        assert!(cutter.is_done());
        assert!(cutter.push(&fragment(96, 12, 240_000)).unwrap().is_empty(), "what comes after the end is dropped");
    }

    #[test]
    fn frames_before_the_first_due_one_are_dropped() {
        let mut cutter = cutter(4, 5, 0);
        assert!(cutter.push(&fragment(40, 8, 0)).unwrap().is_empty());
        assert!(cutter.is_empty());
        assert_eq!(cutter.push(&fragment(48, 48, 0)).unwrap().len(), 1);
    }

    #[test]
    fn a_missing_frame_is_an_error() {
        let mut cutter = cutter(4, 5, 0);
        cutter.push(&fragment(48, 10, 0)).unwrap();
        assert_eq!(cutter.push(&fragment(59, 10, 0)), Err(CutError::Gap { wanted: 58, got: 59 }));
    }

    #[test]
    fn copied_sound_may_lack_frames_but_not_its_first() {
        let mut cutter = cutter(4, 6, 0).copied(7);
        assert!(cutter.push(&fragment(49, 1, 7)).is_err(), "another head would bring frame 48");
        cutter.push(&fragment(48, 40, 7)).unwrap();
        // Frames 88 to 99 are missing: segment 4 ends with 95.
        let cuts = cutter.push(&fragment(100, 44, 7)).unwrap();
        assert_eq!(cuts.iter().map(|cut| cut.segment).collect::<Vec<_>>(), [4, 5]);
        assert!(cutter.is_done());
    }

    #[test]
    fn copied_sound_may_end_a_little_early_but_not_by_much() {
        let table = Arc::new(SegmentTable::video(RATE, 60.0));
        let (len, total) = (table.len(), table.total_frames().cast_signed());
        let from = table.first_frame(len - 2).cast_signed();
        let ending = |frames| {
            let mut cutter = cutter(len - 2, len, 0).copied(0);
            cutter.push(&fragment(from, frames, 0)).unwrap();
            cutter.finish()
        };
        let short = ending(total - from - 20);
        assert_eq!((short.cuts.last().map(|cut| cut.segment), short.early_at), (Some(len - 1), None));
        assert_eq!(ending(10).early_at, Some((from + 10).cast_unsigned()));
    }

    #[test]
    fn decode_times_are_film_time_whatever_the_source_s() {
        for zero_ticks in [-480, 0, 624, 240_000, 56_520_000] {
            let mut cutter = cutter(4, 5, zero_ticks);
            let cuts = cutter.push(&fragment(48, 48, zero_ticks + 3)).unwrap();
            let mut bytes = cuts[0].bytes.clone().to_vec();
            // Read back: tfdt is 48 frames.
            let at = bytes.windows(4).position(|window| window == b"tfdt").unwrap();
            assert_eq!(bytes.drain(at + 8..at + 16).collect::<Vec<_>>(), (48u64 * 1001).to_be_bytes());
        }
    }

    #[test]
    fn the_end_of_the_film_makes_a_shorter_last_segment() {
        let mut cutter = cutter(4, 6, 0);
        cutter.push(&fragment(48, 58, 0)).unwrap();
        let ending = cutter.finish();
        let [last] = &ending.cuts[..] else { panic!("{ending:?}") };
        assert_eq!((last.segment, ending.early_at), (5, Some(106)));
        assert!(cutter.finish().cuts.is_empty());
        let mut reader = FragmentReader::new();
        assert!(!matches!(reader.push(&last.bytes), Ok(events) if events.iter().any(|e| matches!(e, Event::Init(_)))));
    }
}
