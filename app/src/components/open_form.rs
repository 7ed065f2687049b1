//! The form that opens a film.

use leptos::{
    ev::{DragEvent, SubmitEvent},
    html,
    prelude::*,
};
use leptos_router::hooks::use_navigate;
use protocol::SessionId;
use wasm_bindgen::JsCast as _;
use web_sys::{File, Node};

use super::{
    choose_file::{ChooseFile, Chosen},
    opening::{Doing, Opening, Problem},
};
use crate::text::{advice, torrent_advice};

#[component]
pub(crate) fn OpenForm() -> impl IntoView {
    let form = NodeRef::<html::Form>::new();
    let file = NodeRef::<html::Input>::new();
    let dropping = RwSignal::new(false);
    let navigate = use_navigate();
    let go = move |session: SessionId| navigate(&format!("/watch/{session}"), Default::default());
    let opening = Opening::new(Callback::new(go));
    let take = move || {
        let Some(input) = file.get_untracked() else { return };
        let chosen = input.files().and_then(|files| files.get(0));
        // So that choosing the same one again is a change.
        input.set_value("");
        if let Some(chosen) = chosen {
            opening.take_file(chosen);
        }
    };

    Effect::new(move |_| {
        if let Some(field) = opening.field.get() {
            let _ = field.focus();
        }
        // Submitted or chosen before the page was at work; see `root`.
        if let Some(form) = form.get().filter(|form| form.has_attribute("data-early")) {
            let _ = form.request_submit();
        }
        take();
    });

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        opening.submit();
    };
    let choose = Callback::new(move |Chosen { source, film, subtitles }| opening.open(source, Some(film), subtitles));
    let drag = move |event: DragEvent| {
        if has_files(&event) {
            event.prevent_default();
            dropping.set(true);
        }
    };
    let drag_away = move |event: DragEvent| {
        // What it moves to may be a part of the form.
        let to = event.related_target().and_then(|to| to.dyn_into::<Node>().ok());
        if !form.get_untracked().is_some_and(|form| form.contains(to.as_ref())) {
            dropping.set(false);
        }
    };
    let drop_file = move |event: DragEvent| {
        dropping.set(false);
        if has_files(&event) {
            event.prevent_default();
            if let Some(dropped) = first_file(&event) {
                opening.take_file(dropped);
            }
        }
    };

    let doing = opening.doing;
    let busy = move || doing.get() != Doing::Nothing;
    let can_call_off = Memo::new(move |_| doing.get().words().is_some());
    view! {
        <form
            class="open"
            class:dropping=move || dropping.get()
            method="post"
            action="/"
            novalidate
            node_ref=form
            on:submit=submit
            on:dragenter=drag
            on:dragover=drag
            on:dragleave=drag_away
            on:drop=drop_file
        >
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
                    placeholder="https://example.org/film.mkv or magnet:?xt=…"
                    aria-describedby="source-hint source-problem"
                    aria-invalid=move || opening.problem.with(Option::is_some).to_string()
                    node_ref=opening.field
                />
                <button class="primary" type="submit" disabled=busy>
                    {move || if doing.get() == Doing::Opening { "Opening…" } else { "Watch" }}
                </button>
            </div>
            <div class="waiting">
                <p role="status">{move || doing.get().words()}</p>
                <Show when=move || can_call_off.get()>
                    <button type="button" on:click=move |_| opening.call_off()>"Cancel"</button>
                </Show>
            </div>
            <p class="hint" id="source-hint">
                "The address of a video file (MKV, MP4, WebM and others), or a magnet link. "
                "The film's own subtitles and audio tracks come along."
            </p>
            <label class="check">
                <input type="checkbox" name="private" node_ref=opening.private />
                "Private: only who has the link finds it"
            </label>
            <label class="pick">
                <input
                    class="visually-hidden"
                    type="file"
                    accept=".torrent,application/x-bittorrent"
                    disabled=busy
                    node_ref=file
                    on:change=move |_| take()
                />
                "or choose a .torrent file"
            </label>
            <div id="source-problem" role="alert">
                {move || {
                    opening
                        .problem
                        .get()
                        .map(|Problem { error, torrent }| {
                            let (heading, what_to_do) =
                                if torrent { torrent_advice(error.kind) } else { advice(error.kind) };
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
        <ChooseFile offer=opening.offer on_choose=choose on_close=Callback::new(move |()| opening.focus()) />
    }
}

/// Whether files are dragged, rather than a link or words, which the field takes by itself.
fn has_files(event: &DragEvent) -> bool {
    event
        .data_transfer()
        .is_some_and(|data| data.types().iter().any(|kind| kind.as_string().as_deref() == Some("Files")))
}

fn first_file(event: &DragEvent) -> Option<File> {
    event.data_transfer()?.files()?.get(0)
}
