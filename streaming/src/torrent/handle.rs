//! The handle of the torrent engine.

use std::{
    fmt,
    sync::{Arc, PoisonError},
};

use bytes::Bytes;
use protocol::{Error, Media, SessionId, TorrentsReport};
use tokio::task::spawn_blocking;

use super::{TorrentConfig, TorrentFile, engine::Shared, folder::Folder, keeper};
use crate::{
    gateway::Gateway,
    source::{InfoHash, Magnet},
    tasks::Tasks,
};

/// The torrent engine. Clones are cheap and are the same engine; it ends with the tasks that it was started with.
#[derive(Clone)]
pub struct Torrents {
    shared: Arc<Shared>,
}

impl fmt::Debug for Torrents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Torrents").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

impl Torrents {
    /// Locks the folder and starts librqbit. What is there from before stays for who comes back.
    ///
    /// # Errors
    ///
    /// When the folder cannot be had, or an address cannot be listened on.
    pub async fn start(config: TorrentConfig, gateway: Gateway, tasks: &Tasks) -> std::io::Result<Self> {
        let tasks = tasks.child();
        let place = config.dir.clone();
        let folder = spawn_blocking(move || Folder::open(&place)).await.map_err(std::io::Error::other)??;
        // A token of its own: the keeper puts things in order before librqbit ends.
        let token = tokio_util::sync::CancellationToken::new();
        let shared = Shared::start(config, folder, gateway, tasks.clone(), token).await;
        let shared = shared.map_err(|why| std::io::Error::other(format!("{why:#}")))?;
        tasks.spawn_tidy("torrents", keeper::run(Arc::clone(&shared), tasks.token().clone()));
        Ok(Self { shared })
    }

    /// What can be chosen in a torrent. Nothing of its files is downloaded.
    ///
    /// # Errors
    ///
    /// `source_timeout`, `source_unreachable` where nobody tells; `invalid_source` for a torrent that cannot be used.
    pub async fn inspect(&self, link: &Magnet) -> Result<Media, Error> {
        Ok(self.shared.meta(link).await?.media())
    }

    /// Takes in a `.torrent` file, and tells the torrent's name.
    ///
    /// # Errors
    ///
    /// `invalid_source` where it is none.
    pub async fn add_file(&self, bytes: Bytes) -> Result<InfoHash, Error> {
        Ok(self.shared.add_file(bytes).await?.hash)
    }

    /// Opens a file of a torrent, or its largest video. Its data are asked of peers as long as somebody has it open.
    ///
    /// # Errors
    ///
    /// As [`Torrents::inspect`]; `not_found` for a file that is not there, `not_a_video` where no file is a video,
    /// `too_large` for one that the quota cannot hold, `store_full`.
    pub async fn open(&self, link: &Magnet, file: Option<u32>) -> Result<Arc<TorrentFile>, Error> {
        self.shared.open(link, file).await
    }

    /// A session is on a torrent: its data stay while it sleeps, too.
    pub fn hold(&self, hash: InfoHash, session: SessionId) {
        self.shared.holds.lock().unwrap_or_else(PoisonError::into_inner).entry(hash).or_default().insert(session);
    }

    /// A session on a torrent is over. With the last one the data are deleted, unless they are to be kept.
    pub fn release(&self, hash: InfoHash, session: SessionId) {
        let mut holds = self.shared.holds.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sessions) = holds.get_mut(&hash) else { return };
        sessions.remove(&session);
        if sessions.is_empty() {
            holds.remove(&hash);
            self.shared.gone.lock().unwrap_or_else(PoisonError::into_inner).push(hash);
            self.shared.bell.notify_one();
        }
    }

    #[must_use]
    pub fn report(&self) -> TorrentsReport {
        TorrentsReport { bytes: self.shared.ledger.capacity() }
    }
}
