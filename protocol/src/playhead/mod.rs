//! One playhead for everybody.
//!
//! The session on the server keeps a [`SharedPlayhead`]; whoever may steer sends a [`Command`], all get a
//! [`PlayheadView`] of the outcome. All of it is pure: time is an argument, in milliseconds; positions are film time in
//! seconds.

mod audience;
mod command;
mod steering;
mod view;

pub use audience::Report;
pub use command::{Command, RATES, Rules, Steer, Steerer, Steering};
pub use steering::{Applied, SharedPlayhead};
pub use view::{PlayheadState, PlayheadView};

#[cfg(test)]
mod tests;
