//! How the film is shared: who steered it last, who is waited for, and the way out and back.

use leptos::prelude::*;
use protocol::playhead::{PlayheadState, PlayheadView, Steering};

use crate::{
    text::shared_words,
    watch::{self, Watching},
};

#[component]
pub(crate) fn TogetherBar(watching: Watching) -> impl IntoView {
    let together = watching.together;
    let alone = together.alone;
    // Set anew only when they differ, since they are read out.
    let words = Memo::new(move |_| {
        if alone.get() {
            return Some("You watch on your own. The others don't see what you do.".to_owned());
        }
        together.view.with(|view| watching.viewers.with(|viewers| shared_words(view.as_ref()?, viewers)))
    });
    let in_company = Memo::new(move |_| watching.viewers.with(|viewers| viewers.len() > 1));
    // Where the host alone steers and is gone this is the way on.
    let held = Memo::new(move |_| {
        let host_only = |view: &PlayheadView| view.rules.steering == Steering::HostOnly;
        !watching.company.host.get() && together.view.with(|view| view.as_ref().is_some_and(host_only))
    });
    let can_leave = move || alone.get() || in_company.get() || held.get();
    let shown = move || can_leave() || together.refusal.with(Option::is_some);
    let gathers = Memo::new(move |_| {
        let gathers = |view: &PlayheadView| view.state == PlayheadState::Gathering && !view.lone;
        !alone.get() && together.view.with(|view| view.as_ref().is_some_and(gathers))
    });
    view! {
        <div class="together" class:shown=shown>
            <p class="quiet" role="status">{move || words.get().filter(|_| shown())}</p>
            <p class="detail" role="alert">{move || together.refusal.get()}</p>
            <Show when=move || gathers.get() && in_company.get()>
                <button type="button" on:click=move |_| watch::stay_paused(watching)>"Stay paused"</button>
            </Show>
            <Show when=can_leave>
                <button type="button" on:click=move |_| watch::set_alone(watching, !alone.get_untracked())>
                    {move || if alone.get() { "Back to the others" } else { "Watch on my own" }}
                </button>
            </Show>
        </div>
    }
}
