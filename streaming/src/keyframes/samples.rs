//! An MP4 track's sample tables: when each frame is shown and where it is, by ISO/IEC 14496-12. Where a file leaves
//! something open, ffmpeg's reading of it counts, since ffmpeg reads the film.

use super::{
    NoIndex,
    boxes::{Table, find, u32_at, u64_at, version},
};

/// Of all tracks: 92 hours of thirty a second. A few bytes can promise many more.
pub(super) const MAX_SAMPLES: u64 = 10_000_000;
/// ffmpeg takes a step or a shift beyond these for a mistake, and mends it in its own way.
const MAX_STEP: u32 = i32::MAX as u32;
const MAX_SHIFT: u32 = 1 << 28;

/// A frame as it is stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// When it is decoded and shown, in ticks of the track, before any edit.
    pub(super) decoded: i64,
    pub(super) shown: i64,
    /// Ticks until the next one is decoded.
    pub(super) lasts: u32,
    pub(super) sync: bool,
    pub(super) offset: u64,
    pub(super) size: u32,
}

/// The tables of a track.
pub(super) struct Samples<'a> {
    count: u32,
    /// One size for all samples, or a table.
    size: u32,
    sizes: Option<Table<'a>>,
    steps: Table<'a>,
    shifts: Option<Table<'a>>,
    syncs: Option<Table<'a>>,
    runs: Table<'a>,
    chunks: Table<'a>,
    chunk_width: usize,
    /// Which of the descriptions in `stsd` all samples have, from 1 on.
    pub(super) description: u32,
}

