//! What a person does with the player reaches everybody.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};
use protocol::playhead::{Action, Command, PlayerState, PlayheadState, RATES, Rules};
use web_sys::HtmlVideoElement;

use super::follow;
use crate::{
    api, browser,
    watch::{
        company, say_for,
        state::{Phase, Watching},
    },
};

/// How long the answer to a command may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Tries while the server cannot be reached, and the pause between; then the player goes back to where the others are.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_secs(1);
/// How long the words about a refusal stand.
const REFUSAL_STAYS: Duration = Duration::from_secs(12);
/// A browser that pauses what is out of sight does it within this, in milliseconds.
const HIDING_MS: f64 = 1_500.0;

/// The player plays, or is about to.
pub(crate) fn played(watching: Watching) {
    let Some(video) = steering_video(watching) else { return };
    // An event may come late, when it is paused again; and what a browser paused by itself it also plays again.
    if video.paused() || watching.together.suspended.get_value() || !is_persons_pause(watching, false) {
        return;
    }
    stop(watching, &video);
    steer(watching, Command::play());
}

/// It goes on with the others, a moment later.
fn stop(watching: Watching, video: &HtmlVideoElement) {
    let stop = Action { pause: Some(true), ..Action::default() };
    watching.together.note(&stop);
    let _ = video.pause();
}

/// The click that the browser wanted: while the film is paused for all it plays for all.
pub(in crate::watch) fn clicked(watching: Watching) {
    let action = Action { pause: Some(false), ..Action::default() };
    watching.together.note(&action);
    let state = watching.together.view.with_untracked(|view| view.as_ref().map(|view| view.state));
    if state == Some(PlayheadState::Paused) && is_shared(watching) {
        steer(watching, Command::play());
    }
}

/// The player is paused.
pub(crate) fn paused(watching: Watching) {
    let Some(video) = steering_video(watching) else { return };
    // An event may come late, when it plays again.
    if !video.paused() || !is_persons_pause(watching, true) || video.ended() {
        return;
    }
    // Phones pause a page that goes out of sight, and desktops a film without sound. Later it is a headset's key.
    if browser::hidden() && browser::monotonic_ms() - watching.together.hidden_since_ms.get_value() < HIDING_MS {
        watching.together.suspended.set_value(true);
        return;
    }
    let command = Command::pause_at(video.current_time());
    let revision = watching.together.view.with_untracked(|view| view.as_ref().map(|view| view.revision));
    steer(watching, revision.map_or(command, |revision| command.on(revision)));
}

/// The player goes elsewhere, from `from_s` in seconds, where it waited for data or did not.
pub(crate) fn sought(watching: Watching, from_s: f64, waited: bool) {
    let Some(video) = steering_video(watching) else { return };
    let to_s = video.current_time();
    let (now_ms, runs) = (browser::monotonic_ms(), !video.paused());
    if watching.together.orders.with_value(|orders| orders.is_persons_seek(now_ms, from_s, to_s, waited, runs)) {
        // Its event may come after a look has seen it.
        let seen = Action { seek_to_s: Some(to_s), ..Action::default() };
        watching.together.note(&seen);
        if runs {
            stop(watching, &video);
        }
        steer(watching, Command::seek(to_s));
    }
}

/// A person has done something of which the events are still to come: it is taken in before the player is given orders
/// that would undo it.
pub(super) fn catch_up(watching: Watching, player: &PlayerState) {
    if player.seeking {
        sought(watching, watching.at_s.get_untracked(), watching.buffering.get_untracked());
    } else {
        watching.together.orders.update_value(|orders| orders.settled());
    }
    if player.paused {
        paused(watching);
    } else {
        played(watching);
    }
}

/// The player plays at another rate.
pub(crate) fn rate_changed(watching: Watching) {
    // Told by who watches alone as well, since heartbeats do not tell it.
    let Some(video) = showing_video(watching).filter(|_| !watching.together.alone.get_untracked()) else { return };
    let rate = video.playback_rate();
    if watching.together.orders.with_value(|orders| orders.is_persons_rate(rate)) {
        let shared = rate.clamp(*RATES.start(), *RATES.end());
        watching.together.note(&Action { rate: Some(shared), ..Action::default() });
        if shared != rate {
            video.set_playback_rate(shared);
        }
        steer(watching, Command::rate(shared));
    }
}

/// The host says who may steer, and whether all are waited for.
pub(crate) fn set_rules(watching: Watching, rules: Rules) {
    steer(watching, Command::rules(rules));
}

/// The film is about to go on by itself, and shall not.
pub(crate) fn stay_paused(watching: Watching) {
    steer(watching, Command::pause());
}

/// The player, where what is done with it is done to all.
fn steering_video(watching: Watching) -> Option<HtmlVideoElement> {
    showing_video(watching).filter(|_| is_shared(watching))
}

fn showing_video(watching: Watching) -> Option<HtmlVideoElement> {
    let showing = watching.phase.get_untracked() == Phase::Showing
        && watching.problem.with_untracked(Option::is_none)
        && !watching.needs_click.get_untracked();
    // Chromium pauses an element that fails.
    watching.video.get_untracked().filter(|video| showing && video.error().is_none())
}

fn is_shared(watching: Watching) -> bool {
    !watching.together.alone.get_untracked() && !watching.together.leads()
}

fn is_persons_pause(watching: Watching, paused: bool) -> bool {
    watching.together.orders.try_update_value(|orders| orders.is_persons_pause(paused)) == Some(true)
}

fn steer(watching: Watching, command: Command) {
    watching.together.refusal.set(None);
    watching.together.queue.update_value(|queue| queue.push(command));
    send(watching);
}

fn send(watching: Watching) {
    let Some(command) = watching.together.queue.try_update_value(|queue| queue.next()).flatten() else { return };
    let session = watching.session;
    spawn_local(async move {
        let mut tries = 1;
        let answer = loop {
            let call = api::steer(session, browser::viewer_token(), company::host_key(watching), command);
            let answer = api::within(PATIENCE, call).await;
            if watching.is_over() {
                return;
            }
            match answer {
                Err(error) if error.is_passing() && tries < TRIES => {
                    watching.reachable.set(false);
                    sleep(PAUSE).await;
                    if watching.is_over() {
                        return;
                    }
                    tries += 1;
                }
                answer => break answer,
            }
        };
        watching.together.queue.update_value(|queue| queue.answered());
        match answer {
            Ok(view) => follow::hear(watching, view),
            Err(error) => {
                say_for(watching.together.refusal, error.0.message, REFUSAL_STAYS);
                watching.together.follower.update_value(|follower| follower.refused());
                follow::look(watching);
            }
        }
        send(watching);
    });
}
