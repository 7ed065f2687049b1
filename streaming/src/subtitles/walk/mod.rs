//! Finding the subtitles that a Matroska film's index leaves out: along with the picture, from the clusters around a moment.
//!
//! The bytes are those that the picture there needs too, and the gateway reads them once for both. What began before the
//! moment is looked for in the [`LOOK_BACK_S`] before it; these bytes are read for subtitles alone, and in a film without
//! Cues those in which the place is looked for.

mod clusters;
mod known;

use std::{
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use protocol::{Error, ErrorKind};
use tokio::time::{Instant, timeout_at};

use self::{
    clusters::{cluster_at, cluster_from, stretch},
    known::{Cluster, Known},
};
use crate::keyframes::EventPlace;

/// How long before a moment an event is looked for that is still shown then, in seconds, and in how many bytes.
pub(super) const LOOK_BACK_S: f64 = 30.0;
const LOOK_BACK: u64 = 32 << 20;
/// How far an answer reaches at most, in seconds: about as far as the picture is read ahead.
const AHEAD_S: f64 = 20.0;
/// How long after it began an answer ends with what has been found.
const LONG_ENOUGH: Duration = Duration::from_secs(4);
/// An answer about so few seconds is waited for by somebody who sees nothing yet, so that it looks back no longer than this.
const URGENT_S: f64 = 10.0;
const A_MOMENT: Duration = Duration::from_secs(1);
/// How long the way to a moment may take, from the last cluster that is known before it. The page gives up a little later.
const TOO_LONG: Duration = Duration::from_secs(15);
/// A known cluster that is so close before a moment, in seconds, is near enough to go on from.
const NEAR_S: f64 = 8.0;
/// A stretch between two known clusters that is so short, in bytes, is gone through rather than divided.
const SHORT: u64 = 8 << 20;
/// How often a stretch is divided in search of a moment.
const DIVISIONS: usize = 12;

/// Goes through a film's clusters, and knows what it has found. For all tracks that need it, since the bytes are the same.
#[derive(Debug)]
pub struct Walk {
    tracks: Vec<u64>,
    /// The unit of times, seconds.
    tick_s: f64,
    /// Source time of film time zero, seconds.
    zero_s: f64,
    extent: Mutex<Extent>,
    known: Mutex<Known>,
}

/// What a walk is about.
#[derive(Clone, Debug)]
pub struct Route<'a> {
    /// The numbers of the tracks that are looked for.
    pub tracks: Vec<u64>,
    pub tick_s: f64,
    pub zero_s: f64,
    /// No cluster begins before this place in the file.
    pub clusters: u64,
    /// Clusters that the index tells of: source time in seconds, and place.
    pub told: &'a [(f64, u64)],
}

/// How far a film can be read now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extent {
    /// Bytes; none where nobody knows.
    pub bytes: Option<u64>,
    /// About how much film they hold, in seconds.
    pub film_s: f64,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Lines: one that began before can come with the next answer.
    Lines,
    /// Pictures: what is drawn at first has to be in the answer itself.
    Pictures,
}

/// How far a walk came, in seconds of film time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Walked {
    /// Everything is known from here to the moment that was asked for.
    pub(super) since_s: f64,
    /// And to here from it.
    pub(super) until_s: f64,
    /// All that was to be looked for before the moment has been.
    pub(super) complete: bool,
}

impl Walk {
    #[must_use]
    pub fn new(route: &Route<'_>) -> Self {
        let Route { tracks, tick_s, zero_s, clusters, told } = route;
        let told = told.iter().map(|(time_s, place)| (*place, time_s - zero_s));
        let known = Mutex::new(Known::new(*clusters, told));
        let extent = Mutex::default();
        Self { tracks: tracks.clone(), tick_s: *tick_s, zero_s: *zero_s, extent, known }
    }

    /// Whether it looks for this track.
    pub(super) fn is_for(&self, track: u64) -> bool {
        self.tracks.contains(&track)
    }

    /// The film can be read so far by now.
    pub fn extend(&self, extent: Extent) {
        *self.extent.lock().unwrap_or_else(PoisonError::into_inner) = extent;
    }

