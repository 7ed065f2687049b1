//! Subtitles that a viewer brings along: who may, and how they come in.

use std::sync::Arc;

use bytes::Bytes;
use protocol::{Error, ErrorKind, LARGEST_SUBTITLES, SessionId, SubtitleTrack, ViewerToken};
use tokio::{sync::OwnedSemaphorePermit, task::spawn_blocking};

use super::Matinee;
use crate::{
    source::Source,
    subtitles::outside::{Name, Outside, too_large},
};

/// Files that come in at the same time, each of them in memory.
pub(super) const COMING: usize = 8;

/// A viewer's permission to bring one file, and its place among those that come in.
#[derive(Debug)]
pub struct Bringing {
    matinee: Matinee,
    session: SessionId,
    viewer: ViewerToken,
    _place: OwnedSemaphorePermit,
}

impl Matinee {
    /// A viewer wants to bring subtitles to a session.
    ///
    /// # Errors
    ///
    /// `unknown_session`; `forbidden` for who does not watch it; `at_capacity`.
    pub fn bring(&self, session: SessionId, viewer: ViewerToken) -> Result<Bringing, Error> {
        self.registry().may_bring(session, &viewer)?;
        Ok(Bringing { matinee: self.clone(), session, viewer, _place: self.take_place()? })
    }

    /// A place among the files that come in; it is given back when it is dropped.
    ///
    /// # Errors
    ///
    /// `at_capacity`.
    pub fn take_place(&self) -> Result<OwnedSemaphorePermit, Error> {
        let taken = Arc::clone(&self.inner.bringing).try_acquire_owned();
        taken.map_err(|_| Error::new(ErrorKind::AtCapacity, "many files are being added; try again in a minute"))
    }
}

impl Bringing {
    /// Takes a file's content under a name that is for showing only.
    ///
    /// # Errors
    ///
    /// `too_large`, `not_subtitles`; as [`Matinee::bring`], if that has changed.
    pub async fn file(self, name: &str, bytes: Bytes) -> Result<SubtitleTrack, Error> {
        let read = spawn_blocking(move || Outside::read(&bytes)).await;
        let subtitles =
            read.map_err(|_| Error::new(ErrorKind::Internal, "the file could not be read; try again"))??;
        let name = Name::read(name);
        let track = self.matinee.registry().bring(self.session, &self.viewer, name, Arc::new(subtitles))?;
        tracing::info!(session = %self.session, track = %track.track, codec = track.codec, "subtitles added");
        Ok(track)
    }

    /// Fetches the file that a link leads to, by the rules for films' links.
    ///
    /// # Errors
    ///
    /// `invalid_source`; what the link's server answers; as [`Bringing::file`].
    pub async fn link(self, source: &str) -> Result<SubtitleTrack, Error> {
        let source = Source::parse(source, self.matinee.inner.media_dir.as_deref())?;
        let bytes = self.matinee.workshop().gateway.whole(&source, LARGEST_SUBTITLES).await?.ok_or_else(too_large)?;
        self.file(&source.title(), bytes).await
    }
}
