//! What has been found of a text track, stretch by stretch. Pure.

use std::collections::{HashMap, HashSet};

use super::{
    event::{Event, first_number},
    reader::{Events, size},
};

/// Bytes of events that are kept; a film has some hundred kilobytes.
const KEPT: usize = 32 << 20;
/// Stretches that are kept: of twenty seconds each, more than a day.
const MOST: usize = 8192;

/// What makes an event the same as one that was found before.
type Key = (i64, String, String);

#[derive(Debug, Default)]
pub struct Stretches {
    /// From one moment to another, in seconds of film time; by time, and apart from each other.
    known: Vec<(f64, f64)>,
    events: HashMap<Key, Event>,
    bytes: usize,
    /// Each event's number for as long as the film is there, even if the event itself has been forgotten.
    numbers: HashMap<Key, u64>,
    taken: HashSet<u64>,
}

impl Stretches {
    /// How far all is known from a moment on, in seconds of film time.
    #[must_use]
    pub fn known_until(&self, from_s: f64) -> Option<f64> {
        self.known.iter().find(|(from, until)| *from <= from_s && from_s < *until).map(|(_, until)| *until)
    }

    /// What is shown from one moment to another, as far as it is known without a gap; none if it is not at the first.
    #[must_use]
    pub fn between(&self, from_s: f64, until_s: f64) -> Option<Events> {
        let until_s = self.known_until(from_s)?.min(until_s);
        let (from_ms, until_ms) = (from_s * 1000.0, until_s * 1000.0);
        let shown = |event: &&Event| {
            (event.start_ms as f64) < until_ms && event.start_ms as f64 + event.duration_ms as f64 > from_ms
        };
        let mut events: Vec<_> = self.events.values().filter(shown).cloned().collect();
        events.sort_by_key(|event| event.read_order);
        Some(Events { events, until_s, complete: true })
    }

    /// Takes in all events of a stretch, and others that were found on the way.
    pub fn add(&mut self, from_s: f64, until_s: f64, events: Vec<Event>) {
        if self.bytes > KEPT || self.known.len() >= MOST {
            (self.known, self.events, self.bytes) = (Vec::new(), HashMap::new(), 0);
        }
        for mut event in events {
            let key = (event.start_ms, event.style.clone(), event.text.clone());
            event.read_order = self.number(&key);
            // Who has been told an event keeps it as it was.
            self.events.entry(key).or_insert_with(|| {
                self.bytes += size(&event);
                event
            });
        }
        let (mut from, mut until) = (from_s, until_s);
        self.known.retain(|(a, b)| {
            let touches = *a <= until && *b >= from;
            if touches {
                (from, until) = (from.min(*a), until.max(*b));
            }
            !touches
        });
        self.known.push((from, until));
        self.known.sort_by(|a, b| a.0.total_cmp(&b.0));
    }

    /// In the order of time, as scripts have it, whatever is found first.
    fn number(&mut self, key: &Key) -> u64 {
        if let Some(number) = self.numbers.get(key) {
            return *number;
        }
        let mut number = first_number(key.0);
        // More than there is room for take their neighbours'.
        while !self.taken.insert(number) {
            number += 1;
        }
        self.numbers.insert(key.clone(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(start_ms: i64, text: &str) -> Event {
        Event::plain(0, start_ms, 2000, text.into())
    }

    fn texts(events: &Events) -> Vec<(u64, &str)> {
        events.events.iter().map(|event| (event.read_order, &event.text[..])).collect()
    }

    #[test]
    fn an_event_that_is_found_twice_is_one() {
        let mut found = Stretches::default();
        found.add(20.0, 40.0, vec![event(19_000, "a"), event(21_000, "b"), event(21_000, "c"), event(41_000, "d")]);
        assert_eq!(found.between(10.0, 20.0), None);
        found.add(0.0, 20.0, vec![event(19_000, "a"), event(1000, "z"), event(21_000, "c")]);
        let all = found.between(0.0, 60.0).unwrap();
        assert_eq!(texts(&all), [(8000, "z"), (152_000, "a"), (168_000, "b"), (168_001, "c")]);
        assert_eq!(all.until_s, 40.0, "what lies beyond is not known");
        assert_eq!(texts(&found.between(20.5, 21.0).unwrap()), [(152_000, "a")]);
    }

    #[test]
    fn stretches_grow_together_and_gaps_stay() {
        let mut found = Stretches::default();
        for (from, until) in [(0.0, 10.0), (30.0, 40.0), (9.0, 20.0), (50.0, 60.0)] {
            found.add(from, until, Vec::new());
        }
        assert_eq!(found.known, [(0.0, 20.0), (30.0, 40.0), (50.0, 60.0)]);
        found.add(15.0, 35.0, Vec::new());
        assert_eq!(found.known, [(0.0, 40.0), (50.0, 60.0)]);
        assert_eq!((found.known_until(39.0), found.known_until(40.0)), (Some(40.0), None));
    }

    #[test]
    fn what_is_kept_is_bounded_and_numbers_stay() {
        let mut found = Stretches::default();
        found.add(0.0, 10.0, vec![event(1000, "a")]);
        found.add(10.0, 20.0, vec![event(11_000, &"x".repeat(KEPT))]);
        found.add(0.0, 10.0, vec![event(1000, "b"), event(1000, "a")]);
        assert_eq!(found.known_until(10.0), None);
        assert_eq!(texts(&found.between(0.0, 10.0).unwrap()), [(8000, "a"), (8001, "b")]);
    }
}