    /// Finds what is shown between two moments of film time. It comes further than `from_s`, if the film can be read there at
    /// all. What began before them is looked for last, as long as there is time for it.
    ///
    /// # Errors
    ///
    /// What `read` reports of the beginning. What it reports of a later part ends the answer before it.
    pub(super) async fn through<R, F>(&self, read: &R, from_s: f64, until_s: f64, need: Need) -> Result<Walked, Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let began = Instant::now();
        let urgent = need == Need::Lines && until_s - from_s <= URGENT_S;
        let time = if urgent { A_MOMENT } else { LONG_ENOUGH };
        let until_s = until_s.min(from_s + AHEAD_S);
        let on_the_way = async {
            self.approach(read, from_s).await?;
            let mut at = self.lock().before(from_s);
            while let Some((next, time_s)) = self.step(read, at).await?.filter(|(_, time_s)| *time_s <= from_s) {
                debug_assert!(next > at && time_s <= from_s);
                at = next;
            }
            Ok(at)
        };
        let at = timeout_at(began + TOO_LONG, on_the_way).await.unwrap_or_else(|_| {
            let message = "the film's server is too slow for the subtitles of this place; they are asked for again";
            Err(Error::new(ErrorKind::SourceTimeout, message))
        })?;
        let until_s = self.ahead(read, at, until_s, began + LONG_ENOUGH).await;
        // What cannot be had in time may be had for the next answer, which comes soon.
        let back = timeout_at(began + time, self.back(read, at, from_s)).await;
        let since_s = self.lock().known_since_s(at);
        Ok(Walked { since_s, until_s, complete: matches!(back, Ok(Ok(()))) })
    }

    /// From a cluster to a moment, or to an earlier one when it takes too long or cannot be read.
    async fn ahead<R, F>(&self, read: &R, from: u64, until_s: f64, deadline: Instant) -> f64
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        // Its first step is made already.
        let mut next = self.lock().after(from).flatten();
        while let Some((at, time_s)) = next.filter(|(_, time_s)| *time_s < until_s) {
            next = match timeout_at(deadline, self.step(read, at)).await {
                Ok(Ok(next)) => next,
                // Whoever asks for this part next hears what is wrong.
                Ok(Err(_)) | Err(_) => return time_s,
            };
        }
        until_s
    }

    /// What comes before a cluster, the nearest first.
    async fn back<R, F>(&self, read: &R, first: u64, from_s: f64) -> Result<(), Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let is_near = |begin: &u64| first - begin <= LOOK_BACK;
        // Where no cluster is known before it, one is looked for, closer where that is too many bytes before.
        for part in [1.0, 0.5, 0.25] {
            if self.lock().previous(first).is_none_or(|begin| is_near(&begin)) {
                break;
            }
            self.approach(read, from_s - part * LOOK_BACK_S).await?;
        }
        let mut end = first;
        while self.lock().time_s(end) > from_s - LOOK_BACK_S {
            let Some(begin) = self.lock().previous(end).filter(is_near) else { break };
            let mut at = begin;
            while at < end {
                let Some((next, _)) = self.step(read, at).await? else { break };
                at = next;
            }
            end = begin;
        }
        Ok(())
    }

    /// From a known cluster to the next one; none at the film's end.
    async fn step<R, F>(&self, read: &R, at: u64) -> Result<Option<Cluster>, Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        // Even where all is known already, others get their turn.
        tokio::task::consume_budget().await;
        let walked = self.lock().after(at);
        if let Some(next) = walked {
            return Ok(next);
        }
        let limit = self.lock().next(at);
        let found = stretch(read, at, limit, &self.tracks).await?;
        if let Some((place, None)) = found.next
            && self.lock().is_vague(place)
        {
            let time_s = cluster_at(read, place).await?.map(|time| self.film_s(time));
            self.lock().correct(place, time_s);
        }
        let next = found.next.map(|(place, time)| (place, time.map(|time| self.film_s(time))));
        Ok(self.lock().walked(at, next, found.places))
    }

    /// What has been found of a track, by time.
    pub(super) fn places(&self, track: u64) -> Vec<EventPlace> {
        self.lock().places(track)
    }

    /// Finds a cluster close before a moment where none is known, by guessing its place from the bytes of a second.
    async fn approach<R, F>(&self, read: &R, moment_s: f64) -> Result<(), Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let extent = *self.extent.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bytes) = extent.bytes else { return Ok(()) };
        // Where a guess found no cluster before this place.
        let mut barren = bytes;
        for _ in 0..DIVISIONS {
            let ((low, low_s), high) = self.lock().around(moment_s);
            let (high, high_s) = high.unwrap_or((bytes, extent.film_s));
            let high = high.min(barren);
            if moment_s - low_s < NEAR_S || high.saturating_sub(low) < SHORT || high_s <= low_s {
                break;
            }
            // A little early, since what is found must not lie behind.
            let part = ((moment_s - NEAR_S / 4.0 - low_s) / (high_s - low_s)).clamp(0.05, 0.95);
            let guess = low + ((high - low) as f64 * part) as u64;
            match cluster_from(read, guess, high).await? {
                Some((place, time)) => {
                    let time_s = self.film_s(time);
                    // A time that is not between its neighbours' leads nowhere.
                    if !self.lock().note(place, time_s) {
                        break;
                    }
                }
                None => barren = guess,
            }
        }
        Ok(())
    }

    fn film_s(&self, ticks: i64) -> f64 {
        ticks as f64 * self.tick_s - self.zero_s
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
