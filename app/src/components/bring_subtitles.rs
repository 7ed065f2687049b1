//! Adding subtitles that the film does not have.

use leptos::{ev::SubmitEvent, html, prelude::*, task::spawn_local};
use protocol::Error;

use crate::{
    text::advice,
    watch::{self, Watching},
};

#[component]
pub(crate) fn BringSubtitles(watching: Watching) -> impl IntoView {
    let file = NodeRef::<html::Input>::new();
    let link = NodeRef::<html::Input>::new();
    let busy = RwSignal::new(false);
    let said = RwSignal::new(None::<&'static str>);
    let problem = RwSignal::new(None::<Error>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (Some(file), Some(link)) = (file.get_untracked(), link.get_untracked()) else { return };
        if busy.get_untracked() {
            return;
        }
        let chosen = file.files().and_then(|files| files.get(0));
        let source = link.value().trim().to_owned();
        problem.set(None);
        if chosen.is_none() && source.is_empty() {
            said.set(Some("Choose a file or paste a link first."));
            let _ = file.focus();
            return;
        }
        busy.set(true);
        said.set(Some("Adding the subtitles…"));
        spawn_local(async move {
            let answer = match chosen {
                Some(chosen) => watch::bring_file(watching, chosen).await,
                None => watch::bring_link(watching, source).await,
            };
            if busy.is_disposed() {
                return;
            }
            busy.set(false);
            match answer {
                Ok(()) => {
                    // So that the next one does not bring this one again.
                    file.set_value("");
                    link.set_value("");
                    said.set(Some("Added. Everybody here can choose them now."));
                }
                Err(error) => {
                    said.set(None);
                    problem.set(Some(error.0));
                }
            }
        });
    };
    view! {
        <details class="bring">
            <summary>"Add subtitles…"</summary>
            <form on:submit=submit>
                <label for="subtitle-file">"A file: SRT, WebVTT, ASS or SSA, at most 5 MB"</label>
                <input id="subtitle-file" type="file" accept=".srt,.vtt,.ass,.ssa,.txt" node_ref=file />
                <label for="subtitle-link">"Or a link to one"</label>
                <div class="share-row">
                    <input
                        id="subtitle-link"
                        type="text"
                        inputmode="url"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        placeholder="https://example.org/film.srt"
                        node_ref=link
                    />
                    <button type="submit" disabled=busy>"Add"</button>
                </div>
                <p class="hint" role="status">{move || said.get()}</p>
                <div role="alert">
                    {move || {
                        problem
                            .get()
                            .map(|error| {
                                let (heading, _) = advice(error.kind);
                                view! {
                                    <div class="problem">
                                        <strong>{heading}</strong>
                                        <p class="detail">{error.message}</p>
                                    </div>
                                }
                            })
                    }}
                </div>
            </form>
        </details>
    }
}
