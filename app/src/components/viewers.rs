//! Who watches, and under which name this viewer does.

use leptos::{
    ev::{MouseEvent, SubmitEvent},
    html,
    prelude::*,
    task::spawn_local,
};
use protocol::{HostChange, PublicViewerId, ViewerView};

use crate::{
    browser,
    text::{viewer_label, viewer_state},
    watch::{self, Watching},
};

#[component]
pub(crate) fn Viewers(watching: Watching) -> impl IntoView {
    let count = Memo::new(move |_| watching.viewers.with(Vec::len));
    let ids = move || watching.viewers.with(|viewers| viewers.iter().map(|it| it.id.clone()).collect::<Vec<_>>());
    let problem = RwSignal::new(None::<String>);
    let heading = NodeRef::<html::H2>::new();
    view! {
        <section class="card" aria-labelledby="viewers-heading">
            <h2 id="viewers-heading" tabindex="-1" node_ref=heading>
                "Watching" {move || (count.get() > 0).then(|| view! { <span class="count">{count}</span> })}
            </h2>
            <Show
                when=move || { count.get() > 0 }
                fallback=|| view! { <p class="quiet">"You will be listed here in a moment."</p> }
            >
                <ul class="viewers">
                    <For each=ids key=PublicViewerId::clone children=move |id| view! { <Line watching id problem heading /> } />
                </ul>
            </Show>
            <p class="detail" role="alert">{move || problem.get()}</p>
            <Name watching others=Signal::derive(move || count.get() > 1) />
        </section>
    }
}

/// One viewer's line. It stays while what it says changes, so that nothing in it loses the focus.
#[component]
fn Line(
    watching: Watching,
    id: PublicViewerId,
    problem: RwSignal<Option<String>>,
    heading: NodeRef<html::H2>,
) -> impl IntoView {
    let company = watching.company;
    let own = id.clone();
    let viewer = Memo::new(move |_| watching.viewers.with(|all| all.iter().find(|viewer| viewer.id == own).cloned()));
    let told = move |what: fn(&ViewerView) -> String| viewer.with(|viewer| viewer.as_ref().map(what));
    let is = move |what: fn(&ViewerView) -> bool| viewer.with(|viewer| viewer.as_ref().is_some_and(what));
    let name = Memo::new(move |_| told(viewer_label).unwrap_or_default());
    let state = Memo::new(move |_| told(viewer_state).unwrap_or_default());
    let colour = Memo::new(move |_| told(|viewer| viewer.colour.to_string()));
    let host = Memo::new(move |_| is(|viewer| viewer.host));
    let anonymous = Memo::new(move |_| is(|viewer| viewer.anonymous));
    let own = id.clone();
    let you = Memo::new(move |_| company.you.with(|you| you.as_ref() == Some(&own)));
    let has_menu = move || company.host.get() && !you.get() && !host.get();
    let id = StoredValue::new(id);
    view! {
        <li data-colour=move || colour.get()>
            <span class="viewer-name">
                <span class="dot" aria-hidden="true"></span>
                <bdi class="from">{name}</bdi>
                <Show when=move || you.get()><span class="quiet">" (you)"</span></Show>
                <Show when=move || host.get()><span class="role">"host"</span></Show>
            </span>
            <span class="quiet">{state}</span>
            <Show when=has_menu>
                <Menu watching id=id.get_value() name anonymous problem heading />
            </Show>
        </li>
    }
}

/// What the host is about to do with a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    HandOver,
    Remove,
}

/// What the host can do with another viewer. Each is asked for once more.
#[component]
fn Menu(
    watching: Watching,
    id: PublicViewerId,
    name: Memo<String>,
    anonymous: Memo<bool>,
    problem: RwSignal<Option<String>>,
    heading: NodeRef<html::H2>,
) -> impl IntoView {
    let details = NodeRef::<html::Details>::new();
    let asked = RwSignal::new(None::<Deed>);
    let id = StoredValue::new(id);
    let act = move |deed: Deed, event: &MouseEvent| {
        if asked.get_untracked() != Some(deed) {
            return asked.set(Some(deed));
        }
        // The second half of a double click is no second thought.
        if event.detail() > 1 {
            return;
        }
        asked.set(None);
        if let Some(details) = details.get_untracked() {
            let _ = details.remove_attribute("open");
        }
        // The button that had the focus is hidden, and the viewer's line or its menu will go.
        if let Some(heading) = heading.get_untracked() {
            let _ = heading.focus();
        }
        let viewer = id.get_value();
        let change = match deed {
            Deed::HandOver => HostChange::HandOver { viewer },
            Deed::Remove => HostChange::Remove { viewer },
        };
        spawn_local(async move {
            let answer = watch::change_as_host(watching, change).await;
            if !problem.is_disposed() {
                problem.set(answer.err().map(|error| error.0.message));
            }
        });
    };
    let words = move |deed: Deed| {
        let sure = asked.get() == Some(deed);
        match deed {
            Deed::HandOver if sure => format!("Yes, make {} the host", name.get()),
            Deed::HandOver => "Make host".to_owned(),
            Deed::Remove if sure => format!("Yes, remove {}", name.get()),
            Deed::Remove => "Remove".to_owned(),
        }
    };
    view! {
        <details class="viewer-menu" node_ref=details on:toggle=move |_| asked.set(None)>
            <summary aria-label=move || format!("What to do with {}", name.get())>"…"</summary>
            <div class="actions">
                <Show when=move || !anonymous.get()>
                    <button type="button" on:click=move |event| act(Deed::HandOver, &event)>{move || words(Deed::HandOver)}</button>
                </Show>
                <button type="button" class="danger" on:click=move |event| act(Deed::Remove, &event)>
                    {move || words(Deed::Remove)}
                </button>
            </div>
        </details>
    }
}

/// This viewer's own name. Who has none is asked for it once there are `others`.
#[component]
fn Name(watching: Watching, others: Signal<bool>) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let said = RwSignal::new(false);
    let asks =
        Memo::new(move |_| others.get() && watching.company.asks_name.get() && watching.name.with(Option::is_none));
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
    view! {
        <form class="name" class:asks=move || asks.get() on:submit=save>
            <label for="viewer-name">
                {move || if asks.get() { "What shall the others call you?" } else { "Your name" }}
            </label>
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
            <Show when=move || asks.get()>
                <button type="button" class="plain" on:click=move |_| watch::decline_name(watching)>"Not now"</button>
            </Show>
            <p class="hint" role="status">{move || said.get().then_some("Saved.")}</p>
        </form>
    }
}
