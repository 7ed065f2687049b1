//! Steering, and what those who listen to a session are told.

use std::time::{Duration, Instant};

use protocol::{
    EndReason, Error, Event, HostKey, SessionId, ViewerToken,
    playhead::{Command, PlayheadView, Steer},
};
use tokio::sync::watch;

use super::Matinee;
use crate::session::{Marks, Seat};

/// The list of viewers is told that often at most.
const VIEWERS_PAUSE: Duration = Duration::from_millis(400);
/// And, since it grows with them, this much less often for each: what a channel carries stays the same.
const PAUSE_A_VIEWER: Duration = Duration::from_millis(10);

/// One viewer's event channel. It keeps the viewer there while it lives.
///
/// It holds no queue: what is told is how things are when the listener takes it, so a slow one misses steps and not the
/// state, and costs no more than a quick one. Messages are read from those that the session keeps.
#[derive(Debug)]
pub struct Channel {
    matinee: Matinee,
    session: SessionId,
    seat: Seat,
    bell: watch::Receiver<Marks>,
    told: Told,
    /// The revision that the listener has from an earlier channel.
    known: Option<u64>,
    /// The number of the last message that was told, and of the last one when the channel was opened.
    heard: u64,
    began: u64,
    /// Before that the viewers are not told again.
    viewers_at: Instant,
    over: bool,
}

/// The marks at which each was told last.
#[derive(Debug, Default)]
struct Told {
    playhead: Option<Marks>,
    viewers: Option<Marks>,
    session: Option<Marks>,
}

/// What a look at the session came to.
enum Look {
    Tell(Event),
    /// Nothing now; later there may be, without a ring.
    Wait(Option<Instant>),
}

impl Matinee {
    /// Does to a session's playhead what one of its viewers asks for.
    ///
    /// # Errors
    ///
    /// `unknown_session`; `forbidden` for who does not watch and for who may not; `invalid_request`.
    pub fn steer(
        &self,
        session: SessionId,
        viewer: &ViewerToken,
        host_key: Option<&HostKey>,
        command: &Command,
    ) -> Result<PlayheadView, Error> {
        let view = self.registry().steer(Instant::now(), session, viewer, host_key, command)?;
        tracing::debug!(%session, ?command, revision = view.revision, "steered");
        self.inner.remember.by(matches!(command.steer, Steer::Rules(_)));
        self.inner.bell.notify_one();
        Ok(view)
    }

    /// Opens an event channel for a viewer. It begins with the whole state; the playhead is left out if the listener
    /// has `known` its revision from an earlier channel.
    ///
    /// # Errors
    ///
    /// `invalid_request`, `unknown_session`; `at_capacity` when the session would have to wake, has too many viewers,
    /// or there are too many channels; `forbidden` for whom the host has removed.
    pub fn listen(&self, session: SessionId, viewer: &ViewerToken, known: Option<u64>) -> Result<Channel, Error> {
        let now = Instant::now();
        let mut registry = self.registry();
        let attended = registry.attend(now, session, viewer)?;
        let began = registry.last_message(session);
        // It has just been attended, so it is known.
        let bell = registry.bell(session).ok_or_else(crate::session::unknown)?;
        drop(registry);
        if attended.joined {
            tracing::info!(%session, "viewer joined");
        }
        self.wake(session, attended.woken);
        self.inner.bell.notify_one();
        let told = Told::default();
        Ok(Channel {
            matinee: self.clone(),
            session,
            seat: attended.seat,
            bell,
            told,
            // While nobody can steer, the playhead moves without a new revision.
            known: known.filter(|revision| *revision > 0),
            heard: 0,
            began,
            viewers_at: now,
            over: false,
        })
    }
}

impl Channel {
    /// The next event, when there is one; none after [`Event::End`]. It can be dropped and called again.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if self.over {
                return None;
            }
            let later = match self.look() {
                Look::Tell(event) => {
                    self.over = matches!(event, Event::End(_));
                    return Some(event);
                }
                Look::Wait(later) => later,
            };
            let stopping = self.matinee.tasks().token();
            let pause = async {
                match later {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // A bell that is gone went with its session, which the next look sees.
                _ = self.bell.changed() => {}
                () = pause => {}
                () = stopping.cancelled() => {}
            }
        }
    }

    fn look(&mut self) -> Look {
        if self.matinee.tasks().token().is_cancelled() {
            return Look::Tell(Event::End(EndReason::Stopping));
        }
        let now = Instant::now();
        let registry = self.matinee.inner.registry();
        // Under the lock: what comes after this look rings anew.
        self.bell.mark_unchanged();
        let Some(marks) = registry.marks(self.session) else {
            return Look::Tell(Event::End(EndReason::Closed));
        };
        if !registry.attends(self.seat) {
            let removed = registry.was_removed(self.seat);
            return Look::Tell(Event::End(if removed { EndReason::Removed } else { EndReason::Left }));
        }
        if is_news(self.told.playhead.replace(marks), |told| marks.tells_playhead(told))
            && let Ok(view) = registry.playhead_for(now, self.seat)
        {
            let known = self.known.take() == Some(view.revision);
            // Who is waited for changes without a new revision, and whether somebody leads.
            if !known || view.lone || !view.waiting_for.is_empty() || !view.left_behind.is_empty() {
                return Look::Tell(Event::Playhead(view));
            }
        }
        if is_news(self.told.session.replace(marks), |told| marks.tells_session(told))
            && let Ok(news) = registry.news(self.session)
        {
            return Look::Tell(Event::Session(news));
        }
        if let Some(message) = registry.next_message(self.session, self.heard, self.began) {
            self.heard = message.number;
            return Look::Tell(Event::Message(message));
        }
        if !is_news(self.told.viewers, |told| marks.tells_viewers(told)) {
            return Look::Wait(None);
        }
        if now < self.viewers_at {
            return Look::Wait(Some(self.viewers_at));
        }
        self.told.viewers = Some(marks);
        let Ok(viewers) = registry.viewers(now, self.session) else { return Look::Wait(None) };
        let pause_of_all = PAUSE_A_VIEWER.saturating_mul(u32::try_from(viewers.len()).unwrap_or(u32::MAX));
        self.viewers_at = now + VIEWERS_PAUSE.max(pause_of_all);
        Look::Tell(Event::Viewers(viewers))
    }
}

fn is_news(told: Option<Marks>, differs: impl FnOnce(&Marks) -> bool) -> bool {
    told.as_ref().is_none_or(differs)
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.matinee.registry().depart(Instant::now(), self.seat);
        // The viewer may be due sooner than anybody else.
        self.matinee.inner.bell.notify_one();
    }
}
