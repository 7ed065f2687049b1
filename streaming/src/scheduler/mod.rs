//! Which head serves which segment, when a head pauses, when it ends, and which one makes room for another.
//!
//! Pure functions over snapshots: the owner of the heads calls them and does what they say. Heads of one rendition
//! never share a segment: [`serve`] ends a new head before the next one's place, and the owner cuts an older head
//! short where a new one begins inside its range ([`cut_short`]).

mod pace;
mod serve;
mod victim;

#[cfg(test)]
mod simulation;

use std::{fmt, time::Duration};

pub use pace::{Pace, ReaderView, pace};
pub use serve::{Serve, cut_short, serve};
pub use victim::{SlotView, victim};

/// The name of a head; none is used twice by one server.
pub type HeadId = u64;

/// A head as the scheduler sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadView {
    pub id: HeadId,
    /// The segment that it delivers next.
    pub next: u32,
    /// The segment before which it ends.
    pub end: u32,
}

impl HeadView {
    /// Whether the head will still deliver this segment.
    #[must_use]
    pub const fn will_make(&self, segment: u32) -> bool {
        self.next <= segment && segment < self.end
    }
}

/// The figures that the scheduler goes by. Times are of media unless they are `Duration`s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// How far before a wanted segment a head may be and still be waited for, in seconds.
    pub near_s: f64,
    /// The longest run of one head, in seconds.
    pub run_s: f64,
    /// The longest run of a head that starts with short GOPs, which cost bit rate, in seconds.
    pub short_run_s: f64,
    /// How far a head may be ahead of every reader, in seconds. It goes on at half of that.
    pub ahead_s: f64,
    /// The same in bytes: the store's budget / (4 x max-streams).
    pub ahead_bytes: u64,
    /// How long a reader may ask for nothing and still keep its head.
    pub head_idle: Duration,
}

impl Default for Limits {
    /// For a store of 1 GiB and four streams.
    fn default() -> Self {
        Self {
            near_s: 6.0,
            run_s: 600.0,
            short_run_s: 120.0,
            ahead_s: 60.0,
            ahead_bytes: 64 * 1024 * 1024,
            head_idle: Duration::from_secs(20),
        }
    }
}

/// Why the scheduler ends a head; logged with the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// Nobody reads near it any more.
    NoReader,
    /// Its encode slot is needed for a segment that somebody waits for.
    SlotNeeded,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoReader => "nobody reads near it",
            Self::SlotNeeded => "its slot is needed",
        })
    }
}
