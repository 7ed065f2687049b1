//! Which stretch of events is asked for next. Pure.

/// Seconds that are asked for at first: few, so that what is shown now is not waited for.
const FIRST_S: f64 = 8.0;
/// Seconds that are asked for at a time after that.
const LENGTH_S: f64 = 60.0;
/// More is asked for when less than this is left.
const LEFT_S: f64 = 20.0;

/// The stretch of the film that has been asked for, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Stretch {
    from_s: f64,
    until_s: f64,
    /// How far it reaches with the answer that is not there yet.
    asked_s: Option<f64>,
}

impl Stretch {
    /// What to ask for while the film is at `at_s`, if anything; from then on it is waited for, unless the film is sought
    /// elsewhere.
    pub(crate) fn next(&mut self, at_s: f64) -> Option<(f64, f64)> {
        let inside = self.from_s <= at_s && at_s < self.asked_s.unwrap_or(self.until_s);
        if inside && (self.asked_s.is_some() || self.until_s - at_s > LEFT_S) {
            return None;
        }
        if !inside {
            *self = Self { from_s: at_s, until_s: at_s, asked_s: None };
        }
        let wanted = (self.until_s, self.until_s + if inside { LENGTH_S } else { FIRST_S });
        self.asked_s = Some(wanted.1);
        Some(wanted)
    }

    /// The answer is there, or it did not come.
    pub(crate) fn answered(&mut self, (from_s, until_s): (f64, f64), well: bool) {
        // Of a place that the film has left since.
        if from_s != self.until_s {
            return;
        }
        self.asked_s = None;
        if well {
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
        assert_eq!(stretch.next(0.0), Some((0.0, 8.0)));
        assert_eq!(stretch.next(1.0), None, "it is waited for");
        stretch.answered((0.0, 8.0), true);
        assert_eq!(stretch.next(1.0), Some((8.0, 68.0)));
        stretch.answered((8.0, 68.0), true);
        assert_eq!(stretch.next(47.0), None);
        assert_eq!(stretch.next(49.0), Some((68.0, 128.0)));
        stretch.answered((68.0, 128.0), true);
        assert_eq!(stretch.next(107.0), None);
    }

    #[test]
    fn begins_anew_after_a_seek_and_tries_again_after_a_failure() {
        let mut stretch = Stretch::default();
        stretch.next(0.0);
        stretch.answered((0.0, 8.0), true);
        assert_eq!(stretch.next(480.0), Some((480.0, 488.0)));
        stretch.answered((480.0, 488.0), false);
        assert_eq!(stretch.next(480.5), Some((480.5, 488.5)));
        stretch.answered((480.5, 488.5), true);
        assert_eq!(stretch.next(30.0), Some((30.0, 38.0)), "back to what was left out");
        assert_eq!(stretch.next(90.0), Some((90.0, 98.0)), "what is on its way is of no use there");
        stretch.answered((30.0, 38.0), true);
        assert_eq!(stretch.next(90.5), None, "it is still waited for");
        stretch.answered((90.0, 98.0), true);
        assert_eq!(stretch.next(90.5), Some((98.0, 158.0)));
    }

    #[test]
    fn goes_on_where_a_short_answer_ends_and_asks_again_for_what_was_forgotten() {
        let mut stretch = Stretch::default();
        stretch.next(0.0);
        stretch.answered((0.0, 5.5), true);
        assert_eq!(stretch.next(0.0), Some((5.5, 65.5)));
        stretch.answered((5.5, 65.5), true);
        stretch.forgotten_before(5.5);
        assert_eq!(stretch.next(20.0), None);
        assert_eq!(stretch.next(5.0), Some((5.0, 13.0)));
    }
}
