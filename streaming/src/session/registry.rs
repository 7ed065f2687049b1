//! All sessions that the server knows.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc, time::Instant};

use protocol::{
    Capacity, Error, ErrorKind, Heartbeat, HeartbeatReply, HostKey, Media, Playhead, SessionId, SessionSummary,
    SessionView, Stage, ViewerToken, playhead::ServerTimes,
};

use super::{
    Limits, Reader, ServerClock,
    host::Removed,
    messages::Messages,
    playhead::SessionPlayhead,
    screening::{End, Ended, Epoch, Life, Progress, Screening},
    secrets::{HostKeyHash, ViewerKey},
    viewers::{Sign, Viewers},
};

/// The sessions, each with a recipe `R` from which everything else can be made again.
#[derive(Debug)]
pub struct Registry<R> {
    pub(super) limits: Limits,
    pub(super) clock: ServerClock,
    pub(super) sessions: BTreeMap<SessionId, Screening<R>>,
    epochs: u64,
    pub(super) channels: u64,
}

/// A session was opened.
#[derive(Debug)]
pub struct Opened {
    /// What the reports on its preparation are to carry.
    pub epoch: Epoch,
    /// An old session that was forgotten to make room.
    pub forgotten: Option<Ended>,
}

/// What a heartbeat led to.
#[derive(Debug)]
pub struct BeatOutcome {
    /// The session slept; its preparation is to be started.
    pub woken: Option<Epoch>,
    /// The viewer is new.
    pub joined: bool,
    /// It has taken the session over: the one who was the host before is none any more.
    pub new_host: bool,
    pub reply: HeartbeatReply,
}

/// What a playlist or segment request led to.
#[derive(Debug, PartialEq, Eq)]
pub struct TouchOutcome {
    /// The session slept; its preparation is to be started.
    pub woken: Option<Epoch>,
    /// The anonymous player is new.
    pub joined: bool,
}

impl<R> Registry<R> {
    #[must_use]
    pub const fn new(limits: Limits, clock: ServerClock) -> Self {
        Self { limits, clock, sessions: BTreeMap::new(), epochs: 0, channels: 0 }
    }

    /// Opens a session, which is awake and preparing. `opened_at`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// `at_capacity`.
    pub fn open(
        &mut self,
        now: Instant,
        session: SessionId,
        host: HostKeyHash,
        recipe: R,
        title: impl Into<String>,
        opened_at: u64,
    ) -> Result<Opened, Error> {
        if self.sessions.contains_key(&session) {
            return Err(Error::new(ErrorKind::Internal, "this session is open already; open the link again"));
        }
        self.check_capacity(now)?;
        let forgotten = self.make_room()?;
        let epoch = self.next_epoch();
        let screening = Screening {
            host,
            recipe,
            title: title.into(),
            titled: false,
            listed: true,
            handing_over: None,
            removed: Removed::default(),
            messages: Messages::default(),
            opened_at,
            media: None,
            outside: Vec::new(),
            notices: Vec::new(),
            viewers: Viewers::default(),
            playhead: SessionPlayhead::default(),
            life: Life::Awake { epoch, progress: Progress::Preparing(Stage::Connecting) },
            changes: 0,
            empty_since: now,
            last_sign_ms: self.clock.ms(now),
            joined: false,
        };
        self.sessions.insert(session, screening);
        Ok(Opened { epoch, forgotten })
    }

