//! The address to share, and the host's way to end it all.

use leptos::{html, prelude::*, task::spawn_local};
use leptos_router::hooks::use_navigate;
use protocol::{
    ErrorKind, HostKey,
    playhead::{Rules, Steering},
};

use crate::{
    api, browser,
    watch::{self, Watching},
};

#[component]
pub(crate) fn Share(watching: Watching) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let address = RwSignal::new(String::new());
    let said = RwSignal::new("");
    Effect::new(move |_| address.set(browser::address()));
    let copy = move |_| {
        let Some(field) = field.get_untracked() else { return };
        spawn_local(async move {
            let copied = browser::copy(field).await;
            if !said.is_disposed() {
                said.set(if copied { "Copied." } else { "Selected: copy it with your keyboard or menu." });
            }
        });
    };
    view! {
        <section class="card" aria-labelledby="share-heading">
            <h2 id="share-heading">"Share"</h2>
            <label class="visually-hidden" for="share-address">"This screening's address"</label>
            <div class="share-row">
                <input id="share-address" type="text" readonly node_ref=field prop:value=address />
                <button on:click=copy>"Copy"</button>
            </div>
            <p class="hint" role="status">
                {move || if said.get().is_empty() { "Whoever opens this address watches along." } else { said.get() }}
            </p>
            <Host watching />
        </section>
    }
}

/// The host's part: shown where this browser opened the session.
#[component]
fn Host(watching: Watching) -> impl IntoView {
    let session = watching.session;
    let key = RwSignal::new(None::<HostKey>);
    let asked = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let navigate = use_navigate();
    Effect::new(move |_| key.set(browser::host_key(session)));
    let close = Callback::new(move |()| {
        let Some(host_key) = key.get_untracked() else { return };
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
        key.with(Option::is_some).then(|| {
            view! {
                <div class="host">
                    <Wheel watching />
                    {move || {
                        if asked.get() {
                            view! {
                                <p>"The film ends for everybody. Close it?"</p>
                                <p class="actions">
                                    <button class="danger" on:click=move |_| close.run(())>"Close for everybody"</button>
                                    <button on:click=move |_| asked.set(false)>"Keep it open"</button>
                                </p>
                            }
                                .into_any()
                        } else {
                            view! { <button on:click=move |_| asked.set(true)>"Close the screening…"</button> }.into_any()
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
