//! What the server's clock shows, as the page can know it.
//!
//! Each exchange of four timestamps bounds the offset from both sides, because no message arrives before it is sent:
//! the server received it after `sent_ms` and answered before `arrived_ms`. The truth lies in the interval between, as
//! wide as the round trip. Jellyfin and NTP keep the exchange with the least round trip of the last eight; here the
//! *intersection* of the last sixteen intervals is taken, each widened by what two clocks can drift apart in its age. It
//! is never wider than the best one's, and narrower where one exchange had a quick way there and another a quick way
//! back. Two more things come for free: an error bound that holds, and an intersection that is empty when a clock was
//! set or a laptop slept, upon which everything begins anew.
//!
//! What no exchange can show is a way there that is always longer than the way back: half of that difference stays in
//! the estimate, within [`Estimate::uncertainty_ms`]. A jump that is smaller than the round trip may go unnoticed until
//! the exchanges before it are forgotten.

use serde::{Deserialize, Serialize};

/// How far two clocks drift apart at most, in milliseconds a millisecond. Quartz is within 100 ppm, on both sides; the
/// rest is for warming up.
const DRIFT: f64 = 250e-6;
/// Browsers round their clocks to 1 ms or less against fingerprinting, on both ends of an exchange.
const ROUNDING_MS: f64 = 1.0;
/// An exchange that took longer tells nothing of use.
const LONGEST_MS: f64 = 10_000.0;
/// So many exchanges are kept: the quick ones of the beginning, later those of 80 s.
const KEPT: usize = 16;

/// What the server adds to the answer of a heartbeat, in server time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerTimes {
    pub received_ms: f64,
    pub answered_ms: f64,
}

/// One heartbeat and its answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exchange {
    /// Local time in milliseconds.
    pub sent_ms: f64,
    pub server: ServerTimes,
    /// Local time in milliseconds.
    pub arrived_ms: f64,
}

/// What is known of the server's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Server time less local time, in milliseconds.
    pub offset_ms: f64,
    /// The offset is off by this many milliseconds at most.
    pub uncertainty_ms: f64,
    /// The least of those that are kept, which a spike does not move, in milliseconds.
    pub round_trip_ms: f64,
    /// How many exchanges there were since the clock was begun anew.
    pub exchanges: u32,
}

/// The server's clock as seen from here. Local times are milliseconds of one monotonic clock (`performance.now()`).
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// In a ring: the next one goes to `exchanges % KEPT`.
    kept: [Option<Bounds>; KEPT],
    exchanges: u32,
}

/// The offset lies between the two, as of a local time.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    low_ms: f64,
    high_ms: f64,
    as_of_ms: f64,
}

impl Clock {
    /// Takes an exchange. One that contradicts the others shows that a clock has jumped: all but it are forgotten. One in
    /// whose midst a clock jumped leaves nothing.
    pub fn exchange(&mut self, exchange: &Exchange) {
        let Exchange { sent_ms, server, arrived_ms } = *exchange;
        let trip_ms = arrived_ms - sent_ms - (server.answered_ms - server.received_ms);
        if !(-ROUNDING_MS..=LONGEST_MS).contains(&trip_ms) {
            if trip_ms < 0.0 {
                self.forget();
            }
            return;
        }
        let seen = Bounds {
            low_ms: server.answered_ms - arrived_ms - ROUNDING_MS,
            high_ms: server.received_ms - sent_ms + ROUNDING_MS,
            as_of_ms: arrived_ms,
        };
        if self.bounds(arrived_ms).is_some_and(|known| !known.within(seen).is_possible()) {
            self.forget();
        }
        self.kept[self.exchanges as usize % KEPT] = Some(seen);
        self.exchanges = self.exchanges.wrapping_add(1);
    }

    /// A message of the server's that was sent at `server_ms` has arrived. It makes the estimate no better, but shows at
    /// once when the local clock stood still meanwhile.
    pub fn heard(&mut self, server_ms: f64, arrived_ms: f64) {
        let earliest_ms = server_ms - arrived_ms - ROUNDING_MS;
        if self.bounds(arrived_ms).is_some_and(|known| earliest_ms > known.high_ms) {
            self.forget();
        }
    }

    /// Forgets everything: the device may have slept, and nobody knows whether the local clock went on.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// None before the first exchange.
    #[must_use]
    pub fn estimate(&self, local_ms: f64) -> Option<Estimate> {
        let bounds = self.bounds(local_ms)?;
        let trips = self.kept.iter().flatten().map(|kept| kept.high_ms - kept.low_ms - 2.0 * ROUNDING_MS);
        Some(Estimate {
            offset_ms: f64::midpoint(bounds.low_ms, bounds.high_ms),
            uncertainty_ms: (bounds.high_ms - bounds.low_ms) / 2.0,
            round_trip_ms: trips.fold(f64::INFINITY, f64::min).max(0.0),
            exchanges: self.exchanges,
        })
    }

    /// The server's time at a local time; none before the first exchange.
    #[must_use]
    pub fn server_ms(&self, local_ms: f64) -> Option<f64> {
        self.estimate(local_ms).map(|estimate| local_ms + estimate.offset_ms)
    }

    /// What all exchanges that are kept say together.
    fn bounds(&self, local_ms: f64) -> Option<Bounds> {
        self.kept.iter().flatten().map(|kept| kept.aged(local_ms)).reduce(Bounds::within)
    }
}

impl Bounds {
    fn aged(self, local_ms: f64) -> Self {
        let drift_ms = (local_ms - self.as_of_ms).max(0.0) * DRIFT;
        Self { low_ms: self.low_ms - drift_ms, high_ms: self.high_ms + drift_ms, as_of_ms: local_ms }
    }

    fn within(self, other: Self) -> Self {
        Self { low_ms: self.low_ms.max(other.low_ms), high_ms: self.high_ms.min(other.high_ms), ..self }
    }

    fn is_possible(self) -> bool {
        self.low_ms <= self.high_ms
    }
}
