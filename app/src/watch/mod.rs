//! What happens while somebody watches: preparing, playing, telling the server.

mod bring;
mod company;
mod ending;
mod float;
mod full_screen;
mod keys;
mod plan;
mod playback;
mod prepare;
mod presence;
mod state;
mod strain;
mod subtitles;
mod together;
mod torrent;

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};

pub(crate) use bring::{bring_file, bring_link};
pub(crate) use company::{change as change_as_host, decline_name, host_key, react, say, show_messages_over};
pub(crate) use float::{can_float, toggle_float};
pub(crate) use full_screen::{can_fill_screen, fills_screen, toggle_full_screen};
pub(crate) use playback::{
    burn_subtitles, clicked_play, element_failed, first_frame, ran_dry, sought, switch_audio, switch_quality,
    switch_subtitles,
};
pub(crate) use presence::{acted, beat};
pub(crate) use state::{Phase, Watching};
pub(crate) use strain::strain;
pub(crate) use subtitles::{change_look, delay_by, follow as follow_subtitles};
pub(crate) use together::{paused, played, rate_changed, set_alone, set_rules, stay_paused};

/// Says something for a while, unless something else is said meanwhile.
fn say_for(place: RwSignal<Option<String>>, words: String, stays: Duration) {
    place.set(Some(words.clone()));
    spawn_local(async move {
        sleep(stays).await;
        // The page may have been left.
        if place.try_with_untracked(|said| said.as_ref() == Some(&words)) == Some(true) {
            place.set(None);
        }
    });
}

/// Starts everything for a page that has just been shown. Call it once; it runs in the browser alone.
pub(crate) fn begin(watching: Watching) {
    Effect::new(move |_| {
        watching.name.set(crate::browser::name());
        watching.look.set(crate::browser::Preferences::load().look);
        presence::keep(watching);
        company::begin(watching);
        together::keep_following(watching);
        together::keep_channel(watching);
        torrent::keep(watching);
        keys::listen(watching);
        // Here, since the server has no windows.
        on_cleanup(float::end);
    });
    Effect::new(move |_| {
        if let Some(video) = watching.video.get() {
            subtitles::watch_alone(watching, &video);
        }
    });
    // Each further attempt starts here again.
    Effect::new(move |_| {
        let attempt = watching.attempt.get();
        prepare::prepare(watching, attempt);
    });
    on_cleanup(move || {
        subtitles::clear(watching);
        playback::unload(watching);
    });
}
