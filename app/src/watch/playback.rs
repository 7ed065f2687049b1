//! Loading the film, changing its tracks, and getting over faults.

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};
use protocol::{Error, Quality, TrackId};
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::DomException;

use super::{
    ending, plan,
    state::{Phase, Resume, Watching},
    subtitles, together,
};
use crate::{
    browser::{self, Preferences, Subtitles},
    player::{Event, Fault, Player, Recovery, Source, Step, Witness, copied, master_url},
};

/// At the very end there is no picture to begin with, so that nothing would ever be shown: a player begins this much before
/// it at the latest, in seconds.
const BEFORE_END_S: f64 = 0.5;

/// Loads the chosen tracks from `resume` on, in place of what was loaded.
pub(super) fn load(watching: Watching, resume: Resume) {
    let Some(video) = watching.video.get_untracked() else { return };
    // With the others it starts where they are, when they come by.
    let shared_s = together::start_s(watching);
    let latest_s = watching.duration_s.get_untracked().map_or(f64::INFINITY, |end_s| (end_s - BEFORE_END_S).max(0.0));
    let position_s = shared_s.unwrap_or(resume.position_s).min(latest_s);
    let resume = Resume { position_s, ..resume };
    let load = watching.loads.with_value(|loads| loads + 1);
    watching.loads.set_value(load);
    watching.resume.set_value(resume);
    subtitles::draw(watching);
    watching.needs_click.set(false);
    watching.queueing.set(false);
    watching.ahead.set_value(None);
    watching.phase.set(Phase::FirstSegment);
    watching.player.set_value(None);
    together::loading(watching, resume.position_s);
    let source = Source {
        url: master_url(watching.session, &watching.query()),
        start_s: resume.position_s,
        viewer: browser::viewer_token(),
        texts: watching.texts(),
    };
    spawn_local(async move {
        let opened = Player::open(video, source, move |event| heard(watching, load, event)).await;
        if !is_current(watching, load) {
            return;
        }
        match opened {
            Ok(player) => {
                // An iPhone loads nothing before it is played.
                let at_once = shared_s.is_none() || player.is_native();
                watching.player.set_value(Some(SendWrapper::new(player)));
                if resume.play && at_once {
                    try_to_play(watching);
                }
            }
            Err(error) => watching.give_up(error),
        }
    });
}

/// Loads what is chosen anew where playing is: the picture that the server makes, or the film's end, changed.
pub(super) fn reload(watching: Watching) {
    load_anew(watching);
    plan::refresh(watching);
}

/// Loads what is chosen anew where playing is, made as it was.
fn load_anew(watching: Watching) {
    load(watching, watching.place());
}

/// Takes the film out of the page.
pub(super) fn unload(watching: Watching) {
    let _ = watching.player.try_update_value(|player| player.take());
}

/// Plays, or asks for the click without which this browser does not.
pub(super) fn try_to_play(watching: Watching) {
    let Some(Ok(promise)) = watching.video.get_untracked().map(|video| video.play()) else { return };
    spawn_local(async move {
        let refused = JsFuture::from(promise)
            .await
            .err()
            .is_some_and(|error| error.dyn_into::<DomException>().is_ok_and(|error| error.name() == "NotAllowedError"));
        if refused && !watching.is_over() {
            watching.needs_click.set(true);
            together::refused(watching);
        }
    });
}

/// A key that plays was pressed.
pub(super) fn press_play(watching: Watching) {
    if watching.needs_click.get_untracked() { clicked_play(watching) } else { try_to_play(watching) }
}

/// The viewer has clicked where the browser wanted a click. It plays at once, within the click, as some browsers want it;
/// the next look brings it to the others.
pub(crate) fn clicked_play(watching: Watching) {
    watching.needs_click.set(false);
    together::clicked(watching);
    try_to_play(watching);
    together::look(watching);
}

/// The film plays, or is about to: the first picture is there.
pub(crate) fn first_frame(watching: Watching) {
    if watching.phase.get_untracked() == Phase::FirstSegment {
        watching.phase.set(Phase::Showing);
        together::sync(watching);
        together::look(watching);
    }
}

/// Nothing more is buffered. If the next part is known to be damaged, that is shown now.
pub(crate) fn ran_dry(watching: Watching) {
    match watching.take_damage() {
        Some(error) => fail(watching, error, Witness::Server),
        None => ending::look_after(watching),
    }
}

/// Playing goes elsewhere from `from_s`, where the film may be sound. Whether it `waited` for data before.
pub(crate) fn sought(watching: Watching, from_s: f64, waited: bool) {
    together::sought(watching, from_s, waited);
    subtitles::follow(watching);
    if watching.take_damage().is_some() {
        with_player(watching, Player::retry);
    }
}

