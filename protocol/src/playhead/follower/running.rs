//! While the film runs: where the player has to be at each moment, and how it gets there.

use super::super::correction::Verdict;
use super::super::{Action, PlayerState, PlayheadView};
use super::{FAR_MS, Follower, LOOK_CLOSELY_MS, LOOK_MS};

/// After a start the player's own position needs this long to be true.
const STARTING_MS: f64 = 300.0;
/// A viewer who is late by less, in milliseconds, starts and catches up by the rate: 7 s at 5 %.
const LATE_MS: f64 = 350.0;
/// Who watches alone is left alone within this, in milliseconds: with another viewer it is corrected, in 10 s at most.
const LONE_BAND_MS: f64 = 500.0;

impl Follower {
    /// The film runs and the player stands: ahead of the others until they come by, or late.
    pub(super) fn wait(&mut self, now_ms: f64, player: &PlayerState, view: &PlayheadView, server_ms: f64) -> Action {
        let early_ms = view.reaches_in_ms(player.position_s, server_ms);
        if self.is_lone_behind(view, player, early_ms) {
            return Action { rate: Some(view.rate), ..Action::default() };
        }
        let starts_in_ms = (view.at_ms - server_ms).max(0.0);
        let too_early = early_ms > starts_in_ms.max(self.aimed_ms) + LOOK_MS;
        let busy = player.seeking || player.buffering;
        let too_late = early_ms < -LATE_MS && (!busy || self.moved || self.is_stalled(now_ms));
        if (too_early || too_late) && self.corrector.may_seek(now_ms) {
            return self.meet(now_ms, view, server_ms);
        }
        let left_ms = early_ms - self.start_delay.ms();
        if !busy && left_ms <= 0.0 {
            return Action { pause: Some(false), rate: Some(view.rate), seek_to_s: None };
        }
        if left_ms > 0.0 {
            self.next_tick_ms = self.next_tick_ms.min(left_ms);
        }
        Action { rate: Some(view.rate), ..Action::default() }
    }

    /// The film runs and so does the player.
    pub(super) fn run(&mut self, now_ms: f64, player: &PlayerState, view: &PlayheadView, server_ms: f64) -> Action {
        let error_ms = view.reaches_in_ms(player.position_s, server_ms);
        if self.is_lone_behind(view, player, error_ms) {
            return Action { rate: Some(view.rate), ..Action::default() };
        }
        let busy = player.seeking || player.buffering;
        let left_there = self.moved && error_ms.abs() > LATE_MS;
        let stuck = busy && self.is_stalled(now_ms) && error_ms < -FAR_MS;
        if (left_there || stuck) && self.corrector.may_seek(now_ms) {
            return self.meet(now_ms, view, server_ms);
        }
        if busy {
            return Action { rate: Some(view.rate), ..Action::default() };
        }
        self.moved = false;
        if error_ms.abs() < FAR_MS {
            self.ready = Some(view.revision);
        }
        if let Some(start) = self.start {
            if now_ms - start.ordered_ms < STARTING_MS {
                return Action::default();
            }
            self.start = None;
            self.start_delay.learn(start.early_ms - error_ms);
            self.corrector.interrupted(now_ms);
        }
        if view.lone && error_ms.abs() < LONE_BAND_MS {
            self.corrector.interrupted(now_ms);
            return Action { rate: Some(view.rate), ..Action::default() };
        }
        match self.corrector.decide(now_ms, error_ms) {
            Verdict::Seek => self.meet(now_ms, view, server_ms),
            Verdict::Rate(share) => {
                if let Some(done_in_ms) = self.corrector.done_in_ms(error_ms) {
                    self.next_tick_ms = self.next_tick_ms.min(done_in_ms.max(LOOK_CLOSELY_MS));
                }
                Action { rate: Some(view.rate * share), ..Action::default() }
            }
        }
    }

    /// Goes to a place where the others will come by when the seek is done, and stands there.
    fn meet(&mut self, now_ms: f64, view: &PlayheadView, server_ms: f64) -> Action {
        let aim_ms = self.seek_time.aim_ms();
        let place_s = view.position_at(server_ms + aim_ms);
        Action { pause: Some(true), seek_to_s: Some(self.seek(now_ms, place_s, aim_ms)), rate: Some(view.rate) }
    }

    /// The film has run on without the only one who watches it: the device slept, or its network was gone. The server is
    /// told where it stands and comes back, so that nothing is skipped.
    fn is_lone_behind(&mut self, view: &PlayheadView, player: &PlayerState, error_ms: f64) -> bool {
        let behind = view.lone && error_ms < -LONE_BAND_MS;
        if behind {
            self.stalled_at_s = Some(player.position_s);
        }
        behind
    }

    /// `play()` on an ended player would begin the film anew: it rests unless the others are elsewhere.
    pub(super) fn rests_at_end(&self, now_ms: f64, player: &PlayerState) -> bool {
        self.shared_position_s(now_ms).is_some_and(|shared_s| shared_s > player.position_s - FAR_MS / 1000.0)
    }
}
