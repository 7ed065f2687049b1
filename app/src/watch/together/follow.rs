//! Doing with the player what it takes to be where the others are.

use leptos::prelude::*;
use protocol::{
    HeartbeatReply,
    playhead::{Action, Exchange, PlayerState, PlayheadState, PlayheadView, Report},
};
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlMediaElement, HtmlVideoElement};

use super::{ffi, steer};
use crate::{
    browser,
    player::known_position_s,
    watch::{
        playback, presence,
        state::{Phase, Watching},
    },
};

/// While a command is on its way, in milliseconds.
const BUSY_MS: f64 = 50.0;
/// A player is loaded this much ahead of a running film, in seconds: so long it takes until there is a picture.
const LOAD_AHEAD_S: f64 = 1.0;

/// The timer and the closure that it calls.
pub(super) struct Ticking {
    timer: ffi::Timer,
    _heard: Closure<dyn FnMut()>,
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.timer.end();
    }
}

/// Looks at the player for as long as the page stands.
pub(in crate::watch) fn keep(watching: Watching) {
    let heard = Closure::<dyn FnMut()>::new(move || {
        if !watching.is_over() {
            look(watching);
        }
    });
    let timer = ffi::create_timer(&heard);
    timer.set(0.0);
    watching.together.ticking.set_value(Some(SendWrapper::new(Ticking { timer, _heard: heard })));
    on_cleanup(move || {
        let _ = watching.together.ticking.try_update_value(Option::take);
    });
    browser::listen("visibilitychange", move |_| {
        if browser::hidden() {
            return watching.together.hidden_since_ms.set_value(browser::monotonic_ms());
        }
        if watching.together.suspended.get_value() {
            watching.together.suspended.set_value(false);
            sync(watching);
        }
        look(watching);
    });
    for event in ["pageshow", "online"] {
        browser::listen(event, move |_| {
            watching.together.follower.update_value(|follower| follower.woke());
            look(watching);
        });
    }
}

/// Looks at the player, does what is to be done, and sees to the next look.
pub(in crate::watch) fn look(watching: Watching) {
    let together = watching.together;
    let now_ms = browser::monotonic_ms();
    let ready = watching.phase.get_untracked() == Phase::Showing
        && watching.problem.with_untracked(Option::is_none)
        && !watching.needs_click.get_untracked()
        && !together.suspended.get_value();
    let player = watching.video.get_untracked().filter(|_| ready).and_then(|video| Some((state(&video)?, video)));
    let is_busy = || together.queue.with_value(|queue| queue.is_busy());
    if let Some((player, _)) = player.as_ref().filter(|_| !is_busy()) {
        steer::catch_up(watching, player);
    }
    let busy = is_busy();
    let pause_ms = if busy {
        BUSY_MS
    } else if let Some((player, video)) = player {
        let action = together.follower.try_update_value(|follower| follower.tick(now_ms, &player));
        if let Some(action) = action {
            act(watching, &video, &action);
        }
        together.follower.with_value(|follower| follower.next_tick_ms())
    } else {
        // The element knows its own only after its first picture.
        let position_s = watching.place().position_s;
        together.follower.update_value(|follower| follower.absent(now_ms, position_s));
        together.follower.with_value(|follower| follower.next_tick_ms())
    };
    if together.follower.with_value(|follower| follower.beat_due(now_ms)) {
        presence::beat(watching);
    }
    together.ticking.with_value(|ticking| {
        if let Some(ticking) = ticking {
            ticking.timer.set(pause_ms);
        }
    });
}

/// None before the player knows the film's times.
fn state(video: &HtmlVideoElement) -> Option<PlayerState> {
    Some(PlayerState {
        position_s: known_position_s(video)?,
        paused: video.paused(),
        seeking: video.seeking(),
        buffering: video.ready_state() < HtmlMediaElement::HAVE_FUTURE_DATA && !video.ended(),
        ended: video.ended(),
        rate: video.playback_rate(),
    })
}

