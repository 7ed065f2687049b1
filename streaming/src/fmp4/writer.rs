//! One segment: one `moof` and one `mdat`.

use bytes::{BufMut as _, Bytes, BytesMut};
use mp4_atom::{Encode as _, Mfhd, Moof, Tfdt, Tfhd, Traf, Trun, TrunEntry, TrunSamples};

use super::Sample;

/// The track's number in every init segment of ours: each rendition has one track.
const TRACK: u32 = 1;

/// Samples and the pieces of bytes that hold them, in order.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    pub samples: &'a [Sample],
    pub data: &'a [Bytes],
}

/// Writes a segment. `sequence` counts from 1; `decode_time` is that of the first sample, in ticks of film time.
#[must_use]
pub fn write_segment(sequence: u32, decode_time: u64, run: &Run<'_>) -> Bytes {
    let entries: Vec<TrunEntry> = run.samples.iter().map(entry).collect();
    let mut moof = Moof {
        mfhd: Mfhd { sequence_number: sequence },
        traf: vec![Traf {
            tfhd: Tfhd { track_id: TRACK, default_base_is_moof: true, ..Tfhd::default() },
            tfdt: Some(Tfdt { base_media_decode_time: decode_time }),
            trun: vec![Trun { data_offset: Some(0), samples: TrunSamples::Explicit(entries) }],
            ..Traf::default()
        }],
    };
    // The offset counts from the moof's start to the mdat's first byte; its own size does not depend on its value.
    let header = encoded(&moof).len() + 8;
    moof.traf[0].trun[0].data_offset = i32::try_from(header).ok();
    let payload: usize = run.data.iter().map(Bytes::len).sum();
    let mut segment = BytesMut::with_capacity(header + payload);
    segment.extend_from_slice(&encoded(&moof));
    // A segment is bounded by the reader's largest box, far below 4 GiB.
    segment.put_u32(u32::try_from(payload + 8).unwrap_or(u32::MAX));
    segment.put_slice(b"mdat");
    for piece in run.data {
        segment.extend_from_slice(piece);
    }
    segment.freeze()
}

fn entry(sample: &Sample) -> TrunEntry {
    TrunEntry {
        duration: Some(sample.duration),
        size: Some(sample.size),
        flags: Some(sample.flags),
        cts: Some(sample.composition.into()),
    }
}

fn encoded(moof: &Moof) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a Vec cannot run out of room, and every field above fits its box.
    if let Err(error) = moof.encode(&mut bytes) {
        tracing::error!(%error, "a segment's header could not be written");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_offset_points_at_the_first_byte_of_the_mdat() {
        let samples = [Sample { size: 3, duration: 1001, flags: 0x0200_0000, composition: 0 }];
        let data = [Bytes::from_static(b"abc")];
        let segment = write_segment(1, 96_096, &Run { samples: &samples, data: &data });
        assert_eq!(&segment[segment.len() - 3..], b"abc");
        assert_eq!(&segment[segment.len() - 7..segment.len() - 3], b"mdat");
        let offset = u32::try_from(segment.len() - 3).unwrap().to_be_bytes();
        assert!(segment.windows(4).any(|window| window == offset), "the trun holds the offset");
    }
}
