//! Between the times that stand in the source and film time.

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

    /// The clock of tracks that start at these source times; those that are not finite are passed over.
    #[must_use]
    pub fn of_tracks(starts_s: impl IntoIterator<Item = f64>) -> Self {
        let earliest = starts_s.into_iter().filter(|start| start.is_finite()).min_by(f64::total_cmp);
        Self::new(earliest.unwrap_or(0.0))
    }

    /// The source time of film time zero, in seconds.
    #[must_use]
    pub const fn zero_s(self) -> f64 {
        self.zero_s
    }

    /// The film time of a source time; below zero for what lies before the film.
    #[must_use]
    pub fn film_s(self, source_s: f64) -> f64 {
        source_s - self.zero_s
    }

    /// The source time of a film time.
    #[must_use]
    pub fn source_s(self, film_s: f64) -> f64 {
        film_s + self.zero_s
    }

    /// The film time of a source time, held within the film. What is not a number becomes 0.
    #[must_use]
    pub fn film_clamped_s(self, source_s: f64, duration_s: f64) -> f64 {
        clamp_s(self.film_s(source_s), duration_s)
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

/// A film time held between 0 and the film's end. What is not a number becomes 0.
fn clamp_s(film_s: f64, duration_s: f64) -> f64 {
    if film_s.is_nan() {
        return 0.0;
    }
    // `max` passes over a duration that is not a number, for which `clamp` alone would panic.
    film_s.clamp(0.0, duration_s.max(0.0))
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
            assert_eq!(clock.film_s(start), 0.0);
            assert_eq!(clock.source_s(0.0), start);
            assert!((clock.source_s(41.5) - (start + 41.5)).abs() < 1e-9);
            assert!((clock.film_s(start + 41.5) - 41.5).abs() < 1e-9);
        }
    }

    #[test]
    fn the_earliest_track_makes_the_zero() {
        assert_eq!(FilmClock::of_tracks([0.026, 0.005]).zero_s(), 0.005);
        assert_eq!(FilmClock::of_tracks([10.0, -0.02, f64::NAN]).zero_s(), -0.02);
        assert_eq!(FilmClock::of_tracks([]).zero_s(), 0.0);
        assert_eq!(FilmClock::new(f64::INFINITY).zero_s(), 0.0);
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

    #[test]
    fn clamps_into_the_film() {
        let clock = FilmClock::new(10.0);
        assert_eq!(clock.film_clamped_s(9.0, 100.0), 0.0);
        assert_eq!(clock.film_clamped_s(60.0, 100.0), 50.0);
        assert_eq!(clock.film_clamped_s(500.0, 100.0), 100.0);
        assert_eq!(clock.film_clamped_s(f64::NAN, 100.0), 0.0);
        assert_eq!(clock.film_clamped_s(60.0, f64::NAN), 0.0);
        assert_eq!(clock.film_clamped_s(60.0, -1.0), 0.0);
    }

    proptest! {
        #[test]
        fn there_and_back(zero in -100.0_f64..10_000.0, film in 0.0_f64..100_000.0) {
            let clock = FilmClock::new(zero);
            prop_assert!((clock.film_s(clock.source_s(film)) - film).abs() < 1e-9);
        }

        #[test]
        fn a_seek_lies_in_the_source(zero in -100.0_f64..10_000.0, film in 0.0_f64..100_000.0, lead in 0.0_f64..5.0) {
            if let Some(seek) = FilmClock::new(zero).seek_s(film, lead) {
                prop_assert!(seek > 0.0 && seek > zero);
            }
        }
    }
}
