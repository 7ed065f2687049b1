//! The calls under `/api/`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use protocol::{
    Error, ErrorKind, Heartbeat, HeartbeatReply, HostKey, MasterQuery, Media, Open, Opened, SessionId, SessionSummary,
    SessionView, Stage, VideoMode, ViewerToken, playhead::ServerTimes,
};

use super::{Matinee, reaper, screenings::Screening, torrents, unix_ms};
use crate::{
    film::{self, Found, Preparation},
    session::{Epoch, Progress, secrets},
    source::Source,
};

/// How long `inspect` waits for an answer about a link.
const INSPECT_LIMIT: Duration = Duration::from_secs(30);
/// How long a question about a session that is being prepared is held for news.
const NEWS_LIMIT: Duration = Duration::from_secs(10);

impl Matinee {
    /// What a link leads to. Makes no session; what it read stays warm for a minute.
    ///
    /// # Errors
    ///
    /// Why it cannot be played.
    pub async fn inspect(&self, source: &str) -> Result<Media, Error> {
        let source = Source::parse(source, self.inner.media_dir.as_deref())?;
        let Ok(permit) = Arc::clone(&self.inner.inspections).try_acquire_owned() else {
            return Err(Error::new(ErrorKind::AtCapacity, "many links are being looked at; try again in a minute"));
        };
        // Kept meanwhile, so that a link is not fetched twice.
        let _feed = match film::inspect(self.workshop(), &source).await? {
            Found::Torrent(torrent) => return Ok(*torrent),
            Found::Other(feed) => feed,
        };
        let screen = self.inner.shelf.screen(&source);
        let film = screen.ready(INSPECT_LIMIT).await?;
        self.inner.shelf.keep_warm(screen, permit);
        Ok(film.media())
    }

    /// Opens a session and answers at once; its preparation goes on.
    ///
    /// # Errors
    ///
    /// `invalid_source`, `at_capacity`.
    pub fn open(&self, open: &Open, languages: &[String]) -> Result<Opened, Error> {
        let source = Source::parse(&open.source, self.inner.media_dir.as_deref())?.with_file(open.file)?;
        let (session, host_key) = (secrets::new_session_id(), secrets::new_host_key());
        let hash = secrets::HostKeyHash::of(&host_key);
        let title = source.title();
        let mut registry = self.registry();
        let opened = registry.open(Instant::now(), session, hash, source.clone(), title, unix_ms())?;
        if open.private {
            registry.keep_private(session);
        }
        drop(registry);
        tracing::info!(%session, source = ?source, "session opened");
        if let Some(forgotten) = &opened.forgotten {
            reaper::act_on(&self.inner, forgotten);
        }
        self.show(session, opened.epoch, &source, languages, open.subtitles);
        self.inner.remember.now();
        self.inner.bell.notify_one();
        Ok(Opened { session, host_key })
    }

