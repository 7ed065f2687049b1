//! How fast a head is.

use std::time::{Duration, Instant};

/// A figure is made of so much time at least: shorter ones tell of a moment's load.
const WINDOW: Duration = Duration::from_secs(4);

/// The part of that time for which the source may have been waited for: then the figure tells of the source.
const STARVED: f64 = 0.2;

/// Measures one head, from one segment to a later one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gauge {
    since: Option<Since>,
    made_s: f64,
}

#[derive(Clone, Copy, Debug)]
struct Since {
    when: Instant,
    starved: Duration,
}

impl Gauge {
    /// The head was paused: what was measured before says nothing of what comes after.
    pub(super) const fn pause(&mut self) {
        self.since = None;
    }

    /// A segment of `segment_s` seconds of film was made; `starved` is how long the head has waited for its source in all.
    /// Returns the seconds of film made in a second, now and then.
    ///
    /// The first segment only starts the clock: starting a tool and finding the place take the same time with every preset.
    pub(super) fn made(&mut self, now: Instant, segment_s: f64, starved: Duration) -> Option<f64> {
        let begin = Since { when: now, starved };
        let Some(since) = self.since else {
            (self.since, self.made_s) = (Some(begin), 0.0);
            return None;
        };
        self.made_s += segment_s;
        let (took, waited) = (now.duration_since(since.when), starved.saturating_sub(since.starved));
        if took < WINDOW {
            return None;
        }
        let speed = self.made_s / took.saturating_sub(waited).as_secs_f64();
        (self.since, self.made_s) = (Some(begin), 0.0);
        (waited.as_secs_f64() <= took.as_secs_f64() * STARVED).then_some(speed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_WAIT: Duration = Duration::ZERO;

    #[test]
    fn speed_is_measured_from_segment_to_segment() {
        let (mut gauge, start) = (Gauge::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(gauge.made(at(0), 2.0, NO_WAIT), None, "the start is not counted");
        assert_eq!(gauge.made(at(2500), 2.0, NO_WAIT), None, "too little time");
        assert_eq!(gauge.made(at(5000), 2.0, NO_WAIT), Some(0.8));
        assert_eq!(gauge.made(at(9000), 8.0, NO_WAIT), Some(2.0), "the next figure is of what came after");
    }

    #[test]
    fn a_pause_is_not_counted() {
        let (mut gauge, start) = (Gauge::default(), Instant::now());
        gauge.made(start, 2.0, NO_WAIT);
        gauge.pause();
        assert_eq!(gauge.made(start + Duration::from_secs(60), 2.0, NO_WAIT), None);
        assert_eq!(gauge.made(start + Duration::from_secs(64), 6.0, NO_WAIT), Some(1.5));
    }

    #[test]
    fn a_slow_source_is_no_slow_head() {
        let (mut gauge, start) = (Gauge::default(), Instant::now());
        gauge.made(start, 2.0, Duration::from_secs(1));
        assert_eq!(gauge.made(start + Duration::from_secs(5), 2.0, Duration::from_secs(3)), None);
        let later = start + Duration::from_secs(10);
        assert_eq!(gauge.made(later, 2.0, Duration::from_millis(4000)), Some(0.5), "a fifth of the time is taken off");
    }
}