/// Plays another audio track, without loading anew where the player can.
pub(crate) fn switch_audio(watching: Watching, audio: TrackId) {
    watching.choice.update(|choice| choice.audio = Some(audio));
    let media = watching.media_untracked();
    let language = media.and_then(|media| media.audio.iter().find(|track| track.track == audio)?.language_tag());
    if language.is_some() {
        Preferences::change(|preferences| preferences.audio = language);
    }
    let switched =
        watching.player.with_value(|player| player.as_ref().is_some_and(|player| player.switch_audio(audio.order)));
    if !switched {
        reload(watching);
    }
}

/// Plays with another subtitle track, or none.
pub(crate) fn switch_subtitles(watching: Watching, subtitles: Option<TrackId>) {
    change_picture(watching, |watching| watching.choice.update(|choice| choice.subtitles = subtitles));
    let media = watching.media_untracked();
    let language = |id| media.and_then(|media| media.subtitles.iter().find(|track| track.track == id)?.language_tag());
    let liked = match subtitles {
        None => Some(Subtitles::Off),
        Some(track) => language(track).map(Subtitles::Language),
    };
    if let Some(liked) = liked {
        Preferences::change(|preferences| preferences.subtitles = liked);
    }
}

/// Switches the subtitles off, or on again: those that were on before, else the film's first.
pub(crate) fn toggle_subtitles(watching: Watching) {
    // The server's first choice must not undo the viewer's.
    if watching.plan.with_untracked(Option::is_none) {
        return;
    }
    let shown = watching.choice.get_untracked().subtitles;
    let first = || {
        let of_film = watching.media_untracked().and_then(|media| Some(media.subtitles.first()?.track));
        of_film.or_else(|| watching.outside.with_untracked(|tracks| Some(tracks.first()?.track)))
    };
    let next = if shown.is_some() { None } else { watching.hidden_track.get_value().or_else(first) };
    watching.hidden_track.set_value(shown.or(next));
    change_picture(watching, |watching| watching.choice.update(|choice| choice.subtitles = next));
}

/// Draws subtitles into the picture, or over it where they can be.
pub(crate) fn burn_subtitles(watching: Watching, burning: bool) {
    change_picture(watching, |watching| watching.burning.set(burning));
}

/// Changes what is drawn. Only where that is drawn into the picture, before or after, is the picture loaded anew.
fn change_picture(watching: Watching, change: impl FnOnce(Watching)) {
    let before = watching.query();
    change(watching);
    if watching.query() == before { subtitles::draw(watching) } else { reload(watching) }
}

/// Plays a picture of another size, from the next film on too.
pub(crate) fn switch_quality(watching: Watching, quality: Quality) {
    watching.quality.set(quality);
    browser::keep_quality(quality);
    reload(watching);
}

/// The video element itself reported an error: the browser could not decode.
pub(crate) fn element_failed(watching: Watching) {
    if watching.video.get_untracked().is_some_and(|video| video.error().is_some()) {
        let fault = Fault::Media { details: Fault::DECODER.into(), fatal: true };
        heard(watching, watching.loads.get_value(), Event::Fault(fault));
    }
}

/// Ends playing with an error, unless a copied track was at fault, which may yet play encoded.
fn fail(watching: Watching, error: Error, witness: Witness) {
    let audio = watching.choice.get_untracked().audio;
    let copied = watching.plan.with_untracked(|plan| copied(&watching.query(), plan.as_ref(), audio));
    let helps = watching.fallback.try_update_value(|fallback| fallback.helps(error.kind, witness, copied));
    if helps != Some(true) {
        return watching.give_up(error);
    }
    // What was tried for the copied picture is no account of the encoded one.
    watching.recovery.set_value(Recovery::default());
    reload(watching);
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
            let witness = if matches!(fault, Fault::Media { .. }) { Witness::Browser } else { Witness::Server };
            let Some(step) = watching.recovery.try_update_value(|recovery| recovery.step(fault, watching.position().0))
            else {
                return;
            };
            match step {
                Step::Ignore => {}
                Step::AwaitPlace => watching.queueing.set(true),
                Step::Reload => load_anew(watching),
                Step::GiveUp(error) => fail(watching, error, witness),
                Step::GiveUpIfDry(error) if watching.is_dry() => fail(watching, error, witness),
                Step::GiveUpIfDry(_) => {}
                Step::GiveUpWhenDry(error) => {
                    watching.ahead.set_value(Some(error));
                    if watching.is_dry() {
                        ran_dry(watching);
                    }
                }
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
