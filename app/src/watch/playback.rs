//! Loading the film, changing its tracks, and getting over faults.

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};
use protocol::TrackId;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::DomException;

use super::state::{Phase, Resume, Watching};
use crate::{
    browser,
    player::{Event, Fault, Player, Source, Step, master_url},
};

/// Loads the chosen tracks from `resume` on, in place of what was loaded.
pub(super) fn load(watching: Watching, resume: Resume) {
    let Some(video) = watching.video.get_untracked() else { return };
    let load = watching.loads.with_value(|loads| loads + 1);
    watching.loads.set_value(load);
    watching.resume.set_value(resume);
    watching.needs_click.set(false);
    watching.queueing.set(false);
    watching.ahead.set_value(None);
    watching.phase.set(Phase::FirstSegment);
    watching.player.set_value(None);
    let source = Source {
        url: master_url(watching.session, watching.choice.get_untracked()),
        start_s: resume.position_s,
        viewer: browser::viewer_token(),
    };
    spawn_local(async move {
        let opened = Player::open(video, source, move |event| heard(watching, load, event)).await;
        if !is_current(watching, load) {
            return;
        }
        match opened {
            Ok(player) => {
                watching.player.set_value(Some(SendWrapper::new(player)));
                if resume.play {
                    try_to_play(watching);
                }
            }
            Err(error) => watching.give_up(error),
        }
    });
}

/// Loads the same tracks again where playing is: the subtitles drawn into the picture, or the film's end, changed.
pub(super) fn reload(watching: Watching) {
    let (position_s, paused) = watching.position();
    let showing = watching.phase.get_untracked() == Phase::Showing;
    // A film that has not begun, or waits for a click, is one that the viewer wants to see playing.
    let play = !paused || !showing;
    load(watching, Resume { position_s, play });
}

/// Takes the film out of the page.
pub(super) fn unload(watching: Watching) {
    let _ = watching.player.try_update_value(|player| player.take());
}

/// Plays, or asks for the click without which this browser does not.
pub(crate) fn try_to_play(watching: Watching) {
    let Some(Ok(promise)) = watching.video.get_untracked().map(|video| video.play()) else { return };
    spawn_local(async move {
        let refused = JsFuture::from(promise)
            .await
            .err()
            .is_some_and(|error| error.dyn_into::<DomException>().is_ok_and(|error| error.name() == "NotAllowedError"));
        if refused && !watching.is_over() {
            watching.needs_click.set(true);
        }
    });
}

/// The first picture is there.
pub(crate) fn first_frame(watching: Watching) {
    if watching.phase.get_untracked() == Phase::FirstSegment {
        watching.phase.set(Phase::Showing);
    }
}

/// Nothing more is buffered. If the next part is known to be damaged, that is shown now.
pub(crate) fn ran_dry(watching: Watching) {
    if let Some(error) = watching.take_damage() {
        watching.give_up(error);
    }
}

/// The viewer goes elsewhere, where the film may be sound.
pub(crate) fn sought(watching: Watching) {
    if watching.take_damage().is_some() {
        with_player(watching, Player::retry);
    }
}

/// Plays another audio track, without loading anew where the player can.
pub(crate) fn switch_audio(watching: Watching, audio: TrackId) {
    watching.choice.update(|choice| choice.audio = Some(audio));
    let switched =
        watching.player.with_value(|player| player.as_ref().is_some_and(|player| player.switch_audio(audio.order)));
    if !switched {
        reload(watching);
    }
}

/// Plays with another subtitle track, or none. It is drawn into the picture, so the picture is loaded anew.
pub(crate) fn switch_subtitles(watching: Watching, subtitles: Option<TrackId>) {
    watching.choice.update(|choice| choice.subtitles = subtitles);
    reload(watching);
}

/// The video element itself reported an error, which hls.js does on its own where it is at work.
pub(crate) fn failed_natively(watching: Watching) {
    let native = watching.player.with_value(|player| player.as_ref().is_some_and(|player| player.is_native()));
    if native {
        let load = watching.loads.get_value();
        let fault = Fault::Media { details: "the browser's own player".into(), fatal: true };
        heard(watching, load, Event::Fault(fault));
    }
}

fn is_current(watching: Watching, load: u32) -> bool {
    !watching.is_over() && watching.loads.get_value() == load
}

/// Has the player do something, if there is one.
fn with_player(watching: Watching, act: fn(&Player)) {
    watching.player.with_value(|player| {
        if let Some(player) = player {
            act(player);
        }
    });
}

fn heard(watching: Watching, load: u32, event: Event) {
    if !is_current(watching, load) {
        return;
    }
    match event {
        Event::Parsed => with_player(watching, Player::parsed),
        Event::Buffered => {
            watching.recovery.update_value(|recovery| recovery.progress());
            watching.reachable.set(true);
            watching.queueing.set(false);
        }
        Event::Fault(fault) => {
            let Some(step) = watching.recovery.try_update_value(|recovery| recovery.step(fault, watching.position().0))
            else {
                return;
            };
            match step {
                Step::Ignore => {}
                Step::AwaitPlace => watching.queueing.set(true),
                Step::RecoverMedia => with_player(watching, Player::recover_media),
                Step::GiveUp(error) => watching.give_up(error),
                Step::GiveUpWhenDry(error) if watching.is_dry() => watching.give_up(error),
                Step::GiveUpWhenDry(error) => watching.ahead.set_value(Some(error)),
                Step::RetryAfter(wait) => {
                    watching.reachable.set(false);
                    spawn_local(async move {
                        sleep(wait).await;
                        if is_current(watching, load) {
                            with_player(watching, Player::retry);
                        }
                    });
                }
            }
        }
    }
}
