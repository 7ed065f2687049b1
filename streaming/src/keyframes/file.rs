//! Reading the pieces of a file that its index is in.

use std::future::Future;

use bytes::{Bytes, BytesMut};
use protocol::Error;

use super::NoIndex;

/// What `read` is asked for at most.
const PIECE: usize = 4 * 1024 * 1024;
/// The index of a film of many hours has a few megabytes.
const MAX_PART: u64 = 64 * 1024 * 1024;

/// Why an index was not read.
#[derive(Debug)]
pub(super) enum Failure {
    NoIndex(NoIndex),
    Read(Error),
}

impl From<NoIndex> for Failure {
    fn from(why: NoIndex) -> Self {
        Self::NoIndex(why)
    }
}

/// A file that is read in ranges.
pub(super) struct File<'a, R> {
    /// Bytes, where they are known.
    pub(super) size: Option<u64>,
    pub(super) read: &'a R,
}

impl<R, F> File<'_, R>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    /// Whether a file of this size can have something that ends there.
    pub(super) fn reaches(&self, end: u64) -> bool {
        self.size.is_none_or(|size| end <= size)
    }

    /// As many bytes as there are, at most `length`, and at least one.
    pub(super) async fn some(&self, at: u64, length: usize) -> Result<Bytes, Failure> {
        if self.size.is_some_and(|size| at >= size) {
            return Err(NoIndex::Cut.into());
        }
        let mut bytes = (self.read)(at, length.min(PIECE)).await.map_err(Failure::Read)?;
        bytes.truncate(length);
        if bytes.is_empty() { Err(NoIndex::Cut.into()) } else { Ok(bytes) }
    }

    /// `start`, which was read from `at` on, and what follows it up to `length` bytes.
    pub(super) async fn whole(&self, at: u64, start: Bytes, length: u64) -> Result<Bytes, Failure> {
        if length > MAX_PART {
            return Err(NoIndex::TooLarge.into());
        }
        let end = at.checked_add(length).filter(|end| self.reaches(*end)).ok_or(NoIndex::Cut)?;
        let length = usize::try_from(length).map_err(|_| NoIndex::TooLarge)?;
        if start.len() >= length {
            return Ok(start.slice(..length));
        }
        // Grows with what is there, not with what is promised.
        let mut whole = BytesMut::from(&start[..]);
        let mut at = at + start.len() as u64;
        while at < end {
            let wanted = (length - whole.len()).min(PIECE);
            let piece = self.some(at, wanted).await?;
            if piece.len() < wanted {
                return Err(NoIndex::Cut.into());
            }
            whole.extend_from_slice(&piece);
            at += wanted as u64;
        }
        Ok(whole.freeze())
    }
}
