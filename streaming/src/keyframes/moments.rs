//! When what is at a place in the file is shown, as far as the index tells. Pure.

use super::Keyframe;

/// Places in the file and their moments, both growing. Empty without an index.
#[derive(Debug, Default)]
pub struct Moments {
    /// Offset and seconds of film time.
    known: Vec<(u64, f64)>,
}

impl Moments {
    #[must_use]
    pub fn new(keyframes: &[Keyframe], zero_s: f64) -> Self {
        let mut known: Vec<(u64, f64)> = Vec::with_capacity(keyframes.len());
        for keyframe in keyframes {
            // A file whose parts are out of order is taken as far as they are in order.
            if known.last().is_none_or(|(offset, _)| *offset < keyframe.offset) {
                known.push((keyframe.offset, (keyframe.time_s - zero_s).max(0.0)));
            }
        }
        Self { known }
    }

    /// The place of the last keyframe that is shown by a moment; none without an index.
    #[must_use]
    pub fn place(&self, film_s: f64) -> Option<u64> {
        // Times of an index are not exact; a millisecond is less than any frame lasts.
        let after = self.known.partition_point(|(_, shown_s)| *shown_s <= film_s + 1e-3);
        Some(self.known.get(after.checked_sub(1)?)?.0)
    }

    /// The moment of an offset in a file of so many bytes and seconds: between two known ones as if the bytes were spread
    /// evenly.
    #[must_use]
    pub fn at(&self, offset: u64, size: u64, duration_s: f64) -> f64 {
        let after = self.known.partition_point(|(known, _)| *known <= offset);
        let before = after.checked_sub(1).map_or((0, 0.0), |at| self.known[at]);
        // What stands before the first keyframe is shown with it.
        if after == 0 && !self.known.is_empty() {
            return 0.0;
        }
        let next = self.known.get(after).copied().unwrap_or((size, duration_s));
        let share = offset.saturating_sub(before.0) as f64 / next.0.saturating_sub(before.0).max(1) as f64;
        (before.1 + share.min(1.0) * (next.1 - before.1)).clamp(0.0, duration_s.max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_between_keyframes_are_estimated() {
        let keyframes = [(100, 10.0), (300, 12.0), (200, 13.0), (900, 16.0)];
        let keyframes = keyframes.map(|(offset, time_s)| Keyframe { time_s, offset });
        let moments = Moments::new(&keyframes, 10.0);
        let at = |offset| moments.at(offset, 1000, 7.0);
        assert_eq!([0, 100, 200, 300, 600, 900, 950, 1000].map(at), [0.0, 0.0, 1.0, 2.0, 4.0, 6.0, 6.5, 7.0]);
        assert_eq!(at(5000), 7.0);
        let place = |film_s| moments.place(film_s);
        assert_eq!([0.0, 1.9, 1.9999, 2.0, 9.0].map(place), [100, 100, 300, 300, 900].map(Some));
        assert_eq!((place(-0.5), Moments::default().place(3.0)), (None, None));
    }

    #[test]
    fn without_an_index_bytes_are_spread_evenly() {
        let at = |offset| Moments::default().at(offset, 1000, 50.0);
        assert_eq!([0, 500, 1000, 2000].map(at), [0.0, 25.0, 50.0, 50.0]);
        assert_eq!(Moments::default().at(0, 0, 50.0), 0.0);
    }
}
