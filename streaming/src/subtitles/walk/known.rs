//! Which clusters a walk knows, and what it has found behind each. Pure.

use std::{collections::BTreeMap, ops::Bound};

use crate::keyframes::EventPlace;

/// A film of many hours has some ten thousand clusters.
const MOST_STARTS: usize = 1 << 18;
/// Events that are kept; a script for a film has some thousands.
const MOST_PLACES: usize = 1 << 18;

/// Places from here on are no file's.
const LAST_PLACE: u64 = 1 << 56;

/// A place and the film time of what is there, seconds.
pub(super) type Cluster = (u64, f64);

#[derive(Debug)]
pub(super) struct Known {
    /// By place.
    starts: BTreeMap<u64, Start>,
    count: usize,
}

/// Where a cluster begins that a walk can begin with.
#[derive(Debug)]
struct Start {
    time_s: f64,
    /// The time was read there. The index tells that of a keyframe, which need not be the first in its cluster.
    exact: bool,
    /// Whether what is between it and the next one is known, or the film's end.
    walked: bool,
    /// Of which track, and where.
    places: Vec<(u64, EventPlace)>,
}

impl Start {
    fn at(time_s: f64, exact: bool) -> Self {
        Self { time_s, exact, walked: false, places: Vec::new() }
    }
}

impl Known {
    /// `first`: before it there is no cluster.
    pub(super) fn new(first: u64, told: impl Iterator<Item = Cluster>) -> Self {
        let first = (first, Start::at(f64::NEG_INFINITY, true));
        let mut known = Self { starts: BTreeMap::from([first]), count: 0 };
        for (place, time_s) in told {
            known.put(place, time_s, false);
        }
        known
    }

    /// Takes in a cluster; whether its time is between those of its neighbours, as it has to be.
    pub(super) fn note(&mut self, place: u64, time_s: f64) -> bool {
        self.put(place, time_s, true)
    }

    fn put(&mut self, place: u64, time_s: f64, exact: bool) -> bool {
        let before = self.starts.range(..=place).next_back();
        let after = self.starts.range(place..).next();
        let fits = before.is_some_and(|(at, start)| *at < place && start.time_s <= time_s)
            && after.is_none_or(|(at, start)| *at > place && time_s <= start.time_s);
        if !fits || self.starts.len() >= MOST_STARTS || place >= LAST_PLACE {
            return false;
        }
        // What was found between its neighbours is found again.
        if let Some((_, start)) = self.starts.range_mut(..place).next_back() {
            self.count -= start.places.len();
            *start = Start::at(start.time_s, start.exact);
        }
        self.starts.insert(place, Start::at(time_s, exact));
        true
    }

    /// Whether a known cluster's time has yet to be read there.
    pub(super) fn is_vague(&self, at: u64) -> bool {
        self.starts.get(&at).is_some_and(|start| !start.exact)
    }

    /// Takes in the time that was read there; none for what turned out to be no cluster.
    pub(super) fn correct(&mut self, at: u64, time_s: Option<f64>) {
        let earliest_s = self.previous(at).map_or(f64::NEG_INFINITY, |before| self.time_s(before));
        if let Some(start) = self.starts.get_mut(&at) {
            start.exact = true;
            // A keyframe is not shown before its cluster begins.
            start.time_s = time_s.map_or(start.time_s, |time_s| time_s.min(start.time_s).max(earliest_s));
        }
    }

    /// Back to where, from a cluster on, everything is known without a gap, in seconds.
    pub(super) fn known_since_s(&self, from: u64) -> f64 {
        let walked = self.starts.range(..from).rev().take_while(|(_, start)| start.walked);
        walked.last().map_or_else(|| self.time_s(from), |(_, start)| start.time_s)
    }

    /// The last cluster at or before a moment, and the one after it. The first one is taken for the film's beginning.
    pub(super) fn around(&self, moment_s: f64) -> (Cluster, Option<Cluster>) {
        let at = self.before(moment_s);
        let after = self.behind(at);
        ((at, self.time_s(at).max(0.0)), after)
    }

    /// The last cluster at or before a moment.
    pub(super) fn before(&self, moment_s: f64) -> u64 {
        let mut before = self.starts.iter().rev().filter(|(_, start)| start.time_s <= moment_s);
        before.next().or_else(|| self.starts.first_key_value()).map_or(0, |(place, _)| *place)
    }

    /// The known cluster after this one, where what is between them is known; the inner is none at the film's end.
    #[allow(clippy::option_option, reason = "not walked yet, or walked to the end")]
    pub(super) fn after(&self, at: u64) -> Option<Option<Cluster>> {
        self.starts.get(&at).filter(|start| start.walked)?;
        Some(self.behind(at))
    }

    /// The known cluster before this one.
    pub(super) fn previous(&self, at: u64) -> Option<u64> {
        self.starts.range(..at).next_back().map(|(place, _)| *place)
    }

    /// The known cluster after this one, at which a stretch ends.
    pub(super) fn next(&self, at: u64) -> Option<u64> {
        self.behind(at).map(|(place, _)| place)
    }

    fn behind(&self, at: u64) -> Option<Cluster> {
        let behind = (Bound::Excluded(at), Bound::Unbounded);
        self.starts.range(behind).next().map(|(place, start)| (*place, start.time_s))
    }

    /// The film time of a cluster.
    pub(super) fn time_s(&self, at: u64) -> f64 {
        self.starts.get(&at).map_or(f64::NEG_INFINITY, |start| start.time_s)
    }

    /// Keeps what was found behind a cluster, up to `next`, and tells where to go on.
    pub(super) fn walked(
        &mut self,
        at: u64,
        next: Option<(u64, Option<f64>)>,
        places: Vec<(u64, EventPlace)>,
    ) -> Option<Cluster> {
        if let Some((place, Some(time_s))) = next {
            // Where a film was put together of two, time may go back: the second one's lines are found all the same.
            let limit_s =
                self.behind(at).filter(|(known, _)| *known > place).map_or(f64::INFINITY, |(_, time_s)| time_s);
            self.note(place, time_s.max(self.time_s(at)).min(limit_s));
        }
        let known = self.behind(at);
        if let Some(start) = self.starts.get_mut(&at) {
            self.count -= start.places.len();
            start.places = Vec::new();
            // What does not fit is looked for again when it is needed.
            start.walked = self.count + places.len() <= MOST_PLACES;
            if start.walked {
                self.count += places.len();
                start.places = places;
            }
        }
        next.and(known)
    }

    /// What has been found of a track, by time.
    pub(super) fn places(&self, track: u64) -> Vec<EventPlace> {
        let all = self.starts.values().flat_map(|start| &start.places);
        let mut places: Vec<_> = all.filter(|(of, _)| *of == track).map(|(_, place)| *place).collect();
        places.sort_unstable();
        places
    }
}
