//! The films that are in use, by source: two sessions on one source share its preparation and its segments.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use futures_util::FutureExt as _;
use protocol::{Error, ErrorKind, Stage};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::{Coming, Film, Workshop};
use crate::{source::Source, tasks::Tasks};

/// How long a film that was only inspected is kept.
const WARM: Duration = Duration::from_secs(60);

/// How long opening and probing may take: a minute each, since a server that has to find the film first may take that long
/// until its first byte. Their own limits end sooner, but for one that sends a little all the time.
const PREPARE_LIMIT: Duration = Duration::from_secs(120);

/// The same for a torrent, on top of the time in which peers may tell what is in it: who sends its first bytes may have to
/// be found, and may be slow.
const TORRENT_LIMIT: Duration = Duration::from_secs(180);

/// How far a film's preparation is.
#[derive(Clone, Debug)]
pub enum Preparation {
    Stage(Stage),
    Ready(Arc<Film>),
    Failed(Error),
}

/// A place where a film is being prepared, or is. When the last holder drops it, the film's heads end and its
/// segments are deleted.
#[derive(Debug)]
pub struct Screen {
    state: watch::Receiver<Preparation>,
    coming: watch::Receiver<Coming>,
    tasks: Tasks,
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.tasks.token().cancel();
    }
}

impl Screen {
    #[must_use]
    pub fn state(&self) -> watch::Receiver<Preparation> {
        self.state.clone()
    }

    /// Whether the film is a torrent's, and how far that is.
    #[must_use]
    pub fn coming(&self) -> Coming {
        self.coming.borrow().clone()
    }

    /// Tells when that changes.
    #[must_use]
    pub fn comes(&self) -> watch::Receiver<Coming> {
        self.coming.clone()
    }

    /// The film if it is ready now.
    #[must_use]
    pub fn film(&self) -> Option<Arc<Film>> {
        match &*self.state.borrow() {
            Preparation::Ready(film) => Some(Arc::clone(film)),
            _ => None,
        }
    }

    /// Waits until the film is ready.
    ///
    /// # Errors
    ///
    /// Why it cannot be played; `source_timeout` after `limit`.
    pub async fn ready(&self, limit: Duration) -> Result<Arc<Film>, Error> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| !matches!(state, Preparation::Stage(_)));
        match tokio::time::timeout(limit, settled).await {
            Ok(Ok(state)) => match &*state {
                Preparation::Ready(film) => Ok(Arc::clone(film)),
                Preparation::Failed(error) => Err(error.clone()),
                Preparation::Stage(_) => Err(stopped()),
            },
            Ok(Err(_)) => Err(stopped()),
            Err(_) => Err(Error::new(
                ErrorKind::SourceTimeout,
                format!("the film was not ready within {} s; its server is slow, try again", limit.as_secs()),
            )),
        }
    }
}

pub(crate) fn stopped() -> Error {
    Error::new(ErrorKind::Internal, "the preparation of the film was stopped; open the link again")
}

/// The films in use.
#[derive(Debug)]
pub struct Shelf {
    workshop: Workshop,
    tasks: Tasks,
    screens: Mutex<HashMap<String, Weak<Screen>>>,
}

impl Shelf {
    #[must_use]
    pub fn new(workshop: Workshop, tasks: Tasks) -> Self {
        Self { workshop, tasks, screens: Mutex::default() }
    }

    #[must_use]
    pub const fn workshop(&self) -> &Workshop {
        &self.workshop
    }

    /// The screen of a source, on which its preparation begins unless it is under way.
    #[must_use]
    pub fn screen(&self, source: &Source) -> Arc<Screen> {
        let mut screens = self.screens.lock().unwrap_or_else(PoisonError::into_inner);
        screens.retain(|_, screen| screen.strong_count() > 0);
        let key = source.key();
        if let Some(screen) = screens.get(&key).and_then(Weak::upgrade)
            && !matches!(*screen.state.borrow(), Preparation::Failed(_))
        {
            return screen;
        }
        let screen = self.prepare(source.clone());
        screens.insert(key, Arc::downgrade(&screen));
        screen
    }

    /// Keeps a film for a while after its inspection, and so long the permit for it.
    pub fn keep_warm(&self, screen: Arc<Screen>, permit: OwnedSemaphorePermit) {
        self.tasks.spawn("keep warm", async move {
            tokio::time::sleep(WARM).await;
            drop((screen, permit));
        });
    }

    fn prepare(&self, source: Source) -> Arc<Screen> {
        let tasks = self.tasks.child();
        let (state, watched) = watch::channel(Preparation::Stage(Stage::Connecting));
        let is_torrent = matches!(source, Source::Torrent(_));
        let (coming, comes) = watch::channel(if is_torrent { Coming::Resolving } else { Coming::Not });
        let (workshop, film_tasks) = (self.workshop.clone(), tasks.clone());
        tasks.spawn("prepare", async move {
            let stage = |stage| drop(state.send_replace(Preparation::Stage(stage)));
            let prepared = Film::prepare(&workshop, &source, &film_tasks, &coming, stage);
            let prepared = AssertUnwindSafe(within_limit(prepared, coming.subscribe())).catch_unwind().await;
            // One that panics has failed as any other, so that nobody waits for it.
            let prepared = prepared.unwrap_or_else(|_| Err(broken_off()));
            match prepared {
                Ok(film) => {
                    let film = Arc::new(film);
                    tracing::info!(source = ?source, media = %film.media().container, "film ready");
                    state.send_replace(Preparation::Ready(film));
                }
                Err(error) => {
                    tracing::warn!(source = ?source, kind = ?error.kind, %error, "film cannot be played");
                    let hash = coming.borrow().hash();
                    coming.send_replace(hash.map_or(Coming::Not, Coming::Over));
                    state.send_replace(Preparation::Failed(error));
                }
            }
            // The film lives as long as its screen: this task keeps the sender, and ends with the screen's tasks.
            std::future::pending::<()>().await;
        });
        Arc::new(Screen { state: watched, coming: comes, tasks })
    }
}

fn broken_off() -> Error {
    Error::new(ErrorKind::Internal, "opening this film broke off by a mistake of Matinee's; see the server's log")
}

/// A link's film has one limit, a torrent's another: which it is turns out on the way.
async fn within_limit(
    prepared: impl Future<Output = Result<Film, Error>>,
    mut coming: watch::Receiver<Coming>,
) -> Result<Film, Error> {
    let too_slow = |who: &str| Err(Error::new(ErrorKind::SourceTimeout, format!("{who} too slowly; try again")));
    let mut prepared = std::pin::pin!(prepared);
    let start = tokio::time::Instant::now();
    tokio::select! {
        prepared = &mut prepared => return prepared,
        Ok(_) = coming.wait_for(|coming| !matches!(coming, Coming::Not)) => {}
        () = tokio::time::sleep_until(start + PREPARE_LIMIT) => return too_slow("the film's server answers"),
    }
    tokio::time::timeout_at(start + TORRENT_LIMIT, prepared)
        .await
        .unwrap_or_else(|_| too_slow("the torrent's peers send"))
}
