//! The segments, in memory: a folder on tmpfs with a byte budget that is never passed.
//!
//! ```text
//! Store ── rendition() ──> RenditionSpace ── put / get / pin / wait ──> <dir>/<pid>-<random>/<serial>.m4s
//! ```
//!
//! A segment that is not there can be made again, so the store is free to evict: what lies behind its readers first,
//! then what was used longest ago, and never what somebody waits for or reads. Files have serial numbers for names:
//! no path is built from anything that comes from outside. Nothing is deleted but in the store's own folder.

mod error;
mod folder;
mod ledger;
mod place;
mod space;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use protocol::{Capacity, StoreReport};
use tokio::{runtime::Handle, sync::Notify, task::spawn_blocking};

pub use self::{
    error::StoreError,
    place::{DEFAULT_BUDGET, MIN_BUDGET},
    space::{RenditionSpace, SegmentPin},
};
use self::{
    folder::Folder,
    ledger::{FileId, Ledger, Reservation, SpaceId},
    place::Place,
};
use crate::owned_folder;

/// How long a put waits for files that are being deleted, and closing for work under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the segments go and how many bytes they may take.
#[derive(Clone, Debug, Default)]
pub struct StoreConfig {
    /// Without it: `/dev/shm/matinee` where `/dev/shm` is a tmpfs, else `matinee` in the system's temporary folder.
    pub dir: Option<PathBuf>,
    /// Bytes. Without it: [`DEFAULT_BUDGET`], or a quarter of the file system if that is less.
    pub budget: Option<u64>,
}

/// The store of one server process. Cheap to clone; all clones are one store.
#[derive(Clone)]
pub struct Store {
    core: Arc<Core>,
}

/// What all handles share.
struct Core {
    folder: Folder,
    place: Place,
    budget: u64,
    state: Mutex<State>,
    /// Signalled when a file's bytes are given back, for puts that wait for them on a blocking thread.
    freed: Condvar,
    /// Signalled when `State::busy` becomes zero.
    idle: Notify,
}

struct State {
    ledger: Ledger,
    closed: bool,
    /// Jobs that touch the folder right now.
    busy: u32,
}

impl Store {
    /// Makes the store's own folder, after sweeping up what dead servers left beside it.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or the budget is none to work with; the messages are for the operator.
    pub fn open(config: StoreConfig) -> Result<Self, StoreError> {
        let place = Place::open(&config.dir.unwrap_or_else(place::default_dir))?;
        let budget = place::budget(config.budget, place.total())?;
        Self::at(place, budget)
    }

    fn at(place: Place, budget: u64) -> Result<Self, StoreError> {
        owned_folder::sweep(place.dir(), folder::SEGMENTS);
        let folder =
            Folder::create(&place).map_err(|source| StoreError::Folder { dir: place.path().to_owned(), source })?;
        let state = Mutex::new(State { ledger: Ledger::new(budget), closed: false, busy: 0 });
        let core = Core { folder, place, budget, state, freed: Condvar::new(), idle: Notify::new() };
        Ok(Self { core: Arc::new(core) })
    }

    /// A place for the segments of one rendition. Its files go when its last handle is dropped.
    #[must_use]
    pub fn rendition(&self) -> RenditionSpace {
        RenditionSpace::new(&self.core)
    }

    /// Bytes in use and allowed. Counts whole pages, as tmpfs does.
    #[must_use]
    pub fn usage(&self) -> Capacity {
        Capacity { used: self.core.state().ledger.used(), allowed: self.core.budget }
    }

    #[must_use]
    pub fn on_tmpfs(&self) -> bool {
        self.core.place.on_tmpfs()
    }

