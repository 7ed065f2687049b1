//! Who follows the shared playhead, and who of them is ready.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::PublicViewerId;

/// Who watches alone only needs the time that a player takes to start and a message to come, in milliseconds.
const LONE_LEAD_MS: f64 = 80.0;
/// A start is agreed on this much ahead, in milliseconds, at least: a message and a player's start take as long.
const LEAD_MS: f64 = 200.0;
/// And at most, so that one bad line does not make everybody's button slow.
const MOST_LEAD_MS: f64 = 1_000.0;
/// After a gathering everybody waits anyway, so the start can be later and reach all: twice the worst round trip.
const GATHERED_LEAD_MS: f64 = 300.0;
const MOST_GATHERED_LEAD_MS: f64 = 3_000.0;
/// Of who has not reported for so long, in milliseconds, nobody knows whether the picture still moves: heartbeats are 5 s
/// apart, and one may get lost.
const SILENT_MS: f64 = 12_000.0;

/// What a viewer says of itself with each heartbeat, and at once when [`Self::ready`] or [`Self::stalled_at_s`] comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// False: the viewer watches on its own.
    #[serde(default = "yes")]
    pub following: bool,
    /// The viewer watches alone, and its player does as that person wants: see [`super::SharedPlayhead::lead`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leads: bool,
    /// The revision for which the player has the picture and could go on at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<u64>,
    /// Where the player stands, in seconds of film time, if it should run and has no data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stalled_at_s: Option<f64>,
    /// Milliseconds to the server and back, as [`super::Clock`] has measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<f64>,
}

const fn yes() -> bool {
    true
}

impl Default for Report {
    fn default() -> Self {
        Self { following: true, leads: false, ready: None, stalled_at_s: None, round_trip_ms: None }
    }
}

/// The viewers of a session who have reported.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Audience(BTreeMap<PublicViewerId, Seat>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Seat {
    report: Report,
    /// Server time in milliseconds.
    at_ms: f64,
    /// Waited for in vain: the revision with which the film went on, until the viewer is ready for that one.
    late: Option<u64>,
}

impl Audience {
    pub(super) fn report(&mut self, now_ms: f64, viewer: &PublicViewerId, report: Report) {
        let late = self.0.get(viewer).and_then(|seat| seat.late).filter(|since| !Seat::is_ready(report, *since));
        self.0.insert(viewer.clone(), Seat { report, at_ms: now_ms, late });
    }

    pub(super) fn has(&self, viewer: &PublicViewerId) -> bool {
        self.0.contains_key(viewer)
    }

    /// Whether this viewer follows and has the picture, given the revision since which the film stands where it stands.
    pub(super) fn is_ready(&self, viewer: &PublicViewerId, since: u64) -> bool {
        self.0.get(viewer).is_some_and(|seat| seat.report.following && Seat::is_ready(seat.report, since))
    }

    /// Who alone follows, and the last report.
    pub(super) fn lone(&self) -> Option<(&PublicViewerId, Report)> {
        let mut followers = self.0.iter().filter(|(_, seat)| seat.report.following);
        let (viewer, seat) = followers.next()?;
        followers.next().is_none().then_some((viewer, seat.report))
    }

    /// Whether that was somebody who followed.
    pub(super) fn leave(&mut self, viewer: &PublicViewerId) -> bool {
        self.0.remove(viewer).is_some_and(|seat| seat.report.following)
    }

    pub(super) fn follows(&self, viewer: &PublicViewerId) -> bool {
        self.0.get(viewer).is_some_and(|seat| seat.report.following)
    }

    pub(super) fn has_followers(&self) -> bool {
        self.followers().next().is_some()
    }

    /// Whether somebody has the picture, given the revision since which the film stands where it stands.
    pub(super) fn some_ready(&self, since: u64) -> bool {
        self.followers().any(|seat| Seat::is_ready(seat.report, since))
    }

    /// How far those who follow have come, in seconds, if none of them can go on. Who is silent does not count.
    pub(super) fn all_stalled_at_s(&self, now_ms: f64) -> Option<f64> {
        let mut furthest_s = None::<f64>;
        for seat in self.followers().filter(|seat| now_ms - seat.at_ms < SILENT_MS) {
            let at_s = seat.report.stalled_at_s.filter(|at_s| at_s.is_finite())?;
            furthest_s = Some(furthest_s.map_or(at_s, |furthest_s| furthest_s.max(at_s)));
        }
        furthest_s
    }

    fn followers(&self) -> impl Iterator<Item = &Seat> {
        self.0.values().filter(|seat| seat.report.following)
    }

    /// Those to wait for, given the revision since which the film stands where it stands. One viewer alone waits for
    /// nobody.
    pub(super) fn unready(&self, since: u64) -> BTreeSet<PublicViewerId> {
        let awaited = || self.0.iter().filter(|(_, seat)| seat.report.following && seat.late.is_none());
        if awaited().nth(1).is_none() {
            return BTreeSet::new();
        }
        awaited().filter(|(_, seat)| !Seat::is_ready(seat.report, since)).map(|(viewer, _)| viewer.clone()).collect()
    }

    /// Whether this viewer still has to be waited for.
    pub(super) fn awaits(&self, viewer: &PublicViewerId, since: u64) -> bool {
        self.0.get(viewer).is_some_and(|seat| seat.report.following && !Seat::is_ready(seat.report, since))
    }

    /// The film goes on without these, with this revision.
    pub(super) fn mark_late(&mut self, viewers: &BTreeSet<PublicViewerId>, revision: u64) {
        for viewer in viewers {
            if let Some(seat) = self.0.get_mut(viewer) {
                seat.late = Some(revision);
            }
        }
    }

    pub(super) fn late(&self) -> Vec<PublicViewerId> {
        self.0
            .iter()
            .filter(|(_, seat)| seat.late.is_some() && seat.report.following)
            .map(|(viewer, _)| viewer.clone())
            .collect()
    }

    /// How long from now a start is agreed on: the message goes one way, so the whole round trip leaves room for jitter.
    pub(super) fn lead_ms(&self) -> f64 {
        let least_ms = if self.is_lone() { LONE_LEAD_MS } else { LEAD_MS };
        self.worst_round_trip_ms().clamp(least_ms, MOST_LEAD_MS)
    }

    /// The same after a gathering, when all must have heard of it.
    pub(super) fn gathered_lead_ms(&self) -> f64 {
        if self.is_lone() {
            return self.lead_ms();
        }
        (2.0 * self.worst_round_trip_ms()).clamp(GATHERED_LEAD_MS, MOST_GATHERED_LEAD_MS)
    }

    /// Whether one viewer follows and nobody else.
    pub(super) fn is_lone(&self) -> bool {
        self.lone().is_some()
    }

    fn worst_round_trip_ms(&self) -> f64 {
        let following = self.0.values().filter(|seat| seat.report.following && seat.late.is_none());
        following.filter_map(|seat| seat.report.round_trip_ms).fold(0.0, f64::max)
    }
}

impl Seat {
    fn is_ready(report: Report, since: u64) -> bool {
        report.ready.is_some_and(|revision| revision >= since)
    }
}
