//! The name, which leads home.

use leptos::prelude::*;

#[component]
pub(crate) fn Brand() -> impl IntoView {
    view! {
        <a class="brand" href="/">
            <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
                <path class="brand-curtain" d="M3 5h26v3c-3 0-4 2-4 6v13h-3c1-7-1-13-6-13s-7 6-6 13H7V14c0-4-1-6-4-6z" />
                <path class="brand-play" d="M13.5 18.2v7.6l6-3.8z" />
            </svg>
            <span>"Matinee"</span>
        </a>
    }
}
