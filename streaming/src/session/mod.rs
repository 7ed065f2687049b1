//! Sessions: who watches what, where they are, and when each of them ends.
//!
//! A registry that does no IO, reads no clock and rolls no dice: the time is an argument, ids and keys are made by
//! [`secrets`]. Its owner keeps it behind a mutex, sleeps until [`Registry::next_deadline`], calls
//! [`Registry::expire`] and acts on each [`Ended`].
//!
//! ```text
//! open ──> awake: preparing ──> ready ──(nobody watches)──> asleep ──(24 h)──> forgotten
//!                    │  ^                                      │
//!                    │  └────────────(somebody comes)──────────┘
//!                    └──> failed ──(nobody looks at it)──> forgotten
//! ```

mod channels;
mod clock;
mod colours;
mod host;
mod limits;
mod messages;
mod outside;
mod playhead;
#[cfg(test)]
mod properties;
mod registry;
mod saved;
mod screening;
pub mod secrets;
mod steering;
#[cfg(test)]
mod tests;
mod viewers;
mod words;

pub use channels::{Attended, Marks, Seat};
pub use clock::ServerClock;
pub use limits::Limits;
pub(crate) use registry::unknown;
pub use registry::{BeatOutcome, Opened, Registry, TouchOutcome};
pub use saved::Saved;
pub use screening::{End, Ended, Epoch, Progress};
pub use viewers::Reader;
