//! Who watches, and under which name this viewer does.

use leptos::{ev::SubmitEvent, html, prelude::*};
use protocol::ViewerView;

use crate::{
    browser,
    text::{clock, viewer_label},
    watch::{self, Watching},
};

#[component]
pub(crate) fn Viewers(watching: Watching) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let said = RwSignal::new(false);
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(field) = field.get_untracked() else { return };
        let kept = browser::keep_name(&field.value());
        if watching.name.get_untracked() != kept {
            watching.name.set(kept);
            watch::beat(watching);
        }
        said.set(true);
    };
    let count = move || watching.viewers.with(Vec::len);
    view! {
        <section class="card" aria-labelledby="viewers-heading">
            <h2 id="viewers-heading">
                "Watching" {move || (count() > 0).then(|| view! { <span class="count">{count()}</span> })}
            </h2>
            {move || {
                let viewers = watching.viewers.get();
                if viewers.is_empty() {
                    view! { <p class="quiet">"You will be listed here in a moment."</p> }.into_any()
                } else {
                    view! { <ul class="viewers">{viewers.iter().map(line).collect_view()}</ul> }.into_any()
                }
            }}
            <form class="name" on:submit=save>
                <label for="viewer-name">"Your name"</label>
                <div class="share-row">
                    <input
                        id="viewer-name"
                        type="text"
                        maxlength="40"
                        autocomplete="nickname"
                        placeholder="Shown to the others"
                        node_ref=field
                        prop:value=move || watching.name.get().unwrap_or_default()
                        on:input=move |_| said.set(false)
                    />
                    <button type="submit">"Save"</button>
                </div>
                <p class="hint" role="status">{move || said.get().then_some("Saved.")}</p>
            </form>
        </section>
    }
}

fn line(viewer: &ViewerView) -> impl IntoView + use<> {
    let state = if viewer.anonymous {
        "playing elsewhere".to_owned()
    } else if viewer.paused {
        format!("paused at {}", clock(viewer.position_s))
    } else {
        clock(viewer.position_s)
    };
    view! {
        <li>
            <span class="viewer-name">{viewer_label(viewer)}</span>
            <span class="quiet">{state}</span>
        </li>
    }
}
