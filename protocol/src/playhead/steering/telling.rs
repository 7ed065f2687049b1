//! What is told of the shared playhead.

use super::super::view::clamp;
use super::super::{PlayheadState, PlayheadView};
use super::{Motion, SharedPlayhead};
use crate::PublicViewerId;

impl SharedPlayhead {
    /// The playhead as the viewers get it. Send it to all after each [`Applied::Changed`], and with each heartbeat's
    /// answer; who is waited for changes too often to be sent each time.
    #[must_use]
    pub fn view(&self, now_ms: f64) -> PlayheadView {
        let (state, at_ms) = match self.motion {
            Motion::Paused { .. } => (PlayheadState::Paused, now_ms),
            Motion::Standing { .. } | Motion::Gathering { .. } => (PlayheadState::Gathering, now_ms),
            Motion::Playing { at_ms, .. } => (PlayheadState::Playing, at_ms.max(now_ms)),
        };
        PlayheadView {
            position_s: self.position_at(now_ms),
            paused: state != PlayheadState::Playing,
            state,
            at_ms,
            rate: self.rate,
            revision: self.revision,
            sent_ms: now_ms,
            changed_by: self.changed_by.clone(),
            duration_s: self.duration_s,
            rules: self.rules,
            lone: self.audience.is_lone(),
            led: self.is_led(),
            waiting_for: match &self.motion {
                Motion::Gathering { waiting, .. } => waiting.iter().cloned().collect(),
                Motion::Paused { .. } | Motion::Standing { .. } | Motion::Playing { .. } => Vec::new(),
            },
            left_behind: self.audience.late(),
        }
    }

    /// The playhead as this viewer gets it who listens and may not have reported yet.
    #[must_use]
    pub fn view_for(&self, now_ms: f64, viewer: &PublicViewerId) -> PlayheadView {
        PlayheadView { led: self.is_led_by(viewer), ..self.view(now_ms) }
    }

    /// Grows with each change.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Film time in seconds at a server time, within the film.
    #[must_use]
    pub fn position_at(&self, now_ms: f64) -> f64 {
        let position_s = match self.motion {
            Motion::Paused { position_s } | Motion::Standing { position_s } | Motion::Gathering { position_s, .. } => {
                position_s
            }
            Motion::Playing { position_s, at_ms } => position_s + (now_ms - at_ms).max(0.0) / 1000.0 * self.rate,
        };
        clamp(position_s, self.duration_s)
    }
}
