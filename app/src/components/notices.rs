//! What the viewer should know about this film: warnings, and how far one can seek.

use leptos::prelude::*;
use protocol::Reach;

use crate::{text::clock, watch::Watching};

#[component]
pub(crate) fn Notices(watching: Watching) -> impl IntoView {
    let warnings = Memo::new(move |_| watching.media().map(|media| media.warnings).unwrap_or_default());
    let as_read = Memo::new(move |_| {
        watching.view.with(|view| {
            let view = view.as_ref()?;
            let media = view.media.as_ref()?;
            (media.reach == Reach::AsRead).then_some(view.read_s)
        })
    });
    // Nothing but the video is in such a window, and of subtitles it shows text alone.
    let left_behind = Memo::new(move |_| {
        let chosen = watching.choice.get().subtitles;
        let by_page = !watching.burning.get() && watching.can_draw_pictures.get();
        watching.alone.get() && by_page && chosen.is_some_and(|track| watching.is_bitmap(track))
    });
    view! {
        <div class="notices" role="status">
            <Show when=move || left_behind.get()>
                <p class="advice">
                    "The video is in a window of its own, where these subtitles can't follow it since they are pictures. "
                    "Have them drawn into the picture, or choose others."
                </p>
            </Show>
            {move || {
                as_read
                    .get()
                    .map(|read_s| {
                        let far = read_s
                            .map_or_else(String::new, |read_s| format!(" So far that is up to about {}.", clock(read_s)));
                        view! {
                            <p class="advice">
                                "This link's server cannot seek: you can seek only in what has been read so far." {far}
                            </p>
                        }
                    })
            }}
            {move || {
                warnings.get().into_iter().map(|warning| view! { <p class="advice">{warning}</p> }).collect_view()
            }}
        </div>
    }
}
