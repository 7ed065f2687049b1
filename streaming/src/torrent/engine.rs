//! librqbit's session, and the torrents in it.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use librqbit::{
    AddTorrent, AddTorrentOptions, AddTorrentResponse, ConnectionOptions, DhtSessionConfig, ListenerOptions,
    ManagedTorrent, PeerConnectionOptions, Session, SessionOptions, SessionPersistenceConfig,
    dht::DhtPersistenceConfig, limits::LimitsConfig, storage::StorageFactoryExt as _,
};
use lru::LruCache;
use protocol::{Error, LARGEST_TORRENT_FILE, SessionId};
use tokio::{
    sync::{Mutex as AsyncMutex, Notify, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use url::Url;

use super::{
    TorrentConfig, entry::Entry, file::TorrentFile, files::Files, folder::Folder, ledger::Ledger, meta::Meta,
    sentences, storage::Storage,
};
use crate::{
    gateway::Gateway,
    source::{InfoHash, Magnet},
    tasks::Tasks,
};

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
/// Torrents whose contents are in memory, and their bytes, about.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(64).unwrap();
const REMEMBERED_BYTES: usize = 64 << 20;

/// What the parts of the engine share.
pub(super) struct Shared {
    pub(super) config: TorrentConfig,
    pub(super) session: Arc<Session>,
    pub(super) folder: Arc<Folder>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) places: Arc<Semaphore>,
    /// Whoever adds, stops or deletes a torrent holds it.
    pub(super) entries: AsyncMutex<HashMap<InfoHash, Arc<Entry>>>,
    /// Torrents whose data of an earlier server are needed no more.
    pub(super) gone: Mutex<Vec<InfoHash>>,
    /// The sessions on each torrent, awake or asleep.
    pub(super) holds: Mutex<HashMap<InfoHash, HashSet<SessionId>>>,
    gateway: Gateway,
    tasks: Tasks,
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
        gateway: Gateway,
        tasks: Tasks,
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
            gone: Mutex::default(),
            holds: Mutex::default(),
            gateway,
            tasks,
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
            spawn_blocking(move || Meta::read(&folder.known(hash)?).ok().filter(|meta| meta.hash == hash)).await;
        if let Ok(Some(meta)) = on_disk {
            return Ok(self.remember(meta, Vec::new()));
        }
        let (bytes, peers) = self.resolve(link).await?;
        if bytes.len() > LARGEST_TORRENT_FILE {
            return Err(sentences::too_many_files());
        }
        let mut meta = read(bytes).await?;
        // Those in what librqbit made of it are the gateway's own addresses.
        meta.trackers.clone_from(&link.trackers);
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
        for tracker in self.relayed(&link.trackers) {
            text.push_str("&tr=");
            text.extend(url::form_urlencoded::byte_serialize(tracker.as_bytes()));
        }
        let limit = self.config.magnet_timeout;
        let session = Arc::clone(&self.session);
        // A task of its own: librqbit takes some hostile descriptions for impossible.
        let asking = self.tasks.spawn("resolve", async move {
            timeout(limit, session.add_torrent(AddTorrent::from_url(text), Some(options))).await
        });
        let _stop = AbortOnDrop(asking.abort_handle());
        let Ok(asked) = asking.await else { return Err(sentences::nonsense()) };
        match asked.ok_or_else(sentences::closed)? {
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
        let meta = read(bytes).await?;
        self.keep(&meta).await;
        Ok(self.remember(meta, Vec::new()).meta)
    }

    async fn keep(&self, meta: &Meta) {
        let (folder, hash, bytes) = (Arc::clone(&self.folder), meta.hash, meta.file(&meta.trackers));
        let kept = spawn_blocking(move || folder.keep(hash, &bytes)).await;
        if let Err(why) = kept.map_err(std::io::Error::other).and_then(|kept| kept) {
            tracing::warn!(%why, "a .torrent file cannot be kept");
        }
    }

    fn remember(&self, meta: Meta, peers: Vec<SocketAddr>) -> Known {
        let known = Known { meta: Arc::new(meta), peers };
        let mut remembered = self.remembered();
        remembered.put(known.meta.hash, known.clone());
        while remembered.iter().map(|(_, known)| known.meta.weight()).sum::<usize>() > REMEMBERED_BYTES {
            remembered.pop_lru();
        }
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

    /// Takes a torrent in.
    async fn add(&self, known: &Known, link: &Magnet, file: u32) -> Result<Entry, Error> {
        let mut meta = Arc::clone(&known.meta);
        let more: Vec<_> = link.trackers.iter().filter(|tracker| !meta.trackers.contains(tracker)).cloned().collect();
        if !more.is_empty() {
            Arc::make_mut(&mut meta).trackers.extend(more);
        }
        let (dir, ledger) = (self.folder.data(meta.hash), Arc::clone(&self.ledger));
        let pieces = usize::try_from(meta.total.div_ceil(meta.piece)).unwrap_or(usize::MAX);
        let files = spawn_blocking(move || Files::new(dir, pieces, ledger)).await.map_err(std::io::Error::other);
        let files = Arc::new(files.and_then(|files| files).map_err(|why| sentences::disk(&why.to_string()))?);
        let mut peers = known.peers.clone();
        peers.extend(&link.peers);
        peers.sort_unstable();
        peers.dedup();
        let handle =
            self.engage(&meta, &files, &peers, vec![file as usize]).await.map_err(|why| sentences::not_added(&why))?;
        tracing::info!(hash = %meta.hash, "torrent added");
        Ok(Entry::new(meta, files, peers, handle))
    }

    /// Gives a torrent to librqbit, with the files that somebody has open: of one that wants nothing it lets peers go. What it
    /// is to download is told anew by the keeper.
    pub(super) async fn engage(
        &self,
        meta: &Meta,
        files: &Arc<Files>,
        peers: &[SocketAddr],
        chosen: Vec<usize>,
    ) -> anyhow::Result<Arc<ManagedTorrent>> {
        let (file, trackers) = (meta.file(&[]), self.relayed(&meta.trackers));
        let (session, files, peers) = (Arc::clone(&self.session), Arc::clone(files), peers.to_vec());
        // A task of its own: given up half-way, librqbit would have it and never start it.
        let adding = self.tasks.spawn("add torrent", async move {
            loop {
                let options = AddTorrentOptions {
                    only_files: Some(chosen.clone()),
                    overwrite: true,
                    output_folder: Some(files.dir().to_string_lossy().into_owned()),
                    initial_peers: Some(peers.clone()),
                    storage_factory: Some(Storage(Arc::clone(&files)).boxed()),
                    trackers: Some(trackers.clone()),
                    ..AddTorrentOptions::default()
                };
                match session.add_torrent(AddTorrent::from_bytes(file.clone()), Some(options)).await? {
                    AddTorrentResponse::Added(_, handle) => return Ok(handle),
                    // Of a time that did not end well: its storage is another's.
                    AddTorrentResponse::AlreadyManaged(id, _) => session.delete(id.into(), false).await?,
                    AddTorrentResponse::ListOnly(_) => anyhow::bail!("it was only listed"),
                }
            }
        });
        let added = timeout(ADD, adding).await.map_err(|_| anyhow::anyhow!("it took too long"))?;
        added?.unwrap_or_else(|| Err(anyhow::anyhow!("the server ends")))
    }

    /// Trackers as librqbit may ask them: those over HTTP through the gateway.
    fn relayed(&self, trackers: &[Url]) -> Vec<String> {
        let asked = trackers.iter().map(|tracker| match tracker.scheme() {
            "udp" => tracker.to_string(),
            _ => self.gateway.relay(tracker).to_string(),
        });
        asked.collect()
    }
}

/// A task that ends with who awaits it.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Away from the runtime's threads: there may be a hundred thousand files.
async fn read(bytes: Bytes) -> Result<Meta, Error> {
    spawn_blocking(move || Meta::read(&bytes)).await.unwrap_or_else(|_| Err(sentences::nonsense()))
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
