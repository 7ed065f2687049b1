//! The whole of the domain behind one handle: start it, call it, shut it down.

mod bring;
mod calls;
mod company;
mod events;
mod hls;
mod memory;
mod reaper;
mod screenings;
mod subtitles;
mod telling;
mod torrents;

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use protocol::{SessionId, SystemReport};
use tokio::sync::{Notify, Semaphore};

use crate::{
    encoder::{self, Encoders, Speeds},
    film::{Shelf, Workshop},
    fonts::Fonts,
    gateway::{Gateway, GatewayConfig},
    process::Spawner,
    rendition::EncodeSlots,
    scheduler,
    session::{self, Registry, ServerClock},
    source::{InfoHash, Source},
    store::{Store, StoreConfig, StoreError},
    tasks::Tasks,
    tools::{self, ToolPaths, Tools},
    torrent::{TorrentConfig, Torrents},
};

pub use bring::Bringing;
pub use events::Channel;
pub use hls::Player;
use memory::Remember;
use screenings::Screenings;
use telling::{Bells, Locked};

/// How long shutdown waits for tasks, each of which has to end a child at most.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// Links looked at, or kept warm after that, at the same time: each holds a connection and its blocks.
const INSPECTIONS: usize = 16;

/// How Matinee is set up.
#[derive(Clone, Debug)]
pub struct Config {
    pub store: StoreConfig,
    pub gateway: GatewayConfig,
    /// Files under this folder may be watched too.
    pub media_dir: Option<PathBuf>,
    pub sessions: session::Limits,
    /// Encoding heads at the same time; none: as many as the cores can do in real time.
    pub max_encodes: Option<usize>,
    /// What encodes pictures.
    pub encoder: encoder::EncoderConfig,
    /// How much work libx264 puts into them.
    pub effort: encoder::Effort,
    pub tools: ToolPaths,
    /// How long a head without a reader goes on.
    pub head_idle: Duration,
    /// Where sessions are written down; none: they end with the server.
    pub data_dir: Option<PathBuf>,
    /// None: magnet links and torrents are refused.
    pub torrents: Option<TorrentConfig>,
}

