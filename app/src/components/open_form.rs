//! The form that opens a film.

use std::time::Duration;

use leptos::{ev::SubmitEvent, html, prelude::*, task::spawn_local};
use leptos_router::hooks::use_navigate;
use protocol::{Error, ErrorKind};

use crate::{api, browser, text::advice};

/// Opening answers at once; a server that takes longer has a problem.
const PATIENCE: Duration = Duration::from_secs(30);

#[component]
pub(crate) fn OpenForm() -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let form = NodeRef::<html::Form>::new();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Error>);
    let navigate = use_navigate();

    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
        // Submitted before the page was at work; see `root`.
        if let Some(form) = form.get().filter(|form| form.has_attribute("data-early")) {
            let _ = form.request_submit();
        }
    });

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(field) = field.get_untracked() else { return };
        if busy.get_untracked() {
            return;
        }
        let source = field.value().trim().to_owned();
        if source.is_empty() {
            problem.set(Some(Error::new(ErrorKind::InvalidSource, "the field is empty; paste a link to a video")));
            let _ = field.focus();
            return;
        }
        problem.set(None);
        busy.set(true);
        let navigate = navigate.clone();
        spawn_local(async move {
            let answer = api::within(PATIENCE, api::open(source, None, None)).await;
            if busy.is_disposed() {
                return;
            }
            busy.set(false);
            match answer {
                Ok(opened) => {
                    browser::keep_host_key(opened.session, &opened.host_key);
                    navigate(&format!("/watch/{}", opened.session), Default::default());
                }
                Err(error) => {
                    problem.set(Some(error.0));
                    let _ = field.focus();
                }
            }
        });
    };

    view! {
        <form class="open" method="post" action="/" novalidate node_ref=form on:submit=submit>
            <label for="source">"Paste a link"</label>
            <div class="open-row">
                <input
                    id="source"
                    name="source"
                    type="text"
                    inputmode="url"
                    enterkeyhint="go"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    autofocus
                    placeholder="https://example.org/film.mkv"
                    aria-describedby="source-hint source-problem"
                    aria-invalid=move || problem.with(Option::is_some).to_string()
                    node_ref=field
                />
                <button class="primary" type="submit" disabled=busy>
                    {move || if busy.get() { "Opening…" } else { "Watch" }}
                </button>
            </div>
            <p class="hint" id="source-hint">
                "The address of a video file: MKV, MP4, WebM and others. Its own subtitles and audio tracks come along."
            </p>
            <div id="source-problem" role="alert">
                {move || {
                    problem
                        .get()
                        .map(|error| {
                            let (heading, what_to_do) = advice(error.kind);
                            view! {
                                <div class="problem">
                                    <strong>{heading}</strong>
                                    <p>{what_to_do}</p>
                                    <p class="detail">{error.message}</p>
                                </div>
                            }
                        })
                }}
            </div>
        </form>
    }
}
