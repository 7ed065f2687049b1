//! One reader's place in a torrent.
//!
//! librqbit asks peers first for the pieces behind the position of each open stream, for all streams in turn. So a reader
//! that has not read for a while must not keep its stream: after a seek, what it left behind would have half of the line.
//! And one that has just begun, which is what a seek looks like from here, comes before the others for some seconds.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use protocol::Error;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncSeek, AsyncSeekExt as _},
    sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore},
};

use super::{entry::Entry, sentences};

/// The most that is read at once from what has just come, in bytes.
const READ: usize = 256 * 1024;

/// librqbit's own type has no public name.
trait Seekable: AsyncRead + AsyncSeek + Send + Unpin {}

impl<S: AsyncRead + AsyncSeek + Send + Unpin> Seekable for S {}

/// A reader that has begun so short a time ago comes before others: about as long as the first segments after a seek take
/// on a line that is as fast as the film.
const YOUNG: Duration = Duration::from_secs(10);
/// Readers that begin within so long belong together.
const TOGETHER: Duration = Duration::from_millis(1500);
/// What a reader asks for within so many bytes behind a younger one is read by that one soon.
const NEAR: u64 = 4 << 20;
/// How often it is looked whether others have come so far; they tell it too.
const LOOK: Duration = Duration::from_millis(500);

/// A stream, and its place among the streams of all torrents.
struct Stream {
    stream: Box<dyn Seekable>,
    len: u64,
    /// Of the torrent that it is of; see [`Entry::renew`].
    generation: u64,
    _place: OwnedSemaphorePermit,
}

/// A reader's place.
pub(super) struct Slot {
    file: u32,
    urgent: bool,
    began: Instant,
    stream: AsyncMutex<Option<Stream>>,
    state: Mutex<State>,
}

struct State {
    used: Instant,
    waits_at: Option<u64>,
}

impl Slot {
    pub(super) fn new(file: u32, urgent: bool) -> Arc<Self> {
        let state = State { used: Instant::now(), waits_at: None };
        Arc::new(Self { file, urgent, began: Instant::now(), stream: AsyncMutex::default(), state: Mutex::new(state) })
    }

    pub(super) const fn file(&self) -> u32 {
        self.file
    }

    /// When it was read from last.
    pub(super) fn used(&self) -> Instant {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).used
    }

    /// The offset of what it waits for.
    pub(super) fn waits_at(&self) -> Option<u64> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).waits_at
    }

    pub(super) fn mark(&self, waits_at: Option<u64>) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State { used: Instant::now(), waits_at };
    }

    /// Whether what it waits for comes before what `other` waits for at an offset.
    fn comes_before(&self, other: &Self, offset: u64) -> bool {
        // Picture and sound begin together, and wait in turn.
        let young = self.urgent && self.began > other.began + TOGETHER && self.began.elapsed() < YOUNG;
        young && self.waits_at().is_some_and(|at| self.file != other.file || !(at..at + NEAR).contains(&offset))
    }

    /// What is behind an offset comes next, if this reader had to wait for what is before it.
    pub(super) async fn go_on(&self, offset: u64) {
        if let Some(open) = &mut *self.stream.lock().await
            && open.len > offset
        {
            let _ = open.stream.seek(std::io::SeekFrom::Start(offset)).await;
        }
    }

    /// Waits for bytes at an offset and reads them.
    pub(super) async fn wait(
        &self,
        entry: &Entry,
        places: &Arc<Semaphore>,
        offset: u64,
        max: usize,
    ) -> Result<Bytes, Error> {
        let mut slot = self.stream.lock().await;
        for other in entry.slots() {
            // Who waits for nothing right now may not want to go on at all.
            if other.waits_at().is_none() && self.comes_before(&other, u64::MAX) {
                other.rest();
            }
        }
        let began = Instant::now();
        loop {
            // Made before looking, so that nothing is missed between.
            let turn = entry.turn.notified();
            if began.elapsed() < YOUNG && entry.slots().iter().any(|other| other.comes_before(self, offset)) {
                *slot = None;
                let _ = tokio::time::timeout(LOOK, turn).await;
                continue;
            }
            let reading = self.read(entry, &mut slot, places, offset, max);
            tokio::select! {
                read = reading => return read,
                () = turn => {}
            }
        }
    }

    async fn read(
        &self,
        entry: &Entry,
        slot: &mut Option<Stream>,
        places: &Arc<Semaphore>,
        offset: u64,
        max: usize,
    ) -> Result<Bytes, Error> {
        let (handle, generation) = entry.handle();
        let open = match &mut *slot {
            Some(open) if open.generation == generation => open,
            none => {
                *none = None;
                let place = Arc::clone(places).acquire_owned().await.map_err(|_| sentences::closed())?;
                let opened = handle.stream(self.file as usize).await;
                let stream = opened.map_err(|why| entry.broken().unwrap_or_else(|| sentences::not_added(&why)))?;
                none.insert(Stream { len: stream.len(), stream: Box::new(stream), generation, _place: place })
            }
        };
        let failed = |why: std::io::Error| {
            tracing::debug!(%why, "a torrent's stream");
            entry.broken().unwrap_or_else(sentences::closed)
        };
        open.stream.seek(std::io::SeekFrom::Start(offset)).await.map_err(failed)?;
        let mut buffer = vec![0; max.min(READ)];
        let read = open.stream.read(&mut buffer).await;
        match read {
            Ok(count) => {
                buffer.truncate(count);
                Ok(buffer.into())
            }
            Err(why) => {
                *slot = None;
                Err(failed(why))
            }
        }
    }

    /// Gives up the stream, unless it is being waited for.
    pub(super) fn rest(&self) {
        if let Ok(mut slot) = self.stream.try_lock() {
            *slot = None;
        }
    }
}
