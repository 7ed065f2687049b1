//! The gateway: every source as an address on 127.0.0.1, which is all that mpv, ffmpeg and ffprobe ever dial.
//!
//! ```text
//! link --- upstream --- remote: fetchers -> block cache --+
//!                  \--- spill: one download -> a file ----+-- feed -- serve -- tools
//! file under the media folder --- disk -------------------+      \--- Feed::read
//! file of a torrent --- bytes ------------------------------+
//! ```
//!
//! A source is fetched once for all who read it. Nothing is read from an upstream that nobody wants soon, and no wait
//! is without a bound.

mod address;
mod byte_source;
mod cache;
mod disk;
mod disposition;
mod feed;
mod listener;
mod opening;
mod range;
mod reader;
mod remote;
mod rewrite;
mod sentences;
mod serve;
mod spill;
mod spill_folder;
mod starving;
mod trackers;
mod traffic;
mod upstream;
mod whole;

use std::{
    collections::HashMap,
    fmt, io,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use protocol::Error;
use tokio::{sync::Mutex as AsyncMutex, task::spawn_blocking};
use url::Url;

pub use self::{
    byte_source::{ByteReader, ByteSource},
    feed::{Feed, READ_MAX},
    rewrite::Rewrite,
};
use self::{
    cache::BlockCache,
    disk::Disk,
    feed::{Backing, Core, Lease},
    remote::{Parts, Remote},
    spill::Spill,
    spill_folder::SpillFolder,
    starving::Starving,
    trackers::Trackers,
    upstream::{Answer, Target, Upstream},
};
use crate::{
    source::{Source, hex},
    tasks::Tasks,
};

/// How much of a page is looked at to know it for one, in bytes.
const SNIFFED: usize = 1024;

/// The figures of a gateway.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Bytes of the block cache that all sources share.
    pub cache_bytes: u64,
    /// How many bytes an upstream connection is ahead of the reader that it serves, at most.
    pub ahead_bytes: u64,
    /// Where the `spill` folder is made for sources that can be read from their start only. Servers may share it.
    pub spill_dir: PathBuf,
    /// Bytes of all spill files together.
    pub spill_bytes: u64,
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long the first byte of all may take once the server's machine is there: one between torrents and HTTP finds
    /// those who have the film first, and cannot be told from one that will never answer.
    pub open_timeout: Duration,
    /// The same for the first byte of any other place, all tries together. Shorter than the 30 s after which mpv and ffmpeg
    /// give up themselves, so that they hear an answer.
    pub place_timeout: Duration,
    /// How long nothing may come over a connection that something came over.
    pub stall_timeout: Duration,
    /// How long a connection is kept that nobody needs for now.
    pub idle_timeout: Duration,
    /// How many times in turn a place is tried.
    pub tries: u32,
    /// The wait before the second try; it doubles from one to the next.
    pub backoff: Duration,
}

impl GatewayConfig {
    #[must_use]
    pub fn new(spill_dir: PathBuf) -> Self {
        Self {
            cache_bytes: 256 * 1024 * 1024,
            ahead_bytes: 4 * 1024 * 1024,
            spill_dir,
            spill_bytes: 8 * 1024 * 1024 * 1024,
            connect_timeout: Duration::from_secs(10),
            open_timeout: Duration::from_secs(60),
            place_timeout: Duration::from_secs(25),
            stall_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(15),
            tries: 5,
            backoff: Duration::from_secs(1),
        }
    }
}

/// The gateway. Clones are cheap and are the same gateway; it ends with the tasks that it was started with.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("port", &self.shared.port).finish_non_exhaustive()
    }
}

/// What the gateway's parts share. It holds no feed: feeds hold it.
struct Shared {
    port: u16,
    config: Arc<GatewayConfig>,
    tasks: Tasks,
    upstream: Arc<Upstream>,
    cache: Arc<BlockCache>,
    folder: Arc<SpillFolder>,
    last_id: AtomicU64,
    feeds: Mutex<Feeds>,
    trackers: Mutex<Trackers>,
}

#[derive(Default)]
struct Feeds {
    /// By the source's key. Whoever opens a source holds its lock meanwhile, so that it is opened once.
    by_key: HashMap<String, Slot>,
    by_token: HashMap<String, Weak<Core>>,
}

type Slot = Arc<AsyncMutex<Weak<Lease>>>;

