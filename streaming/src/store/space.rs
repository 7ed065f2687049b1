//! The segments of one rendition: put, get, wait for, hold.

use std::{collections::BTreeSet, fmt, ops::RangeBounds, sync::Arc};

use bytes::Bytes;
use tokio::{sync::Notify, task::spawn_blocking};

use super::{Core, StoreError, joined, ledger::SpaceId};

/// The handle of one rendition's segments. Cheap to clone; when the last clone and the last [`SegmentPin`] are
/// dropped, the files are deleted.
#[derive(Clone)]
pub struct RenditionSpace {
    inner: Arc<Inner>,
}

struct Inner {
    core: Arc<Core>,
    id: SpaceId,
    /// Woken when a segment or the init segment becomes ready, and when the store closes.
    changed: Arc<Notify>,
}

impl RenditionSpace {
    pub(super) fn new(core: &Arc<Core>) -> Self {
        let changed = Arc::new(Notify::new());
        let id = core.state().ledger.add_space(Arc::clone(&changed));
        Self { inner: Arc::new(Inner { core: Arc::clone(core), id, changed }) }
    }

    /// Stores a segment, evicting others if it must. It is ready when this returns. One that is there already stays
    /// as it is. The write goes on when the future is dropped.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`] when not enough can be evicted, [`StoreError::NoSpace`] when the file system itself is
    /// full, [`StoreError::Closed`], [`StoreError::Io`].
    pub async fn put(&self, n: u32, bytes: Bytes) -> Result<(), StoreError> {
        if self.contains(n) {
            return Ok(());
        }
        self.write(move |core, id| core.put(id, n, &bytes)).await
    }

    /// Keeps the init segment in memory, counted in the budget, for as long as the space lives. The first one stays.
    ///
    /// # Errors
    ///
    /// As [`RenditionSpace::put`].
    pub async fn put_init(&self, bytes: Bytes) -> Result<(), StoreError> {
        if self.init().is_some() {
            return Ok(());
        }
        self.write(move |core, id| core.put_init(id, bytes)).await
    }

    /// Writes away from the runtime's threads. It goes on when the future is dropped, and closing the store awaits it.
    async fn write(
        &self,
        write: impl FnOnce(&Core, SpaceId) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let job = self.inner.core.begin()?;
        let inner = Arc::clone(&self.inner);
        joined(
            spawn_blocking(move || {
                let _job = job;
                write(&inner.core, inner.id)
            })
            .await,
        )?
    }

    /// Reads a segment and marks it as used; none if it is not there (any more).
    pub async fn get(&self, n: u32) -> Option<Bytes> {
        let pin = self.pin(n);
        let (file, length) = self.inner.core.state().ledger.open(self.inner.id, n)?;
        let job = self.inner.core.begin().ok()?;
        joined(
            spawn_blocking(move || {
                let (_job, pin) = (job, pin);
                let inner = &pin.space.inner;
                inner.core.read(inner.id, n, file, length)
            })
            .await,
        )
        .ok()?
    }

    /// The init segment, if it is there.
    #[must_use]
    pub fn init(&self) -> Option<Bytes> {
        self.inner.core.state().ledger.init(self.inner.id)
    }

    #[must_use]
    pub fn contains(&self, n: u32) -> bool {
        self.size(n).is_some()
    }

    /// The segment's length in bytes, if it is there.
    #[must_use]
    pub fn size(&self, n: u32) -> Option<u64> {
        self.inner.core.state().ledger.length(self.inner.id, n)
    }

    /// The bytes of all segments in a range that are there.
    #[must_use]
    pub fn bytes(&self, range: impl RangeBounds<u32>) -> u64 {
        self.inner.core.state().ledger.length_of(self.inner.id, range)
    }

    /// Which segments are there at this moment.
    #[must_use]
    pub fn ready(&self) -> BTreeSet<u32> {
        self.inner.core.state().ledger.ready(self.inner.id)
    }

    /// Says which is the lowest segment that a reader still is interested in: what lies below is evicted first.
    /// `u32::MAX` says that nobody reads this rendition.
    pub fn set_window(&self, lowest: u32) {
        self.inner.core.state().ledger.set_window(self.inner.id, lowest);
    }

    /// Keeps a segment from being evicted, whether it is there already or comes later, until the guard is dropped.
    #[must_use]
    pub fn pin(&self, n: u32) -> SegmentPin {
        self.inner.core.state().ledger.pin(self.inner.id, n);
        SegmentPin { space: self.clone(), n }
    }

    /// Waits until a segment is there, and holds it. The caller sets the limit.
    ///
    /// # Errors
    ///
    /// [`StoreError::Closed`] when the store is closed meanwhile.
    pub async fn wait(&self, n: u32) -> Result<SegmentPin, StoreError> {
        let pin = self.pin(n);
        self.until(|| self.contains(n).then_some(())).await?;
        Ok(pin)
    }

    /// Waits until the init segment is there. The caller sets the limit.
    ///
    /// # Errors
    ///
    /// [`StoreError::Closed`] when the store is closed meanwhile.
    pub async fn wait_init(&self) -> Result<Bytes, StoreError> {
        self.until(|| self.init()).await
    }

    async fn until<T>(&self, look: impl Fn() -> Option<T>) -> Result<T, StoreError> {
        loop {
            // Enabled before looking, so that what becomes ready in between is not missed.
            let changed = self.inner.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.inner.core.state().closed {
                return Err(StoreError::Closed);
            }
            if let Some(found) = look() {
                return Ok(found);
            }
            changed.await;
        }
    }
}

impl fmt::Debug for RenditionSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenditionSpace").field("id", &self.inner.id.0).field("ready", &self.ready().len()).finish()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.core.drop_space(self.id);
    }
}

/// Keeps one segment from being evicted while it lives. Keeps its space alive too.
pub struct SegmentPin {
    space: RenditionSpace,
    n: u32,
}

impl SegmentPin {
    /// The segment's number.
    #[must_use]
    pub const fn segment(&self) -> u32 {
        self.n
    }

    /// Reads the segment; none if it was not put (yet).
    pub async fn get(&self) -> Option<Bytes> {
        self.space.get(self.n).await
    }
}

impl fmt::Debug for SegmentPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentPin").field("space", &self.space.inner.id.0).field("n", &self.n).finish()
    }
}

impl Drop for SegmentPin {
    fn drop(&mut self) {
        self.space.inner.core.state().ledger.unpin(self.space.inner.id, self.n);
    }
}
