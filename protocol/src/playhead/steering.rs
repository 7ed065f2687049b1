//! The shared playhead, as the session on the server keeps it.

mod obeying;
mod telling;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::audience::Audience;
use super::view::clamp;
use super::{Command, Report, Rules, Steer, Steerer};
use crate::{Error, Playhead, PublicViewerId};

/// How long it waits for the slow ones once the first has the picture, in milliseconds: most of the others have it in that
/// time as well, and need not catch up.
const GRACE_MS: f64 = 500.0;
/// A player that is being loaded aims ahead, by less than this in seconds.
const LOADED_AHEAD_S: f64 = 2.5;
/// A stalled player further from the film than this, in seconds, is somewhere else.
const STALLED_NEARBY_S: f64 = 60.0;

/// Whether the viewers have to be told: the revision has grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Applied {
    Changed,
    Unchanged,
}

/// One playhead for everybody: paused, gathering or playing, at a position, with a rate.
///
/// Every time is *server time* in milliseconds. It must not jump while the server runs, and should go on over a restart:
/// take the milliseconds since the Unix epoch once, at the start, and add a monotonic clock. Times that go backwards do
/// no harm beyond a film that stands for as long.
///
/// **It runs while somebody has the picture.** After a seek, and before anybody has come, it stands until one of those
/// who follow is ready, half a second more for the others, and runs. When all who follow stall it stands where they are,
/// and so it does when the last of them leaves.
///
/// Nobody's player holds the others up: a viewer who stalls alone catches up alone (see [`super::Follower`]). Only with
/// [`Rules::wait_for_everybody`] a play or a seek waits for all, at the moment when they look at a standing picture anyway;
/// for 10 s at most, for those who followed when it began, and not for those who were waited for in vain the last time.
///
/// Saved and restored with serde; who watches is not saved, since viewers report again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharedPlayhead {
    pub(super) motion: Motion,
    pub(super) rate: f64,
    pub(super) revision: u64,
    /// The revision since which the film stands at its position: who was ready for it is ready now.
    pub(super) standing_since: u64,
    pub(super) changed_by: Option<PublicViewerId>,
    pub(super) duration_s: Option<f64>,
    pub(super) rules: Rules,
    /// The revision of the last command that moved the film, until who alone follows has gone there.
    #[serde(skip)]
    pub(super) commanded: Option<u64>,
    /// Who led last, while nobody else followed.
    #[serde(default)]
    pub(super) leader: Option<PublicViewerId>,
    #[serde(skip)]
    pub(super) audience: Audience,
    /// Each viewer's last command that told its revision, to know a retry.
    #[serde(skip)]
    last: BTreeMap<PublicViewerId, Command>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Motion {
    Paused {
        position_s: f64,
    },
    /// It is to run as soon as anybody has the picture.
    Standing {
        position_s: f64,
    },
    Gathering {
        position_s: f64,
        until_ms: f64,
        waiting: BTreeSet<PublicViewerId>,
    },
    Playing {
        position_s: f64,
        at_ms: f64,
    },
}

impl SharedPlayhead {
    /// Paused at the film's start. Revisions count from the server's time, so that they grow over a restart of which
    /// the last change was not saved.
    #[must_use]
    pub fn new(now_ms: f64, duration_s: Option<f64>) -> Self {
        // The cast saturates: a time below zero, which no server has, counts from zero.
        let revision = now_ms as u64;
        Self {
            motion: Motion::Paused { position_s: 0.0 },
            rate: 1.0,
            revision,
            standing_since: revision,
            changed_by: None,
            duration_s: duration_s.filter(|end| *end > 0.0),
            rules: Rules::default(),
            commanded: None,
            leader: None,
            audience: Audience::default(),
            last: BTreeMap::new(),
        }
    }

    /// Goes on from where a session was while nobody could steer it.
    #[must_use]
    pub fn taking_over(now_ms: f64, from: Playhead, duration_s: Option<f64>) -> Self {
        let mut shared = Self::new(now_ms, duration_s);
        let position_s = clamp(from.position_s, shared.duration_s);
        if from.paused {
            shared.motion = Motion::Paused { position_s };
        } else {
            shared.motion = Motion::Playing { position_s, at_ms: now_ms };
        }
        shared
    }

    /// At a position, to run as soon as somebody who follows has the picture.
    #[must_use]
    pub fn opening(now_ms: f64, position_s: f64, duration_s: Option<f64>) -> Self {
        let mut shared = Self::new(now_ms, duration_s);
        shared.motion = Motion::Standing { position_s: clamp(position_s, shared.duration_s) };
        shared
    }

    /// Does what a viewer asks for, if that viewer may and if it changes anything; see [`Command`] for commands that
    /// cross each other.
    ///
    /// Whether the sender follows is not asked: somebody who comes back and presses play at once would be refused until
    /// the next report.
    ///
    /// # Errors
    ///
    /// `forbidden` for who may not steer, `invalid_request` for a position that is no number or a rate out of range.
    /// Nothing has changed then.
    pub fn apply(&mut self, now_ms: f64, command: &Command, who: &Steerer) -> Result<Applied, Error> {
        command.check(self.rules, who)?;
        let before = self.revision;
        let _ = self.advance(now_ms);
        let retry = command.revision.is_some() && self.last.get(&who.viewer) == Some(command);
        if !retry && self.steer(now_ms, command) {
            self.revision += 1;
            self.changed_by = Some(who.viewer.clone());
            self.last.insert(who.viewer.clone(), *command);
            if !matches!(command.steer, Steer::Rate { .. } | Steer::Rules(_)) {
                self.commanded = Some(self.revision);
            }
            let _ = self.advance(now_ms);
        }
        Ok(self.since(before))
    }

