//! The menus of audio and subtitle tracks.

use leptos::prelude::*;
use protocol::TrackId;

use crate::{
    browser::language_name,
    text::{audio_label, subtitle_label},
    watch::{self, Watching},
};

#[component]
pub(crate) fn Tracks(watching: Watching) -> impl IntoView {
    // Filled when the server has told the tracks, which the server-rendered page never knows.
    let media = Memo::new(move |_| watching.media());
    let audio = move || {
        let tracks = media.get().map(|media| media.audio).unwrap_or_default();
        let chosen = Signal::derive(move || watching.choice.get().audio);
        if tracks.is_empty() {
            let words = if media.with(Option::is_some) { "No sound" } else { "Not known yet" };
            return view! { <option>{words}</option> }.into_any();
        }
        tracks
            .into_iter()
            .map(|track| {
                let language = track.language.as_deref().and_then(language_name);
                option(track.track, audio_label(&track, language.as_deref()), chosen)
            })
            .collect_view()
            .into_any()
    };
    let subtitles = move || {
        let chosen = Signal::derive(move || watching.choice.get().subtitles);
        let tracks = media.get().map(|media| media.subtitles).unwrap_or_default();
        view! {
            <option value="none" selected=move || chosen.get().is_none()>"None"</option>
            {tracks
                .into_iter()
                .map(|track| {
                    let language = track.language.as_deref().and_then(language_name);
                    option(track.track, subtitle_label(&track, language.as_deref()), chosen)
                })
                .collect_view()}
        }
    };
    let disabled = move |few: usize, count: usize| media.with(Option::is_none) || count < few;
    view! {
        <div class="tracks" role="group" aria-label="Tracks">
            <label>
                <span>"Audio"</span>
                <select
                    id="audio"
                    disabled=move || disabled(2, media.with(|m| m.as_ref().map_or(0, |m| m.audio.len())))
                    on:change=move |event| {
                        if let Ok(track) = event_target_value(&event).parse() {
                            watch::switch_audio(watching, track);
                        }
                    }
                >
                    {audio}
                </select>
            </label>
            <label>
                <span>"Subtitles"</span>
                <select
                    id="subtitles"
                    disabled=move || disabled(1, media.with(|m| m.as_ref().map_or(0, |m| m.subtitles.len())))
                    on:change=move |event| {
                        let value = event_target_value(&event);
                        watch::switch_subtitles(watching, value.parse().ok());
                    }
                >
                    {subtitles}
                </select>
            </label>
        </div>
    }
}

fn option(track: TrackId, label: String, chosen: Signal<Option<TrackId>>) -> impl IntoView {
    view! { <option value=track.to_string() selected=move || chosen.get() == Some(track)>{label}</option> }
}