    /// The sessions that are awake and not private.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionSummary> {
        self.registry().list()
    }

    /// One session.
    ///
    /// # Errors
    ///
    /// `unknown_session`.
    pub fn session(&self, session: SessionId) -> Result<SessionView, Error> {
        let view = self.registry().view(Instant::now(), session)?;
        let film = self.inner.screenings.screen(session).and_then(|screen| screen.film());
        Ok(SessionView { read_s: film.and_then(|film| film.read_s()), torrent: self.torrent(session)?, ..view })
    }

    /// One session, as soon as its preparation has come past `stage`, or after ten seconds as it is then.
    ///
    /// # Errors
    ///
    /// `unknown_session`.
    pub async fn session_past(&self, session: SessionId, stage: Stage) -> Result<SessionView, Error> {
        let limit = tokio::time::Instant::now() + NEWS_LIMIT;
        loop {
            // Made before looking, so that nothing is missed between.
            let progressed = self.inner.progressed.notified();
            let view = self.session(session)?;
            if view.stage != Some(stage) {
                return Ok(view);
            }
            tokio::select! {
                () = progressed => {}
                () = tokio::time::sleep_until(limit) => return Ok(view),
                () = self.inner.tasks.token().cancelled() => return Ok(view),
            }
        }
    }

    /// A viewer's sign of life, of which the first byte came at `received`.
    ///
    /// # Errors
    ///
    /// `unknown_session`, `invalid_request`; `at_capacity` when the session slept and cannot be woken now; `forbidden` for
    /// whom the host has removed.
    pub fn heartbeat(&self, beat: &Heartbeat, received: Instant) -> Result<HeartbeatReply, Error> {
        let mut outcome = self.registry().beat(Instant::now(), beat)?;
        if outcome.joined {
            tracing::info!(session = %beat.session, "viewer joined");
        }
        self.wake(beat.session, outcome.woken);
        self.inner.remember.by(outcome.new_host);
        self.inner.bell.notify_one();
        let clock = self.registry().clock();
        let film = self.inner.screenings.screen(beat.session).and_then(|screen| screen.film());
        outcome.reply.strains = film.map(|film| film.strains()).unwrap_or_default();
        outcome.reply.times = ServerTimes { received_ms: clock.ms(received), answered_ms: clock.ms(Instant::now()) };
        Ok(outcome.reply)
    }

    /// A viewer leaves. Leaving twice is harmless.
    ///
    /// # Errors
    ///
    /// `unknown_session`.
    pub fn leave(&self, session: SessionId, viewer: &ViewerToken) -> Result<(), Error> {
        let ended = self.registry().leave(Instant::now(), session, viewer)?;
        if let Some(ended) = ended {
            reaper::act_on(&self.inner, &ended);
        }
        self.inner.bell.notify_one();
        Ok(())
    }

    /// The host closes a session for everybody.
    ///
    /// # Errors
    ///
    /// `unknown_session`, `forbidden` with another key.
    pub fn close(&self, session: SessionId, key: &HostKey) -> Result<(), Error> {
        let ended = self.registry().close(session, key)?;
        reaper::act_on(&self.inner, &ended);
        self.inner.bell.notify_one();
        Ok(())
    }

    /// Prepares the film of a session that was woken.
    pub(super) fn wake(&self, session: SessionId, woken: Option<Epoch>) {
        let Some(epoch) = woken else { return };
        let source = self.registry().recipe(session).cloned();
        if let Ok(source) = source {
            tracing::info!(%session, "session wakes");
            // What was added before is there still.
            self.show(session, epoch, &source, &[], None);
        }
    }

    /// Puts the source's film on for a session, and reports its preparation to the registry.
    fn show(&self, session: SessionId, epoch: Epoch, source: &Source, languages: &[String], subtitles: Option<u32>) {
        let screen = self.inner.shelf.screen(source);
        let languages = languages.to_vec();
        let tasks = self.inner.tasks.child();
        torrents::follow(&self.inner, &tasks, session, &screen, subtitles);
        let (matinee, mut state) = (Arc::downgrade(&self.inner), screen.state());
        tasks.spawn("report", async move {
            let mut film = loop {
                let now = state.borrow_and_update().clone();
                let Some(inner) = matinee.upgrade() else { return };
                match now {
                    Preparation::Stage(stage) => {
                        inner.registry().set_progress(session, epoch, Progress::Preparing(stage));
                        inner.progressed.notify_waiters();
                    }
                    Preparation::Failed(error) => {
                        inner.registry().set_progress(session, epoch, Progress::Failed(error));
                        inner.progressed.notify_waiters();
                        inner.bell.notify_one();
                        return;
                    }
                    Preparation::Ready(film) => {
                        // The first segments are made before anyone asks, where they are the same for most: what is
                        // to be encoded waits until a browser has told what it decodes.
                        if let Ok(plan) = film.plan(&MasterQuery::default(), &languages)
                            && plan.view.video.as_ref().is_none_or(|video| video.mode == VideoMode::Copy)
                        {
                            film.warm(&plan);
                        }
                        let media = Arc::new(film.media());
                        let mut registry = inner.registry();
                        registry.rename(session, media.title.clone());
                        registry.set_media(Instant::now(), session, epoch, media);
                        registry.set_progress(session, epoch, Progress::Ready);
                        drop(registry);
                        inner.progressed.notify_waiters();
                        break (film.length(), Arc::downgrade(&film));
                    }
                }
                drop(inner);
                if state.changed().await.is_err() {
                    // Whoever prepared it ended without a word; a session that is over does not hear this any more.
                    if let Some(inner) = matinee.upgrade() {
                        inner.registry().set_progress(session, epoch, Progress::Failed(film::stopped()));
                        inner.progressed.notify_waiters();
                    }
                    return;
                }
            };
            // Corrections of the film's length, for as long as the session is awake.
            while film.0.changed().await.is_ok() {
                let (Some(inner), Some(film)) = (matinee.upgrade(), film.1.upgrade()) else { return };
                inner.registry().set_media(Instant::now(), session, epoch, Arc::new(film.media()));
            }
        });
        self.inner.screenings.put(session, Screening { epoch, screen, tasks });
        // Closed or asleep meanwhile, it would never be let go of.
        let awake = self.registry().epoch(session);
        self.inner.screenings.release(session, awake);
    }
}