/// Why Matinee could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the loopback gateway could not be started")]
    Gateway(#[source] std::io::Error),
    #[error("torrents could not be started ({0}); choose another --data-dir or --torrent-listen, or --torrents off")]
    Torrents(#[source] std::io::Error),
    #[error("the thread that starts programs could not be started")]
    Spawner(#[source] std::io::Error),
}

/// The handle. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Matinee {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    media_dir: Option<PathBuf>,
    registry: Mutex<Registry<Source>>,
    bells: Bells,
    screenings: Screenings,
    /// Which torrent each session is on, awake or asleep.
    torrents: Mutex<HashMap<SessionId, InfoHash>>,
    shelf: Shelf,
    /// Links that are looked at without a session, or were a moment ago.
    inspections: Arc<Semaphore>,
    fonts: Fonts,
    /// Places for subtitles that are being added.
    bringing: Arc<Semaphore>,
    /// Rung when a deadline of the registry may have come nearer.
    bell: Notify,
    remember: Remember,
    /// Rung when a session's preparation has gone on.
    progressed: Notify,
    tasks: Tasks,
}

impl Matinee {
    /// Starts the gateway, opens the store, looks for the tools and starts the reaper.
    ///
    /// # Errors
    ///
    /// In words for the operator.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let tasks = Tasks::new();
        let store = Store::open(config.store)?;
        let spawner = Spawner::start(&tasks).map_err(StartError::Spawner)?;
        let (tools, gateway) =
            tokio::join!(Tools::find_at(&spawner, &config.tools), Gateway::start(config.gateway, &tasks));
        let gateway = gateway.map_err(StartError::Gateway)?;
        let torrents = match config.torrents {
            Some(torrents) => {
                Some(Torrents::start(torrents, gateway.clone(), &tasks).await.map_err(StartError::Torrents)?)
            }
            None => None,
        };
        let encoders = Encoders::start(config.encoder, &spawner, &tools, &tasks);
        let fonts = Fonts::new(spawner.clone(), tools::fontconfig());
        let budget = store.usage().allowed;
        let streams = config.sessions.max_streams.max(1) as u64;
        let limits = scheduler::Limits {
            ahead_bytes: budget / (4 * streams),
            head_idle: config.head_idle,
            ..scheduler::Limits::default()
        };
        let workshop = Workshop {
            gateway,
            torrents,
            spawner,
            tools: Arc::new(tools),
            store,
            slots: EncodeSlots::new(config.max_encodes.unwrap_or_else(default_encodes)),
            limits,
            encoders,
            speeds: Arc::new(Speeds::new(config.effort)),
        };
        let matinee = Self {
            inner: Arc::new(Inner {
                media_dir: config.media_dir,
                registry: Mutex::new(Registry::new(config.sessions, ServerClock::read())),
                bells: Bells::default(),
                screenings: Screenings::default(),
                torrents: Mutex::default(),
                inspections: Arc::new(Semaphore::new(INSPECTIONS)),
                fonts,
                bringing: Arc::new(Semaphore::new(bring::COMING)),
                shelf: Shelf::new(workshop, tasks.clone()),
                bell: Notify::new(),
                remember: Remember::default(),
                progressed: Notify::new(),
                tasks: tasks.clone(),
            }),
        };
        if let Some(dir) = config.data_dir {
            // Without it everything works but to come back after a restart.
            match memory::restore(&matinee.inner, dir).await {
                Ok(memory) => {
                    let token = tasks.token().clone();
                    tasks.spawn_tidy("memory", memory::run(Arc::downgrade(&matinee.inner), memory, token));
                }
                Err(error) => tracing::warn!(%error, "sessions are not written down; they will end with this server"),
            }
        }
        tasks.spawn("reaper", reaper::run(Arc::downgrade(&matinee.inner)));
        Ok(matinee)
    }

    /// No source may lead back to this server.
    pub fn refuse_port(&self, listening: SocketAddr) {
        self.workshop().gateway.refuse_port(listening.port());
    }

    /// Tasks of the server itself belong to the same group, so that shutdown joins them.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.inner.tasks
    }

    /// What the operator should know of the store's place, if anything.
    #[must_use]
    pub fn store_advice(&self) -> Option<String> {
        self.workshop().store.operator_advice()
    }

    /// The server's state.
    #[must_use]
    pub fn system(&self) -> SystemReport {
        let workshop = self.workshop();
        SystemReport {
            version: env!("CARGO_PKG_VERSION").into(),
            tools: workshop.tools.report(),
            store: workshop.store.report(),
            sessions: self.registry().capacity(),
            encodes: workshop.slots.usage(),
            encoder: workshop.encoders.report(workshop.speeds.effort().to_string()),
            torrents: workshop.torrents.as_ref().map(Torrents::report),
        }
    }

    /// Children that are alive.
    #[must_use]
    pub fn children(&self) -> usize {
        self.workshop().spawner.alive()
    }

    /// Ends every session, head and task and removes the store's folder. False if something would not end in time.
    pub async fn shutdown(&self) -> bool {
        self.inner.screenings.clear();
        let joined = self.inner.tasks.join(SHUTDOWN).await;
        let closed = match self.workshop().store.close().await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "the store could not be removed");
                false
            }
        };
        joined && closed && self.children() == 0
    }

    fn registry(&self) -> Locked<'_> {
        self.inner.registry()
    }

    fn workshop(&self) -> &Workshop {
        self.inner.shelf.workshop()
    }
}

impl Inner {
    fn registry(&self) -> Locked<'_> {
        Locked::new(&self.registry, &self.bells)
    }
}

/// Milliseconds since the Unix epoch.
fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// One encoding head of 1080p takes about three quarters of a core in real time.
fn default_encodes() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (cores * 4 / 3).max(1)
}
