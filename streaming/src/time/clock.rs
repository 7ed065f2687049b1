//! From film time to the times that stand in the source.

/// The source time at which film time is zero: the earliest start among the video and audio tracks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FilmClock {
    zero_s: f64,
}

impl FilmClock {
    /// A source that tells no usable start is taken to start at 0.
    #[must_use]
    pub fn new(zero_s: f64) -> Self {
        Self { zero_s: if zero_s.is_finite() { zero_s } else { 0.0 } }
    }

    /// The source time of film time zero, in seconds.
    #[must_use]
    pub const fn zero_s(self) -> f64 {
        self.zero_s
    }

    /// The source time of a film time.
    #[must_use]
    pub fn source_s(self, film_s: f64) -> f64 {
        film_s + self.zero_s
    }

    /// Where a head has to seek, in source time, so that it begins `lead_s` before a film time.
    ///
    /// `None` where that would be at or before the source's start, or below zero: then the option has to be left out
    /// and the head reads from the very beginning. mpv takes a `--start` below zero as that far before the *end*,
    /// and a `--start` of 0 would cut off the frames of a source that starts before 0.
    #[must_use]
    pub fn seek_s(self, film_s: f64, lead_s: f64) -> Option<f64> {
        let start = self.source_s(film_s) - lead_s;
        (start > self.zero_s && start > 0.0).then_some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STARTS: [f64; 4] = [-0.02, 0.026, 10.0, 2355.0];

    #[test]
    fn film_time_is_zero_at_the_source_start() {
        for start in STARTS {
            let clock = FilmClock::new(start);
            assert_eq!((clock.zero_s(), clock.source_s(0.0)), (start, start));
            assert!((clock.source_s(41.5) - (start + 41.5)).abs() < 1e-9);
        }
    }

    #[test]
    fn a_source_without_a_usable_start_starts_at_zero() {
        for start in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            assert_eq!(FilmClock::new(start).zero_s(), 0.0);
        }
    }

    #[test]
    fn seeks_are_held_at_the_source_start() {
        for start in STARTS {
            let clock = FilmClock::new(start);
            assert_eq!(clock.seek_s(0.0, 0.25), None, "source starts at {start}");
            assert_eq!(clock.seek_s(0.2, 0.25), None, "source starts at {start}");
            let seek = clock.seek_s(60.0, 0.25).unwrap();
            assert!((seek - (start + 59.75)).abs() < 1e-9);
        }
        // Inside the film, but mpv could not be told so.
        assert_eq!(FilmClock::new(-10.0).seek_s(5.0, 0.25), None);
        assert_eq!(FilmClock::new(0.0).seek_s(f64::NAN, 0.25), None);
    }

    proptest! {
        #[test]
        fn a_seek_lies_in_the_source(zero in -100.0_f64..10_000.0, film in 0.0_f64..100_000.0, lead in 0.0_f64..5.0) {
            if let Some(seek) = FilmClock::new(zero).seek_s(film, lead) {
                prop_assert!(seek > 0.0 && seek > zero);
            }
        }
    }
}
