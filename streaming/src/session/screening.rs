//! One session: what is known of it, and when it sleeps and is forgotten.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use protocol::{
    Error, Media, PublicViewerId, SessionId, SessionNews, SessionState, SessionSummary, SessionView, Stage,
    SubtitleTrack, ViewerView,
    playhead::{PlayheadView, SharedPlayhead},
};

use super::{
    Limits, ServerClock,
    host::{HandOver, Removed},
    messages::Messages,
    outside::Brought,
    playhead::SessionPlayhead,
    secrets::{HostKeyHash, ViewerKey},
    viewers::{Viewer, Viewers},
};

/// One awake period of a session. What is reported for an earlier one comes too late and is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(pub(super) u64);

/// How far the preparation of an awake session is. What has failed stays so.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    Preparing(Stage),
    Ready,
    Failed(Error),
}

/// Something ended, to be logged and acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub session: SessionId,
    pub what: End,
    /// In words, for the log.
    pub reason: String,
}

/// What ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    ViewerGone {
        viewer: PublicViewerId,
        anonymous: bool,
    },
    /// Everybody left, and some time passed.
    FellAsleep,
    /// The session was opened and nobody came; it sleeps.
    NobodyJoined,
    /// The session is unknown from now on.
    Forgotten,
    /// The host closed the session; it is unknown from now on.
    Closed,
}

impl Ended {
    pub(super) fn new(session: SessionId, what: End, reason: impl Into<String>) -> Self {
        Self { session, what, reason: reason.into() }
    }

    pub(super) fn viewer(session: SessionId, gone: Viewer, reason: impl Into<String>) -> Self {
        Self::new(session, End::ViewerGone { anonymous: gone.anonymous, viewer: gone.id }, reason)
    }

    /// Whether the session itself is asleep or gone, so that its heads end and its segments are given back.
    #[must_use]
    pub const fn releases(&self) -> bool {
        !matches!(self.what, End::ViewerGone { .. })
    }
}

#[derive(Clone, Debug)]
pub(super) struct Screening<R> {
    pub(super) host: HostKeyHash,
    pub(super) recipe: R,
    pub(super) title: String,
    /// The host gave the title, so what is found out about the film does not replace it.
    pub(super) titled: bool,
    /// It stands in the list of sessions while it is awake.
    pub(super) listed: bool,
    pub(super) handing_over: Option<HandOver>,
    pub(super) removed: Removed,
    pub(super) messages: Messages,
    /// Milliseconds since the Unix epoch.
    pub(super) opened_at: u64,
    pub(super) media: Option<Arc<Media>>,
    /// Kept while the session sleeps: unlike the film they can't be found again.
    pub(super) outside: Vec<Brought>,
    /// Sentences for the viewers about what went wrong beside the film.
    pub(super) notices: Vec<String>,
    pub(super) viewers: Viewers,
    pub(super) playhead: SessionPlayhead,
    pub(super) life: Life,
    /// Counts the changes of what [`SessionNews`] tells.
    pub(super) changes: u64,
    /// Since when nobody watches; meaningless while somebody does.
    pub(super) empty_since: Instant,
    /// The last sign of anybody who is gone, in server time.
    pub(super) last_sign_ms: f64,
    /// Whether anybody ever came.
    pub(super) joined: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Life {
    Awake { epoch: Epoch, progress: Progress },
    Asleep { since: Instant },
}

impl<R> Screening<R> {
    /// Whether it is awake, failed or not.
    pub(super) const fn is_awake(&self) -> bool {
        matches!(self.life, Life::Awake { .. })
    }

    /// Whether it takes one of the `max_streams` places. Nothing runs for a failed session, so it takes none.
    pub(super) const fn counts(&self) -> bool {
        matches!(self.life, Life::Awake { progress: Progress::Preparing(_) | Progress::Ready, .. })
    }

    pub(super) const fn has_failed(&self) -> bool {
        matches!(self.life, Life::Awake { progress: Progress::Failed(_), .. })
    }

    pub(super) fn wake(&mut self, now: Instant, epoch: Epoch) {
        self.life = Life::Awake { epoch, progress: Progress::Preparing(Stage::Connecting) };
        self.empty_since = now;
        self.changes += 1;
    }

    /// What is known of the film goes with the heads and segments: it is found out again. A film that ran stands where
    /// it was when somebody was seen last, and runs again for who comes next.
    pub(super) fn sleep(&mut self, since: Instant) {
        self.life = Life::Asleep { since };
        self.media = None;
        self.messages.clear();
        self.viewers.forget_colours();
        self.changes += 1;
        self.playhead.hold(self.last_sign_ms);
    }

    /// Holds a film that ran when the server ended, unless its viewers can still be there: they go on with it then.
    pub(super) fn hold_if_forsaken(&mut self, now_ms: f64, limits: &Limits) {
        if now_ms - self.last_sign_ms > limits.sleep_after.as_secs_f64() * 1000.0 {
            self.playhead.hold(self.last_sign_ms);
        }
    }

    /// Lets the session's playhead follow its viewers, unless they share it. Nobody there: it stays where it is.
    pub(super) fn follow(&mut self) {
        if let Some(playhead) = self.viewers.lead() {
            self.playhead.follow(playhead);
        }
    }

