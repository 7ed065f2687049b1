//! A small reader of an MP4's outermost boxes: enough to see whether the file is whole and has its index.

use std::future::Future;

use bytes::Bytes;
use protocol::Error;

/// Boxes that are looked at; a file cut into fragments has thousands, and its index comes first.
const MAX_BOXES: usize = 64;

/// What the outermost boxes tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// The index, `moov`, is there, all of it.
    pub(super) indexed: bool,
    /// There is picture and sound, `mdat`, or at least its beginning.
    pub(super) data: bool,
    /// Bytes that the file must have to be whole, as far as can be seen.
    pub(super) whole: u64,
}

/// Whether a file begins like an MP4.
pub(super) fn is_mp4(head: &[u8]) -> bool {
    matches!(head.get(4..8), Some(b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"styp"))
}

/// Walks over the boxes of a file of `size` bytes with a read of 16 bytes for each.
pub(super) async fn layout<R, F>(size: u64, read: &R) -> Result<Layout, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let mut layout = Layout { whole: size, ..Layout::default() };
    let mut at = 0;
    for _ in 0..MAX_BOXES {
        if at >= size {
            break;
        }
        let Some((kind, length)) = next_box(&read(at, 16).await?) else { break };
        // Length 0 means: up to the end of the file.
        let end = if length == 0 { size } else { at.saturating_add(length) };
        match &kind {
            b"moov" => layout.indexed = end <= size,
            b"mdat" => layout.data = true,
            b"moof" => break,
            _ => {}
        }
        if end > size {
            layout.whole = end;
        }
        at = end;
    }
    Ok(layout)
}

/// A box's kind and length from its first 16 bytes, or 8 at the end of a file; `None` where no box can be.
fn next_box(header: &[u8]) -> Option<([u8; 4], u64)> {
    let short = u32::from_be_bytes(header.get(..4)?.try_into().ok()?);
    let kind: [u8; 4] = header.get(4..8)?.try_into().ok()?;
    if !kind.iter().all(|c| (0x20..0x7F).contains(c) || *c == 0xA9) {
        return None;
    }
    match short {
        0 => Some((kind, 0)),
        1 => Some((kind, u64::from_be_bytes(header.get(8..16)?.try_into().ok()?))).filter(|(_, length)| *length >= 16),
        2..8 => None,
        length => Some((kind, u64::from(length))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn write(kind: &[u8; 4], body: usize) -> Vec<u8> {
        let mut bytes = u32::try_from(body + 8).unwrap().to_be_bytes().to_vec();
        bytes.extend(kind);
        bytes.resize(body + 8, 0);
        bytes
    }

    fn walk(bytes: &[u8]) -> Layout {
        let read = |at: u64, length: usize| {
            let rest = &bytes[usize::try_from(at).unwrap()..];
            let part = Bytes::copy_from_slice(&rest[..length.min(rest.len())]);
            std::future::ready(Ok(part))
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(layout(bytes.len() as u64, &read)).unwrap()
    }

    #[test]
    fn whole_files_are_whole_wherever_the_index_is() {
        for kinds in [[b"ftyp", b"moov", b"mdat"], [b"ftyp", b"mdat", b"moov"]] {
            let bytes = kinds.map(|kind| write(kind, 100)).concat();
            assert_eq!(walk(&bytes), Layout { indexed: true, data: true, whole: bytes.len() as u64 });
        }
    }

    #[test]
    fn a_cut_is_seen() {
        let bytes = [b"ftyp", b"moov", b"mdat"].map(|kind| write(kind, 100)).concat();
        assert_eq!(walk(&bytes[..250]), Layout { indexed: true, data: true, whole: 324 });
        assert_eq!(walk(&bytes[..200]), Layout { indexed: false, data: false, whole: 216 });
        let bytes = [b"ftyp", b"mdat", b"moov"].map(|kind| write(kind, 100)).concat();
        assert_eq!(walk(&bytes[..200]), Layout { indexed: false, data: true, whole: 216 });
        assert_eq!(walk(&bytes[..300]), Layout { indexed: false, data: true, whole: 324 });
    }

    #[test]
    fn long_and_endless_boxes() {
        let mut bytes = write(b"moov", 100);
        bytes.extend(1u32.to_be_bytes());
        bytes.extend(b"mdat");
        bytes.extend(1_000_000_000_000u64.to_be_bytes());
        assert_eq!(walk(&bytes), Layout { indexed: true, data: true, whole: 1_000_000_000_108 });
        let mut bytes = write(b"moov", 100);
        bytes.extend([0, 0, 0, 0]);
        bytes.extend(b"mdat and the rest");
        assert_eq!(walk(&bytes), Layout { indexed: true, data: true, whole: bytes.len() as u64 });
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..500), small in any::<bool>()) {
            let bytes = if small { bytes.iter().map(|b| b % 4).collect() } else { bytes };
            let _ = (walk(&bytes), is_mp4(&bytes));
        }
    }
}
