//! Doing what a command says.

use std::collections::BTreeSet;

use super::super::view::clamp;
use super::super::{Command, Steer};
use super::{Motion, SharedPlayhead};

/// How long a play or a seek waits for the slow ones where the host wants it, in milliseconds.
const GATHERING_MS: f64 = 10_000.0;
/// A play that close to the film's end, in seconds, begins anew.
const AT_THE_END_S: f64 = 0.05;

impl SharedPlayhead {
    /// Whether the command changed anything.
    pub(super) fn steer(&mut self, now_ms: f64, command: &Command) -> bool {
        let here_s = self.position_at(now_ms);
        let next = self.revision + 1;
        match (command.steer, &mut self.motion) {
            (Steer::Play, Motion::Paused { .. }) => {
                let over = self.duration_s.is_some_and(|end| here_s >= end - AT_THE_END_S);
                let (from_s, since) = if over { (0.0, next) } else { (here_s, self.standing_since) };
                self.begin(now_ms, from_s, since);
            }
            // Nobody is there to have the picture.
            (Steer::Play, Motion::Standing { .. }) if !self.audience.has_followers() => {
                self.begin(now_ms, here_s, self.standing_since);
            }
            (
                Steer::Pause { position_s },
                Motion::Playing { .. } | Motion::Gathering { .. } | Motion::Standing { .. },
            ) => {
                let position_s = command.pauses_at(position_s, here_s, self.revision);
                self.motion = Motion::Paused { position_s: clamp(position_s, self.duration_s) };
                self.standing_since = next;
            }
            (Steer::Play, _) | (Steer::Pause { .. }, Motion::Paused { .. }) => return false,
            (Steer::Seek { position_s }, motion) => {
                let target_s = clamp(position_s, self.duration_s);
                let nobody = !self.audience.has_followers();
                match motion {
                    // Nobody is there for whom it could run.
                    Motion::Standing { position_s } if nobody => {
                        if *position_s == target_s {
                            return false;
                        }
                        *position_s = target_s;
                        self.standing_since = next;
                    }
                    Motion::Paused { position_s } if *position_s == target_s => return false,
                    Motion::Paused { position_s } => {
                        *position_s = target_s;
                        self.standing_since = next;
                    }
                    Motion::Standing { .. } | Motion::Gathering { .. } | Motion::Playing { .. } => {
                        self.begin(now_ms, target_s, next);
                    }
                }
            }
            (Steer::Rate { rate }, _) if rate == self.rate => return false,
            (Steer::Rate { rate }, motion) => {
                if let Motion::Playing { position_s, at_ms } = motion {
                    (*position_s, *at_ms) = (here_s, at_ms.max(now_ms));
                }
                self.rate = rate;
            }
            (Steer::Rules(rules), _) if rules == self.rules => return false,
            (Steer::Rules(rules), motion) => {
                if let Motion::Gathering { until_ms, .. } = motion
                    && !rules.wait_for_everybody
                {
                    *until_ms = now_ms;
                }
                self.rules = rules;
            }
        }
        true
    }

    /// Starts at a position, or gathers there first. The film stands there since a revision: who has been ready since
    /// is not waited for.
    fn begin(&mut self, now_ms: f64, position_s: f64, standing_since: u64) {
        self.standing_since = standing_since;
        let wait = self.rules.wait_for_everybody;
        let waiting = if wait { self.audience.unready(standing_since) } else { BTreeSet::new() };
        self.motion =
            if waiting.is_empty() && self.audience.has_followers() && !self.audience.some_ready(standing_since) {
                Motion::Standing { position_s }
            } else if waiting.is_empty() {
                Motion::Playing { position_s, at_ms: now_ms + self.audience.lead_ms() }
            } else {
                Motion::Gathering { position_s, until_ms: now_ms + GATHERING_MS, waiting }
            };
    }
}
