//! Which stretch of events is asked for next. Pure.

/// Seconds that are asked for at a time.
const LENGTH_S: f64 = 60.0;
/// More is asked for when less than this is left.
const LEFT_S: f64 = 20.0;

/// The stretch of the film that has been asked for, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Stretch {
    from_s: f64,
    until_s: f64,
    /// There is no answer yet.
    waits: bool,
}

impl Stretch {
    /// What to ask for while the film is at `at_s`, if anything; from then on it is waited for.
    pub(crate) fn next(&mut self, at_s: f64) -> Option<(f64, f64)> {
        let inside = self.from_s <= at_s && at_s < self.until_s;
        if self.waits || inside && self.until_s - at_s > LEFT_S {
            return None;
        }
        if !inside {
            *self = Self { from_s: at_s, until_s: at_s, waits: false };
        }
        let wanted = (self.until_s, self.until_s + LENGTH_S);
        self.waits = true;
        Some(wanted)
    }

    /// The answer is there, or it did not come.
    pub(crate) fn answered(&mut self, (from_s, until_s): (f64, f64), well: bool) {
        self.waits = false;
        if well && self.until_s >= from_s {
            self.until_s = until_s.max(self.until_s);
        }
    }

    /// What is shown before this has to be asked for again when it is needed.
    pub(crate) fn forgotten_before(&mut self, from_s: f64) {
        self.from_s = self.from_s.max(from_s);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_along_with_the_film_and_asks_for_each_part_once() {
        let mut stretch = Stretch::default();
        assert_eq!(stretch.next(0.0), Some((0.0, 60.0)));
        assert_eq!(stretch.next(1.0), None, "it is waited for");
        stretch.answered((0.0, 60.0), true);
        assert_eq!(stretch.next(39.0), None);
        assert_eq!(stretch.next(41.0), Some((60.0, 120.0)));
        stretch.answered((60.0, 120.0), true);
        assert_eq!(stretch.next(99.0), None);
    }

    #[test]
    fn begins_anew_after_a_seek_and_tries_again_after_a_failure() {
        let mut stretch = Stretch::default();
        stretch.next(0.0);
        stretch.answered((0.0, 60.0), true);
        assert_eq!(stretch.next(480.0), Some((480.0, 540.0)));
        stretch.answered((480.0, 540.0), false);
        assert_eq!(stretch.next(480.5), Some((480.5, 540.5)));
        stretch.answered((480.5, 540.5), true);
        assert_eq!(stretch.next(30.0), Some((30.0, 90.0)), "back to what was left out");
    }

    #[test]
    fn goes_on_where_a_short_answer_ends_and_asks_again_for_what_was_forgotten() {
        let mut stretch = Stretch::default();
        stretch.next(0.0);
        stretch.answered((0.0, 12.5), true);
        assert_eq!(stretch.next(0.0), Some((12.5, 72.5)));
        stretch.answered((12.5, 72.5), true);
        stretch.forgotten_before(12.5);
        assert_eq!(stretch.next(20.0), None);
        assert_eq!(stretch.next(5.0), Some((5.0, 65.0)));
    }
}
