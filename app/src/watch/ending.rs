//! A film that stands still right before its end.
//!
//! A decoder keeps its last frames back until it is told that no more come. hls.js tells it too late or never where it has not
//! seen the sound play, so `js/hls.js` does too. Where a decoder stands all the same, the page would wait for ever on a film
//! all of which it has.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};

use super::{playback, state::Watching};

/// This near to the end, in seconds, no stop is usual.
const NEAR_S: f64 = 2.0;
/// What may be missing of what is buffered, in seconds: containers round.
const ROUNDING_S: f64 = 0.25;
/// How often is looked, and how often in a row the film stands still with all of it there.
const LOOK: Duration = Duration::from_secs(1);
const LOOKS: u32 = 3;
/// The film is loaded anew so often at most.
const LOADS: u32 = 2;

/// Playing waits for data. If that is right before the end and all data are there, the film is loaded anew.
pub(super) fn look_after(watching: Watching) {
    let load = watching.loads.get_value();
    spawn_local(async move {
        let mut still = 0;
        while still < LOOKS {
            sleep(LOOK).await;
            if watching.is_over() || watching.loads.get_value() != load || !watching.buffering.get_untracked() {
                return;
            }
            match remaining(watching) {
                Some(Remaining { is_there: true }) => still += 1,
                Some(_) => still = 0,
                None => return,
            }
        }
        if watching.ends_missed.get_value() < LOADS {
            watching.ends_missed.update_value(|missed| *missed += 1);
            playback::reload(watching);
        }
    });
}

/// The film's last seconds.
struct Remaining {
    /// All of them are buffered.
    is_there: bool,
}

/// None far from the end, or when it has been reached.
fn remaining(watching: Watching) -> Option<Remaining> {
    let video = watching.video.get_untracked()?;
    let (at_s, end_s) = (video.current_time(), video.duration());
    if video.ended() || !end_s.is_finite() || at_s < end_s - NEAR_S {
        return None;
    }
    let buffered = video.buffered();
    let covers = |n: u32| {
        let stretch = buffered.start(n).ok().zip(buffered.end(n).ok());
        stretch.is_some_and(|(start, end)| start <= at_s && end >= end_s - ROUNDING_S)
    };
    Some(Remaining { is_there: (0..buffered.length()).any(covers) })
}