fn act(watching: Watching, video: &HtmlVideoElement, action: &Action) {
    if *action == Action::default() {
        return;
    }
    watching.together.note(action);
    if action.pause == Some(true) {
        let _ = video.pause();
    }
    if let Some(position_s) = action.seek_to_s {
        video.set_current_time(position_s);
    }
    if let Some(rate) = action.rate {
        video.set_playback_rate(rate);
    }
    if action.pause == Some(false) {
        playback::try_to_play(watching);
    }
}

/// The shared playhead is told: pushed, or in an answer.
pub(super) fn hear(watching: Watching, view: PlayheadView) {
    let now_ms = browser::monotonic_ms();
    let together = watching.together;
    let led = together.leads();
    together.follower.update_value(|follower| follower.hear(view, now_ms));
    if led && !together.leads() {
        // Somebody has come: what this viewer did so far was not for others.
        sync(watching);
    }
    let newest = together.follower.with_value(|follower| follower.view().cloned());
    // What is shown of it.
    let same = |a: &PlayheadView, b: &PlayheadView| {
        (a.revision, a.lone, a.led) == (b.revision, b.lone, b.led)
            && a.waiting_for == b.waiting_for
            && a.left_behind == b.left_behind
    };
    let known = together.view.with_untracked(|known| match (known, &newest) {
        (Some(known), Some(newest)) => same(known, newest),
        _ => false,
    });
    if !known {
        together.view.set(newest);
    }
    look(watching);
}

/// A heartbeat was answered that was sent at `sent_ms`.
pub(in crate::watch) fn heard_beat(watching: Watching, sent_ms: f64, reply: &HeartbeatReply) {
    let exchange = Exchange { sent_ms, server: reply.times, arrived_ms: browser::monotonic_ms() };
    watching.together.follower.update_value(|follower| follower.exchange(&exchange));
    hear(watching, reply.playhead.clone());
}

/// What to tell with a heartbeat that is sent now.
pub(in crate::watch) fn stood(watching: Watching, now_ms: f64) -> Option<Report> {
    watching.together.follower.try_update_value(|follower| {
        follower.beat_sent(now_ms);
        follower.report(now_ms)
    })
}

/// The player is loaded anew, to begin there: it stands, whatever it did.
pub(in crate::watch) fn loading(watching: Watching, position_s: f64) {
    let action = Action { pause: Some(true), seek_to_s: Some(position_s), rate: Some(1.0) };
    watching.together.note(&action);
    look(watching);
}

/// The browser does not play without a click: the player stands.
pub(in crate::watch) fn refused(watching: Watching) {
    let action = Action { pause: Some(true), ..Action::default() };
    watching.together.note(&action);
    look(watching);
}

/// Takes the player as it is: what was done with it before was not for the others.
pub(in crate::watch) fn sync(watching: Watching) {
    let Some(video) = watching.video.get_untracked() else { return };
    let action = Action { pause: Some(video.paused()), seek_to_s: None, rate: Some(video.playback_rate()) };
    watching.together.note(&action);
}

/// Where a player that is loaded now should begin, in seconds; none for who watches alone, or before the server has told.
pub(in crate::watch) fn start_s(watching: Watching) -> Option<f64> {
    let now_ms = browser::monotonic_ms();
    watching.together.follower.with_value(|follower| {
        let view = follower.view().filter(|_| follower.is_following() && !follower.leads())?;
        let position_s = follower.shared_position_s(now_ms).unwrap_or(view.position_s);
        let runs = view.state == PlayheadState::Playing;
        Some(position_s + if runs { LOAD_AHEAD_S * view.rate } else { 0.0 })
    })
}

/// Watches on without the others, or goes back to them.
pub(crate) fn set_alone(watching: Watching, alone: bool) {
    watching.together.refusal.set(None);
    watching.together.alone.set(alone);
    sync(watching);
    watching.together.follower.update_value(|follower| follower.follow(!alone));
    look(watching);
    presence::beat(watching);
}
