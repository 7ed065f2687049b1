//! One playhead for everybody.
//!
//! The session on the server keeps a [`SharedPlayhead`]; whoever may steer sends a [`Command`], all get a
//! [`PlayheadView`] of the outcome. In each page a [`Follower`] knows the server's [`Clock`] and says what the player
//! must do to be where the others are. All of it is pure: time is an argument, in milliseconds; positions are film time
//! in seconds.
//!
//! ```text
//! page: Command ----> server: SharedPlayhead::apply ----> PlayheadView to all
//! page: Report, timestamps ----> SharedPlayhead::report ----> PlayheadView, ServerTimes to the one
//! page: Follower::hear, exchange; tick ----> Action on the player
//! ```
//!
//! Who watches alone is not led: the player does what it is told at once, and [`SharedPlayhead::lead`] has the film
//! follow it, by what heartbeats say. With a second viewer the playhead becomes everybody's, where the first one is.

mod audience;
mod beats;
mod clock;
mod command;
mod correction;
mod follower;
mod leading;
mod learning;
mod player;
mod steering;
mod view;

pub use audience::Report;
pub use clock::{Clock, Estimate, Exchange, ServerTimes};
pub use command::{Command, RATES, Rules, Steer, Steerer, Steering};
pub use correction::{Corrector, MOST_RATE_SHARE, Verdict};
pub use follower::Follower;
pub use player::{Action, PlayerState};
pub use steering::{Applied, SharedPlayhead};
pub use view::{PlayheadState, PlayheadView, begins_anew};

#[cfg(test)]
mod tests;
