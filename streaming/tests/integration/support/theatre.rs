//! Matinee with everything real: the film's server, the tools, the store.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use protocol::{EncoderKind, Error, Open, RenditionId, SessionId, SessionState, SessionView};
use streaming::{
    Config, Matinee, Player,
    encoder::{Effort, Preset, Wanted},
    gateway::GatewayConfig,
    session::Limits,
    store::StoreConfig,
    tools::ToolPaths,
};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    eventually,
    films::TestFilm,
    processes::Bin,
    upstream::{Content, Habits, Upstream},
};

/// The machine is kept to one theatre at a time, or they would starve each other.
pub(crate) static STAGE: Semaphore = Semaphore::const_new(1);

/// How long anything may take that is bound to come, on a machine that is busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A Matinee, the server of a film, and one session on it.
pub(crate) struct Theatre {
    pub(crate) matinee: Matinee,
    pub(crate) upstream: Upstream,
    pub(crate) bin: Bin,
    pub(crate) session: SessionId,
    dir: TempDir,
    _stage: SemaphorePermit<'static>,
}

impl Theatre {
    pub(crate) async fn open(film: &TestFilm) -> Self {
        Self::with(film, |_| {}).await
    }

    pub(crate) async fn with(film: &TestFilm, change: impl FnOnce(&mut Config)) -> Self {
        Self::behind(film, Habits::default(), change).await
    }

    /// Waits for its turn.
    pub(crate) async fn behind(film: &TestFilm, habits: Habits, change: impl FnOnce(&mut Config)) -> Self {
        Self::at("/film.mkv", film, habits, change).await
    }

    /// The same with another path, and a query.
    pub(crate) async fn at(
        path: &'static str,
        film: &TestFilm,
        habits: Habits,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let stage = STAGE.acquire().await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let bin = Bin::new(dir.path().join("bin"));
        let tools = ToolPaths {
            ffmpeg: Some(bin.path("ffmpeg")),
            ffprobe: Some(bin.path("ffprobe")),
            mpv: Some(bin.path("mpv")),
        };
        let mut config = Config {
            store: StoreConfig { dir: Some(dir.path().join("store")), budget: Some(512 << 20) },
            gateway: GatewayConfig::new(dir.path().join("data")),
            media_dir: None,
            data_dir: None,
            torrents: None,
            sessions: Limits::default(),
            max_encodes: None,
            // What is shown here does not depend on the preset.
            effort: Effort::Always(Preset::UltraFast),
            encoder: Wanted::This(EncoderKind::X264).into(),
            tools,
            head_idle: Duration::from_secs(20),
        };
        change(&mut config);
        let upstream = Upstream::serve(Content::File(film.path.clone()), habits).await;
        let matinee = Matinee::start(config).await.unwrap();
        let session = matinee.open(&Open::link(upstream.url(path)), &[]).unwrap().session;
        Self { matinee, upstream, bin, session, dir, _stage: stage }
    }

    /// One more session on the same film.
    pub(crate) fn another_session(&self) -> Result<SessionId, Error> {
        self.matinee.open(&Open::link(self.upstream.url("/film.mkv")), &[]).map(|opened| opened.session)
    }

    pub(crate) fn view(&self) -> SessionView {
        self.matinee.session(self.session).unwrap()
    }

    /// Waits until the session has been prepared.
    pub(crate) async fn ready(&self) -> SessionView {
        eventually("the session is prepared", PATIENCE, || self.view().state != SessionState::Preparing).await;
        let view = self.view();
        assert_eq!(view.state, SessionState::Ready, "{:?}", view.error);
        view
    }

    /// Waits until all heads have gone, those that the opening has started too: from now on only what is asked for is read.
    /// Who takes nothing from them waits long, but where [`resting`] says otherwise.
    pub(crate) async fn heads_gone(&self) {
        eventually("the heads have gone", PATIENCE, || self.matinee.children() == 0).await;
    }

    pub(crate) async fn init(&self, rendition: &str) -> Result<Bytes, Error> {
        self.matinee.init(self.session, id(rendition), &player(rendition)).await
    }

    pub(crate) async fn segment(&self, rendition: &str, n: u32) -> Result<Bytes, Error> {
        self.matinee.segment(self.session, id(rendition), n, &player(rendition)).await
    }

    /// The film's server sends what it has held back, from now on.
    pub(crate) fn release(&self) {
        self.upstream.change(|habits| habits.hold_at = None);
    }

    /// The folder below which the store has its own.
    pub(crate) fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// Shuts down, and shows that nothing is left: no child, no task, no file.
    pub(crate) async fn close(self) {
        assert!(self.matinee.shutdown().await, "shutdown leaves something behind");
        assert_eq!(self.matinee.children(), 0);
        assert_eq!(self.matinee.tasks().alive(), 0);
        assert_eq!(self.bin.all(), [], "processes live on");
        assert_eq!(bytes_below(&self.store()), 0, "the store holds files after its end");
        let folders = std::fs::read_dir(self.store()).into_iter().flatten().flatten();
        let folders: Vec<_> = folders.filter(|entry| entry.path().is_dir()).map(|entry| entry.path()).collect();
        assert_eq!(folders, [] as [PathBuf; 0], "the store's own folder is still there");
    }
}

/// A server that sends nothing of the film between three and nearly all of its five fifths. The index, which stands at
/// the end, can be had.
pub(crate) fn withheld(film: &TestFilm) -> Habits {
    let bytes = film.bytes();
    Habits { hold_at: Some(bytes * 3 / 5), hold_to: Some(bytes - bytes / 50), ..Habits::default() }
}

/// Heads whose segments nobody takes go soon, and so do connections that nobody needs. While they live they read the
/// film, whenever this machine lets them.
pub(crate) fn resting(config: &mut Config) {
    config.head_idle = Duration::from_secs(1);
    config.gateway.idle_timeout = Duration::from_millis(500);
}

/// What the server holds back is waited for, and not given up.
pub(crate) fn patient(config: &mut Config) {
    (config.gateway.stall_timeout, config.gateway.place_timeout) = (PATIENCE, PATIENCE);
}

/// The bytes that the files below a folder really take, whole pages of them.
pub(crate) fn bytes_below(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    // What vanishes while it is being looked at takes nothing.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)))
        .map(|(path, about)| if about.is_dir() { bytes_below(&path) } else { about.len().max(about.blocks() * 512) })
        .sum()
}

pub(crate) fn id(rendition: &str) -> RenditionId {
    rendition.parse().unwrap()
}

/// One player for each rendition, as if each were watched by somebody else.
pub(crate) fn player(rendition: &str) -> Player {
    Player::Anonymous(format!("a player of {rendition}"))
}
