//! Which clusters a walk knows, and what it has found behind each. Pure.

use std::collections::BTreeMap;

use crate::keyframes::EventPlace;

/// A film of many hours has some ten thousand clusters.
const MOST_STARTS: usize = 1 << 18;
/// Events that are kept; a script for a film has some thousands.
const MOST_PLACES: usize = 1 << 18;

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
    /// Whether what is between it and the next one is known, or the film's end.
    walked: bool,
    /// Of which track, and where.
    places: Vec<(u64, EventPlace)>,
}

impl Start {
    fn at(time_s: f64) -> Self {
        Self { time_s, walked: false, places: Vec::new() }
    }
}

impl Known {
    /// `first`: before it there is no cluster.
    pub(super) fn new(first: u64, told: impl Iterator<Item = Cluster>) -> Self {
        let first = (first, Start::at(f64::NEG_INFINITY));
        let mut known = Self { starts: BTreeMap::from([first]), count: 0 };
        for (place, time_s) in told {
            known.note(place, time_s);
        }
        known
    }

    /// Takes in a cluster; whether its time is between those of its neighbours, as it has to be.
    pub(super) fn note(&mut self, place: u64, time_s: f64) -> bool {
        let before = self.starts.range(..=place).next_back();
        let after = self.starts.range(place..).next();
        let fits = before.is_some_and(|(at, start)| *at < place && start.time_s <= time_s)
            && after.is_none_or(|(at, start)| *at > place && time_s <= start.time_s);
        if !fits || self.starts.len() >= MOST_STARTS {
            return false;
        }
        // What was found between its neighbours is found again.
        if let Some((_, start)) = self.starts.range_mut(..place).next_back() {
            self.count -= start.places.len();
            *start = Start::at(start.time_s);
        }
        self.starts.insert(place, Start::at(time_s));
        true
    }

    /// The last cluster at or before a moment, and the one after it. The first one is taken for the film's beginning.
    pub(super) fn around(&self, moment_s: f64) -> (Cluster, Option<Cluster>) {
        let at = self.before(moment_s);
        let after = self.starts.range(at + 1..).next().map(|(at, start)| (*at, start.time_s));
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
        Some(self.starts.range(at + 1..).next().map(|(place, start)| (*place, start.time_s)))
    }

    /// The known cluster before this one.
    pub(super) fn previous(&self, at: u64) -> Option<u64> {
        self.starts.range(..at).next_back().map(|(place, _)| *place)
    }

    /// The known cluster after this one, at which a stretch ends.
    pub(super) fn next(&self, at: u64) -> Option<u64> {
        self.starts.range(at + 1..).next().map(|(place, _)| *place)
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
            self.note(place, time_s);
        }
        let known = self.next(at).map(|place| (place, self.time_s(place)));
        if let Some(start) = self.starts.get_mut(&at) {
            self.count -= start.places.len();
            (start.walked, start.places) = (true, Vec::new());
            if self.count + places.len() <= MOST_PLACES {
                self.count += places.len();
                start.places = places;
            }
        }
        // A cluster whose time goes back is not kept; the walk ends there rather than go round.
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
