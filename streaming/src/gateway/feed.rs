//! One opened source: what everybody who reads it holds.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use protocol::{Error, ErrorKind, Reach};

use super::{
    Shared,
    byte_source::ByteSource,
    cache::BLOCK,
    disk::Disk,
    reader::Reader,
    remote::Remote,
    rewrite::Rewrite,
    sentences,
    spill::{Reached, Spill},
    starving::Starving,
};
use crate::tasks::Tasks;

/// The most that [`Feed::read`] returns at once.
pub const READ_MAX: usize = 8 * 1024 * 1024;
/// For how long a failure explains what a tool ran into.
const FAULT_AGE: Duration = Duration::from_secs(60);

/// An opened source. Clones are cheap and are the same feed; when the last one is dropped its connections end, and
/// its address and spill file are gone.
#[derive(Clone)]
pub struct Feed {
    lease: Arc<Lease>,
}

impl Feed {
    pub(super) fn new(lease: Arc<Lease>) -> Self {
        Self { lease }
    }

    /// The address for the tools: `http://127.0.0.1:PORT/TOKEN`. It tells nothing of the source, and is a secret.
    #[must_use]
    pub fn url(&self) -> String {
        self.lease.url.clone()
    }

    /// The same address for one tool of several, which makes [`Feed::failure_of`] of it known by this number.
    #[must_use]
    pub fn url_for(&self, tool: u64) -> String {
        format!("{}?{tool}", self.lease.url)
    }

    /// Bytes, as announced by the server or as found out at the end; `None` while nobody knows.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        self.core().len()
    }

    /// Whether the source is known to be empty, which an open one never is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// How far one can seek; `Anywhere` also when a source of the other kind has been read to its end.
    #[must_use]
    pub fn reach(&self) -> Reach {
        match &self.core().backing {
            Backing::Spill(spill) if !spill.progress().complete => Reach::AsRead,
            _ => Reach::Anywhere,
        }
    }

    /// Bytes from the start that can be had without waiting for the server to come that far: all of them where the
    /// reach is `Anywhere`.
    #[must_use]
    pub fn have_read(&self) -> u64 {
        match &self.core().backing {
            Backing::Remote(remote) => remote.len,
            Backing::Disk(disk) => disk.len,
            Backing::Bytes(bytes) => bytes.len(),
            Backing::Spill(spill) => spill.progress().have,
        }
    }

    /// Reads so many bytes before they are asked for, and keeps its place for a while after that, so that the connection is
    /// there for the reader who comes next. Nothing of the kind helps with a disk, or a server that cannot seek. Whoever reads in earnest meets what goes wrong, and tells it.
    pub async fn prefetch(&self, from: u64, bytes: u64, stays: Duration) {
        if !matches!(&self.core().backing, Backing::Remote(_) | Backing::Bytes(_)) {
            return;
        }
        let mut reader = Reader::new(Arc::clone(self.core()), 0);
        let (mut at, end) = (from, from.saturating_add(bytes));
        while at < end {
            match reader.next(at, BLOCK).await {
                Ok(read) if !read.is_empty() => at += read.len() as u64,
                _ => return,
            }
        }
        tokio::time::sleep(stays).await;
    }

    /// Reads `len` bytes, at most [`READ_MAX`]; fewer only at the end of the source.
    ///
    /// # Errors
    /// The upstream's failure; `invalid_request` for more than the most; and where the server sends the file from
    /// its start only, `source_unreachable` for what will not be there soon.
    pub async fn read(&self, offset: u64, len: usize) -> Result<Bytes, Error> {
        self.read_with(offset, len, false).await
    }

    /// The same for bytes that stand by themselves: nobody is going to read on from there, so the source's server is asked
    /// for no more.
    ///
    /// # Errors
    /// As [`Feed::read`].
    pub async fn glance(&self, offset: u64, len: usize) -> Result<Bytes, Error> {
        self.read_with(offset, len, true).await
    }

    async fn read_with(&self, offset: u64, len: usize, glance: bool) -> Result<Bytes, Error> {
        if len > READ_MAX {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                format!("at most {READ_MAX} bytes can be read at once; ask for less"),
            ));
        }
        let core = self.core();
        match core.reaches(offset).await {
            Reached::There => {}
            Reached::Beyond if core.len().is_some_and(|whole| offset >= whole) => return Ok(Bytes::new()),
            Reached::Beyond | Reached::NotYet => return Err(sentences::not_yet_read()),
            Reached::Failed(error) => return Err(error),
        }
        let mut reader = Reader::with(Arc::clone(core), 0, glance);
        let first = reader.next(offset, len as u64).await?;
        if first.len() == len || first.is_empty() {
            return Ok(first);
        }
        let mut all = BytesMut::with_capacity(len);
        all.extend_from_slice(&first);
        while all.len() < len {
            let more = reader.next(offset + all.len() as u64, (len - all.len()) as u64).await?;
            if more.is_empty() {
                break;
            }
            all.extend_from_slice(&more);
        }
        Ok(all.freeze())
    }

    /// From now on all who read get what this makes of the bytes, unless something does so already.
    pub fn rewrite(&self, by: impl Rewrite + 'static) {
        let _ = self.core().rewrite.set(Box::new(by));
    }

    /// What a reader ran into last, a tool or [`Feed::read`], or what the gateway struggles with right now: it explains
    /// why a tool ended. Forgotten when the same place was read well afterwards, or after a minute; what is final stays.
    #[must_use]
    pub fn fault(&self) -> Option<Error> {
        let core = self.core();
        let met = || {
            let faults = core.faults.lock().unwrap_or_else(PoisonError::into_inner);
            faults.values().max_by_key(|fault| fault.when).and_then(Fault::recent)
        };
        core.dead().or_else(met).or_else(|| core.trouble())
    }

    /// What this tool itself ran into: others may read other places of the same source well meanwhile.
    #[must_use]
    pub fn failure_of(&self, tool: u64) -> Option<Error> {
        let core = self.core();
        let met = || {
            let faults = core.faults.lock().unwrap_or_else(PoisonError::into_inner);
            faults.get(&tool).and_then(Fault::recent)
        };
        core.dead().or_else(met)
    }

    /// How long this tool has waited for the source so far, in all of its connections together: whoever reads more slowly
    /// than the source sends does not wait.
    #[must_use]
    pub fn starved(&self, tool: u64) -> Duration {
        self.core().starving.of(tool)
    }

    /// Bytes that this tool has got so far, in all of its connections together.
    #[must_use]
    pub fn fed(&self, tool: u64) -> u64 {
        self.core().starving.fed(tool)
    }

    /// Body bytes that the upstream has sent so far; 0 for a file.
    #[must_use]
    pub fn upstream_bytes(&self) -> u64 {
        match &self.core().backing {
            Backing::Remote(remote) => remote.target.received(),
            Backing::Spill(spill) => spill.target.received(),
            Backing::Disk(_) | Backing::Bytes(_) => 0,
        }
    }

    /// What the upstream calls the file, to be shown.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match &self.core().backing {
            Backing::Remote(remote) => remote.target.name(),
            Backing::Spill(spill) => spill.target.name(),
            Backing::Disk(_) | Backing::Bytes(_) => None,
        }
    }

    /// The media type that the upstream gave.
    #[must_use]
    pub fn content_type(&self) -> Option<String> {
        self.core().content_type.clone()
    }

    fn core(&self) -> &Arc<Core> {
        &self.lease.core
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("id", &self.core().id).field("len", &self.len()).finish_non_exhaustive()
    }
}