    /// Takes in a heartbeat: its viewer is there, and a sleeping session wakes.
    ///
    /// # Errors
    ///
    /// `invalid_request`, `unknown_session`, `at_capacity` when the session would have to wake or has too many viewers;
    /// `forbidden` for whom the host has removed.
    pub fn beat(&mut self, now: Instant, beat: &Heartbeat) -> Result<BeatOutcome, Error> {
        let sign = Sign::read(beat)?;
        let key = ViewerKey::of_token(beat.session, &beat.viewer);
        self.check_place(beat.session, key)?;
        let woken = self.wake(now, beat.session)?;
        let now_ms = self.clock.ms(now);
        let screening = self.known_mut(beat.session)?;
        if beat.report.is_some() {
            // Before this viewer counts: where the session is, its others say.
            screening.share(now_ms);
        }
        let end = screening.duration_s().unwrap_or(f64::INFINITY);
        let playhead = Playhead { position_s: sign.playhead.position_s.min(end), ..sign.playhead };
        let joined = screening.viewers.beat(now, key, Sign { playhead, ..sign });
        screening.joined = true;
        screening.follow();
        if let (Some(report), Some(shared)) = (beat.report, screening.playhead.shared_at(now_ms)) {
            let _ = shared.report(now_ms, &key.public_id(), report);
            let _ = shared.lead(now_ms, &key.public_id(), playhead);
        }
        let playhead = screening.playhead_view(now_ms);
        let new_host = screening.take_over(key, beat.host_key.as_ref());
        let (host, host_key) = screening.recognise(key, beat.host_key.as_ref());
        let reply = HeartbeatReply {
            viewers: screening.viewer_views(&playhead),
            playhead,
            session_state: screening.state(),
            duration_s: screening.duration_s(),
            outside: screening.outside(),
            times: ServerTimes { received_ms: now_ms, answered_ms: now_ms },
            sent_ms: beat.sent_ms,
            you: key.public_id(),
            host,
            host_key,
            messages: screening.messages_after(beat.heard),
            listed: screening.listed,
            // Whoever knows the film fills them in.
            strains: Vec::new(),
        };
        Ok(BeatOutcome { woken, joined, new_host, reply })
    }

    /// Takes in a playlist or segment request. A sleeping session wakes. A page that sends heartbeats stays present
    /// by it but does not come by it, so that requests under way do not bring back one that left. A player without
    /// heartbeats comes and stays by its requests.
    ///
    /// # Errors
    ///
    /// `unknown_session`, `at_capacity` when the session would have to wake, and `forbidden` for whom the host has removed.
    pub fn touch(&mut self, now: Instant, session: SessionId, reader: Reader<'_>) -> Result<TouchOutcome, Error> {
        let key = match reader {
            Reader::Viewer(token) => ViewerKey::of_token(session, token),
            Reader::Anonymous(traits) => ViewerKey::of_player(session, traits),
        };
        self.check_not_removed(session, key)?;
        let woken = self.wake(now, session)?;
        let max_viewers = self.limits.max_viewers;
        let screening = self.known_mut(session)?;
        screening.viewers.refresh(now, key);
        let comes = matches!(reader, Reader::Anonymous(_))
            && !screening.viewers.contains(key)
            // One more is served but not counted: the others keep the session awake.
            && screening.viewers.len() < max_viewers;
        if comes {
            screening.viewers.add_player(now, key);
            screening.joined = true;
        }
        Ok(TouchOutcome { woken, joined: comes })
    }

    /// A viewer says that it goes. Nothing ended if it was not there (any more).
    ///
    /// # Errors
    ///
    /// `unknown_session`.
    pub fn leave(&mut self, now: Instant, session: SessionId, token: &ViewerToken) -> Result<Option<Ended>, Error> {
        let now_ms = self.clock.ms(now);
        let gone = self.known_mut(session)?.dismiss(now, now_ms, ViewerKey::of_token(session, token));
        Ok(gone.map(|gone| Ended::viewer(session, gone, "the viewer left")))
    }

    /// The host closes a session: it is gone at once.
    ///
    /// # Errors
    ///
    /// `unknown_session`, `forbidden` when the key is not the one that opening told.
    pub fn close(&mut self, session: SessionId, key: &HostKey) -> Result<Ended, Error> {
        if !self.known(session)?.host.is_of(key) {
            return Err(Error::new(ErrorKind::Forbidden, "only who opened this session can close it"));
        }
        self.sessions.remove(&session);
        Ok(Ended::new(session, End::Closed, "the host closed the session"))
    }

    /// Gives a session the title that its film has, unless its host gave it one; false if it is unknown.
    pub fn rename(&mut self, session: SessionId, title: impl Into<String>) -> bool {
        let Some(screening) = self.sessions.get_mut(&session) else { return false };
        if !screening.titled {
            screening.title = title.into();
            screening.changes += 1;
        }
        true
    }

    /// Tells the viewers of a session a sentence about what went wrong beside the film; false if it is unknown.
    pub fn warn(&mut self, session: SessionId, notice: impl Into<String>) -> bool {
        let Some(screening) = self.sessions.get_mut(&session) else { return false };
        screening.notices.push(notice.into());
        true
    }

