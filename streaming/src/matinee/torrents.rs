//! Sessions on torrents: what is known of them, and whose data are needed no more.

use std::{
    collections::HashMap,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
    time::Instant,
};

use bytes::Bytes;
use protocol::{Error, ErrorKind, LARGEST_SUBTITLES, SessionId, TorrentAdded, TorrentView};
use tokio::task::spawn_blocking;

use super::{Inner, Matinee};
use crate::{
    film::Screen,
    gateway::ByteSource as _,
    source::{InfoHash, TORRENT},
    subtitles::outside::{Name, Outside, too_large},
    tasks::Tasks,
    torrent::{self, TorrentFile},
};

/// How long the chosen subtitles may take, like the film's own first bytes.
const SUBTITLES: Duration = Duration::from_secs(180);

impl Matinee {
    /// Takes in a `.torrent` file; what is answered is opened in place of a link.
    ///
    /// # Errors
    ///
    /// `invalid_source` where it is none, or torrents are switched off.
    pub async fn add_torrent_file(&self, bytes: Bytes) -> Result<TorrentAdded, Error> {
        let torrents = self.workshop().torrents.as_ref().ok_or_else(torrent::switched_off)?;
        let hash = torrents.add_file(bytes).await?;
        Ok(TorrentAdded { source: format!("{TORRENT}{hash}") })
    }

    /// How the film of a session comes along, where it is a torrent's; none while the session sleeps.
    ///
    /// # Errors
    ///
    /// `unknown_session`.
    pub fn torrent(&self, session: SessionId) -> Result<Option<TorrentView>, Error> {
        self.registry().recipe(session)?;
        let Some(screen) = self.inner.screenings.screen(session) else { return Ok(None) };
        Ok(match screen.film() {
            Some(film) => film.torrent(),
            None => screen.coming().along().map(|along| along.view(None)),
        })
    }
}

/// Follows a session's film until it turns out to be a torrent's, and adds the subtitles of the same torrent that were
/// chosen with it.
pub(super) fn follow(inner: &Arc<Inner>, tasks: &Tasks, session: SessionId, screen: &Screen, subtitles: Option<u32>) {
    let (matinee, mut comes) = (Arc::downgrade(inner), screen.comes());
    tasks.spawn("torrent", async move {
        let opened = comes.wait_for(|coming| coming.hash().is_some()).await;
        let Ok((hash, named)) = opened.map(|coming| (coming.hash(), coming.name())) else { return };
        let (Some(hash), Some(inner)) = (hash, matinee.upgrade()) else { return };
        if let Some(torrents) = &inner.shelf.workshop().torrents {
            torrents.hold(hash, session);
        }
        if let Some(name) = named {
            // Until its container tells.
            let mut registry = inner.registry();
            if registry.view(Instant::now(), session).is_ok_and(|view| view.media.is_none()) {
                registry.rename(session, name);
            }
        }
        lock(&inner).insert(session, hash);
        // Closed meanwhile, it would never be let go of.
        if inner.registry().recipe(session).is_err() {
            return forget(&inner, session);
        }
        let (Some(number), Some(torrents)) = (subtitles, inner.shelf.workshop().torrents.clone()) else { return };
        let added = async {
            let file = torrents.open(&hash.into(), Some(number)).await?;
            loop {
                match add(&inner, session, &file).await {
                    // Each try is a wait of its own.
                    Err(error) if error.kind == ErrorKind::SourceTimeout => {}
                    added => return added,
                }
            }
        };
        let added = tokio::time::timeout(SUBTITLES, added).await;
        if let Err(error) = added.unwrap_or_else(|_| Err(Error::new(ErrorKind::SourceTimeout, "nobody sends them"))) {
            tracing::warn!(%session, %error, "the chosen subtitles could not be added");
            inner.registry().warn(session, format!("The chosen subtitles could not be added: {error}."));
        }
    });
}

/// A session of the server before is on a torrent.
pub(super) fn know(inner: &Inner, session: SessionId, hash: InfoHash) {
    lock(inner).insert(session, hash);
    if let Some(torrents) = &inner.shelf.workshop().torrents {
        torrents.hold(hash, session);
    }
}

/// Reads a file of a torrent as subtitles of a session.
async fn add(inner: &Arc<Inner>, session: SessionId, file: &TorrentFile) -> Result<(), Error> {
    let len = usize::try_from(file.len()).unwrap_or(usize::MAX);
    if len > LARGEST_SUBTITLES {
        return Err(too_large());
    }
    let (mut reader, mut bytes) = (file.reader(false), bytes::BytesMut::new());
    while bytes.len() < len {
        bytes.extend_from_slice(&reader.next(bytes.len() as u64, len - bytes.len()).await?);
    }
    let bytes = bytes.freeze();
    let read = spawn_blocking(move || Outside::read(&bytes)).await;
    let subtitles = read.map_err(|_| Error::new(ErrorKind::Internal, "the file could not be read"))??;
    let track = inner.registry().add_outside(session, Name::read(&file.name()), Arc::new(subtitles))?;
    tracing::info!(%session, track = %track.track, "subtitles of the torrent added");
    Ok(())
}

/// A session is over: its torrent's data go, unless another session is on it.
pub(super) fn forget(inner: &Arc<Inner>, session: SessionId) {
    let mut sessions = lock(inner);
    let Some(hash) = sessions.remove(&session) else { return };
    if let Some(torrents) = &inner.shelf.workshop().torrents {
        torrents.release(hash, session);
    }
}

fn lock(inner: &Inner) -> MutexGuard<'_, HashMap<SessionId, InfoHash>> {
    inner.torrents.lock().unwrap_or_else(PoisonError::into_inner)
}
