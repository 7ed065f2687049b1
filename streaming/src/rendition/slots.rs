//! The places of encoding heads: how many may run at the same time, and which one makes room.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use protocol::{Capacity, Error, ErrorKind};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::scheduler::{HeadId, SlotView, victim};

/// How long a head of another rendition must have been idle before it is ended to make room.
const GRACE: Duration = Duration::from_secs(4);

/// How long a head that makes room may take to be gone.
const HANDOVER: Duration = Duration::from_secs(6);

/// What others need to know of a head: whether it is waited for, and when it was last read.
#[derive(Debug)]
pub struct Pulse {
    waiting: AtomicBool,
    /// Milliseconds since the slots were made.
    read_ms: AtomicU64,
}

impl Pulse {
    pub fn set(&self, waiting: bool, idle: Duration, slots: &EncodeSlots) {
        self.waiting.store(waiting, Relaxed);
        let now = millis(slots.inner.since.elapsed());
        self.read_ms.store(now.saturating_sub(millis(idle)), Relaxed);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The server's encoder places. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EncodeSlots {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    allowed: usize,
    since: Instant,
    taken: Mutex<Vec<Taken>>,
    /// Woken when a place becomes free.
    freed: Notify,
}

#[derive(Debug)]
struct Taken {
    head: HeadId,
    /// Names the rendition among all of the server's.
    rendition: u64,
    pulse: Arc<Pulse>,
    stop: CancellationToken,
    leaving: bool,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub struct Slot {
    inner: Arc<Inner>,
    head: HeadId,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.inner.lock().retain(|taken| taken.head != self.head);
        self.inner.freed.notify_waiters();
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EncodeSlots {
    #[must_use]
    pub fn new(allowed: usize) -> Self {
        let inner =
            Inner { allowed: allowed.max(1), since: Instant::now(), taken: Mutex::default(), freed: Notify::new() };
        Self { inner: Arc::new(inner) }
    }

    #[must_use]
    pub fn pulse(&self) -> Arc<Pulse> {
        Arc::new(Pulse { waiting: AtomicBool::new(true), read_ms: AtomicU64::new(millis(self.inner.since.elapsed())) })
    }

    #[must_use]
    pub fn usage(&self) -> Capacity {
        Capacity { used: self.inner.lock().len() as u64, allowed: self.inner.allowed as u64 }
    }

    /// Takes a place, ending the head that is least needed when all are taken. `stop` ends this head when it is its
    /// turn to make room.
    ///
    /// # Errors
    ///
    /// `at_capacity` when every running head is waited for.
    pub async fn acquire(
        &self,
        head: HeadId,
        rendition: u64,
        pulse: Arc<Pulse>,
        stop: CancellationToken,
    ) -> Result<Slot, Error> {
        let place = async {
            loop {
                let freed = self.inner.freed.notified();
                tokio::pin!(freed);
                freed.as_mut().enable();
                match self.try_take(head, rendition, &pulse, &stop) {
                    Some(Ok(slot)) => return Ok(slot),
                    Some(Err(error)) => return Err(error),
                    None => freed.await,
                }
            }
        };
        tokio::time::timeout(HANDOVER, place).await.unwrap_or_else(|_| Err(self.at_capacity()))
    }

    /// A place, an error, or nothing yet: a head has been asked to make room.
    fn try_take(
        &self,
        head: HeadId,
        rendition: u64,
        pulse: &Arc<Pulse>,
        stop: &CancellationToken,
    ) -> Option<Result<Slot, Error>> {
        let mut taken = self.inner.lock();
        if taken.len() < self.inner.allowed {
            taken.push(Taken { head, rendition, pulse: Arc::clone(pulse), stop: stop.clone(), leaving: false });
            return Some(Ok(Slot { inner: Arc::clone(&self.inner), head }));
        }
        if taken.iter().any(|taken| taken.leaving || taken.stop.is_cancelled()) {
            return None;
        }
        let now = millis(self.inner.since.elapsed());
        let views: Vec<SlotView> = taken
            .iter()
            .map(|taken| SlotView {
                head: taken.head,
                same_rendition: taken.rendition == rendition,
                waiting: taken.pulse.waiting.load(Relaxed),
                idle: Duration::from_millis(now.saturating_sub(taken.pulse.read_ms.load(Relaxed))),
            })
            .collect();
        let Some(chosen) = victim(&views, GRACE) else {
            // A viewer who seeks gives the old place up a moment later than the new one is asked for.
            let own = taken.iter().any(|taken| taken.rendition == rendition);
            return if own { None } else { Some(Err(self.at_capacity())) };
        };
        for taken in taken.iter_mut().filter(|taken| taken.head == chosen) {
            tracing::info!(head = taken.head, "head ends: its place is needed");
            taken.leaving = true;
            taken.stop.cancel();
        }
        None
    }

    fn at_capacity(&self) -> Error {
        Error::new(
            ErrorKind::AtCapacity,
            format!(
                "all {} encoders are busy with what other viewers wait for; try again in a minute, choose the same \
                 subtitles as the others, or raise --max-encodes",
                self.inner.allowed
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots() -> EncodeSlots {
        EncodeSlots::new(1)
    }

    async fn take(
        slots: &EncodeSlots,
        head: HeadId,
        rendition: u64,
    ) -> (Result<Slot, Error>, Arc<Pulse>, CancellationToken) {
        let (pulse, stop) = (slots.pulse(), CancellationToken::new());
        (slots.acquire(head, rendition, Arc::clone(&pulse), stop.clone()).await, pulse, stop)
    }

    #[tokio::test]
    async fn a_head_that_is_waited_for_keeps_its_place() {
        let slots = slots();
        let (first, _pulse, stop) = take(&slots, 1, 1).await;
        let first = first.unwrap();
        let refused = take(&slots, 2, 2).await.0.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::AtCapacity);
        assert!(!stop.is_cancelled());
        drop(first);
        assert_eq!(slots.usage(), Capacity { used: 0, allowed: 1 });
    }

    #[tokio::test]
    async fn a_head_left_behind_by_a_seek_makes_room() {
        let slots = slots();
        let (first, pulse, stop) = take(&slots, 1, 1).await;
        pulse.set(false, Duration::ZERO, &slots);
        let first = first.unwrap();
        let leaving = async {
            stop.cancelled().await;
            drop(first);
        };
        let ((second, ..), ()) = tokio::join!(take(&slots, 2, 1), leaving);
        assert!(second.is_ok());
    }

    #[tokio::test]
    async fn one_that_was_told_to_end_makes_room_before_any_other() {
        let slots = EncodeSlots::new(2);
        let (ending, _, stop) = take(&slots, 1, 1).await;
        let (_idle, pulse, other) = take(&slots, 2, 2).await;
        pulse.set(false, Duration::from_secs(60), &slots);
        stop.cancel();
        let leaving = async {
            tokio::task::yield_now().await;
            drop(ending);
        };
        let ((next, ..), ()) = tokio::join!(take(&slots, 3, 1), leaving);
        assert!(next.is_ok() && !other.is_cancelled());
    }

    #[tokio::test]
    async fn another_rendition_s_head_is_left_alone_until_it_has_been_idle() {
        let slots = slots();
        let (_first, pulse, stop) = take(&slots, 1, 1).await;
        pulse.set(false, Duration::ZERO, &slots);
        assert!(take(&slots, 2, 2).await.0.is_err());
        assert!(!stop.is_cancelled());
    }
}
