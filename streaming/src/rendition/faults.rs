//! Renditions of one film that turned out not to be makeable as they were planned.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use protocol::RenditionId;

/// The copied renditions that failed, and those of a graphics card, and why, so that the film's next plan has their tracks
/// encoded by the processor. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    failed: Arc<Mutex<HashMap<RenditionId, &'static str>>>,
}

impl Faults {
    /// The first reason stands.
    pub fn note(&self, rendition: RenditionId, why: &'static str) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).entry(rendition).or_insert(why);
    }

    #[must_use]
    pub fn all(&self) -> HashMap<RenditionId, &'static str> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
