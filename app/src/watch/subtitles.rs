//! Drawing the chosen subtitles: over the picture where their events can be had and this browser can draw them, else as
//! text by the player, else into it.

use std::time::Duration;

use futures_util::future::join;
use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};
use protocol::TrackId;
use send_wrapper::SendWrapper;
use web_sys::HtmlVideoElement;

use super::{playback, state::Watching};
use crate::{
    api,
    browser::{Look, Preferences, fetch_text},
    overlay::{self, Overlay, Way},
};

/// By how much a press of a button or key changes the delay; as mpv's.
const DELAY_STEP_MS: i32 = 100;
/// A file that is further off is another cut of the film.
const MOST_DELAY_MS: i32 = 60_000;
/// How long an answer about subtitles may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long after a failure they are asked for again.
const PAUSE: Duration = Duration::from_secs(5);

/// The track that is drawn over the picture.
pub(crate) struct Drawn {
    track: TrackId,
    way: Way,
    /// Tells it from a former one.
    number: u32,
    /// None while it begins.
    overlay: Option<Overlay>,
}

/// Draws what is chosen in place of what was drawn before.
pub(super) fn draw(watching: Watching) {
    watching.player.with_value(|player| {
        if let Some(player) = player {
            player.show_texts(watching.texts());
        }
    });
    let wanted = watching.overlaid();
    let now = watching.drawn.with_value(|drawn| drawn.as_ref().map(|drawn| (drawn.track, drawn.way)));
    if wanted == now {
        return follow(watching);
    }
    let number = watching.drawings.with_value(|drawings| drawings + 1);
    watching.drawings.set_value(number);
    watching.drawn.set_value(wanted.map(|(track, way)| {
        // Whatever was drawn is taken away first.
        SendWrapper::new(Drawn { track, way, number, overlay: None })
    }));
    if let Some((track, way)) = wanted {
        spawn_local(async move {
            let mut beginning = begin(watching, (track, way), number).await;
            while beginning == Beginning::Unanswered && is_current(watching, number) {
                sleep(PAUSE).await;
                if is_current(watching, number) {
                    beginning = begin(watching, (track, way), number).await;
                }
            }
            // What this browser cannot draw is shown by its player, as far as it is text, or drawn into the picture.
            if beginning == Beginning::Impossible && way != Way::Cues && is_current(watching, number) {
                watching.can_draw(track).set(false);
                playback::reload(watching);
            }
        });
    }
}

/// Shows them with the video while it is shown without the page.
pub(super) fn watch_alone(watching: Watching, video: &HtmlVideoElement) {
    let watch = overlay::watch_alone(video, move |alone| {
        if !watching.is_over() && watching.alone.get_untracked() != alone {
            watching.alone.set(alone);
            draw(watching);
        }
    });
    let watch = SendWrapper::new(watch);
    on_cleanup(move || drop(watch));
}

/// Nothing is drawn over the picture any more.
pub(super) fn clear(watching: Watching) {
    let _ = watching.drawn.try_update_value(|drawn| drawn.take());
}

/// Asks for the events that are needed soon.
pub(crate) fn follow(watching: Watching) {
    // What is shown now begins by so much earlier in the film.
    let at_s = (watching.position().0 - f64::from(watching.delay_ms.get_untracked()) / 1000.0).max(0.0);
    let ask = watching.drawn.try_update_value(|drawn| {
        let Drawn { track, number, overlay, .. } = &mut **drawn.as_mut()?;
        let overlay = overlay.as_mut()?;
        let stretch = overlay.asked.next(at_s)?;
        Some((*number, stretch, overlay.fetch(watching.session, *track, stretch)))
    });
    let Some(Some((number, stretch, fetch))) = ask else { return };
    spawn_local(async move {
        let answer = api::within(PATIENCE, fetch).await;
        if answer.is_err() {
            // Until then it counts as asked for.
            sleep(PAUSE).await;
        }
        if !is_current(watching, number) {
            return;
        }
        watching.drawn.update_value(|drawn| {
            let Some(overlay) = drawn.as_mut().and_then(|drawn| drawn.overlay.as_mut()) else { return };
            overlay.answered(stretch, answer.as_ref().ok().copied());
        });
        follow(watching);
    });
}

