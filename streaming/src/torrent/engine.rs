//! librqbit's session, and the torrents in it.

use std::{
    collections::HashMap,
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use librqbit::{
    AddTorrent, AddTorrentOptions, AddTorrentResponse, ConnectionOptions, DhtSessionConfig, ListenerOptions,
    PeerConnectionOptions, Session, SessionOptions, SessionPersistenceConfig, dht::DhtPersistenceConfig,
    limits::LimitsConfig, storage::StorageFactoryExt as _,
};
use lru::LruCache;
use protocol::Error;
use tokio::{
    sync::{Mutex as AsyncMutex, Notify, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use super::{
    TorrentConfig,
    entry::Entry,
    file::TorrentFile,
    folder::Folder,
    ledger::Ledger,
    meta::Meta,
    sentences,
    storage::{Files, Storage},
};
use crate::source::{InfoHash, Magnet};

/// Streams of all torrents at the same time. Each holds one of librqbit's permits for blocking work, of which it has
/// eight unless told otherwise; the ninth stream would wait for ever.
const STREAMS: usize = 192;
/// Permits beside those of streams, for writing and checking pieces.
const WORKERS: usize = 16;
/// Requests under way with one peer, of 16 KiB each. After a seek they come first: librqbit's own 128 would be two
/// seconds of a line of 8 Mbit/s.
const REQUESTS: usize = 32;
/// How long a peer may take to be connected.
const CONNECT: Duration = Duration::from_secs(5);
/// How long librqbit may take to take a torrent in; it does not wait for peers then.
const ADD: Duration = Duration::from_secs(20);
/// Torrents whose contents are in memory.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(64).unwrap();

/// What the parts of the engine share.
pub(super) struct Shared {
    pub(super) config: TorrentConfig,
    pub(super) session: Arc<Session>,
    pub(super) folder: Arc<Folder>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) places: Arc<Semaphore>,
    /// Whoever adds, stops or deletes a torrent holds it.
    pub(super) entries: AsyncMutex<HashMap<InfoHash, Arc<Entry>>>,
    /// Rung when the keeper should look round.
    pub(super) bell: Notify,
    known: Mutex<LruCache<InfoHash, Known>>,
}

/// What is in a torrent, and who told it.
#[derive(Clone)]
struct Known {
    meta: Arc<Meta>,
    peers: Vec<SocketAddr>,
}

impl Shared {
    pub(super) async fn start(
        config: TorrentConfig,
        folder: Folder,
        token: tokio_util::sync::CancellationToken,
    ) -> anyhow::Result<Arc<Self>> {
        let options = options(&config, &folder, token);
        let session = Session::new_with_opts(folder.state(), options).await?;
        Ok(Arc::new(Self {
            ledger: Arc::new(Ledger::new(config.quota)),
            config,
            session,
            folder: Arc::new(folder),
            places: Arc::new(Semaphore::new(STREAMS)),
            entries: AsyncMutex::default(),
            bell: Notify::new(),
            known: Mutex::new(LruCache::new(REMEMBERED)),
        }))
    }

    /// What is in a torrent: from memory, from the disk, or from its peers.
    pub(super) async fn meta(&self, link: &Magnet) -> Result<Arc<Meta>, Error> {
        Ok(self.known(link).await?.meta)
    }

    async fn known(&self, link: &Magnet) -> Result<Known, Error> {
        if let Some(known) = self.remembered().get(&link.hash) {
            return Ok(known.clone());
        }
        let (folder, hash) = (Arc::clone(&self.folder), link.hash);
        let on_disk =
            spawn_blocking(move || Meta::read(folder.known(hash)?).ok().filter(|meta| meta.hash == hash)).await;
        if let Ok(Some(meta)) = on_disk {
            return Ok(self.remember(meta, Vec::new()));
        }
        let (bytes, peers) = self.resolve(link).await?;
        let meta = Meta::read(bytes)?;
        self.keep(&meta).await;
        Ok(self.remember(meta, peers))
    }

    /// Asks peers. Nothing of the files is downloaded.
    async fn resolve(&self, link: &Magnet) -> Result<(Bytes, Vec<SocketAddr>), Error> {
        let options = AddTorrentOptions {
            list_only: true,
            initial_peers: Some(link.peers.clone()),
            // Its names are not used, and hostile ones would be refused here.
            output_folder: Some(String::new()),
            ..AddTorrentOptions::default()
        };
        let mut text = format!("magnet:?xt=urn:btih:{}", link.hash);
        for tracker in &link.trackers {
            text.push_str("&tr=");
            text.extend(url::form_urlencoded::byte_serialize(tracker.as_str().as_bytes()));
        }
        let limit = self.config.magnet_timeout;
        let asking = self.session.add_torrent(AddTorrent::from_url(text), Some(options));
        match timeout(limit, asking).await {
            Ok(Ok(AddTorrentResponse::ListOnly(found))) => Ok((found.torrent_bytes, found.seen_peers)),
            Ok(Ok(_)) => Err(sentences::closed()),
            Ok(Err(why)) => {
                tracing::debug!(why = format!("{why:#}"), hash = %link.hash, "a magnet link is not resolved");
                let names_nobody = link.peers.is_empty() && link.trackers.is_empty();
                Err(if names_nobody { sentences::unknown() } else { sentences::no_way_to_peers() })
            }
            Err(_) => Err(sentences::nobody_told(limit)),
        }
    }

    /// Takes in a `.torrent` file.
    pub(super) async fn add_file(&self, bytes: Bytes) -> Result<Arc<Meta>, Error> {
        let meta = Meta::read(bytes)?;
        self.keep(&meta).await;
        Ok(self.remember(meta, Vec::new()).meta)
    }

    async fn keep(&self, meta: &Meta) {
        let (folder, hash, bytes) = (Arc::clone(&self.folder), meta.hash, meta.bytes.clone());
        let kept = spawn_blocking(move || folder.keep(hash, &bytes)).await;
        if let Err(why) = kept.map_err(std::io::Error::other).and_then(|kept| kept) {
            tracing::warn!(%why, "a .torrent file cannot be kept");
        }
    }

    fn remember(&self, meta: Meta, peers: Vec<SocketAddr>) -> Known {
        let known = Known { meta: Arc::new(meta), peers };
        self.remembered().put(known.meta.hash, known.clone());
        known
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, LruCache<InfoHash, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a file: its data are asked of peers from now on.
    pub(super) async fn open(self: &Arc<Self>, link: &Magnet, file: Option<u32>) -> Result<Arc<TorrentFile>, Error> {
        let known = self.known(link).await?;
        let file = known.meta.choose(file)?;
        let size = known.meta.files.get(file as usize).map_or(0, |file| file.len);
        if size > self.ledger.comfortable() {
            return Err(sentences::too_large(size, self.ledger.capacity().allowed));
        }
        let mut entries = self.entries.lock().await;
        let entry = match entries.get(&known.meta.hash) {
            Some(entry) => Arc::clone(entry),
            None => {
                let entry = Arc::new(self.add(&known, link, file).await?);
                entries.insert(known.meta.hash, Arc::clone(&entry));
                entry
            }
        };
        entry.take(file);
        drop(entries);
        self.bell.notify_one();
        Ok(TorrentFile::new(Arc::clone(self), entry, file))
    }

    /// Gives a torrent to librqbit.
    async fn add(&self, known: &Known, link: &Magnet, file: u32) -> Result<Entry, Error> {
        let meta = &known.meta;
        let (dir, ledger) = (self.folder.data(meta.hash), Arc::clone(&self.ledger));
        let pieces = usize::try_from(meta.total.div_ceil(meta.piece)).unwrap_or(usize::MAX);
        let files = spawn_blocking(move || Files::new(dir, pieces, ledger)).await.map_err(std::io::Error::other);
        let files = Arc::new(files.and_then(|files| files).map_err(|why| sentences::disk(&why.to_string()))?);
        let mut peers = known.peers.clone();
        peers.extend(&link.peers);
        peers.sort_unstable();
        peers.dedup();
        let options = AddTorrentOptions {
            only_files: Some(vec![file as usize]),
            overwrite: true,
            output_folder: Some(files.dir().to_string_lossy().into_owned()),
            initial_peers: Some(peers),
            storage_factory: Some(Storage(Arc::clone(&files)).boxed()),
            trackers: Some(link.trackers.iter().map(ToString::to_string).collect()),
            ..AddTorrentOptions::default()
        };
        let adding = self.session.add_torrent(AddTorrent::from_bytes(meta.bytes.clone()), Some(options));
        let added = timeout(ADD, adding).await.unwrap_or_else(|_| Err(anyhow::anyhow!("it took too long")));
        let added = added.map_err(|why| sentences::not_added(&why))?;
        let handle = added.into_handle().ok_or_else(sentences::closed)?;
        tracing::info!(hash = %meta.hash, "torrent added");
        Ok(Entry::new(Arc::clone(meta), files, handle))
    }
}

fn options(config: &TorrentConfig, folder: &Folder, token: tokio_util::sync::CancellationToken) -> SessionOptions {
    let dht = DhtSessionConfig {
        persistence: Some(DhtPersistenceConfig {
            config_filename: Some(folder.state().join("dht.json")),
            ..DhtPersistenceConfig::default()
        }),
        ..DhtSessionConfig::default()
    };
    let peers = PeerConnectionOptions {
        connect_timeout: Some(CONNECT),
        max_request_window: Some(REQUESTS),
        ..PeerConnectionOptions::default()
    };
    let listen = |address| ListenerOptions { listen_addr: address, ..ListenerOptions::default() };
    SessionOptions {
        dht: config.dht.then_some(dht),
        disable_trackers: !config.trackers,
        disable_local_service_discovery: !config.local_discovery,
        // What it keeps is the bitfields; see `Folder::open`.
        fastresume: true,
        persistence: Some(SessionPersistenceConfig::Json { folder: Some(folder.state()) }),
        listen: config.listen.map(listen),
        connect: Some(ConnectionOptions { peer_opts: Some(peers), ..ConnectionOptions::default() }),
        cancellation_token: Some(token),
        concurrent_init_limit: Some(WORKERS),
        runtime_worker_threads: Some(STREAMS + WORKERS),
        ratelimits: LimitsConfig { upload_bps: config.upload_limit, download_bps: config.download_limit },
        ..SessionOptions::default()
    }
}
