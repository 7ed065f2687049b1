//! The film goes where its only viewer goes.

use super::steering::Motion;
use super::view::clamp;
use super::{Applied, SharedPlayhead, Steering};
use crate::{Playhead, PublicViewerId};

/// The film goes where its only viewer is once that is further than this, in seconds: heartbeats are not more exact.
const LED_WITHIN_S: f64 = 0.05;
/// No line that works takes longer there and back, in milliseconds.
const MOST_TRIP_MS: f64 = 10_000.0;

impl SharedPlayhead {
    /// Takes in where the viewer is who has just reported: while nobody else follows, the film goes there. Players that
    /// do as they are told would make one person wait for the server at every click.
    ///
    /// Not where the host alone steers, since the one who is left may be a guest; and after a command only once the
    /// viewer has gone where it said.
    pub fn lead(&mut self, now_ms: f64, viewer: &PublicViewerId, at: Playhead) -> Applied {
        let before = self.revision;
        let lone = self.audience.lone().filter(|(lone, _)| self.is_led() && *lone == viewer);
        if let Some((_, report)) = lone
            && report.leads
            && report.stalled_at_s.is_none()
        {
            let trip_ms = report.round_trip_ms.filter(|ms| ms.is_finite()).unwrap_or(0.0).clamp(0.0, MOST_TRIP_MS);
            self.go_along(now_ms, at, now_ms - trip_ms / 2.0);
            if at.paused && self.revision != before {
                self.changed_by = Some(viewer.clone());
            }
            let _ = self.advance(now_ms);
        }
        self.since(before)
    }

    /// The film is where the player was at `at_ms`.
    fn go_along(&mut self, now_ms: f64, at: Playhead, at_ms: f64) {
        let position_s = clamp(at.position_s, self.duration_s);
        let is_there = |here_s: f64, there_s: f64| (here_s - there_s).abs() <= LED_WITHIN_S;
        let motion = if at.paused {
            Motion::Paused { position_s }
        } else {
            Motion::Playing { position_s, at_ms }
        };
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
        self.rules.steering == Steering::Everybody && self.commanded.is_none() && self.audience.is_lone()
    }
}
