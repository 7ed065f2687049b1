//! Which film each awake session shows.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use protocol::SessionId;

use crate::{film::Screen, session::Epoch, tasks::Tasks};

/// One awake session's film, and the task that reports its preparation.
#[derive(Debug)]
pub(super) struct Screening {
    pub(super) epoch: Epoch,
    pub(super) screen: Arc<Screen>,
    pub(super) tasks: Tasks,
}

impl Drop for Screening {
    fn drop(&mut self) {
        self.tasks.token().cancel();
    }
}

#[derive(Debug, Default)]
pub(super) struct Screenings {
    by_session: Mutex<HashMap<SessionId, Screening>>,
}

impl Screenings {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Screening>> {
        self.by_session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, session: SessionId, screening: Screening) {
        // The one before is dropped after the lock.
        let before = self.lock().insert(session, screening);
        drop(before);
    }

    pub(super) fn screen(&self, session: SessionId) -> Option<Arc<Screen>> {
        self.lock().get(&session).map(|screening| Arc::clone(&screening.screen))
    }

    /// Lets a session's film go, unless the session has been woken since `epoch`.
    pub(super) fn release(&self, session: SessionId, awake: Option<Epoch>) {
        let mut by_session = self.lock();
        let stale = by_session.get(&session).is_some_and(|screening| Some(screening.epoch) != awake);
        let released = if stale { by_session.remove(&session) } else { None };
        drop(by_session);
        drop(released);
    }

    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut *self.lock());
        drop(all);
    }
}