impl<'a> Samples<'a> {
    /// Of the body of a `stbl`.
    pub(super) fn of(stbl: &'a [u8]) -> Result<Self, NoIndex> {
        let table = |kind: &[u8; 4], width| {
            find(stbl, kind).map(|body| Table::of(body, 4, width).ok_or(NoIndex::Malformed)).transpose()
        };
        if find(stbl, b"stz2").is_some() {
            return Err(NoIndex::Unsupported);
        }
        let stsz = find(stbl, b"stsz").ok_or(NoIndex::Malformed)?;
        let size = u32_at(stsz, 4).ok_or(NoIndex::Malformed)?;
        let count = u32_at(stsz, 8).ok_or(NoIndex::Malformed)?;
        let sizes = (size == 0).then(|| Table::of(stsz, 8, 4).ok_or(NoIndex::Malformed)).transpose()?;
        let (chunks, chunk_width) = match (table(b"stco", 4)?, table(b"co64", 8)?) {
            (Some(chunks), _) => (chunks, 4),
            (None, Some(chunks)) => (chunks, 8),
            (None, None) => return Err(NoIndex::Malformed),
        };
        let runs = table(b"stsc", 12)?.ok_or(NoIndex::Malformed)?;
        let mut descriptions = runs.rows().filter_map(|row| u32_at(row, 8));
        let description = descriptions.next().unwrap_or(1);
        if descriptions.any(|other| other != description) {
            // Frames of several kinds have several configurations.
            return Err(NoIndex::Unsupported);
        }
        Ok(Self {
            count,
            size,
            sizes,
            steps: table(b"stts", 8)?.ok_or(NoIndex::Malformed)?,
            shifts: table(b"ctts", 8)?,
            syncs: table(b"stss", 4)?,
            runs,
            chunks,
            chunk_width,
            description,
        })
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Hands over every sample in the order in which they are decoded, until there are no more or one is refused.
    pub(super) fn each(&self, mut take: impl FnMut(Sample) -> Result<(), NoIndex>) -> Result<(), NoIndex> {
        let mut steps = runs(self.steps);
        let mut shifts = self.shifts.map(runs);
        let mut syncs = self.syncs.map(|table| table.rows().filter_map(|row| u32_at(row, 0)).peekable());
        let mut sizes = self.sizes.map(Table::rows);
        let mut chunks = self.places();
        let (mut offset, mut left) = (0, 0);
        let mut decoded = 0i64;
        let mut step = 0;
        for number in 1..=self.count {
            while left == 0 {
                (offset, left) = chunks.next().ok_or(NoIndex::Malformed)?;
            }
            let size = match &mut sizes {
                Some(sizes) => sizes.next().and_then(|row| u32_at(row, 0)).ok_or(NoIndex::Malformed)?,
                None => self.size,
            };
            let shift = match &mut shifts {
                // A negative one is legal in version 1 only, but is written in version 0 too.
                Some(shifts) => shifts.next().ok_or(NoIndex::Malformed)?.cast_signed(),
                None => 0,
            };
            let sync = syncs.as_mut().is_none_or(|syncs| syncs.next_if_eq(&number).is_some());
            if shift.unsigned_abs() > MAX_SHIFT {
                return Err(NoIndex::Malformed);
            }
            // ffmpeg lets the last step go on.
            step = steps.next().unwrap_or(step);
            if step > MAX_STEP {
                return Err(NoIndex::Malformed);
            }
            take(Sample { decoded, shown: decoded + i64::from(shift), lasts: step, sync, offset, size })?;
            decoded += i64::from(step);
            offset = offset.checked_add(u64::from(size)).ok_or(NoIndex::Malformed)?;
            left -= 1;
        }
        // What is left is out of order: its frames would be missed.
        if syncs.is_some_and(|mut syncs| syncs.next().is_some()) { Err(NoIndex::Malformed) } else { Ok(()) }
    }

    /// Where each chunk begins and how many samples it has.
    fn places(&self) -> impl Iterator<Item = (u64, u32)> {
        let mut runs = self.runs.rows().map(|row| (u32_at(row, 0), u32_at(row, 4).unwrap_or(0))).peekable();
        let mut samples = 0;
        let width = self.chunk_width;
        self.chunks.rows().zip(1..).map_while(move |(row, number)| {
            if let Some((_, more)) = runs.next_if(|(first, _)| *first == Some(number)) {
                samples = more;
            }
            let offset = if width == 4 { u32_at(row, 0).map(u64::from) } else { u64_at(row, 0) };
            Some((offset?, samples))
        })
    }
}

/// The values of a table of runs, each of which says how often and what.
fn runs(table: Table<'_>) -> impl Iterator<Item = u32> {
    let run = |row| Some((u32_at(row, 0)?, u32_at(row, 4)?));
    table.rows().filter_map(run).flat_map(|(count, value)| std::iter::repeat_n(value, count as usize))
}

/// What the edit list makes of a track's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// Ticks before the track begins.
    pub(super) delay: i64,
    /// The stretch of the track that is shown, in its own times.
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Edit {
    /// Of the body of an `elst`; `None` if it is empty.
    pub(super) fn of(elst: &[u8], movie_scale: u32, track_scale: u32) -> Result<Option<Self>, NoIndex> {
        let long = version(elst) == Some(1);
        let table = Table::of(elst, 4, if long { 20 } else { 12 }).ok_or(NoIndex::Malformed)?;
        let mut delay = 0u64;
        for (n, row) in table.rows().enumerate() {
            let (length, from) = if long {
                (u64_at(row, 0), u64_at(row, 8).map(u64::cast_signed))
            } else {
                (u32_at(row, 0).map(u64::from), u32_at(row, 4).map(|from| i64::from(from.cast_signed())))
            };
            let length = rescale(length.ok_or(NoIndex::Malformed)?, track_scale, movie_scale)?;
            match from.ok_or(NoIndex::Malformed)? {
                -1 => delay = delay.checked_add(length).ok_or(NoIndex::Malformed)?,
                from if from >= 0 && n + 1 == table.len() && length > 0 => {
                    let to = from.checked_add_unsigned(length).ok_or(NoIndex::Malformed)?;
                    let delay = i64::try_from(delay).map_err(|_| NoIndex::Malformed)?;
                    return Ok(Some(Self { delay, from, to }));
                }
                _ => return Err(NoIndex::Edits),
            }
        }
        if table.len() == 0 { Ok(None) } else { Err(NoIndex::Edits) }
    }

    pub(super) fn shows(&self, time: i64) -> bool {
        (self.from..self.to).contains(&time)
    }
}

/// To the nearest tick, as ffmpeg rounds.
fn rescale(time: u64, to: u32, from: u32) -> Result<u64, NoIndex> {
    let from = u128::from(from);
    let scaled = (u128::from(time) * u128::from(to) + from / 2).checked_div(from).ok_or(NoIndex::Malformed)?;
    u64::try_from(scaled).map_err(|_| NoIndex::Malformed)
}
