//! The shared playhead as it travels to the viewers.

use serde::{Deserialize, Serialize};

use super::Rules;
use crate::{Playhead, PublicViewerId};

/// Whether the film runs for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlayheadState {
    Paused,
    /// It stands until somebody has the picture, then until those of [`PlayheadView::waiting_for`] have it or their time
    /// is up.
    Gathering,
    /// It runs, or will from [`PlayheadView::at_ms`] on.
    Playing,
}

/// The shared playhead at a moment: a [`Playhead`] with what it takes to follow it exactly.
///
/// Who reads only `position_s` and `paused` reads a [`Playhead`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlayheadView {
    /// Film time in seconds at [`Self::at_ms`].
    pub position_s: f64,
    /// The film stands: paused or gathering.
    pub paused: bool,
    pub state: PlayheadState,
    /// Server time in milliseconds. Ahead of [`Self::sent_ms`] where the film stands at `position_s` and starts then.
    pub at_ms: f64,
    /// Film seconds a second while playing; kept over a pause.
    pub rate: f64,
    /// Grows with each change. Of two views the one with the higher revision is the newer, whatever came first.
    pub revision: u64,
    /// Server time in milliseconds at which this view was made.
    pub sent_ms: f64,
    /// Who made the change; absent where nobody did: the film's start and end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<PublicViewerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    pub rules: Rules,
    /// One viewer follows and nobody else: being exactly there helps nobody. Changes without a new revision.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lone: bool,
    /// That one is not led but leads: the film is where its heartbeats say. Changes without a new revision too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub led: bool,
    /// Who is waited for. Gets shorter without a new revision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting_for: Vec<PublicViewerId>,
    /// Who was waited for in vain: the film went on without them. They are not waited for again until they have caught
    /// up. Gets shorter without a new revision too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<PublicViewerId>,
}

impl PlayheadView {
    /// Where the film is at a server time, if nothing changes: never before the start that is agreed, never beyond the end.
    #[must_use]
    pub fn position_at(&self, server_ms: f64) -> f64 {
        let played_s = if self.paused { 0.0 } else { (server_ms - self.at_ms).max(0.0) / 1000.0 * self.rate };
        clamp(self.position_s + played_s, self.duration_s)
    }

    /// Whether anybody has steered or followed yet; until then it is a guess that nobody need follow.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.revision > 0
    }

    /// Milliseconds from `server_ms` until the running film is at `position_s`; negative where it has been there.
    ///
    /// Before the agreed start the film is thought to run as well, so that somebody who stands half a second before the
    /// others can start half a second earlier and be with them.
    #[must_use]
    pub fn reaches_in_ms(&self, position_s: f64, server_ms: f64) -> f64 {
        (position_s - self.position_s) / self.rate * 1000.0 + self.at_ms - server_ms
    }
}

impl From<&PlayheadView> for Playhead {
    fn from(view: &PlayheadView) -> Self {
        Self { position_s: view.position_s, paused: view.paused }
    }
}

/// A film that nobody watches is over when it stands this near to its end, in seconds.
const OVER_S: f64 = 1.0;

/// Whether who comes to a film that stands there, with nobody else, sees it from its beginning.
#[must_use]
pub fn begins_anew(position_s: f64, duration_s: Option<f64>) -> bool {
    duration_s.is_some_and(|end_s| position_s >= end_s - OVER_S)
}

/// The nearest position that the film has. `-0.0` becomes 0, as JSON should say it.
pub(super) fn clamp(position_s: f64, duration_s: Option<f64>) -> f64 {
    position_s.min(duration_s.unwrap_or(f64::INFINITY)).max(0.0) + 0.0
}