/// Draws text in another look, in the next film too.
pub(crate) fn change_look(watching: Watching, change: impl FnOnce(&mut Look)) {
    watching.look.update(change);
    let look = look(watching);
    Preferences::change(|preferences| preferences.look = look);
    with_overlay(watching, |overlay| overlay.set_look(look));
}

/// Draws everything a step later than before, or earlier when `steps` is negative.
pub(crate) fn delay_by(watching: Watching, steps: i32) {
    let delay_ms = watching.delay_ms.get_untracked() + steps * DELAY_STEP_MS;
    let delay_ms = delay_ms.clamp(-MOST_DELAY_MS, MOST_DELAY_MS);
    watching.delay_ms.set(delay_ms);
    with_overlay(watching, |overlay| overlay.set_delay(delay_ms));
    follow(watching);
}

fn look(watching: Watching) -> Look {
    watching.look.get_untracked()
}

fn with_overlay(watching: Watching, act: impl FnOnce(&Overlay)) {
    watching.drawn.with_value(|drawn| {
        if let Some(overlay) = drawn.as_ref().and_then(|drawn| drawn.overlay.as_ref()) {
            act(overlay);
        }
    });
}

/// How the drawing of a track begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beginning {
    Drawn,
    /// The server did not give what is needed.
    Unanswered,
    /// This browser cannot.
    Impossible,
}

impl Beginning {
    fn of(drawn: bool) -> Self {
        if drawn { Self::Drawn } else { Self::Impossible }
    }
}

async fn begin(watching: Watching, (track, way): (TrackId, Way), number: u32) -> Beginning {
    let session = watching.session;
    match way {
        Way::Pictures => {
            let drawn = Overlay::can_be_pictures().await && take(watching, number, Overlay::of_pictures).await;
            return Beginning::of(drawn);
        }
        Way::Cues => return Beginning::of(take(watching, number, |video| Some(Overlay::of_cues(video))).await),
        Way::Script => {}
    }
    if !Overlay::is_possible().await {
        return Beginning::Impossible;
    }
    let script = api::within(PATIENCE, fetch_text(format!("/subtitles/{session}/{track}/header")));
    let fonts = api::within(PATIENCE, fetch_text(format!("/fonts/{session}")));
    let (script, fonts) = join(script, fonts).await;
    let fonts: Option<Vec<u32>> = fonts.ok().and_then(|fonts| serde_json::from_str(&fonts).ok());
    let (Ok(script), Some(fonts)) = (script, fonts) else { return Beginning::Unanswered };
    Beginning::of(take(watching, number, |video| Overlay::new(video, session, &script, &fonts)).await)
}

/// Draws by what `overlay` makes, unless something else is drawn by now; whether it is drawn.
async fn take(watching: Watching, number: u32, overlay: impl FnOnce(&HtmlVideoElement) -> Option<Overlay>) -> bool {
    if !is_current(watching, number) {
        return true;
    }
    let Some(overlay) = watching.video.get_untracked().and_then(|video| overlay(&video)) else { return false };
    if look(watching) != Look::default() {
        overlay.set_look(look(watching));
    }
    overlay.set_delay(watching.delay_ms.get_untracked());
    let ready = overlay.ready();
    watching.drawn.update_value(|drawn| {
        if let Some(drawn) = drawn.as_mut().filter(|drawn| drawn.number == number) {
            drawn.overlay = Some(overlay);
        }
    });
    follow(watching);
    ready.await
}

fn is_current(watching: Watching, number: u32) -> bool {
    !watching.is_over() && watching.drawings.get_value() == number
}
