//! The page for addresses where nothing is.

use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub(crate) fn NotFound() -> impl IntoView {
    status_not_found();
    view! {
        <Title text="Not found" />
        <section class="page-problem">
            <h1>"There is nothing here"</h1>
            <p>"The address may be mistyped, or the screening is over."</p>
            <p><a class="button primary" href="/">"To the home page"</a></p>
        </section>
    }
}

/// Makes the page's own status 404 where the server renders it.
pub(super) fn status_not_found() {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
}
