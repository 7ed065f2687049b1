//! A subtitle's block as Matroska stores it (RFC 9559, 5.1.3). Pure functions over bytes that may be anything.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::ZlibDecoder;

use crate::{
    ebml::{children, element, vint},
    keyframes::Encoding,
};

pub(super) const SIMPLE_BLOCK: u32 = 0xA3;
pub(super) const BLOCK_GROUP: u32 = 0xA0;
pub(super) const BLOCK: u32 = 0xA1;
const BLOCK_DURATION: u32 = 0x9B;

/// Bytes of one event; drawings may be large.
pub(super) const MAX_EVENT: usize = 1 << 20;

/// What a block holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The track that it belongs to.
    pub(super) track: u64,
    /// Ticks from its cluster's time.
    pub(super) time: i16,
    /// Ticks, where it says so.
    pub(super) duration: Option<u64>,
    /// As it is stored.
    pub(super) content: Bytes,
}

/// What stands at the beginning of some bytes of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Block(Block),
    /// So many bytes are needed to tell, and these are all there have to be.
    Needs(usize),
    /// No block of text.
    Other,
}

/// Reads the element at the beginning of `bytes`.
pub(super) fn block(bytes: &[u8]) -> Found {
    let Some(found) = element(bytes, 0).filter(|found| matches!(found.id, SIMPLE_BLOCK | BLOCK_GROUP)) else {
        return Found::Other;
    };
    let Some(end) = found.end().filter(|end| *end <= MAX_EVENT) else { return Found::Other };
    if bytes.len() < end {
        return Found::Needs(end);
    }
    let body = found.body(bytes);
    let (stored, duration) = if found.id == SIMPLE_BLOCK {
        (Some(body), None)
    } else {
        let child = |id| children(body).find(|child| child.id == id);
        (child(BLOCK).map(|block| block.body), child(BLOCK_DURATION).and_then(|duration| duration.number()))
    };
    stored.and_then(|stored| content(stored, duration)).map_or(Found::Other, Found::Block)
}

/// Track number, two bytes of time, flags, content. Text is not laced.
fn content(stored: &[u8], duration: Option<u64>) -> Option<Block> {
    const LACING: u8 = 0x06;
    let (track, length) = vint(stored)?;
    let &[high, low, flags] = stored.get(length..length + 3)? else { return None };
    let (time, content) = (i16::from_be_bytes([high, low]), &stored[length + 3..]);
    (flags & LACING == 0).then(|| Block { track, time, duration, content: Bytes::copy_from_slice(content) })
}

/// A block's content, or a header, as it was before it was stored; none if it is not what it should be.
pub(super) fn decoded(stored: &Bytes, encoding: &Encoding) -> Option<Bytes> {
    match encoding {
        Encoding::Plain => Some(stored.clone()),
        Encoding::Stripped(beginning) => Some([&beginning[..], &stored[..]].concat().into()),
        Encoding::Zlib => {
            let mut whole = Vec::new();
            // One byte more than is allowed tells that there is too much.
            let read = ZlibDecoder::new(&stored[..]).take(MAX_EVENT as u64 + 1).read_to_end(&mut whole);
            (read.is_ok() && whole.len() <= MAX_EVENT).then(|| whole.into())
        }
        Encoding::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::ZlibEncoder};
    use proptest::prelude::*;

    use super::*;
    use crate::ebml::tests::write;

    fn group(track: u8, text: &[u8], duration: u8) -> Vec<u8> {
        let stored = [&[0x80 | track, 0, 5, 0][..], text].concat();
        write(BLOCK_GROUP, &[write(BLOCK, &stored), write(BLOCK_DURATION, &[duration])].concat())
    }

    #[test]
    fn a_group_has_text_and_duration() {
        let bytes = group(3, b"text", 40);
        let wanted = Block { track: 3, time: 5, duration: Some(40), content: Bytes::from_static(b"text") };
        assert_eq!(block(&bytes), Found::Block(wanted.clone()));
        assert_eq!(block(&[&bytes[..], b"what follows"].concat()), Found::Block(wanted));
        assert_eq!(block(&bytes[..12]), Found::Needs(bytes.len()));
        let simple = write(SIMPLE_BLOCK, &[&[0x84, 0xFF, 0xFE, 0x80][..], b"x"].concat());
        let wanted = Block { track: 4, time: -2, duration: None, content: Bytes::from_static(b"x") };
        assert_eq!(block(&simple), Found::Block(wanted));
        assert_eq!(block(&write(0xE7, &[1])), Found::Other);
        assert_eq!(block(&write(SIMPLE_BLOCK, &[0x84, 0, 0, 0x02, 1])), Found::Other, "laced");
    }

    #[test]
    fn what_was_taken_off_or_compressed_comes_back() {
        let text = Bytes::from_static(b"0,0,Default,,0,0,0,,Hello");
        assert_eq!(decoded(&text, &Encoding::Plain), Some(text.clone()));
        assert_eq!(decoded(&text.slice(4..), &Encoding::Stripped(text.slice(..4))), Some(text.clone()));
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&text).unwrap();
        let small: Bytes = encoder.finish().unwrap().into();
        assert_eq!(decoded(&small, &Encoding::Zlib), Some(text.clone()));
        assert_eq!(decoded(&text, &Encoding::Zlib), None);
        assert_eq!(decoded(&text, &Encoding::Unknown), None);
        let mut bomb = ZlibEncoder::new(Vec::new(), Compression::best());
        bomb.write_all(&vec![b'a'; 4 * MAX_EVENT]).unwrap();
        assert_eq!(decoded(&bomb.finish().unwrap().into(), &Encoding::Zlib), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (block(&bytes), decoded(&bytes.into(), &Encoding::Zlib));
        }
    }
}
