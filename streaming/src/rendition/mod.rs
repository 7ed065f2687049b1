//! A rendition: one HLS media playlist's worth of output, and the heads that make it.
//!
//! One task owns the heads of a rendition and decides, by the pure functions of [`crate::scheduler`], when one
//! starts, pauses and ends. HTTP handlers never touch a head: they ask for a segment and await it.

mod endings;
mod faults;
mod gauge;
mod heads;
mod inits;
mod keeper;
mod measure;
mod slots;
mod start;
mod waiters;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use protocol::{Error, ErrorKind, RenditionId};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    encoder::{Encoders, Speeds},
    gateway::Feed,
    head::Order,
    keyframes::Moments,
    process::Spawner,
    scheduler::Limits,
    store::RenditionSpace,
    tasks::Tasks,
    time::SegmentTable,
};

pub use faults::Faults;
pub use inits::Inits;
use keeper::Keeper;
pub use keeper::next_head;
pub use slots::{EncodeSlots, Pulse, Slot};

/// A segment request waits so long, then the player is told to ask again.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// Requests that may stand before the rendition's task at once; more wait in their senders.
const ASKS: usize = 64;

/// Who asks for segments: a viewer, an anonymous player, or the server itself ([`ReaderId::WARM`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReaderId(pub u64);

impl ReaderId {
    /// The server, which makes the first segments before anyone asks.
    pub const WARM: Self = Self(0);
}

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Spec {
    pub id: RenditionId,
    pub order: Order,
    pub table: SegmentTable,
}

/// What all renditions of a film have in common.
#[derive(Clone, Debug)]
pub struct Surroundings {
    pub feed: Feed,
    pub spawner: Spawner,
    pub mpv: std::path::PathBuf,
    pub ffmpeg: std::path::PathBuf,
    pub slots: EncodeSlots,
    pub encoders: Encoders,
    pub speeds: Arc<Speeds>,
    pub inits: Inits,
    pub faults: Faults,
    pub limits: Limits,
    pub moments: Arc<Moments>,
    /// The container lists all tracks at its beginning.
    pub lists_tracks: bool,
    pub tasks: Tasks,
    /// The film's length in seconds, which an end that comes early shortens for all its renditions.
    pub length: watch::Sender<f64>,
}

/// A handle on a rendition. When the last one is dropped, its heads end and its segments are deleted.
#[derive(Debug)]
pub struct Rendition {
    id: RenditionId,
    asks: mpsc::Sender<Ask>,
    space: RenditionSpace,
    feed: Feed,
    table: watch::Receiver<Arc<SegmentTable>>,
    strain: watch::Receiver<Option<f64>>,
}

/// What somebody wants of a rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Init,
    Segment(u32),
}

/// A message to the rendition's task.
#[derive(Debug)]
struct Ask {
    wanted: Wanted,
    reader: ReaderId,
    /// None when the segment was there and the task is only told where its reader is.
    reply: Option<oneshot::Sender<Result<Bytes, Error>>>,
}

impl Rendition {
    /// Starts the rendition's task; no head runs before somebody asks.
    #[must_use]
    pub fn start(spec: Spec, around: Surroundings, space: RenditionSpace) -> Self {
        let id = spec.id;
        let (asks, inbox) = mpsc::channel(ASKS);
        let (tables, table) = watch::channel(Arc::new(spec.table.clone()));
        let (tasks, feed) = (around.tasks.clone(), around.feed.clone());
        let (strains, strain) = watch::channel(None);
        let keeper = Keeper::new(spec, around, space.clone(), tables, strains);
        tasks.spawn_tidy("rendition", keeper.run(inbox));
        Self { id, asks, space, feed, table, strain }
    }

    #[must_use]
    pub const fn id(&self) -> RenditionId {
        self.id
    }

    /// The boundary table as it is now.
    #[must_use]
    pub fn table(&self) -> Arc<SegmentTable> {
        Arc::clone(&self.table.borrow())
    }

    /// Seconds of film that are made in a second, where that is less than one and nothing can be done about it.
    #[must_use]
    pub fn strain(&self) -> Option<f64> {
        *self.strain.borrow()
    }

    /// The init segment, made if it is not there.
    ///
    /// # Errors
    ///
    /// What kept it from being made, in words for the viewer.
    pub async fn init(&self, reader: ReaderId) -> Result<Bytes, Error> {
        match self.space.init() {
            Some(init) => Ok(init),
            None => self.ask(Wanted::Init, reader).await,
        }
    }

    /// A segment, made if it is not there.
    ///
    /// # Errors
    ///
    /// `not_found` past the end; otherwise what kept it from being made, in words for the viewer.
    pub async fn segment(&self, n: u32, reader: ReaderId) -> Result<Bytes, Error> {
        if let Some(bytes) = self.space.get(n).await {
            // Where the reader is matters for the heads, but not enough to wait for a full inbox.
            let _ = self.asks.try_send(Ask { wanted: Wanted::Segment(n), reader, reply: None });
            return Ok(bytes);
        }
        self.ask(Wanted::Segment(n), reader).await
    }

    async fn ask(&self, wanted: Wanted, reader: ReaderId) -> Result<Bytes, Error> {
        let (reply, answer) = oneshot::channel();
        let asked = async {
            self.asks.send(Ask { wanted, reader, reply: Some(reply) }).await.map_err(|_| going_away())?;
            answer.await.map_err(|_| going_away())?
        };
        tokio::time::timeout(REQUEST_LIMIT, asked).await.unwrap_or_else(|_| Err(self.late()))
    }

    /// Why a segment takes so long: its source, where that is in trouble.
    fn late(&self) -> Error {
        self.feed.fault().unwrap_or_else(|| {
            let limit = REQUEST_LIMIT.as_secs();
            Error::new(
                ErrorKind::AtCapacity,
                format!("this part of the film was not ready within {limit} s; the player asks again"),
            )
        })
    }
}

fn going_away() -> Error {
    Error::new(ErrorKind::UnknownSession, "nobody watches this film any more; open the session's page again")
}
