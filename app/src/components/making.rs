//! How picture and sound are made for this browser, and why.

use leptos::prelude::*;
use protocol::{TrackId, VideoMode, choose};

use crate::{
    browser::languages,
    text::{SUBTITLES_OFF, picture_words, quality_label, sound_words, strain_words},
    watch::{self, Watching},
};

#[component]
pub(crate) fn Making(watching: Watching) -> impl IntoView {
    let words = Memo::new(move |_| {
        let plan = watching.plan.get()?;
        let sound = sound_words(&plan.audio, watching.choice.get().audio);
        let height = watching.media().and_then(|media| {
            let track = plan.video.as_ref()?.track;
            media.video.iter().find(|video| video.track == track).map(|video| video.height)
        });
        let picture = plan.video.as_ref().map(|video| picture_words(video, height));
        let words: Vec<_> = picture.into_iter().chain(sound).collect();
        Some(words.join(" ")).filter(|words| !words.is_empty())
    });
    let hint = Memo::new(move |_| {
        let copied = watching.plan.with(|plan| {
            let video = plan.as_ref().and_then(|plan| plan.video.as_ref());
            video.is_some_and(|video| video.mode == VideoMode::Copy)
        });
        let off = copied && watching.choice.get().subtitles.is_none();
        // What can be drawn over the picture would be, unless the viewer wants none.
        let needs_drawing_in = |track: &TrackId| {
            watching.plan.with(|plan| plan.as_ref().is_some_and(|plan| !plan.readable.contains(track)))
        };
        off.then(|| watching.media())
            .flatten()
            .and_then(|media| choose(&media, &languages()).subtitles)
            .filter(needs_drawing_in)
            .map(|_| SUBTITLES_OFF)
    });
    let strain = Memo::new(move |_| watch::strain(watching));
    view! {
        <div class="making" role="status">
            {move || words.get().map(|words| view! { <p class="quiet">{words}</p> })}
            {move || strain.get().map(|(strain, smaller)| view! {
                <p class="advice strain">
                    {strain_words(&strain, smaller)}
                    {smaller.map(|quality| view! {
                        " "
                        <button type="button" class="plain" on:click=move |_| watch::switch_quality(watching, quality)>
                            {format!("Watch at {}", quality_label(quality, None))}
                        </button>
                    })}
                </p>
            })}
            {move || hint.get().map(|hint| view! { <p class="hint">{hint}</p> })}
        </div>
    }
}
