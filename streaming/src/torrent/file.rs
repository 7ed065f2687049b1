//! An open file of a torrent, as the gateway reads it.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use protocol::Error;
use tokio::{task::spawn_blocking, time::Instant};

use super::{Along, engine::Shared, entry::Entry, sentences, slot::Slot};
use crate::{
    gateway::{ByteReader, ByteSource},
    source::InfoHash,
};

/// How long a reader waits for what it asks for; the tools themselves give up after thirty seconds, and then nobody would
/// know why.
const PATIENCE: Duration = Duration::from_secs(25);
/// For so long without data it is no trouble yet.
const QUIET: Duration = Duration::from_secs(5);

/// A file of a torrent that somebody has open: as long as one does, its data are asked of peers.
pub struct TorrentFile {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
    file: u32,
}

impl fmt::Debug for TorrentFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TorrentFile({}, {})", self.entry.meta.hash, self.file)
    }
}

impl TorrentFile {
    /// The file has been taken already.
    pub(super) fn new(shared: Arc<Shared>, entry: Arc<Entry>, file: u32) -> Arc<Self> {
        Arc::new(Self { shared, entry, file })
    }

    #[must_use]
    pub fn hash(&self) -> InfoHash {
        self.entry.meta.hash
    }

    /// The last part of its path, for showing only.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.entry.meta.files.get(self.file as usize).map(|file| file.name.as_str());
        name.and_then(|name| name.rsplit('/').next()).unwrap_or_default().to_owned()
    }

    /// Says how long the film is, in seconds, once that is known.
    pub fn set_duration(&self, duration_s: f64) {
        if duration_s > 0.0 {
            self.entry.set_rate((self.len() as f64 / duration_s) as u64);
        }
    }

    /// How it comes along.
    #[must_use]
    pub fn along(&self) -> Along {
        self.entry.along(self.file)
    }
}

impl Drop for TorrentFile {
    fn drop(&mut self) {
        self.entry.give_back(self.file);
        self.shared.bell.notify_one();
    }
}

impl ByteSource for TorrentFile {
    fn len(&self) -> u64 {
        self.entry.meta.files.get(self.file as usize).map_or(0, |file| file.len)
    }

    fn reader(&self, urgent: bool) -> Box<dyn ByteReader> {
        let slot = Slot::new(self.file, urgent);
        self.entry.slot(&slot);
        Box::new(Reader { shared: Arc::clone(&self.shared), entry: Arc::clone(&self.entry), slot })
    }

    fn trouble(&self) -> Option<Error> {
        let waits =
            |slot: &Arc<Slot>| slot.file() == self.file && slot.waits_at().is_some() && slot.used().elapsed() > QUIET;
        let waiting = self.entry.slots().iter().any(waits);
        waiting.then(|| self.entry.broken().unwrap_or_else(|| sentences::no_data(QUIET, self.entry.peers())))
    }
}

/// Somebody who reads it.
struct Reader {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
    slot: Arc<Slot>,
}

impl ByteReader for Reader {
    fn next(&mut self, offset: u64, max: usize) -> BoxFuture<'_, Result<Bytes, Error>> {
        Box::pin(async move {
            self.slot.mark(None);
            let there = self.entry.there(self.slot.file(), offset, max as u64);
            if there > 0 {
                self.slot.go_on(offset + there).await;
                return self.read(offset, there).await;
            }
            self.slot.mark(Some(offset));
            let waiting = Waiting(&self.slot, &self.entry);
            self.entry.turn.notify_waiters();
            let read = self.wait(offset, max).await;
            drop(waiting);
            read
        })
    }
}

impl Reader {
    async fn read(&self, offset: u64, len: u64) -> Result<Bytes, Error> {
        let (files, file) = (Arc::clone(&self.entry.files), self.slot.file() as usize);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let read = spawn_blocking(move || {
            let mut buffer = vec![0; len];
            files.read(file, offset, &mut buffer).map(|()| buffer)
        })
        .await;
        match read.unwrap_or_else(|why| Err(std::io::Error::other(why))) {
            Ok(bytes) => Ok(bytes.into()),
            Err(why) => {
                tracing::warn!(%why, "torrent data cannot be read");
                Err(sentences::closed())
            }
        }
    }

    async fn wait(&self, offset: u64, max: usize) -> Result<Bytes, Error> {
        let deadline = Instant::now() + PATIENCE;
        let mut reading = std::pin::pin!(self.slot.wait(&self.entry, &self.shared.places, offset, max));
        loop {
            // Made before looking, so that nothing is missed between.
            let changed = self.entry.changed.notified();
            if self.entry.full.load(Ordering::Relaxed) && self.entry.there(self.slot.file(), offset, 1) == 0 {
                return Err(sentences::quota_full(self.shared.ledger.capacity().allowed));
            }
            tokio::select! {
                read = &mut reading => return read,
                () = changed => {}
                () = tokio::time::sleep_until(deadline) => {
                    return Err(sentences::no_data(PATIENCE, self.entry.peers()));
                }
            }
        }
    }
}

/// Nobody waits any more, however the waiting ended.
struct Waiting<'a>(&'a Slot, &'a Entry);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.mark(None);
        self.1.turn.notify_waiters();
    }
}