impl Gateway {
    /// Listens on a free port of 127.0.0.1, which it refuses to open itself, and makes a spill folder of its own
    /// after sweeping up what dead servers left beside it.
    ///
    /// # Errors
    /// When no port can be had, or the spill folder cannot be made.
    pub async fn start(config: GatewayConfig, tasks: &Tasks) -> io::Result<Self> {
        let tasks = tasks.child();
        let (doors, address) = listener::Doors::open(tasks.token().clone()).await?;
        let folder = Arc::new(SpillFolder::prepare(&config)?);
        let upstream = Arc::new(Upstream::new(&config)?);
        upstream.own_ports.add(address.port());
        let shared = Arc::new(Shared {
            port: address.port(),
            cache: Arc::new(BlockCache::new(config.cache_bytes)),
            config: Arc::new(config),
            tasks: tasks.clone(),
            upstream,
            folder,
            last_id: AtomicU64::new(0),
            feeds: Mutex::default(),
            trackers: Mutex::new(Trackers::new(trackers::MOST)),
        });
        let token = tasks.token().clone();
        let server = axum::serve(doors, serve::router(Arc::clone(&shared)));
        let folder = Arc::clone(&shared.folder);
        tasks.spawn_tidy("gateway", async move {
            if let Err(error) = server.with_graceful_shutdown(token.cancelled_owned()).await {
                tracing::error!(%error, "the gateway ended");
            }
            // Not left to the last handle's drop: a feed that somebody still holds would put it off.
            let _ = spawn_blocking(move || folder.remove()).await;
        });
        Ok(Self { shared })
    }

    /// Another port of this machine that no link may lead to: the server's own.
    pub fn refuse_port(&self, port: u16) {
        self.shared.upstream.own_ports.add(port);
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.shared.port
    }

    /// Bytes in the block cache; never more than [`GatewayConfig::cache_bytes`].
    #[must_use]
    pub fn cached_bytes(&self) -> u64 {
        self.shared.cache.bytes()
    }

    /// How many feeds are open.
    #[must_use]
    pub fn feeds(&self) -> usize {
        self.shared.feeds().by_token.len()
    }

    /// Opens a source, or finds it open.
    ///
    /// # Errors
    /// `source_unreachable`, `source_timeout`, `not_a_video` for a web page, `forbidden` for a link to this server,
    /// `too_large` for a file that would have to be stored and is too large for that.
    pub async fn open(&self, source: &Source) -> Result<Feed, Error> {
        self.open_by(
            source,
            &source.key(),
            |id, tasks| async move { self.shared.open_source(id, source, &tasks).await },
        )
        .await
    }

    /// Serves what somebody else brings for a source, unless it is open already.
    ///
    /// # Errors
    /// `source_unreachable` when the gateway has ended.
    pub async fn open_bytes(&self, source: &Source, bytes: Arc<dyn ByteSource>) -> Result<Feed, Error> {
        self.open_by(source, &source.key(), |_, _| async move { Ok((Backing::Bytes(bytes), None)) }).await
    }

    async fn open_by<O>(&self, source: &Source, key: &str, open: impl FnOnce(u64, Tasks) -> O) -> Result<Feed, Error>
    where
        O: Future<Output = Result<(Backing, Option<String>), Error>>,
    {
        let (shared, key) = (&self.shared, key.to_owned());
        let slot = Arc::clone(shared.feeds().by_key.entry(key.clone()).or_default());
        let opened = {
            let mut lease = slot.lock().await;
            match lease.upgrade().filter(|open| open.core.dead().is_none()) {
                Some(open) => Ok(open),
                None => shared.open(source, &key, open).await.inspect(|open| *lease = Arc::downgrade(open)),
            }
        };
        drop(slot);
        if opened.is_err() {
            shared.sweep(&key);
        }
        opened.map(Feed::new)
    }
}

impl Shared {
    async fn open_source(&self, id: u64, source: &Source, tasks: &Tasks) -> Result<(Backing, Option<String>), Error> {
        match source {
            Source::Url(url) => self.open_link(id, url, tasks).await,
            Source::File(path) => Ok((Backing::Disk(Disk::open(path.clone()).await?), None)),
            Source::Torrent(_) => Err(sentences::no_file()),
        }
    }

