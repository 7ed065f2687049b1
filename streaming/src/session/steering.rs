//! Steering the playhead that all viewers of a session share.

use std::time::Instant;

use protocol::{
    Error, ErrorKind, HostKey, SessionId, ViewerToken,
    playhead::{Command, PlayheadView, Steerer},
};

use super::{Registry, ServerClock, secrets::ViewerKey};

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
    /// `unknown_session`; `forbidden` for who does not watch, for a host key that is not the session's, and for what
    /// the session's rules leave to the host; `invalid_request` for a figure that is none or out of range.
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
        if host_key.is_some_and(|host_key| !screening.host.is_of(host_key)) {
            return forbidden("this is not the key of the session's host; steer without it, or ask the host");
        }
        screening.viewers.refresh(now, key);
        let who = Steerer { viewer: key.public_id(), host: host_key.is_some() };
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
}
