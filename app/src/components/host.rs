//! What the host can do with the session: name it, list it, say who steers, and end it.

use leptos::{ev::SubmitEvent, html, prelude::*, task::spawn_local};
use leptos_router::hooks::use_navigate;
use protocol::{
    ErrorKind, HostChange, LONGEST_TITLE,
    playhead::{Rules, Steering},
};

use crate::{
    api, browser,
    watch::{self, Watching},
};

/// The host's part, shown to the host alone.
#[component]
pub(crate) fn Host(watching: Watching) -> impl IntoView {
    let session = watching.session;
    let host = watching.company.host;
    let asked = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    // A button that had the focus goes with the question, or comes with it: the focus goes over to the other.
    let (keeps, closes) = (NodeRef::<html::Button>::new(), NodeRef::<html::Button>::new());
    let kept = StoredValue::new(false);
    Effect::new(move |_| keeps.get().map(|button| button.focus()));
    Effect::new(move |_| closes.get().filter(|_| kept.get_value()).map(|button| button.focus()));
    let keep = move |_| {
        kept.set_value(true);
        asked.set(false);
    };
    let navigate = use_navigate();
    let close = Callback::new(move |()| {
        let Some(host_key) = watch::host_key(watching) else { return };
        let navigate = navigate.clone();
        spawn_local(async move {
            let answer = api::within(std::time::Duration::from_secs(15), api::close(session, host_key)).await;
            match answer {
                Err(error) if error.0.kind != ErrorKind::UnknownSession => {
                    if !problem.is_disposed() {
                        problem.set(Some(error.0.message));
                    }
                }
                // A session that is gone is what was wanted.
                _ => {
                    browser::forget_host_key(session);
                    if !problem.is_disposed() {
                        navigate("/", Default::default());
                    }
                }
            }
        });
    });
    move || {
        host.get().then(|| {
            view! {
                <div class="host">
                    <Rename watching />
                    <Listed watching />
                    <Wheel watching />
                    {move || {
                        if asked.get() {
                            view! {
                                <p>"The film ends for everybody. Close it?"</p>
                                <p class="actions">
                                    <button class="danger" on:click=move |_| close.run(())>"Close for everybody"</button>
                                    <button node_ref=keeps on:click=keep>"Keep it open"</button>
                                </p>
                            }
                                .into_any()
                        } else {
                            view! { <button node_ref=closes on:click=move |_| asked.set(true)>"Close the screening…"</button> }.into_any()
                        }
                    }}
                    <p class="detail" role="alert">{move || problem.get()}</p>
                </div>
            }
        })
    }
}

/// Who may steer the film, and whether it waits for everybody.
#[component]
fn Wheel(watching: Watching) -> impl IntoView {
    let rules = Memo::new(move |_| watching.together.view.with(|view| view.as_ref().map(|view| view.rules)));
    let change = move |change: fn(&mut Rules, bool), to: bool| {
        let mut rules = rules.get_untracked().unwrap_or_default();
        change(&mut rules, to);
        watch::set_rules(watching, rules);
    };
    view! {
        <fieldset class="wheel">
            <legend>"As the host you choose"</legend>
            <label>
                <input
                    type="checkbox"
                    prop:checked=move || rules.get().is_some_and(|rules| rules.steering == Steering::HostOnly)
                    on:change=move |event| {
                        change(
                            |rules, only| {
                                rules.steering = if only { Steering::HostOnly } else { Steering::Everybody };
                            },
                            event_target_checked(&event),
                        );
                    }
                />
                "Only I play, pause and seek"
            </label>
            <label>
                <input
                    type="checkbox"
                    prop:checked=move || rules.get().is_some_and(|rules| rules.wait_for_everybody)
                    on:change=move |event| {
                        change(|rules, wait| rules.wait_for_everybody = wait, event_target_checked(&event));
                    }
                />
                "Wait for everybody after a seek"
            </label>
        </fieldset>
    }
}

/// The screening's name.
#[component]
fn Rename(watching: Watching) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let said = RwSignal::new(None::<Result<(), String>>);
    let title = Memo::new(move |_| watching.title().unwrap_or_default());
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(field) = field.get_untracked() else { return };
        let title = field.value();
        spawn_local(async move {
            let answer = watch::change_as_host(watching, HostChange::Rename { title }).await;
            if !said.is_disposed() {
                said.set(Some(answer.map_err(|error| error.0.message)));
            }
        });
    };
    view! {
        <form class="name" on:submit=save>
            <label for="screening-title">"Name of the screening"</label>
            <div class="share-row">
                <input
                    id="screening-title"
                    type="text"
                    maxlength=LONGEST_TITLE.to_string()
                    autocomplete="off"
                    node_ref=field
                    prop:value=title
                    on:input=move |_| said.set(None)
                />
                <button type="submit">"Rename"</button>
            </div>
            <p class="hint" role="status">{move || matches!(said.get(), Some(Ok(()))).then_some("Renamed.")}</p>
            <p class="detail" role="alert">{move || said.get().and_then(Result::err)}</p>
        </form>
    }
}

/// Whether the screening stands on the home page.
#[component]
fn Listed(watching: Watching) -> impl IntoView {
    let problem = RwSignal::new(None::<String>);
    let field = NodeRef::<html::Input>::new();
    let change = move |listed: bool| {
        spawn_local(async move {
            let answer = watch::change_as_host(watching, HostChange::List { listed }).await;
            if problem.is_disposed() {
                return;
            }
            if let (Err(_), Some(field)) = (&answer, field.get_untracked()) {
                field.set_checked(!listed);
            }
            problem.set(answer.err().map(|error| error.0.message));
        });
    };
    view! {
        <label class="check">
            <input
                type="checkbox"
                node_ref=field
                prop:checked=move || watching.company.listed.get()
                on:change=move |event| change(event_target_checked(&event))
            />
            "Listed on the home page"
        </label>
        <p class="detail" role="alert">{move || problem.get()}</p>
    }
}