    async fn open<O>(
        self: &Arc<Self>,
        source: &Source,
        key: &str,
        open: impl FnOnce(u64, Tasks) -> O,
    ) -> Result<Arc<Lease>, Error>
    where
        O: Future<Output = Result<(Backing, Option<String>), Error>>,
    {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed);
        let tasks = self.tasks.child();
        let opened = tasks.token().run_until_cancelled(open(id, tasks.clone())).await;
        let (backing, content_type) = opened.unwrap_or_else(|| Err(sentences::closed()))?;
        let stall_timeout = self.config.stall_timeout;
        let (faults, starving) = (Mutex::default(), Starving::default());
        let core = Arc::new(Core {
            id,
            backing,
            content_type,
            tasks,
            stall_timeout,
            faults,
            starving,
            rewrite: OnceLock::new(),
        });
        let token = hex(&rand::random::<[u8; 32]>());
        self.feeds().by_token.insert(token.clone(), Arc::downgrade(&core));
        let url = format!("http://127.0.0.1:{}/{token}", self.port);
        tracing::debug!(feed = id, %source, len = core.len(), "the source is open");
        Ok(Arc::new(Lease { core, key: key.to_owned(), token, url, shared: Arc::downgrade(self) }))
    }

    async fn open_link(&self, id: u64, url: &Url, tasks: &Tasks) -> Result<(Backing, Option<String>), Error> {
        let target = Target::new(url.clone());
        let (mut answer, early) = self.first_answer(&target).await?;
        let early = if answer.is_html() { sniff(&mut answer, early).await } else { early };
        if looks_like_html(&early) {
            return Err(sentences::web_page(&target.host()));
        }
        let content_type = answer.content_type.clone();
        let (upstream, config) = (Arc::clone(&self.upstream), Arc::clone(&self.config));
        if let Some(len) = self.seekable(&target, &answer).await {
            let parts =
                Parts { feed: id, target, upstream, cache: Arc::clone(&self.cache), config, tasks: tasks.clone() };
            return Ok((Backing::Remote(Remote::new(parts, len, answer, early)), content_type));
        }
        if answer.total.is_some_and(|len| len > self.folder.bound()) {
            return Err(sentences::too_large(&target.host(), self.folder.bound()));
        }
        let spill = Arc::new(Spill::create(target, &answer, Arc::clone(&self.folder), upstream, config).await?);
        tasks.spawn("download", Arc::clone(&spill).download(answer, early));
        Ok((Backing::Spill(spill), content_type))
    }

    fn by_token(&self, token: &str) -> Option<Arc<Core>> {
        self.feeds().by_token.get(token)?.upgrade()
    }

    /// Takes a feed that ends out of the books.
    fn forget(&self, lease: &Lease) {
        self.feeds().by_token.remove(&lease.token);
        self.cache.forget(lease.core.id);
        self.sweep(&lease.key);
    }

    /// Removes a source's slot if it holds no feed and nobody is opening it.
    fn sweep(&self, key: &str) {
        let mut feeds = self.feeds();
        let idle =
            |slot: &Slot| Arc::strong_count(slot) == 1 && slot.try_lock().is_ok_and(|lease| lease.strong_count() == 0);
        if feeds.by_key.get(key).is_some_and(idle) {
            feeds.by_key.remove(key);
        }
    }

    fn trackers(&self) -> MutexGuard<'_, Trackers> {
        self.trackers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn feeds(&self) -> MutexGuard<'_, Feeds> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// More of a body's first bytes, fewer if it breaks off: whoever reads on will find out.
async fn sniff(answer: &mut Answer, early: Bytes) -> Bytes {
    let mut early = BytesMut::from(early);
    while early.len() < SNIFFED {
        match answer.body.chunk().await {
            Ok(Some(bytes)) => early.extend_from_slice(&bytes),
            Ok(None) | Err(_) => break,
        }
    }
    early.freeze()
}

fn looks_like_html(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SNIFFED)]).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    text.starts_with('<')
        && ["<!doctype html", "<html", "<head", "<body", "<title", "<script", "<meta"]
            .iter()
            .any(|tag| text.contains(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_from_films() {
        for page in
            ["<!DOCTYPE html><p>", " \n<HTML lang=en>", "\u{feff}<?xml version='1.0'?><html>", "<!-- x --><head>"]
        {
            assert!(looks_like_html(page.as_bytes()), "{page}");
        }
        for film in [&b"\x1a\x45\xdf\xa3<html>"[..], b"", b"<", b"ftyp"] {
            assert!(!looks_like_html(film));
        }
    }
}