    /// For the page: what to do when the store is not on tmpfs. Names no folder of the server.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        self.core.place.advice("a folder of its own, named with --store-dir", "FOLDER")
    }

    /// For the operator: the same with the folder's name.
    #[must_use]
    pub fn operator_advice(&self) -> Option<String> {
        let dir = self.core.place.path().display().to_string();
        self.core.place.advice(&dir, &dir)
    }

    /// What the home page shows of the store.
    #[must_use]
    pub fn report(&self) -> StoreReport {
        StoreReport { on_tmpfs: self.on_tmpfs(), bytes: self.usage(), advice: self.advice() }
    }

    /// Waits until nothing is being written, read or deleted. The caller sets the limit.
    pub async fn settled(&self) {
        loop {
            let idle = self.core.idle.notified();
            tokio::pin!(idle);
            idle.as_mut().enable();
            if self.core.state().busy == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Ends the store: waiters are told, work under way is awaited, the folder is removed. Twice is harmless.
    ///
    /// # Errors
    ///
    /// When the folder cannot be removed; the next server's start sweeps it up.
    pub async fn close(&self) -> Result<(), StoreError> {
        {
            let mut state = self.core.state();
            state.closed = true;
            state.ledger.wake_all();
        }
        self.core.freed.notify_all();
        if tokio::time::timeout(PATIENCE, self.settled()).await.is_err() {
            tracing::warn!("the store is removed while it is still being worked on");
        }
        let core = Arc::clone(&self.core);
        let removed = joined(spawn_blocking(move || core.folder.remove()).await)?;
        removed.map_err(|source| StoreError::Io { what: "removing the store's folder", source })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("dir", &self.core.place.path()).field("usage", &self.usage()).finish()
    }
}

impl Core {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a job that touches the folder, unless the store is closed.
    fn begin(self: &Arc<Self>) -> Result<Job, StoreError> {
        let mut state = self.state();
        if state.closed {
            return Err(StoreError::Closed);
        }
        state.busy += 1;
        drop(state);
        Ok(Job { core: Arc::clone(self) })
    }

    /// Takes `bytes` out of the budget, evicting what it must. Blocks on the file system.
    fn reserve(&self, bytes: u64) -> Result<(), StoreError> {
        let reservation = self.find_room(bytes)?;
        let (mut kept, mut failure) = (0, None);
        for victim in reservation.victims() {
            if let Err(error) = self.folder.delete(victim.file) {
                kept += victim.charge;
                failure = Some(error);
            }
        }
        let evicted = reservation.victims().len();
        if evicted > 0 {
            tracing::debug!(files = evicted, bytes, "made room in the store");
        }
        let mut state = self.state();
        let settled = match failure {
            None => {
                state.ledger.settle(&reservation);
                Ok(())
            }
            Some(source) => {
                state.ledger.abandon(&reservation, kept);
                Err(StoreError::Io { what: "deleting an old segment", source })
            }
        };
        drop(state);
        self.freed.notify_all();
        settled
    }

    fn find_room(&self, bytes: u64) -> Result<Reservation, StoreError> {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.state();
        loop {
            if state.closed {
                return Err(StoreError::Closed);
            }
            if let Some(reservation) = state.ledger.reserve(bytes) {
                return Ok(reservation);
            }
            // Only bytes that another thread is giving back this moment are worth waiting for.
            let left = deadline.saturating_duration_since(Instant::now());
            if !state.ledger.deleting() || left.is_zero() {
                return Err(StoreError::Full { bytes, budget: self.budget });
            }
            state = self.freed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Writes a segment and then makes it visible. Blocks on the file system.
    fn put(&self, space: SpaceId, n: u32, bytes: &Bytes) -> Result<(), StoreError> {
        let length = bytes.len() as u64;
        let charge = ledger::charge(length);
        self.reserve(charge)?;
        let file = self.state().ledger.next_file();
        let written = self.folder.write(file, bytes);
        if written.is_ok() && self.state().ledger.publish(space, n, file, length) {
            return Ok(());
        }
        // Either the write failed, or another head delivered the same segment first.
        self.discard(file, charge);
        written.map_err(StoreError::of_write)
    }

    fn put_init(&self, space: SpaceId, bytes: Bytes) -> Result<(), StoreError> {
        let charge = ledger::charge(bytes.len() as u64);
        self.reserve(charge)?;
        let mut state = self.state();
        if !state.ledger.publish_init(space, bytes) {
            state.ledger.free(charge);
        }
        Ok(())
    }

    /// Reads a segment that the ledger knows. Blocks on the file system.
    fn read(&self, space: SpaceId, n: u32, file: FileId, length: u64) -> Option<Bytes> {
        match self.folder.read(file, length) {
            Ok(bytes) => Some(bytes.into()),
            Err(error) => {
                // Somebody else has been at our files. The segment can be made again once the ledger forgets it.
                tracing::warn!(segment = n, %error, "a stored segment cannot be read and is forgotten");
                let lost = self.state().ledger.lose(space, n, file);
                if let Some(lost) = lost {
                    self.discard(lost.file, lost.charge);
                }
                None
            }
        }
    }

    /// Deletes a file that the ledger does not list (any more) and gives its bytes back.
    fn discard(&self, file: FileId, charge: u64) {
        match self.folder.delete(file) {
            Ok(()) => self.state().ledger.free(charge),
            // Its bytes stay counted, since they are still there.
            Err(error) => tracing::warn!(%error, "a segment's file cannot be deleted"),
        }
        self.freed.notify_all();
    }

    /// Forgets a rendition at once and has its files deleted on a blocking thread.
    fn drop_space(self: &Arc<Self>, space: SpaceId) {
        let any = self.state().ledger.drop_space(space);
        if !any {
            return;
        }
        // A closed store's folder goes as a whole.
        let Ok(job) = self.begin() else { return };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || job.core.delete_doomed())),
            Err(_) => job.core.delete_doomed(),
        }
    }

    fn delete_doomed(&self) {
        loop {
            let Some(doomed) = self.state().ledger.take_doomed() else { return };
            let deleted = self.folder.delete(doomed.file);
            if let Err(error) = &deleted {
                tracing::warn!(%error, "a segment's file cannot be deleted");
            }
            self.state().ledger.deleted(&doomed, deleted.is_ok());
            self.freed.notify_all();
        }
    }
}

/// A job that touches the folder; closing waits for it.
struct Job {
    core: Arc<Core>,
}

impl Drop for Job {
    fn drop(&mut self) {
        let mut state = self.core.state();
        state.busy -= 1;
        if state.busy == 0 {
            drop(state);
            self.core.idle.notify_waiters();
        }
    }
}

/// The outcome of a blocking job: its panic goes on, and its cancellation means that the runtime ends.
fn joined<T>(outcome: Result<T, tokio::task::JoinError>) -> Result<T, StoreError> {
    outcome.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => StoreError::Closed,
    })
}
