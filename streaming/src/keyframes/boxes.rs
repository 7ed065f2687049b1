//! The boxes that an MP4 is made of, as ISO/IEC 14496-12 defines them. Only those of the index are read, by hand:
//! mp4-atom reads all of a `moov` or nothing, and refuses QuickTime's AC-3 for one.

/// Where a box begins and ends, from its first 16 bytes, or 8 where there are no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: [u8; 4],
    /// Bytes before the body.
    pub(super) length: u64,
    /// Of all of it; `None` if it goes on to the end of what it is in.
    pub(super) size: Option<u64>,
}

/// `None` where no box can be.
pub(super) fn header(bytes: &[u8]) -> Option<Header> {
    let kind = *bytes.get(4..)?.first_chunk()?;
    let (length, size) = match u64::from(u32_at(bytes, 0)?) {
        0 => (8, None),
        1 => (16, Some(u64_at(bytes, 8)?)),
        size => (8, Some(size)),
    };
    size.is_none_or(|size| size >= length).then_some(Header { kind, length, size })
}

/// The boxes that follow each other in `bytes`, up to one that does not fit.
pub(super) fn boxes(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let header = header(rest)?;
        let end = header.size.map_or(Some(rest.len()), |size| usize::try_from(size).ok())?;
        let body = rest.get(usize::try_from(header.length).ok()?..end)?;
        rest = rest.get(end..)?;
        Some((header.kind, body))
    })
}

/// The body of the first box of that kind.
pub(super) fn find<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(bytes).find(|(found, _)| found == kind).map(|(_, body)| body)
}

/// The body of a box in boxes, each the first of its kind.
pub(super) fn find_in<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| find(bytes, kind))
}

/// The rows of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    rows: &'a [u8],
    width: usize,
}

impl<'a> Table<'a> {
    /// Of a body in which the number of rows is at `at` and the rows after it; `None` if not all of them are there.
    pub(super) fn of(body: &'a [u8], at: usize, width: usize) -> Option<Self> {
        let length = usize::try_from(u32_at(body, at)?).ok()?.checked_mul(width)?;
        Some(Self { rows: body.get(at + 4..)?.get(..length)?, width })
    }

    pub(super) fn rows(self) -> impl Iterator<Item = &'a [u8]> {
        self.rows.chunks_exact(self.width)
    }

    pub(super) fn len(self) -> usize {
        self.rows.len() / self.width
    }
}

/// The version of a full box.
pub(super) fn version(body: &[u8]) -> Option<u8> {
    body.first().copied()
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().copied().map(u64::from_be_bytes)
}
