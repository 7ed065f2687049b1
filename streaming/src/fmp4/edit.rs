//! An edit list for an init segment that has none.

use bytes::{BufMut as _, Bytes, BytesMut};

/// The init segment of one track with an edit list by which the track begins at `media_time`, in its own ticks.
///
/// None if the bytes are no such init segment. Boxes are moved, not read: they may be of kinds that we don't know.
#[must_use]
pub fn with_edit(init: &[u8], media_time: u32) -> Option<Bytes> {
    let moov = find(init, b"moov")?;
    let trak = moov.inner(init, b"trak")?;
    let tkhd = trak.inner(init, b"tkhd")?;
    let edits = edits(media_time);
    let mut with = BytesMut::with_capacity(init.len() + edits.len());
    with.extend_from_slice(&init[..tkhd.end]);
    with.extend_from_slice(&edits);
    with.extend_from_slice(&init[tkhd.end..]);
    // The boxes around it have grown.
    for outer in [moov, trak] {
        let size = u32::try_from(outer.end - outer.start + edits.len()).ok()?;
        with[outer.start..outer.start + 4].copy_from_slice(&size.to_be_bytes());
    }
    Some(with.freeze())
}

/// ISO 14496-12, 8.6.5 and 8.6.6: one edit, of any length, at normal speed.
fn edits(media_time: u32) -> Vec<u8> {
    let mut edits = Vec::new();
    edits.put_u32(36);
    edits.put_slice(b"edts");
    edits.put_u32(28);
    edits.put_slice(b"elst");
    // Version and flags, one entry, its duration: that of a fragmented film is not known.
    edits.put_slice(&[0; 4]);
    edits.put_u32(1);
    edits.put_u32(0);
    edits.put_u32(media_time);
    edits.put_u32(0x0001_0000);
    edits
}

/// Where a box is.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
}

impl Place {
    /// The first box of that kind inside this one.
    fn inner(self, bytes: &[u8], kind: &[u8; 4]) -> Option<Self> {
        let body = self.start + 8;
        let found = find(bytes.get(body..self.end)?, kind)?;
        Some(Self { start: found.start + body, end: found.end + body })
    }
}

fn find(bytes: &[u8], kind: &[u8; 4]) -> Option<Place> {
    let mut start = 0;
    loop {
        let size = u32::from_be_bytes(bytes.get(start..start + 4)?.try_into().ok()?);
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        // Sizes of 0 and 1 stand for large boxes, which an init segment has none of.
        if size < 8 || end > bytes.len() {
            return None;
        }
        if &bytes[start + 4..start + 8] == kind {
            return Some(Place { start, end });
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.put_u32(body.len() as u32 + 8);
        bytes.put_slice(kind);
        bytes.put_slice(body);
        bytes
    }

    fn init(edits: &[u8]) -> Vec<u8> {
        let trak = boxed(b"trak", &[boxed(b"tkhd", &[7; 20]), edits.to_vec(), boxed(b"mdia", &[1; 9])].concat());
        [boxed(b"ftyp", b"iso5"), boxed(b"moov", &[boxed(b"mvhd", &[0; 4]), trak].concat())].concat()
    }

    #[test]
    fn the_edit_list_stands_behind_the_track_s_header() {
        let with = with_edit(&init(&[]), 15_016).unwrap();
        assert_eq!(with, init(&edits(15_016)));
        assert_eq!(with_edit(b"\0\0\0\x08free", 1), None);
    }

    proptest! {
        #[test]
        fn garbage_is_left_alone(mut bytes in Just(init(&[])), changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..9)) {
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let _ = with_edit(&bytes, 1);
        }
    }
}