    /// Says how far an awake session's preparation is. False, and nothing changed, if the session has slept since, is
    /// unknown or has failed.
    pub fn set_progress(&mut self, session: SessionId, at: Epoch, to: Progress) -> bool {
        let Some(screening) = self.sessions.get_mut(&session) else { return false };
        match &mut screening.life {
            Life::Awake { epoch, progress } if *epoch == at && !matches!(progress, Progress::Failed(_)) => {
                *progress = to;
                screening.changes += 1;
                true
            }
            _ => false,
        }
    }

    /// Says what the film is, or that something about it proved to be different. False, and nothing changed, if the
    /// session has slept since or is unknown.
    pub fn set_media(&mut self, now: Instant, session: SessionId, at: Epoch, media: Arc<Media>) -> bool {
        let now_ms = self.clock.ms(now);
        let Some(screening) = self.sessions.get_mut(&session) else { return false };
        if !matches!(screening.life, Life::Awake { epoch, .. } if epoch == at) {
            return false;
        }
        screening.run(now_ms);
        if let Some(shared) = screening.playhead.shared_mut() {
            let _ = shared.set_duration(now_ms, Some(media.duration_s));
        }
        screening.media = Some(media);
        screening.changes += 1;
        true
    }

    /// What the viewers of a session see, but for `read_s`, which the gateway knows.
    ///
    /// # Errors
    ///
    /// `unknown_session`.
    pub fn view(&self, now: Instant, session: SessionId) -> Result<SessionView, Error> {
        Ok(self.known(session)?.view(self.clock.ms(now)))
    }

    /// The sessions that are awake and not private, the newest first.
    #[must_use]
    pub fn list(&self) -> Vec<SessionSummary> {
        let awake = self.sessions.iter().filter(|(_, screening)| screening.is_awake() && screening.listed);
        let mut list: Vec<SessionSummary> = awake.map(|(&session, screening)| screening.summary(session)).collect();
        list.sort_by_key(|it| Reverse((it.opened_at, it.session)));
        list
    }

    /// What a session is made from.
    ///
    /// # Errors
    ///
    /// `unknown_session`.
    pub fn recipe(&self, session: SessionId) -> Result<&R, Error> {
        Ok(&self.known(session)?.recipe)
    }

    /// The awake period that a session is in; none if it sleeps or is unknown.
    #[must_use]
    pub fn epoch(&self, session: SessionId) -> Option<Epoch> {
        match self.sessions.get(&session)?.life {
            Life::Awake { epoch, .. } => Some(epoch),
            Life::Asleep { .. } => None,
        }
    }

