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
    view! {
        <div class="notices" role="status">
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