    /// The playhead is a shared one from now on.
    pub(super) fn share(&mut self, now_ms: f64) -> &mut SharedPlayhead {
        let somebody = self.viewers.lead().is_some();
        self.playhead.share(now_ms, somebody, self.duration_s())
    }

    /// Lets the shared playhead run. While nobody is there it waits: that may be its end, or for a moment only.
    pub(super) fn run(&mut self, now_ms: f64) {
        if !self.viewers.is_empty() {
            let _ = self.playhead.shared_at(now_ms);
        }
    }

    /// A viewer is gone, of whom there was a sign until then.
    pub(super) fn see_off(&mut self, now_ms: f64, viewer: &Viewer, last_sign_ms: f64) {
        self.last_sign_ms = self.last_sign_ms.max(last_sign_ms);
        self.keep_or_drop_handover();
        if let Some(shared) = self.playhead.shared_at(now_ms) {
            let _ = shared.leave(now_ms, &viewer.id, last_sign_ms);
        }
    }

    /// A viewer goes now; none if it was not there.
    pub(super) fn dismiss(&mut self, now: Instant, now_ms: f64, viewer: ViewerKey) -> Option<Viewer> {
        self.run(now_ms);
        let gone = self.viewers.remove(viewer)?;
        if self.viewers.is_empty() {
            self.empty_since = now;
        }
        self.see_off(now_ms, &gone, now_ms);
        self.follow();
        Some(gone)
    }

    /// How long this session stays as it is while nobody watches.
    pub(super) const fn patience(&self, limits: &Limits) -> Duration {
        if self.joined { limits.sleep_after } else { limits.unjoined_timeout }
    }

    /// When a session that nobody watches sleeps or is forgotten; none while somebody does.
    pub(super) fn unwatched_due(&self, limits: &Limits) -> Option<Instant> {
        match self.life {
            Life::Asleep { since } => Some(since + limits.forget_after),
            Life::Awake { .. } => self.viewers.is_empty().then(|| self.empty_since + self.patience(limits)),
        }
    }

    pub(super) fn next_due(&self, limits: &Limits, clock: ServerClock) -> Option<Instant> {
        let turns = self.playhead.due_ms().filter(|_| !self.viewers.is_empty());
        let turns = turns.and_then(|due_ms| clock.instant(due_ms));
        self.viewers.next_due(limits).into_iter().chain(self.unwatched_due(limits)).chain(turns).min()
    }

    pub(super) fn state(&self) -> SessionState {
        match &self.life {
            Life::Awake { progress: Progress::Ready, .. } => SessionState::Ready,
            Life::Awake { progress: Progress::Failed(_), .. } => SessionState::Failed,
            Life::Awake { progress: Progress::Preparing(_), .. } | Life::Asleep { .. } => SessionState::Preparing,
        }
    }

    pub(super) fn duration_s(&self) -> Option<f64> {
        self.media.as_ref().map(|media| media.duration_s)
    }

    pub(super) fn outside(&self) -> Vec<SubtitleTrack> {
        self.outside.iter().map(|brought| brought.track.clone()).collect()
    }

    fn stage(&self) -> (Option<Stage>, Option<Error>) {
        match &self.life {
            Life::Awake { progress: Progress::Preparing(stage), .. } => (Some(*stage), None),
            Life::Awake { progress: Progress::Failed(error), .. } => (None, Some(error.clone())),
            Life::Awake { progress: Progress::Ready, .. } | Life::Asleep { .. } => (None, None),
        }
    }

    pub(super) fn playhead_view(&self, now_ms: f64) -> PlayheadView {
        self.playhead.view(now_ms, self.duration_s())
    }

    /// The viewers, who see each other at this playhead.
    pub(super) fn viewer_views(&self, playhead: &PlayheadView) -> Vec<ViewerView> {
        self.viewers.views(playhead.into())
    }

    pub(super) fn news(&self) -> SessionNews {
        let (stage, error) = self.stage();
        SessionNews {
            state: self.state(),
            stage,
            error,
            title: self.title.clone(),
            listed: self.listed,
            duration_s: self.duration_s(),
            outside: self.outside(),
        }
    }

    pub(super) fn view(&self, now_ms: f64) -> SessionView {
        let (stage, error) = self.stage();
        let playhead = self.playhead_view(now_ms);
        SessionView {
            state: self.state(),
            stage,
            error,
            title: self.title.clone(),
            listed: self.listed,
            media: self.media.as_deref().cloned().map(|mut media| {
                media.warnings.extend_from_slice(&self.notices);
                media
            }),
            outside: self.outside(),
            viewers: self.viewer_views(&playhead),
            playhead,
            read_s: None,
            torrent: None,
        }
    }

    pub(super) fn summary(&self, session: SessionId) -> SessionSummary {
        SessionSummary {
            session,
            title: self.title.clone(),
            viewers: u32::try_from(self.viewers.len()).unwrap_or(u32::MAX),
            opened_at: self.opened_at,
            state: self.state(),
            duration_s: self.duration_s(),
        }
    }
}
