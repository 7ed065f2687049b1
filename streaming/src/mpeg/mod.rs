//! Clocks of MPEG's streams that begin anew or jump: recordings joined with `cat`, the cells of a DVD, a recorder that lost
//! its signal. Tools seek by time and would see a part of such a film only.
//!
//! `search` finds the places by a few reads, `one_clock` gives the same bytes with one clock throughout: time stamps have
//! fixed places and sizes, so that nothing moves in the file.

mod one_clock;
mod packets;
mod search;

pub(crate) use self::search::{FIRST_LOOKS, search};

/// Time stamps have 33 bits, of a clock of 90 kHz: 26.5 hours.
const MODULO: i64 = 1 << 33;
const TICKS_A_SECOND: i64 = 90_000;

/// From `earlier` to `later`, the shorter way round.
fn between(earlier: i64, later: i64) -> i64 {
    (later - earlier + MODULO / 2).rem_euclid(MODULO) - MODULO / 2
}
