//! The first answer of a link's server: it may be late, and not say how long the file is.

use bytes::Bytes;
use protocol::Error;
use tokio::time::{Instant, sleep};

use super::{
    Shared,
    range::ContentRange,
    sentences::{self, Again, Failure},
    upstream::{Answer, Target},
};

impl Shared {
    /// The answer to the first request, and its body's first bytes. A head alone tells little: there are servers that send
    /// it before they have found the film.
    ///
    /// A connection that breaks off is made once more, as for any other place; what else goes wrong is told at once, for
    /// here somebody may have mistyped the link.
    pub(super) async fn first_answer(&self, target: &Target) -> Result<(Answer, Bytes), Error> {
        let by = Instant::now() + self.config.open_timeout;
        let mut answered = self.answer_with_bytes(target, by).await;
        let broke_off = answered.as_ref().is_err_and(|failure| failure.again == Again::BrokenOff);
        if broke_off && Instant::now() + self.config.backoff < by {
            sleep(self.config.backoff).await;
            answered = self.answer_with_bytes(target, by).await;
        }
        answered.map_err(|failure| failure.error)
    }

    async fn answer_with_bytes(&self, target: &Target, by: Instant) -> Result<(Answer, Bytes), Failure> {
        let empty = || Failure { error: sentences::empty(&target.host()), again: Again::No };
        let mut answer = self.upstream.get(target, Some(0), by).await?;
        if answer.total == Some(0) {
            return Err(empty());
        }
        loop {
            match answer.body.chunk().await? {
                Some(bytes) if bytes.is_empty() => {}
                Some(bytes) => return Ok((answer, bytes)),
                None if answer.total.is_none() && answer.range.is_none() => return Err(empty()),
                None => return Err(sentences::broken(&target.host())),
            }
        }
    }

    /// The length, if any part can be had.
    ///
    /// A server may send the whole for `bytes=0-` though it could send parts: one that says so is asked for its last byte.
    /// One that does not say how long the file is, is asked for the byte that would be the last if the answer it is
    /// sending were not cut short.
    pub(super) async fn seekable(&self, target: &Target, answer: &Answer) -> Option<u64> {
        let last = match (answer.range, answer.total) {
            (Some(_), Some(len)) => return Some(len),
            (Some(range), None) => range.last,
            (None, _) if !answer.says_ranges => return None,
            (None, Some(len)) => len.checked_sub(1)?,
            (None, None) => match self.part(target, answer, 1).await? {
                ContentRange { total: Some(len), .. } => return Some(len),
                range => range.last,
            },
        };
        let end = self.part(target, answer, last).await?;
        end.total.or_else(|| (end.last == last).then_some(last + 1))
    }

    /// What the server sends of the same file from a byte on.
    async fn part(&self, target: &Target, answer: &Answer, from: u64) -> Option<ContentRange> {
        let by = Instant::now() + self.config.place_timeout;
        let part = self.upstream.get(target, Some(from), by).await.ok()?;
        part.range.filter(|_| answer.validator.agrees(&part.validator))
    }
}