    /// Sessions that are awake and have not failed, and how many may be.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        Capacity { used: self.counted() as u64, allowed: self.limits.max_streams as u64 }
    }

    /// Sessions in memory, awake or asleep.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.sessions.len()
    }

    /// Ends what is due. What follows from it at an earlier time than `now` ends too, as if this had been called at
    /// each time in between.
    pub fn expire(&mut self, now: Instant) -> Vec<Ended> {
        let (limits, clock) = (&self.limits, self.clock);
        let mut ended = Vec::new();
        self.sessions.retain(|&session, screening| {
            for viewer in screening.viewers.expire(now, limits) {
                screening.empty_since = viewer.due(limits);
                screening.see_off(clock.ms(viewer.due(limits)), &viewer, clock.ms(viewer.seen));
                let reason = format!("no sign of the viewer for {} s", viewer.patience(limits).as_secs());
                ended.push(Ended::viewer(session, viewer, reason));
            }
            screening.run(clock.ms(now));
            screening.follow();
            let due = |screening: &Screening<R>| screening.unwatched_due(limits).filter(|&due| due <= now);
            if let (true, Some(since)) = (screening.is_awake(), due(screening)) {
                let patience = screening.patience(limits).as_secs();
                if screening.has_failed() {
                    let reason = format!("it failed, and nobody looked at it for {patience} s");
                    ended.push(Ended::new(session, End::Forgotten, reason));
                    return false;
                }
                ended.push(if screening.joined {
                    Ended::new(session, End::FellAsleep, format!("nobody watched for {patience} s"))
                } else {
                    Ended::new(session, End::NobodyJoined, format!("nobody joined within {patience} s"))
                });
                screening.sleep(since);
            }
            if due(screening).is_some() {
                let reason = format!("it slept for {} s", limits.forget_after.as_secs());
                ended.push(Ended::new(session, End::Forgotten, reason));
                return false;
            }
            true
        });
        ended
    }

    /// When [`Registry::expire`] has something to do next, as things are. Any other call can bring it nearer.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.sessions.values().filter_map(|screening| screening.next_due(&self.limits, self.clock)).min()
    }

    pub(super) fn known(&self, session: SessionId) -> Result<&Screening<R>, Error> {
        self.sessions.get(&session).ok_or_else(unknown)
    }

    pub(super) fn known_mut(&mut self, session: SessionId) -> Result<&mut Screening<R>, Error> {
        self.sessions.get_mut(&session).ok_or_else(unknown)
    }

    pub(super) fn wake(&mut self, now: Instant, session: SessionId) -> Result<Option<Epoch>, Error> {
        if self.known(session)?.is_awake() {
            return Ok(None);
        }
        self.check_capacity(now)?;
        let epoch = self.next_epoch();
        let (now_ms, limits) = (self.clock.ms(now), self.limits.clone());
        let screening = self.known_mut(session)?;
        screening.hold_if_forsaken(now_ms, &limits);
        screening.wake(now, epoch);
        Ok(Some(epoch))
    }

    /// Whether a viewer may be there, and is already or there is room for one more.
    pub(super) fn check_place(&self, session: SessionId, viewer: ViewerKey) -> Result<(), Error> {
        self.check_not_removed(session, viewer)?;
        let max_viewers = self.limits.max_viewers;
        let viewers = &self.known(session)?.viewers;
        if viewers.len() >= max_viewers && !viewers.contains(viewer) {
            let message = format!("{max_viewers} people watch this, and there is no room for more; try again later");
            return Err(Error::new(ErrorKind::AtCapacity, message));
        }
        Ok(())
    }

    fn next_epoch(&mut self) -> Epoch {
        self.epochs += 1;
        Epoch(self.epochs)
    }

    fn counted(&self) -> usize {
        self.sessions.values().filter(|screening| screening.counts()).count()
    }

    fn check_capacity(&self, now: Instant) -> Result<(), Error> {
        let running = self.counted();
        if running < self.limits.max_streams {
            return Ok(());
        }
        let counted = self.sessions.values().filter(|screening| screening.counts());
        let next = counted.filter_map(|screening| screening.unwatched_due(&self.limits)).min();
        let when = next.map_or_else(
            || "when one of them is over, or join one of them".into(),
            |due| {
                format!("in {} s, when one that nobody watches ends", due.saturating_duration_since(now).as_secs() + 1)
            },
        );
        let films = if running == 1 { "film" } else { "films" };
        let message = format!("this server shows {running} {films} already, as many as it may; try again {when}");
        Err(Error::new(ErrorKind::AtCapacity, message))
    }

    /// Forgets the session that has slept longest, or else a failed one that nobody looks at, when memory is full.
    fn make_room(&mut self) -> Result<Option<Ended>, Error> {
        if self.sessions.len() < self.limits.max_remembered {
            return Ok(None);
        }
        let dispensable = |(&session, screening): (&SessionId, &Screening<R>)| match screening.life {
            Life::Asleep { since } => Some((false, since, session)),
            Life::Awake { .. } if screening.has_failed() && screening.viewers.is_empty() => {
                Some((true, screening.empty_since, session))
            }
            Life::Awake { .. } => None,
        };
        let Some((_, _, session)) = self.sessions.iter().filter_map(dispensable).min() else {
            let message = "this server has as many sessions as it can remember; try again when some of them are over";
            return Err(Error::new(ErrorKind::AtCapacity, message));
        };
        self.sessions.remove(&session);
        Ok(Some(Ended::new(session, End::Forgotten, "another session needed its place in memory")))
    }
}

/// Nobody knows such a session.
pub(crate) fn unknown() -> Error {
    Error::new(ErrorKind::UnknownSession, "this session is over or never was; open the link again")
}
