//! From a stream of bytes to the init segment and the fragments in it.

use bytes::{Buf as _, Bytes, BytesMut};
use mp4_atom::{Decode as _, Moof, Moov, Tfhd, Trex};

/// No box of a head's output is larger than this: 10 s of video at 20 Mbit/s are 25 MB.
const MAX_BOX: usize = 64 << 20;

/// One coded picture or audio frame, in ticks of the track's time scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Bytes.
    pub size: u32,
    /// Ticks.
    pub duration: u32,
    /// As ISO 14496-12 8.8.3.1 lays them out.
    pub flags: u32,
    /// Presentation time minus decode time, ticks.
    pub composition: i32,
}

/// One `moof` and its `mdat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Of the first sample, ticks; before zero when the muxer wrapped it round 2^64.
    pub decode_time: i64,
    pub samples: Vec<Sample>,
    /// The samples' bytes, one after the other.
    pub data: Bytes,
}

/// What a head's output holds, in order: one init segment, then fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `ftyp` and `moov` as they came.
    Init(Bytes),
    Fragment(Fragment),
}

/// The output is not the fragmented MP4 of one track that was ordered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("the output has a box of {0} bytes, more than the {MAX_BOX} allowed")]
    BoxTooLarge(u64),
    #[error("the output has a box that does not read as fragmented MP4: {0}")]
    Malformed(String),
    #[error("the output has more than one track")]
    Tracks,
    #[error("a fragment promises more bytes than it has")]
    Short,
}

/// Takes a head's output apart as it comes. Holds at most one box and its `moof`.
#[derive(Debug, Default)]
pub struct FragmentReader {
    buffer: BytesMut,
    ftyp: Bytes,
    defaults: Option<Trex>,
    moof: Option<Moof>,
}

impl FragmentReader {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that has read an init segment without defaults, as ours are.
    #[cfg(test)]
    pub(crate) fn past_init() -> Self {
        Self { defaults: Some(Trex::default()), ..Self::default() }
    }

    /// Takes the next bytes and returns what they complete.
    ///
    /// # Errors
    ///
    /// When the output is not what was ordered; the reader is of no use afterwards.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, ReadError> {
        self.buffer.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some((kind, header, whole)) = self.next_box()? {
            events.extend(self.take(kind, header, whole)?);
        }
        Ok(events)
    }

    /// Whether the bytes so far end at a box's end, with no `moof` that waits for its `mdat`.
    #[must_use]
    pub fn is_at_boundary(&self) -> bool {
        self.buffer.is_empty() && self.moof.is_none()
    }

    /// The next whole box: its type, its header's length and all its bytes.
    fn next_box(&mut self) -> Result<Option<([u8; 4], usize, Bytes)>, ReadError> {
        if self.buffer.len() < 8 {
            return Ok(None);
        }
        let mut head = &self.buffer[..];
        let short = head.get_u32();
        let mut kind = [0; 4];
        head.copy_to_slice(&mut kind);
        let (header, size) = match short {
            1 if self.buffer.len() < 16 => return Ok(None),
            1 => (16, head.get_u64()),
            size => (8, u64::from(size)),
        };
        if size > MAX_BOX as u64 {
            return Err(ReadError::BoxTooLarge(size));
        }
        let size = usize::try_from(size).map_err(|_| ReadError::BoxTooLarge(size))?;
        if size < header {
            return Err(ReadError::Malformed(format!("a box of {size} bytes")));
        }
        if self.buffer.len() < size {
            return Ok(None);
        }
        Ok(Some((kind, header, self.buffer.split_to(size).freeze())))
    }

    fn take(&mut self, kind: [u8; 4], header: usize, whole: Bytes) -> Result<Option<Event>, ReadError> {
        match &kind {
            b"ftyp" => self.ftyp = whole,
            b"moov" => {
                let moov = Moov::decode(&mut &whole[..]).map_err(|error| malformed(&error))?;
                let [trex] =
                    moov.mvex.map(|mvex| mvex.trex).unwrap_or_default().try_into().map_err(|_| ReadError::Tracks)?;
                self.defaults = Some(trex);
                let init = [self.ftyp.as_ref(), whole.as_ref()].concat();
                return Ok(Some(Event::Init(init.into())));
            }
            b"moof" => self.moof = Some(Moof::decode(&mut &whole[..]).map_err(|error| malformed(&error))?),
            b"mdat" => {
                let moof = self.moof.take().ok_or_else(|| ReadError::Malformed("an mdat without its moof".into()))?;
                let defaults =
                    self.defaults.as_ref().ok_or_else(|| ReadError::Malformed("a moof before the moov".into()))?;
                return fragment(&moof, defaults, &whole.slice(header..)).map(Some);
            }
            // styp, sidx, free and what else a muxer may add say nothing that is needed.
            _ => {}
        }
        Ok(None)
    }
}

