//! One reader that goes through a feed.

use std::{sync::Arc, time::Instant};

use bytes::{Bytes, BytesMut};
use protocol::Error;

use super::{
    byte_source::ByteReader,
    cache::BLOCK,
    feed::{Backing, Core},
    remote::Ticket,
    rewrite::Rewrite,
    sentences,
};

/// A read under way. A tool that gives up before the gateway does has met what the gateway struggles with.
struct Reading<'a> {
    core: &'a Core,
    tool: u64,
    offset: u64,
    done: bool,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if !self.done
            && let Some(trouble) = self.core.trouble()
        {
            self.core.set_fault(self.tool, self.offset, trouble);
        }
    }
}

/// One reader going through a feed.
pub(super) struct Reader {
    core: Arc<Core>,
    tool: u64,
    ticket: Option<Ticket>,
    bytes: Option<Box<dyn ByteReader>>,
    /// Where a packet begins, by what was rewritten last.
    packet: Option<u64>,
}

impl Reader {
    pub(super) fn new(core: Arc<Core>, tool: u64) -> Self {
        Self::with(core, tool, false)
    }

    pub(super) fn with(core: Arc<Core>, tool: u64, glance: bool) -> Self {
        let ticket = match &core.backing {
            Backing::Remote(remote) => Some(remote.enter(glance)),
            _ => None,
        };
        let bytes = match &core.backing {
            // Heads have numbers.
            Backing::Bytes(bytes) => Some(bytes.reader(tool > 0)),
            _ => None,
        };
        Self { core, tool, ticket, bytes, packet: None }
    }

    pub(super) fn core(&self) -> &Core {
        &self.core
    }

    /// The next bytes at an offset: at least one and at most `max`, never more than a block; none at the end.
    pub(super) async fn next(&mut self, offset: u64, max: u64) -> Result<Bytes, Error> {
        let core = Arc::clone(&self.core);
        match core.rewrite.get() {
            Some(by) if max > 0 => self.rewritten(by.as_ref(), offset, max).await,
            _ => self.unchanged(offset, max).await,
        }
    }

    /// Packets are read whole, and bytes before them where it is not known that one begins.
    async fn rewritten(&mut self, by: &dyn Rewrite, offset: u64, max: u64) -> Result<Bytes, Error> {
        let lead = if self.packet == Some(offset) { 0 } else { offset.min(by.to_find() as u64) };
        let (from, least) = (offset - lead, lead + by.to_find() as u64);
        let mut bytes = BytesMut::from(self.unchanged(from, BLOCK).await?);
        while (bytes.len() as u64) < least {
            let have = bytes.len() as u64;
            let more = self.unchanged(from + have, BLOCK.saturating_sub(have)).await?;
            if more.is_empty() {
                break;
            }
            bytes.extend_from_slice(&more);
        }
        // A file may have become shorter.
        if bytes.len() as u64 <= lead {
            return Ok(Bytes::new());
        }
        let packets_end = by.rewrite(from, &mut bytes) as u64;
        // What is no whole packet is passed on only at the end of the file, or where there is nothing else.
        let end = if packets_end > lead { packets_end } else { bytes.len() as u64 };
        self.packet = (end == packets_end && end - lead <= max).then_some(from + end);
        let end = end.min(lead.saturating_add(max));
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
        let range = place(lead)..place(end);
        Ok(bytes.freeze().slice(range))
    }

    async fn unchanged(&mut self, offset: u64, max: u64) -> Result<Bytes, Error> {
        let max = usize::try_from(max.min(BLOCK)).unwrap_or(usize::MAX);
        if max == 0 || self.core.len().is_some_and(|len| offset >= len) {
            return Ok(Bytes::new());
        }
        let core = Arc::clone(&self.core);
        let (ticket, bytes) = (&self.ticket, &mut self.bytes);
        let reading = async {
            if let Some(bytes) = bytes {
                return bytes.next(offset, max).await;
            }
            match (&core.backing, ticket) {
                (Backing::Remote(remote), Some(ticket)) => {
                    let block = remote.block(ticket, offset / BLOCK).await?;
                    // Smaller than a block.
                    let start = usize::try_from(offset % BLOCK).unwrap_or(usize::MAX).min(block.len());
                    Ok(block.slice(start..block.len().min(start + max)))
                }
                (Backing::Spill(spill), _) => spill.read(offset, max).await,
                (Backing::Disk(disk), _) => disk.read(offset, max).await,
                (Backing::Remote(_) | Backing::Bytes(_), _) => Err(sentences::closed()),
            }
        };
        let token = self.core.tasks.token();
        let since = Instant::now();
        let mut under_way = Reading { core: &core, tool: self.tool, offset, done: false };
        let read = token.run_until_cancelled(reading).await;
        under_way.done = true;
        let got = read.as_ref().and_then(|read| read.as_ref().ok()).map_or(0, Bytes::len);
        self.core.starving.note(self.tool, since.elapsed(), got);
        match read.unwrap_or_else(|| Err(sentences::closed())) {
            Ok(bytes) => {
                self.core.clear_fault(self.tool, offset, bytes.len() as u64);
                Ok(bytes)
            }
            Err(error) => {
                self.core.set_fault(self.tool, offset, error.clone());
                Err(error)
            }
        }
    }
}
