//! Tracks of one film that turned out not to be copyable.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use protocol::RenditionId;

/// The copied renditions that failed, so that the film's next plan has their tracks encoded. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct CopyFaults {
    failed: Arc<Mutex<HashSet<RenditionId>>>,
}

impl CopyFaults {
    pub fn note(&self, rendition: RenditionId) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).insert(rendition);
    }

    #[must_use]
    pub fn has(&self, rendition: RenditionId) -> bool {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).contains(&rendition)
    }

    #[must_use]
    pub fn all(&self) -> HashSet<RenditionId> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
