//! The film goes where its only viewer goes.

use super::steering::Motion;
use super::view::{begins_anew, clamp};
use super::{Applied, Report, SharedPlayhead, Steering};
use crate::{Playhead, PublicViewerId};

/// The film goes where its only viewer is once that is further than this, in seconds: heartbeats are not more exact.
const LED_WITHIN_S: f64 = 0.05;
/// No line that works takes longer there and back, in milliseconds.
const MOST_TRIP_MS: f64 = 10_000.0;

impl SharedPlayhead {
    /// Takes in where the viewer is who has just reported: while nobody else follows, the film goes there. Players that
    /// do as they are told would make one person wait for the server at every click.
    ///
    /// Not where the host alone steers, since the one who is left may be a guest. And only who has led before, or has gone
    /// where the film is: somebody whose laptop wakes when the others have left comes to where they stopped, and a command
    /// is followed first.
    pub fn lead(&mut self, now_ms: f64, viewer: &PublicViewerId, at: Playhead) -> Applied {
        let before = self.revision;
        let lone = self.audience.lone().filter(|(lone, _)| self.is_led() && *lone == viewer);
        let Some((_, report)) = lone.filter(|(_, report)| report.leads) else { return Applied::Unchanged };
        if report.stalled_at_s.is_some() {
            self.stand_along(at);
        } else {
            let trip_ms = report.round_trip_ms.filter(|ms| ms.is_finite()).unwrap_or(0.0).clamp(0.0, MOST_TRIP_MS);
            self.go_along(now_ms, at, now_ms - trip_ms / 2.0);
            if at.paused && self.revision != before {
                self.changed_by = Some(viewer.clone());
            }
            let _ = self.advance(now_ms);
        }
        self.since(before)
    }

    /// The player has no data there. One that is being loaded is paused by that alone.
    fn stand_along(&mut self, at: Playhead) {
        let there = |here_s: f64| (here_s - clamp(at.position_s, self.duration_s)).abs() <= LED_WITHIN_S;
        let stands = match self.motion {
            Motion::Paused { .. } => at.paused,
            Motion::Standing { position_s: here_s } => there(here_s),
            Motion::Gathering { .. } | Motion::Playing { .. } => false,
        };
        if !stands {
            self.stand(at.position_s);
        }
    }

    /// The film is where the player was at `at_ms`.
    fn go_along(&mut self, now_ms: f64, at: Playhead, at_ms: f64) {
        let position_s = clamp(at.position_s, self.duration_s);
        let is_there = |here_s: f64, there_s: f64| (here_s - there_s).abs() <= LED_WITHIN_S;
        let motion = if at.paused { Motion::Paused { position_s } } else { Motion::Playing { position_s, at_ms } };
        let same = match (&self.motion, at.paused) {
            (Motion::Paused { position_s: here_s }, true) => is_there(*here_s, position_s),
            (Motion::Playing { at_ms: since_ms, .. }, false) => {
                let there_s = position_s + (now_ms - at_ms) / 1000.0 * self.rate;
                *since_ms <= now_ms && is_there(self.position_at(now_ms), there_s)
            }
            _ => false,
        };
        if !same {
            self.motion = motion;
            self.revision += 1;
            self.standing_since = self.revision;
            self.changed_by = None;
        }
    }

    /// Whether the only one who follows leads. It changes without a new revision; tell it to all when it does.
    #[must_use]
    pub fn is_led(&self) -> bool {
        self.may_be_led() && self.is_with_leader()
    }

    /// Whether the only one who follows led last.
    pub(super) fn is_with_leader(&self) -> bool {
        self.audience.lone().is_some_and(|(viewer, _)| self.leader.as_ref() == Some(viewer))
    }

    /// The same as one viewer is told, who may not have reported since the server began: nobody else has come meanwhile.
    pub(super) fn is_led_by(&self, viewer: &PublicViewerId) -> bool {
        if self.audience.has(viewer) {
            return self.is_led();
        }
        self.may_be_led() && self.leader.as_ref() == Some(viewer) && !self.audience.has_followers()
    }

    fn may_be_led(&self) -> bool {
        self.rules.steering == Steering::Everybody && self.commanded.is_none()
    }

    /// Who has just reported leads whenever nobody else follows: the first who ever came, who begins a film anew, and in
    /// company who is where the film is, while the leader is not.
    pub(super) fn find_leader(&mut self, viewer: &PublicViewerId, report: Report) {
        let lone = self.audience.lone().is_some_and(|(lone, _)| lone == viewer);
        if lone && report.ready >= self.commanded {
            self.commanded = None;
        }
        let is_there = |viewer: &PublicViewerId| self.audience.is_ready(viewer, self.standing_since);
        let begins = lone && (self.leader.is_none() || self.is_over());
        if begins || is_there(viewer) && !self.leader.as_ref().is_some_and(is_there) {
            self.leader = Some(viewer.clone());
        }
    }

    fn is_over(&self) -> bool {
        let Motion::Paused { position_s } = self.motion else { return false };
        begins_anew(position_s, self.duration_s)
    }
}