fn malformed(error: &mp4_atom::Error) -> ReadError {
    ReadError::Malformed(error.to_string())
}

fn fragment(moof: &Moof, defaults: &Trex, data: &Bytes) -> Result<Event, ReadError> {
    let [traf] = moof.traf.as_slice() else { return Err(ReadError::Tracks) };
    let decode_time = traf.tfdt.as_ref().map_or(0, |tfdt| tfdt.base_media_decode_time).cast_signed();
    let count: usize = traf.trun.iter().map(|run| run.samples.len()).sum();
    // A count that is stored without entries costs the sender nothing; a sample has at least one byte here.
    if count > data.len() {
        return Err(ReadError::Short);
    }
    let samples: Vec<Sample> =
        traf.trun.iter().flat_map(|run| run.samples.iter()).map(|entry| sample(&entry, &traf.tfhd, defaults)).collect();
    let wanted: u64 = samples.iter().map(|sample| u64::from(sample.size)).sum();
    match usize::try_from(wanted) {
        Ok(wanted) if wanted <= data.len() => {
            Ok(Event::Fragment(Fragment { decode_time, samples, data: data.slice(..wanted) }))
        }
        _ => Err(ReadError::Short),
    }
}

fn sample(entry: &mp4_atom::TrunEntry, tfhd: &Tfhd, trex: &Trex) -> Sample {
    Sample {
        size: entry.size.or(tfhd.default_sample_size).unwrap_or(trex.default_sample_size),
        duration: entry.duration.or(tfhd.default_sample_duration).unwrap_or(trex.default_sample_duration),
        flags: entry.flags.or(tfhd.default_sample_flags).unwrap_or(trex.default_sample_flags),
        composition: entry.cts.and_then(|cts| i32::try_from(cts).ok()).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fmp4::{Run, write_segment};

    proptest! {
        /// However a segment is cut into reads, its samples come out as they went in.
        #[test]
        fn reads_what_was_written(
            sizes in proptest::collection::vec((1u32..2000, 1u32..5000, any::<i16>()), 1..40),
            decode_time in 0u64..(1 << 40),
            step in 1usize..700,
        ) {
            let samples: Vec<Sample> = sizes.iter().map(|&(size, duration, composition)| Sample {
                size, duration, flags: 0x0200_0000, composition: composition.into(),
            }).collect();
            let data: Bytes = (0..samples.iter().map(|s| s.size).sum::<u32>()).map(|i| (i % 251) as u8).collect();
            let run = Run { samples: &samples, data: std::slice::from_ref(&data) };
            let segment = write_segment(7, decode_time, &run);
            let mut reader = FragmentReader::past_init();
            let mut events = Vec::new();
            for chunk in segment.chunks(step) {
                events.extend(reader.push(chunk).unwrap());
            }
            prop_assert!(reader.is_at_boundary());
            prop_assert_eq!(events, vec![Event::Fragment(Fragment { decode_time: decode_time.cast_signed(), samples, data })]);
        }

        #[test]
        fn garbage_is_an_error_or_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = FragmentReader::past_init().push(&bytes);
        }

        /// One flipped byte never panics, nor makes the reader take more than it was given.
        #[test]
        fn damage_is_survived(at in 0usize..200, value in any::<u8>()) {
            let samples = [Sample { size: 50, duration: 1, flags: 0, composition: 0 }; 4];
            let data = Bytes::from(vec![1; 200]);
            let run = Run { samples: &samples, data: &[data] };
            let mut segment = write_segment(1, 0, &run).to_vec();
            let at = at % segment.len();
            segment[at] = value;
            let _ = FragmentReader::past_init().push(&segment);
        }
    }

    #[test]
    fn a_huge_box_is_refused_before_it_is_read() {
        let mut head = vec![0, 0, 0, 1];
        head.extend(b"mdat");
        head.extend((1u64 << 40).to_be_bytes());
        assert_eq!(FragmentReader::new().push(&head), Err(ReadError::BoxTooLarge(1 << 40)));
    }
}
