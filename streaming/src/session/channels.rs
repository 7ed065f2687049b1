//! Event channels: who listens to a session, and what there is to tell.

use std::time::Instant;

use protocol::{Error, ErrorKind, SessionId, SessionNews, ViewerToken, ViewerView};

use super::{Epoch, Registry, playhead::PlayheadMark, secrets::ViewerKey, viewers::check_token};

/// One open channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    pub(super) session: SessionId,
    pub(super) viewer: ViewerKey,
    number: u64,
}

/// A channel was opened.
#[derive(Debug)]
pub struct Attended {
    pub seat: Seat,
    /// The session slept; its preparation is to be started.
    pub woken: Option<Epoch>,
    /// The viewer is new.
    pub joined: bool,
}

/// What tells one state of a session from the next, for those who were told of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marks {
    playhead: PlayheadMark,
    viewers: u64,
    session: u64,
    message: u64,
}

impl Marks {
    /// Whether the playhead is another than at these marks.
    #[must_use]
    pub fn tells_playhead(&self, told: &Self) -> bool {
        self.playhead != told.playhead
    }

    #[must_use]
    pub const fn tells_viewers(&self, told: &Self) -> bool {
        self.viewers != told.viewers
    }

    #[must_use]
    pub const fn tells_session(&self, told: &Self) -> bool {
        self.session != told.session
    }
}

impl<R> Registry<R> {
    /// A viewer opens an event channel. It is there as long as the channel is open, whether it sends heartbeats or not;
    /// a sleeping session wakes.
    ///
    /// # Errors
    ///
    /// `invalid_request`, `unknown_session`; `at_capacity` when the session would have to wake, has too many viewers,
    /// or there are too many channels; `forbidden` for whom the host has removed.
    pub fn attend(&mut self, now: Instant, session: SessionId, token: &ViewerToken) -> Result<Attended, Error> {
        check_token(token)?;
        let viewer = ViewerKey::of_token(session, token);
        self.check_place(session, viewer)?;
        self.check_channels(session, viewer)?;
        let woken = self.wake(now, session)?;
        self.channels += 1;
        let number = self.channels;
        let screening = self.known_mut(session)?;
        let joined = screening.viewers.open_channel(now, viewer, number);
        screening.joined = true;
        Ok(Attended { seat: Seat { session, viewer, number }, woken, joined })
    }

    /// A channel has ended. Its viewer is gone when there is no other sign of it for as long as after a heartbeat.
    pub fn depart(&mut self, now: Instant, seat: Seat) {
        if let Some(screening) = self.sessions.get_mut(&seat.session) {
            screening.viewers.close_channel(now, seat.viewer, seat.number);
        }
    }

    /// Whether the host has removed a channel's viewer.
    #[must_use]
    pub fn was_removed(&self, seat: Seat) -> bool {
        self.sessions.get(&seat.session).is_some_and(|screening| screening.has_removed(seat.viewer))
    }

    /// Whether a channel's viewer has not left.
    #[must_use]
    pub fn attends(&self, seat: Seat) -> bool {
        let screening = self.sessions.get(&seat.session);
        screening.is_some_and(|screening| screening.viewers.has_channel(seat.viewer, seat.number))
    }

    /// The present state of a session; none if it is unknown.
    #[must_use]
    pub fn marks(&self, session: SessionId) -> Option<Marks> {
        let screening = self.sessions.get(&session)?;
        Some(Marks {
            playhead: screening.playhead.mark(),
            viewers: screening.viewers.changes(),
            session: screening.changes,
            message: screening.messages.last(),
        })
    }

    /// Who watches a session.
    ///
    /// # Errors
    ///
    /// `unknown_session`.
    pub fn viewers(&self, now: Instant, session: SessionId) -> Result<Vec<ViewerView>, Error> {
        let screening = self.known(session)?;
        Ok(screening.viewer_views(&screening.playhead_view(self.clock.ms(now))))
    }

    /// Where a session is in its life.
    ///
    /// # Errors
    ///
    /// `unknown_session`.
    pub fn news(&self, session: SessionId) -> Result<SessionNews, Error> {
        Ok(self.known(session)?.news())
    }

    fn check_channels(&self, session: SessionId, viewer: ViewerKey) -> Result<(), Error> {
        let full = |message: &str| Err(Error::new(ErrorKind::AtCapacity, message));
        let viewers = &self.known(session)?.viewers;
        if viewers.channels_of(viewer) >= self.limits.max_viewer_channels {
            return full("this viewer listens to the session many times already; close other tabs");
        }
        let all = || self.sessions.values().map(|screening| screening.viewers.channels()).sum::<usize>();
        if viewers.channels() >= self.limits.max_session_channels || all() >= self.limits.max_channels {
            return full("as many listen as the server can serve at a time; go on without, and try again later");
        }
        Ok(())
    }
}
