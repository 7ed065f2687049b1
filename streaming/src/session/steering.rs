//! Steering the playhead that all viewers of a session share.

use std::time::Instant;

use protocol::{
    Error, ErrorKind, HostKey, SessionId, ViewerToken,
    playhead::{Command, PlayheadView, Steerer},
};

use super::{Registry, Seat, ServerClock, secrets::ViewerKey};

impl<R> Registry<R> {
    /// What the times in playheads are counted by.
    #[must_use]
    pub const fn clock(&self) -> ServerClock {
        self.clock
    }

    /// Does to the shared playhead what a viewer asks for. It is a sign of the viewer, too.
    ///
    /// # Errors
    ///
    /// `unknown_session`; `forbidden` for who does not watch, and for what the session's rules leave to the host, where
    /// a key that is not the host's (any more) is none; `invalid_request` for a figure that is none or out of range.
    pub fn steer(
        &mut self,
        now: Instant,
        session: SessionId,
        viewer: &ViewerToken,
        host_key: Option<&HostKey>,
        command: &Command,
    ) -> Result<PlayheadView, Error> {
        let now_ms = self.clock.ms(now);
        let screening = self.known_mut(session)?;
        let key = ViewerKey::of_token(session, viewer);
        let forbidden = |message: &str| Err(Error::new(ErrorKind::Forbidden, message));
        if !screening.viewers.contains(key) {
            return forbidden("only who watches can steer; open this session's page");
        }
        screening.viewers.refresh(now, key);
        // The key of who was the host is none: the session was handed over a moment ago.
        let host = host_key.is_some_and(|host_key| screening.host.is_of(host_key));
        let who = Steerer { viewer: key.public_id(), host };
        let shared_before = screening.playhead.is_shared();
        screening.run(now_ms);
        let done = screening.share(now_ms).apply(now_ms, command, &who);
        if !shared_before && done.is_err() {
            screening.playhead.unshare();
        }
        let _ = done?;
        Ok(screening.playhead_view(now_ms))
    }

    /// The playhead of a session.
    ///
    /// # Errors
    ///
    /// `unknown_session`.
    pub fn playhead(&self, now: Instant, session: SessionId) -> Result<PlayheadView, Error> {
        Ok(self.known(session)?.playhead_view(self.clock.ms(now)))
    }

    /// The same as the viewer of an event channel is told.
    ///
    /// # Errors
    ///
    /// `unknown_session`.
    pub fn playhead_for(&self, now: Instant, seat: Seat) -> Result<PlayheadView, Error> {
        let screening = self.known(seat.session)?;
        let now_ms = self.clock.ms(now);
        let shared = screening.playhead.shared();
        Ok(match shared {
            Some(shared) => shared.view_for(now_ms, &seat.viewer.public_id()),
            None => screening.playhead_view(now_ms),
        })
    }
}
