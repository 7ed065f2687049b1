//! Telling what a person does with the player from what the page does with it. Pure.
//!
//! Both come as the same events of the video element: its own controls, the keys of a keyboard or a headset, the small
//! windows of browsers and our own orders. So each order is noted, and what was not ordered was a person.

use protocol::playhead::Action;

/// A place is what was ordered if it is this near, in seconds.
const SAME_PLACE_S: f64 = 0.05;
/// hls.js jumps over holes in the media, and nudges a player that is stuck; people go further, in seconds.
const NUDGE_S: f64 = 0.8;
/// A running player's own account of where it was is this old, in seconds: a smaller step is no person's.
const STEP_S: f64 = 0.3;
/// A seek is told of within this, in milliseconds. Who goes to the same place again later means it.
const SEEK_TELLS_MS: f64 = 2_000.0;

/// What the page has ordered last.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    paused: bool,
    rate: f64,
    /// Where the player was put last, by the page or by a person: the local time in milliseconds and the place in seconds.
    /// Older ones do not count, since whatever event comes, it is about the place where the player is now.
    put: Option<(f64, f64)>,
    /// That seek is not known to be done: it may take longer than any order counts.
    under_way: bool,
}

impl Default for Orders {
    /// As a new player is.
    fn default() -> Self {
        Self { paused: true, rate: 1.0, put: None, under_way: false }
    }
}

impl Orders {
    pub(super) fn note(&mut self, now_ms: f64, action: &Action) {
        if let Some(paused) = action.pause {
            self.paused = paused;
        }
        if let Some(rate) = action.rate {
            self.rate = rate;
        }
        if let Some(position_s) = action.seek_to_s {
            self.put = Some((now_ms, position_s));
            self.under_way = true;
        }
    }

    /// The player has been seen not to seek.
    pub(super) fn settled(&mut self) {
        self.under_way = false;
    }

    /// The player is paused, or plays, as an event says. Whether a person made it so.
    pub(super) fn is_persons_pause(&mut self, paused: bool) -> bool {
        std::mem::replace(&mut self.paused, paused) != paused
    }

    /// The player goes from `from_s` to `to_s`, in seconds, and runs or stands. Whether a person made it go. One that
    /// `waited` for data may have been helped over a hole, from there or from where it was ordered to.
    pub(super) fn is_persons_seek(&self, now_ms: f64, from_s: f64, to_s: f64, waited: bool, runs: bool) -> bool {
        let near = |place_s: f64, within_s: f64| (place_s - to_s).abs() <= within_s;
        let known = |(at_ms, place_s): (f64, f64)| {
            near(place_s, SAME_PLACE_S) && (self.under_way || now_ms - at_ms <= SEEK_TELLS_MS)
        };
        let ordered = self.put.is_some_and(known);
        let helped = waited && (near(from_s, NUDGE_S) || self.put.is_some_and(|(_, put_s)| near(put_s, NUDGE_S)))
            || runs && near(from_s, STEP_S);
        !ordered && !helped
    }

    /// The player's rate is another. Whether a person chose it.
    pub(super) fn is_persons_rate(&self, rate: f64) -> bool {
        (rate - self.rate).abs() > 1e-3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAY: Action = Action { pause: Some(false), seek_to_s: None, rate: None };

    #[test]
    fn what_was_ordered_was_no_person() {
        let mut orders = Orders::default();
        assert!(!orders.is_persons_pause(true), "a new player is paused");
        orders.note(0.0, &PLAY);
        assert!(!orders.is_persons_pause(false));
        assert!(orders.is_persons_pause(true));
        assert!(!orders.is_persons_pause(true), "its second event is no second pause");
        assert!(orders.is_persons_pause(false));
        orders.note(0.0, &Action { rate: Some(1.02), ..Action::default() });
        assert!(!orders.is_persons_rate(1.02));
        assert!(orders.is_persons_rate(1.5));
    }

    #[test]
    fn seeks_are_known_by_their_place() {
        let mut orders = Orders::default();
        orders.note(0.0, &Action { seek_to_s: Some(50.0), ..Action::default() });
        assert!(!orders.is_persons_seek(100.0, 10.0, 50.01, false, true));
        assert!(orders.is_persons_seek(100.0, 50.0, 45.0, true, true));
        assert!(!orders.is_persons_seek(100.0, 20.0, 20.5, true, true), "over a hole");
        assert!(orders.is_persons_seek(100.0, 20.0, 20.3, false, false));
        assert!(!orders.is_persons_seek(100.0, 10.0, 50.6, true, false), "a hole where it was ordered to");
        assert!(!orders.is_persons_seek(5_000.0, 60.0, 50.0, false, true), "one that takes long");
        orders.settled();
        assert!(orders.is_persons_seek(5_000.0, 60.0, 50.0, false, true), "the same place, later");
        for place_s in [11.0, 9.5] {
            orders.note(6_000.0, &Action { seek_to_s: Some(place_s), ..Action::default() });
            orders.settled();
        }
        assert!(orders.is_persons_seek(6_500.0, 9.5, 11.0, false, false), "back at once to where one was before");
    }
}