    /// Takes a viewer's report: who is ready, who watches alone, how long messages take. Call it with each heartbeat.
    pub fn report(&mut self, now_ms: f64, viewer: &PublicViewerId, report: Report) -> Applied {
        let before = self.revision;
        let followed = self.audience.follows(viewer);
        self.audience.report(now_ms, viewer, report);
        self.find_leader(viewer, report);
        let _ = self.advance(now_ms);
        if followed {
            self.stand_if_forsaken(now_ms);
        }
        self.since(before)
    }

    /// A viewer is gone, of whom there was a sign until `seen_ms`.
    pub fn leave(&mut self, now_ms: f64, viewer: &PublicViewerId, seen_ms: f64) -> Applied {
        let before = self.revision;
        self.last.remove(viewer);
        let followed = self.audience.leave(viewer);
        let _ = self.advance(now_ms);
        if followed {
            self.stand_if_forsaken(seen_ms);
        }
        self.since(before)
    }

    fn stand_if_forsaken(&mut self, seen_ms: f64) {
        if !self.audience.has_followers() {
            let _ = self.hold(seen_ms);
        }
    }

    /// Lets time pass: ends a gathering whose time is up, and the film at its end. Call it when [`Self::due_ms`] has
    /// come; the other calls do so themselves.
    pub fn advance(&mut self, now_ms: f64) -> Applied {
        let before = self.revision;
        if let Motion::Playing { .. } = self.motion
            && let Some(stalled_s) = self.audience.all_stalled_at_s(now_ms)
        {
            let here_s = self.position_at(now_ms);
            let late_s = here_s - stalled_s;
            // Somebody who is left alone far from the film is not where it was.
            let near = (-LOADED_AHEAD_S..=STALLED_NEARBY_S).contains(&late_s) || self.is_with_leader();
            self.stand(if near { stalled_s } else { here_s });
        }
        if let Motion::Standing { position_s } = self.motion
            && self.audience.some_ready(self.standing_since)
        {
            let waiting = self.audience.unready(self.standing_since);
            self.revision += 1;
            self.motion = Motion::Gathering { position_s, until_ms: now_ms + GRACE_MS, waiting };
        }
        if let Motion::Gathering { position_s, until_ms, waiting } = &mut self.motion {
            waiting.retain(|viewer| self.audience.awaits(viewer, self.standing_since));
            if waiting.is_empty() || now_ms >= *until_ms {
                self.revision += 1;
                self.audience.mark_late(waiting, self.revision);
                let at_ms = now_ms + self.audience.gathered_lead_ms();
                self.motion = Motion::Playing { position_s: *position_s, at_ms };
            }
        }
        if let (Motion::Playing { .. }, Some(end)) = (&self.motion, self.duration_s)
            && self.due_ms().is_some_and(|due_ms| now_ms >= due_ms)
        {
            self.motion = Motion::Paused { position_s: end };
            self.revision += 1;
            self.standing_since = self.revision;
            self.changed_by = None;
        }
        self.since(before)
    }

    /// When [`Self::advance`] has something to do, in server time, if nothing else happens.
    #[must_use]
    pub fn due_ms(&self) -> Option<f64> {
        match &self.motion {
            Motion::Paused { .. } | Motion::Standing { .. } => None,
            Motion::Gathering { until_ms, .. } => Some(*until_ms),
            Motion::Playing { position_s, at_ms } => {
                self.duration_s.map(|end| at_ms + (end - position_s).max(0.0) / self.rate * 1000.0)
            }
        }
    }

    /// The film turned out to be this long.
    pub fn set_duration(&mut self, now_ms: f64, duration_s: Option<f64>) -> Applied {
        let before = self.revision;
        let duration_s = duration_s.filter(|end| *end > 0.0);
        if duration_s != self.duration_s {
            self.duration_s = duration_s;
            self.revision += 1;
            if let Motion::Paused { position_s }
            | Motion::Standing { position_s }
            | Motion::Gathering { position_s, .. } = &mut self.motion
                && clamp(*position_s, duration_s) != *position_s
            {
                *position_s = clamp(*position_s, duration_s);
                self.standing_since = self.revision;
            }
        }
        let _ = self.advance(now_ms);
        self.since(before)
    }

    /// It is as it was saved, which may be before the last change: whoever has seen that one hears of this state again.
    pub fn restored(&mut self, now_ms: f64) {
        self.revision = (self.revision + 1).max(now_ms as u64);
        if !matches!(self.motion, Motion::Playing { .. }) {
            self.standing_since = self.revision;
        }
    }

    /// Stands where the film was at `at_ms`, which may be past: nobody is left, or the server was away and this is the
    /// last moment at which it was seen alive. It runs again for who comes.
    pub fn hold(&mut self, at_ms: f64) -> Applied {
        let before = self.revision;
        if !matches!(self.motion, Motion::Paused { .. } | Motion::Standing { .. }) {
            self.stand(self.position_at(at_ms));
        }
        self.since(before)
    }

    pub(super) fn stand(&mut self, position_s: f64) {
        self.motion = Motion::Standing { position_s: clamp(position_s, self.duration_s) };
        self.revision += 1;
        self.standing_since = self.revision;
        self.changed_by = None;
    }

    pub(super) fn since(&self, before: u64) -> Applied {
        if self.revision == before { Applied::Unchanged } else { Applied::Changed }
    }
}
