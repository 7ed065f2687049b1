//! Who changes the registry rings for those who listen to its sessions.

use std::{
    collections::HashMap,
    ops::{Deref, DerefMut},
    sync::{Mutex, MutexGuard, PoisonError},
};

use protocol::SessionId;
use tokio::sync::watch;

use crate::{
    session::{Marks, Registry},
    source::Source,
};

/// One bell a session that somebody listens to. It is gone with its session.
///
/// Its lock is taken under the registry's and never the other way round.
#[derive(Debug, Default)]
pub(super) struct Bells {
    by_session: Mutex<HashMap<SessionId, watch::Sender<Marks>>>,
}

impl Bells {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, watch::Sender<Marks>>> {
        self.by_session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bell of a session that has these marks.
    fn of(&self, session: SessionId, marks: Marks) -> watch::Receiver<Marks> {
        self.lock().entry(session).or_insert_with(|| watch::Sender::new(marks)).subscribe()
    }

    fn ring(&self, registry: &Registry<Source>) {
        self.lock().retain(|session, bell| {
            let Some(marks) = registry.marks(*session) else { return false };
            bell.send_if_modified(|told| {
                let changed = *told != marks;
                *told = marks;
                changed
            });
            bell.receiver_count() > 0
        });
    }
}

/// The registry, locked. If it was changed meanwhile, the bells ring where there is news.
#[derive(Debug)]
pub(super) struct Locked<'a> {
    registry: MutexGuard<'a, Registry<Source>>,
    bells: &'a Bells,
    changed: bool,
}

impl<'a> Locked<'a> {
    pub(super) fn new(registry: &'a Mutex<Registry<Source>>, bells: &'a Bells) -> Self {
        let registry = registry.lock().unwrap_or_else(PoisonError::into_inner);
        Self { registry, bells, changed: false }
    }

    /// Rings when there is news of a session; ends when it is unknown.
    pub(super) fn bell(&self, session: SessionId) -> Option<watch::Receiver<Marks>> {
        Some(self.bells.of(session, self.registry.marks(session)?))
    }
}

impl Deref for Locked<'_> {
    type Target = Registry<Source>;

    fn deref(&self) -> &Self::Target {
        &self.registry
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.changed = true;
        &mut self.registry
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if self.changed {
            // The lock is still held, so that bells ring in the order of the changes.
            self.bells.ring(&self.registry);
        }
    }
}
