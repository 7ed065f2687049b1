//! Sources whose bytes somebody else brings, a torrent's for one: the gateway serves them as it serves files.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use protocol::Error;

/// Bytes of a known number that can be read anywhere.
pub trait ByteSource: Send + Sync {
    /// How many there are.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Somebody who will read here and there; `urgent` for a tool that makes picture or sound, which comes before who reads
    /// the index, subtitles or fonts.
    fn reader(&self, urgent: bool) -> Box<dyn ByteReader>;

    /// What keeps readers waiting right now.
    fn trouble(&self) -> Option<Error>;
}

/// One who reads.
pub trait ByteReader: Send {
    /// The next bytes at an offset before the end: at least one and at most `max`. Waits for them no longer than the tools
    /// would, thirty seconds.
    ///
    /// # Errors
    ///
    /// Why they are not there.
    fn next(&mut self, offset: u64, max: usize) -> BoxFuture<'_, Result<Bytes, Error>>;
}