/// What all clones of a feed share, and connections do not: its end is the feed's end.
pub(super) struct Lease {
    pub(super) core: Arc<Core>,
    pub(super) key: String,
    pub(super) token: String,
    pub(super) url: String,
    pub(super) shared: Weak<Shared>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.core.tasks.token().cancel();
        if let Backing::Spill(spill) = &self.core.backing {
            spill.remove();
        }
        if let Some(shared) = self.shared.upgrade() {
            shared.forget(self);
        }
        tracing::debug!(feed = self.core.id, "the feed is closed");
    }
}

/// Where the bytes of a feed are.
pub(super) enum Backing {
    Remote(Arc<Remote>),
    Spill(Arc<Spill>),
    Disk(Disk),
    Bytes(Arc<dyn ByteSource>),
}

/// What readers need of a feed.
pub(super) struct Core {
    pub(super) id: u64,
    pub(super) backing: Backing,
    pub(super) content_type: Option<String>,
    pub(super) tasks: Tasks,
    pub(super) stall_timeout: Duration,
    /// By the number of the tool; 0 is who has none.
    pub(super) faults: Mutex<HashMap<u64, Fault>>,
    pub(super) starving: Starving,
    /// Set once, if at all: what a reader has got stays as it is.
    pub(super) rewrite: OnceLock<Box<dyn Rewrite>>,
}

/// A failure, and where a reader was.
pub(super) struct Fault {
    offset: u64,
    when: Instant,
    error: Error,
}

impl Fault {
    fn recent(&self) -> Option<Error> {
        (self.when.elapsed() < FAULT_AGE).then(|| self.error.clone())
    }
}

impl Core {
    pub(super) fn len(&self) -> Option<u64> {
        match &self.backing {
            Backing::Remote(remote) => Some(remote.len),
            Backing::Spill(spill) => spill.progress().len,
            Backing::Disk(disk) => Some(disk.len),
            Backing::Bytes(bytes) => Some(bytes.len()),
        }
    }

    /// Set when the feed can never be whole any more, so that the next who opens the source gets a new one.
    pub(super) fn dead(&self) -> Option<Error> {
        match &self.backing {
            Backing::Remote(remote) => remote.dead(),
            Backing::Spill(spill) => spill.progress().failed,
            Backing::Disk(_) | Backing::Bytes(_) => None,
        }
    }

    /// Whether a byte can be had; waits for one that is about to come.
    pub(super) async fn reaches(&self, offset: u64) -> Reached {
        match &self.backing {
            Backing::Spill(spill) => {
                // Shorter than the time after which the tools themselves give up, so that they hear an answer.
                let patience = self.stall_timeout;
                let waited = self.tasks.token().run_until_cancelled(spill.reaches(offset, patience)).await;
                waited.unwrap_or_else(|| Reached::Failed(sentences::closed()))
            }
            _ if self.len().is_some_and(|len| offset < len) => Reached::There,
            _ => Reached::Beyond,
        }
    }

    /// What the gateway struggles with right now, or has just given up.
    pub(super) fn trouble(&self) -> Option<Error> {
        match &self.backing {
            Backing::Remote(remote) => {
                remote.trouble().and_then(|(error, when)| (when.elapsed() < FAULT_AGE).then_some(error))
            }
            Backing::Bytes(bytes) => bytes.trouble(),
            Backing::Spill(_) | Backing::Disk(_) => None,
        }
    }

    pub(super) fn set_fault(&self, tool: u64, offset: u64, error: Error) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.retain(|_, fault| fault.when.elapsed() < FAULT_AGE);
        faults.insert(tool, Fault { offset, when: Instant::now(), error });
    }

    /// What one tool has read well says nothing of what another took for the end.
    pub(super) fn clear_fault(&self, tool: u64, start: u64, len: u64) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.retain(|&by, fault| by != tool || !(start..start + len).contains(&fault.offset));
    }
}
