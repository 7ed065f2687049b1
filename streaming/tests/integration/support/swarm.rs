//! Torrents of our own, who seeds them, and a Matinee that plays them: all of it on this machine, without DHT, trackers
//! or multicast.

use std::{
    net::{SocketAddr, TcpListener},
    num::NonZeroU32,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use librqbit::{
    AddTorrent, AddTorrentOptions, CreateTorrentOptions, ListenerMode, ListenerOptions, Session, SessionOptions,
    create_torrent, limits::LimitsConfig, spawn_utils::BlockingSpawner,
};
use protocol::{EncoderKind, ErrorKind, Heartbeat, Open, SessionId, SessionState, TorrentView, ViewerToken};
use streaming::{
    Config, Matinee, Player,
    encoder::{Effort, Preset, Wanted},
    gateway::GatewayConfig,
    session::Limits,
    store::StoreConfig,
    tools::ToolPaths,
    torrent::TorrentConfig,
};
use tempfile::TempDir;
use tokio::sync::SemaphorePermit;

use super::{
    eventually,
    theatre::{PATIENCE, STAGE, id, player},
};

/// 8 Mbit/s.
pub(crate) const SLOW: u32 = 1_000_000;
/// After so long without a viewer a session sleeps.
const ASLEEP: Duration = Duration::from_secs(1);
/// Without a limit that matters.
pub(crate) const FAST: u32 = 200_000_000;

/// A torrent and the files it was made of.
pub(crate) struct Content {
    pub(crate) file: Bytes,
    pub(crate) hash: String,
    /// The folder that a seeder's data are in.
    folder: PathBuf,
}

impl Content {
    /// Of a file or a folder.
    pub(crate) async fn of(path: &Path, piece: u32) -> Self {
        let options = CreateTorrentOptions { piece_length: Some(piece), ..CreateTorrentOptions::default() };
        let made = create_torrent(path, options, &BlockingSpawner::new(4)).await.unwrap();
        let folder = made.output_folder.clone();
        Self { file: made.as_bytes().unwrap(), hash: made.info_hash().as_string(), folder }
    }

    pub(crate) fn magnet(&self, peers: &[SocketAddr]) -> String {
        let peers: String = peers.iter().map(|peer| format!("&x.pe={peer}")).collect();
        format!("magnet:?xt=urn:btih:{}&dn=A%20torrent{peers}", self.hash)
    }
}

/// Who comes to a Cinema with a page.
fn viewer() -> ViewerToken {
    ViewerToken("the-token-of-a-viewer".into())
}

/// An address of this machine that nobody listens on.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Somebody who has all of a torrent.
pub(crate) struct Seeder {
    pub(crate) address: SocketAddr,
    who: Who,
}

enum Who {
    Librqbit(Arc<Session>),
    Aria2(Child, #[expect(dead_code, reason = "it is deleted at the end")] TempDir),
}

impl Seeder {
    /// Our own, which sends so many bytes a second at most.
    pub(crate) async fn start(content: &Content, rate: u32) -> Self {
        Self::start_at(content, rate, free_address()).await
    }

    pub(crate) async fn start_at(content: &Content, rate: u32, address: SocketAddr) -> Self {
        let session = Session::new_with_opts(
            content.folder.clone(),
            SessionOptions {
                dht: None,
                disable_trackers: true,
                disable_local_service_discovery: true,
                listen: Some(ListenerOptions {
                    mode: ListenerMode::TcpOnly,
                    listen_addr: address,
                    ..ListenerOptions::default()
                }),
                ratelimits: LimitsConfig { upload_bps: NonZeroU32::new(rate), download_bps: None },
                ..SessionOptions::default()
            },
        )
        .await
        .unwrap();
        let options = AddTorrentOptions {
            overwrite: true,
            output_folder: Some(content.folder.to_str().unwrap().to_owned()),
            ..AddTorrentOptions::default()
        };
        let added = session.add_torrent(AddTorrent::from_bytes(content.file.clone()), Some(options)).await.unwrap();
        let handle = added.into_handle().unwrap();
        tokio::time::timeout(PATIENCE, handle.wait_until_completed()).await.unwrap().unwrap();
        Self { address: session.listen_addr().unwrap(), who: Who::Librqbit(session) }
    }

    /// A program that knows nothing of us.
    #[expect(clippy::disallowed_methods, reason = "another program's part in the test")]
    pub(crate) async fn aria2(content: &Content, rate: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let torrent = dir.path().join("a.torrent");
        std::fs::write(&torrent, &content.file).unwrap();
        let address = free_address();
        let child = std::process::Command::new("aria2c")
            .arg("--no-conf")
            .args([
                "--enable-dht=false",
                "--enable-dht6=false",
                "--bt-enable-lpd=false",
                "--enable-peer-exchange=false",
            ])
            .args(["--seed-ratio=0.0", "--check-integrity=true", "--allow-overwrite=true", "--file-allocation=none"])
            .args(["--interface=127.0.0.1", "--quiet=true"])
            .arg(format!("--listen-port={}", address.port()))
            .arg(format!("--max-overall-upload-limit={rate}"))
            .arg(format!("--dir={}", content.folder.display()))
            .arg(&torrent)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let listens = || std::net::TcpStream::connect(address).is_ok();
        eventually("aria2 listens", PATIENCE, listens).await;
        Self { address, who: Who::Aria2(child, dir) }
    }

    /// It is gone from one moment to the next.
    pub(crate) async fn stop(mut self) -> SocketAddr {
        if let Who::Librqbit(session) = &self.who {
            session.stop().await;
        }
        self.kill();
        self.address
    }

    /// Peers that are connected to it.
    pub(crate) fn connections(&self) -> u32 {
        match &self.who {
            Who::Librqbit(session) => session.with_torrents(|torrents| {
                let live = torrents.filter_map(|(_, torrent)| torrent.live());
                live.map(|live| live.stats_snapshot().peer_stats.live).sum()
            }),
            Who::Aria2(..) => panic!("aria2 does not tell"),
        }
    }

    fn kill(&mut self) {
        if let Who::Aria2(child, _) = &mut self.who {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Seeder {
    fn drop(&mut self) {
        self.kill();
        if let Who::Librqbit(session) = &self.who {
            session.cancellation_token().cancel();
        }
    }
}

/// A Matinee that plays torrents.
pub(crate) struct Cinema {
    pub(crate) matinee: Matinee,
    pub(crate) dir: Arc<TempDir>,
    _stage: SemaphorePermit<'static>,
}

impl Cinema {
    pub(crate) async fn open(change: impl FnOnce(&mut TorrentConfig)) -> Self {
        Self::again(Arc::new(tempfile::tempdir().unwrap()), change).await
    }

    /// One whose sessions fall asleep a second after everybody has left.
    pub(crate) async fn impatient(change: impl FnOnce(&mut TorrentConfig)) -> Self {
        let limits = Limits { sleep_after: ASLEEP, ..Limits::default() };
        Self::with(Arc::new(tempfile::tempdir().unwrap()), limits, change).await
    }

    /// In the folders of an earlier one.
    pub(crate) async fn again(dir: Arc<TempDir>, change: impl FnOnce(&mut TorrentConfig)) -> Self {
        Self::with(dir, Limits::default(), change).await
    }

    async fn with(dir: Arc<TempDir>, limits: Limits, change: impl FnOnce(&mut TorrentConfig)) -> Self {
        let stage = STAGE.acquire().await.unwrap();
        let data = dir.path().join("data");
        let mut torrents = TorrentConfig {
            dht: false,
            trackers: false,
            local_discovery: false,
            magnet_timeout: Duration::from_secs(20),
            ..TorrentConfig::new(data.clone())
        };
        change(&mut torrents);
        let config = Config {
            store: StoreConfig { dir: Some(dir.path().join("store")), budget: Some(512 << 20) },
            gateway: GatewayConfig::new(data.clone()),
            data_dir: Some(data),
            torrents: Some(torrents),
            media_dir: None,
            sessions: limits,
            max_encodes: None,
            effort: Effort::Always(Preset::UltraFast),
            encoder: Wanted::This(EncoderKind::X264).into(),
            tools: ToolPaths::default(),
            head_idle: Duration::from_secs(20),
        };
        Self { matinee: Matinee::start(config).await.unwrap(), dir, _stage: stage }
    }

    /// Opens a torrent's file and waits until it is prepared.
    pub(crate) async fn watch(&self, source: &str, file: Option<u32>) -> SessionId {
        let session = self.matinee.open(&Open { file, ..Open::link(source) }, &[]).unwrap().session;
        self.ready(session).await;
        session
    }

    /// Waits until a session is prepared.
    pub(crate) async fn ready(&self, session: SessionId) {
        let prepared = || self.matinee.session(session).unwrap().state != SessionState::Preparing;
        eventually("the session is prepared", PATIENCE, prepared).await;
        let view = self.matinee.session(session).unwrap();
        assert_eq!(view.state, SessionState::Ready, "{:?}", view.error);
    }

    pub(crate) fn torrent(&self, session: SessionId) -> TorrentView {
        self.matinee.torrent(session).unwrap().expect("it is a torrent")
    }

    /// Somebody comes with a page, and is there for 45 s after each sign of life.
    pub(crate) fn come(&self, session: SessionId) -> Player {
        let beat = Heartbeat::new(session, viewer(), 0.0, false);
        self.matinee.heartbeat(&beat, std::time::Instant::now()).unwrap();
        Player::Viewer(beat.viewer)
    }

    /// Who came leaves, and the session falls asleep.
    pub(crate) async fn sleep(&self, session: SessionId) {
        self.matinee.leave(session, &viewer()).unwrap();
        let asleep = || self.matinee.sessions().iter().all(|awake| awake.session != session);
        eventually("the session sleeps", PATIENCE, asleep).await;
    }

    /// A segment, asked for again as often as a player would that was told to wait.
    pub(crate) async fn segment(&self, session: SessionId, rendition: &str, n: u32) -> Bytes {
        self.segment_for(&player(rendition), session, rendition, n).await
    }

    /// The same for somebody who is known.
    pub(crate) async fn segment_for(&self, player: &Player, session: SessionId, rendition: &str, n: u32) -> Bytes {
        let asking = async {
            loop {
                match self.matinee.segment(session, id(rendition), n, player).await {
                    Ok(bytes) => return bytes,
                    Err(error) => {
                        assert!(matches!(error.kind, ErrorKind::SourceTimeout | ErrorKind::AtCapacity), "{error:?}");
                    }
                }
            }
        };
        tokio::time::timeout(2 * PATIENCE, asking).await.expect("the segment comes")
    }

    /// The number of the segment that is shown at a moment.
    pub(crate) async fn at(&self, session: SessionId, rendition: &str, moment_s: f64) -> u32 {
        let text = self.matinee.media_playlist(session, id(rendition), &player(rendition)).await.unwrap();
        let playlist = m3u8_rs::parse_media_playlist_res(text.as_bytes()).unwrap();
        let mut end_s = 0.0;
        let ends = playlist.segments.iter().map(|segment| {
            end_s += f64::from(segment.duration);
            end_s
        });
        u32::try_from(ends.take_while(|end_s| *end_s <= moment_s).count()).unwrap()
    }

    /// The folder of all torrents' data.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data/torrents/data")
    }

    /// Shuts down, and shows that no task is left.
    pub(crate) async fn close(self) -> Arc<TempDir> {
        assert!(self.matinee.shutdown().await, "shutdown leaves something behind");
        assert_eq!(self.matinee.tasks().alive(), 0);
        self.dir
    }
}
