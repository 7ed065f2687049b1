//! Telling the server that this viewer is there, and when it goes.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};
use protocol::{ErrorKind, Heartbeat, HeartbeatReply, Leave, SessionState, SubtitleTrack};
use wasm_bindgen::JsCast;
use web_sys::PageTransitionEvent;

use super::{
    company, playback,
    state::{Phase, Watching},
    together,
};
use crate::{api, browser};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(6);
/// Play, pause and seek come in bursts; one heartbeat tells them all.
const BURST: Duration = Duration::from_millis(250);
/// How far the film's end may move before the playlist is loaded anew, in seconds.
const END_TOLERANCE_S: f64 = 0.5;

/// Beats when something happens to the page, and leaves when it goes. The regular beats are those of `together`.
pub(super) fn keep(watching: Watching) {
    browser::listen("pagehide", move |_| leave(watching));
    browser::listen("pageshow", move |event| {
        // The browser kept the page and shows it again: the viewer had left.
        if event.dyn_into::<PageTransitionEvent>().is_ok_and(|event| event.persisted()) {
            beat(watching);
        }
    });
    browser::listen("visibilitychange", move |_| beat_soon(watching));
    on_cleanup(move || leave(watching));
}

/// Something was done with the player. Who watches alone is where the next beat says, for somebody who comes at this
/// moment too: it goes out at once.
pub(crate) fn acted(watching: Watching) {
    if watching.together.leads() { beat(watching) } else { beat_soon(watching) }
}

/// A heartbeat once the current burst of events is over.
pub(crate) fn beat_soon(watching: Watching) {
    let asked = watching.beats_asked.with_value(|asked| asked + 1);
    watching.beats_asked.set_value(asked);
    spawn_local(async move {
        sleep(BURST).await;
        if !watching.is_over() && watching.beats_asked.get_value() == asked {
            beat(watching);
        }
    });
}

/// A heartbeat now, unless one is on its way or the server is not known to have the session.
pub(crate) fn beat(watching: Watching) {
    if watching.is_gone() || watching.view.with_untracked(Option::is_none) {
        return;
    }
    if watching.beating.get_value() {
        // What has happened meanwhile is told as soon as that one is answered.
        return watching.beat_again.set_value(true);
    }
    watching.beating.set_value(true);
    // Before its first picture the element has a place of its own.
    let showing = watching.phase.get_untracked() == Phase::Showing;
    let (position_s, paused) = if showing { watching.position() } else { (watching.place().position_s, true) };
    let sent_ms = browser::monotonic_ms();
    let carried = company::host_key(watching);
    let beat = Heartbeat {
        host_key: carried.clone(),
        heard: Some(watching.company.heard()),
        // An empty one takes it back.
        name: Some(watching.name.get_untracked().unwrap_or_default()),
        hidden: browser::hidden(),
        report: together::stood(watching, sent_ms),
        sent_ms: Some(sent_ms),
        ..Heartbeat::new(watching.session, browser::viewer_token(), position_s, paused)
    };
    spawn_local(async move {
        let answer = api::within(PATIENCE, api::heartbeat(beat)).await;
        if watching.is_over() {
            return;
        }
        watching.beating.set_value(false);
        let again = watching.beat_again.get_value();
        watching.beat_again.set_value(false);
        match answer {
            Ok(reply) => {
                together::heard_beat(watching, sent_ms, &reply);
                company::answered(watching, carried.as_ref(), &reply);
                answered(watching, reply);
                if again {
                    self::beat(watching);
                }
            }
            // A session that fell asleep meanwhile wakes with a beat, if there is room for it.
            Err(error) if matches!(error.0.kind, ErrorKind::UnknownSession | ErrorKind::AtCapacity) => {
                watching.give_up(error.0);
            }
            Err(error) if error.0.is_removed() => company::removed(watching, error.0),
            Err(_) => watching.reachable.set(false),
        }
    });
}

fn answered(watching: Watching, reply: HeartbeatReply) {
    watching.reachable.set(true);
    watching.viewers.set(reply.viewers);
    if watching.strains.with_untracked(|strains| *strains != reply.strains) {
        watching.strains.set(reply.strains);
    }
    told(watching, reply.session_state, reply.outside, reply.duration_s);
}

/// The server says where the session is in its life, what viewers brought along, and how long the film is.
pub(super) fn told(watching: Watching, state: SessionState, outside: Vec<SubtitleTrack>, duration_s: Option<f64>) {
    watching.tell_outside(outside);
    if state == SessionState::Failed && watching.problem.with_untracked(Option::is_none) {
        // The session's own account says what failed.
        watching.try_again();
        return;
    }
    if let Some(duration_s) = duration_s {
        watching.duration_s.set(Some(duration_s));
        end_at(watching, duration_s);
    }
}

/// Loads the playlist anew when the film's end is elsewhere than the loaded one says.
fn end_at(watching: Watching, duration_s: f64) {
    if watching.phase.get_untracked() != Phase::Showing {
        return;
    }
    let Some(video) = watching.video.get_untracked() else { return };
    let loaded = video.duration();
    let moved = loaded.is_finite() && (loaded - duration_s).abs() > END_TOLERANCE_S;
    // Once for each new end: if the playlist does not follow, loading it again and again would not help.
    if moved && watching.reloaded_for_s.get_value() != Some(duration_s) {
        watching.reloaded_for_s.set_value(Some(duration_s));
        playback::reload(watching);
    }
}

fn leave(watching: Watching) {
    let leave = Leave { session: watching.session, viewer: browser::viewer_token() };
    if let Ok(json) = serde_json::to_string(&leave) {
        browser::send_beacon("/api/leave", &json);
    }
}
