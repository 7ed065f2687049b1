//! The dialog in which a film of a torrent is chosen, and subtitles for it.

use leptos::{
    ev::{KeyboardEvent, SubmitEvent},
    html,
    prelude::*,
};
use protocol::TorrentFile;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};

use crate::text::{bytes, films, first_choice, passes, subtitles_for};

/// From so many films on there is a field to filter them by name.
const FILTER_FROM: usize = 12;

/// A torrent of which something has to be chosen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Offer {
    /// What is opened with what is chosen.
    pub(super) source: String,
    pub(super) title: String,
    pub(super) files: Vec<TorrentFile>,
}

/// What was chosen: numbers of files.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chosen {
    pub(super) source: String,
    pub(super) film: u32,
    pub(super) subtitles: Option<u32>,
}

/// Open while there is an `offer`. `on_close` follows however it is closed, after `on_choose`.
#[component]
pub(super) fn ChooseFile(
    offer: RwSignal<Option<Offer>>,
    on_choose: Callback<Chosen>,
    on_close: Callback<()>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    view! {
        <dialog
            class="choose"
            aria-labelledby="choose-heading"
            node_ref=dialog
            on:close=move |_| {
                offer.set(None);
                on_close.run(());
            }
        >
            {move || offer.get().map(|offer| view! { <Choices offer dialog on_choose /> })}
        </dialog>
    }
}

#[component]
fn Choices(offer: Offer, dialog: NodeRef<html::Dialog>, on_choose: Callback<Chosen>) -> impl IntoView {
    let Offer { source, title, files } = offer;
    let list = NodeRef::<html::Ul>::new();
    let films = StoredValue::new(films(&files));
    let film = RwSignal::new(films.with_value(|films| first_choice(films)));
    let subtitles = RwSignal::new(None::<u32>);
    let filter = RwSignal::new(String::new());
    let has_subtitles = !subtitles_for(None, &files).is_empty();
    let find = move |number| films.with_value(|films| films.iter().find(|one| Some(one.file) == number).cloned());
    // When this runs, what is chosen from stands in the dialog.
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get()
            && !dialog.open()
            && dialog.show_modal().is_ok()
            && let Some(first) = find_in(&dialog, "input[name='film']:checked")
        {
            let _ = first.focus();
        }
    });

    let choose = move |event: SubmitEvent| {
        event.prevent_default();
        let (Some(dialog), Some(film)) = (dialog.get_untracked(), film.get_untracked()) else { return };
        on_choose.run(Chosen { source: source.clone(), film, subtitles: subtitles.get_untracked() });
        dialog.close();
    };
    let cancel = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let none_passes =
        move || filter.with(|filter| films.with_value(|films| !films.iter().any(|film| passes(&film.name, filter))));
    // Chooses the first that is shown; by itself the key would watch what may not even be seen.
    let take_first = move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            let list = list.get_untracked();
            if let Some(first) = list.and_then(|list| find_in(&list, "li:not([hidden]) input")) {
                let _ = first.focus();
                first.click();
            }
        }
    };
    let sorted = Memo::new(move |_| subtitles_for(find(film.get()).as_ref(), &files));
    let chosen = move || find(film.get()).map(|film| format!("{} · {}", film.name, bytes(film.size)));
    let count = films.with_value(Vec::len);
    view! {
        <form on:submit=choose>
            <h2 id="choose-heading">{title}</h2>
            <fieldset>
                <legend>{if count == 1 { "The film".to_owned() } else { format!("Choose one of {count} films") }}</legend>
                {(count >= FILTER_FROM)
                    .then(|| {
                        view! {
                            <input
                                type="search"
                                aria-label="Show only films that are called like this"
                                placeholder="Part of a name"
                                autocomplete="off"
                                autocapitalize="off"
                                spellcheck="false"
                                on:input=move |event| filter.set(event_target_value(&event))
                                on:keydown=take_first
                            />
                        }
                    })}
                <ul class="files" node_ref=list>
                    {films
                        .get_value()
                        .into_iter()
                        .map(|TorrentFile { file, name, size, .. }| {
                            let label = name.clone();
                            view! {
                                <li hidden=move || !filter.with(|filter| passes(&name, filter))>
                                    <label>
                                        <input
                                            type="radio"
                                            name="film"
                                            value=file
                                            prop:checked=move || film.get() == Some(file)
                                            on:change=move |_| film.set(Some(file))
                                        />
                                        <span class="file-name">{label}</span>
                                        <span class="quiet">{bytes(size)}</span>
                                    </label>
                                </li>
                            }
                        })
                        .collect_view()}
                </ul>
                <p class="hint" role="status">{move || none_passes().then_some("No film here is called like that.")}</p>
            </fieldset>
            {has_subtitles
                .then(|| {
                    view! {
                        <label>
                            <span>"Subtitles"</span>
                            <select on:change=move |event| subtitles.set(event_target_value(&event).parse().ok())>
                                <option value="none" prop:selected=move || subtitles.get().is_none()>"None"</option>
                                {move || {
                                    sorted
                                        .get()
                                        .into_iter()
                                        .map(|TorrentFile { file, name, .. }| {
                                            view! {
                                                <option value=file prop:selected=move || subtitles.get() == Some(file)>
                                                    {name}
                                                </option>
                                            }
                                        })
                                        .collect_view()
                                }}
                            </select>
                        </label>
                    }
                })}
            // What is chosen may be filtered out of sight.
            {(count >= FILTER_FROM).then(|| view! { <p class="quiet file-name">"Chosen: " {chosen}</p> })}
            <p class="actions">
                <button class="primary" type="submit" disabled=move || film.get().is_none()>"Watch"</button>
                <button type="button" on:click=cancel>"Cancel"</button>
            </p>
        </form>
    }
}

fn find_in(around: &Element, selector: &str) -> Option<HtmlElement> {
    around.query_selector(selector).ok().flatten()?.dyn_into().ok()
}
