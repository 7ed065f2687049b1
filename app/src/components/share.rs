//! The address to share.

use leptos::{html, prelude::*, task::spawn_local};

use super::host::Host;
use crate::{browser, watch::Watching};

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
            <p class="hint" role="status">{move || watching.company.host_news.get()}</p>
            <Host watching />
        </section>
    }
}
