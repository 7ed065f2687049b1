//! EBML, of which Matroska is made, as RFC 8794 and RFC 9559 define it: elements, their sizes and numbers.
//!
//! Pure functions over bytes that may be anything: they never panic, and their work grows with the number of bytes only.

pub(crate) const EBML: u32 = 0x1A45_DFA3;
pub(crate) const SEGMENT: u32 = 0x1853_8067;
pub(crate) const INFO: u32 = 0x1549_A966;
pub(crate) const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
pub(crate) const TRACKS: u32 = 0x1654_AE6B;
pub(crate) const TRACK_ENTRY: u32 = 0xAE;
pub(crate) const TRACK_NUMBER: u32 = 0xD7;
pub(crate) const TRACK_TYPE: u32 = 0x83;
pub(crate) const CLUSTER: u32 = 0x1F43_B675;

/// An element's place in the bytes it was read from.
#[derive(Clone, Copy)]
pub(crate) struct Element {
    pub(crate) id: u32,
    /// Of its body.
    pub(crate) start: usize,
    /// Of its body; `None` if it was written without knowing.
    pub(crate) size: Option<u64>,
}

impl Element {
    pub(crate) fn end(&self) -> Option<usize> {
        self.start.checked_add(usize::try_from(self.size?).ok()?)
    }

    /// As much of the body as there is.
    pub(crate) fn body<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let end = self.end().unwrap_or(bytes.len()).min(bytes.len());
        bytes.get(self.start..end).unwrap_or_default()
    }
}

pub(crate) fn element(bytes: &[u8], at: usize) -> Option<Element> {
    let rest = bytes.get(at..)?;
    let length = rest.first()?.leading_zeros() as usize + 1;
    if length > 4 {
        return None;
    }
    let id = rest.get(..length)?.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    let (size, size_length) = vint(&rest[length..])?;
    let unknown = (1 << (7 * size_length)) - 1;
    Some(Element { id, start: at + length + size_length, size: (size != unknown).then_some(size) })
}

/// A number of variable length and how many bytes it took.
pub(crate) fn vint(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = first.leading_zeros() as usize + 1;
    if length > 8 {
        return None;
    }
    let number = bytes.get(..length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    Some((number & ((1 << (7 * length)) - 1), length))
}

/// An element inside another.
pub(crate) struct Inner<'a> {
    pub(crate) id: u32,
    pub(crate) body: &'a [u8],
}

impl Inner<'_> {
    pub(crate) fn number(&self) -> Option<u64> {
        unsigned(self.body)
    }

    pub(crate) fn text(&self) -> Option<String> {
        let text = std::str::from_utf8(self.body.get(..self.body.len().min(100))?).ok()?;
        Some(text.trim_end_matches('\0').to_owned())
    }
}

pub(crate) fn unsigned(body: &[u8]) -> Option<u64> {
    (body.len() <= 8).then(|| body.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// The elements that follow each other in `bytes`; the last may be cut off.
pub(crate) fn children(bytes: &[u8]) -> impl Iterator<Item = Inner<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let found = element(bytes, at)?;
        // One of unknown size swallows the rest.
        at = found.end().unwrap_or(bytes.len());
        Some(Inner { id: found.id, body: found.body(bytes) })
    })
}

#[cfg(test)]
pub(crate) mod tests {
    /// An element with a size of eight bytes.
    pub(crate) fn write(id: u32, body: &[u8]) -> Vec<u8> {
        let id = id.to_be_bytes();
        let mut bytes = id[id.iter().position(|b| *b != 0).unwrap()..].to_vec();
        bytes.extend((1u64 << 56 | body.len() as u64).to_be_bytes());
        bytes.extend(body);
        bytes
    }
}
