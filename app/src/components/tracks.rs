//! The menus of audio tracks, subtitle tracks and qualities.

use leptos::prelude::*;
use protocol::{Quality, SubtitleKind, TrackId, TrackKind};

use crate::{
    browser::language_name,
    components::look::SubtitleLook,
    text::{audio_label, quality_label, subtitle_label},
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
                .chain(watching.outside.get())
                .map(|track| {
                    let language = track.language.as_deref().and_then(language_name);
                    option(track.track, subtitle_label(&track, language.as_deref()), chosen)
                })
                .collect_view()}
        }
    };
    // What the plan says of the qualities; most plans that follow say the same, and the menu is not built anew.
    let qualities = Memo::new(move |_| {
        watching.plan.with(|plan| plan.as_ref().map(|plan| plan.qualities.clone()).unwrap_or_default())
    });
    let height = Memo::new(move |_| {
        let track = watching.choice.get().video?;
        media.with(|media| media.as_ref()?.video.iter().find(|video| video.track == track).map(|video| video.height))
    });
    let quality = move || {
        let offered = [Quality::Original].into_iter().chain(qualities.get());
        offered
            .map(|quality| {
                let selected = move || watching.quality.get() == quality;
                view! {
                    <option value=quality.as_str() selected=selected>{quality_label(quality, height.get())}</option>
                }
            })
            .collect_view()
    };
    // Other subtitles are drawn into the picture anyway, and those from outside never.
    let could_burn = Memo::new(move |_| {
        let chosen = watching.choice.get().subtitles;
        watching
            .plan
            .with(|plan| plan.as_ref().is_some_and(|plan| chosen.is_some_and(|track| plan.readable.contains(&track))))
    });
    let are_text = Memo::new(move |_| {
        let chosen = watching.choice.get().subtitles;
        media.with(|media| {
            let mut tracks = media.iter().flat_map(|media| &media.subtitles);
            tracks.any(|track| Some(track.track) == chosen && track.kind != SubtitleKind::Bitmap)
        }) || are_outside(chosen)
    });
    let able = move || if are_text.get() { watching.can_overlay.get() } else { watching.can_draw_pictures.get() };
    let by_the_page = move || {
        let film = able() && could_burn.get() && !watching.burning.get();
        film || are_outside(watching.choice.get().subtitles)
    };
    let drawn_text = Signal::derive(move || are_text.get() && able());
    // The server's first choice must not undo the viewer's.
    let unplanned = Memo::new(move |_| watching.plan.with(Option::is_none));
    let disabled = move |few: usize, count: usize| unplanned.get() || count < few;
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
                    disabled=move || disabled(1, {
                        let own = media.with(|m| m.as_ref().map_or(0, |m| m.subtitles.len()));
                        own + watching.outside.with(Vec::len)
                    })
                    on:change=move |event| {
                        let value = event_target_value(&event);
                        watch::switch_subtitles(watching, value.parse().ok());
                    }
                >
                    {subtitles}
                </select>
            </label>
            <label>
                <span>"Quality"</span>
                <select
                    id="quality"
                    disabled=move || disabled(1, qualities.with(Vec::len))
                    on:change=move |event| {
                        let value = event_target_value(&event);
                        let chosen = Quality::SMALLER.into_iter().find(|quality| quality.as_str() == value);
                        watch::switch_quality(watching, chosen.unwrap_or_default());
                    }
                >
                    {quality}
                </select>
            </label>
            <Show when=by_the_page>
                <SubtitleLook watching text=drawn_text />
            </Show>
            <Show when=move || could_burn.get()>
                <label class="check">
                    <input
                        id="burn"
                        type="checkbox"
                        prop:checked=move || watching.burning.get()
                        on:change=move |event| watch::burn_subtitles(watching, event_target_checked(&event))
                    />
                    <span>"Draw them into the picture, for casting or if they look wrong"</span>
                </label>
            </Show>
        </div>
    }
}

fn are_outside(track: Option<TrackId>) -> bool {
    track.is_some_and(|track| track.kind == TrackKind::Outside)
}

fn option(track: TrackId, label: String, chosen: Signal<Option<TrackId>>) -> impl IntoView {
    view! { <option value=track.to_string() selected=move || chosen.get() == Some(track)>{label}</option> }
}
