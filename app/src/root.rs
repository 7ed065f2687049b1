//! The HTML around every page, and which page is shown at which address.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{Link, Meta, MetaTags, Stylesheet, Title, provide_meta_context};
use leptos_router::{
    StaticSegment,
    components::{Route, Router, Routes},
    path,
};

use crate::{
    components::brand::Brand,
    pages::{home::Home, not_found::NotFound, watch::Watch},
};

/// Until the page is at work nobody answers a submitted form, and the browser would load the page again and lose
/// what was typed. So the form is marked, and answered when the page is at work.
const HOLD_FORMS: &str =
    "addEventListener('submit', event => { event.preventDefault(); event.target.dataset.early = ''; });";

/// A page whose program does not come, or fails as it starts, would say for ever what the server wrote into it. It says so
/// itself then, and takes it back when the program is at work after all.
const TELL_UNLOADED: &str = "{
    const tell = () => {
        const words = document.querySelector('.unloaded');
        if (words) words.hidden = document.documentElement.dataset.ready !== undefined;
    };
    setTimeout(tell, 15000);
    addEventListener('unhandledrejection', tell);
    addEventListener('error', tell);
}";

/// The document that the server sends, with `App` in its body.
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="dark light" />
                <meta name="theme-color" content="#15110e" media="(prefers-color-scheme: dark)" />
                <meta name="theme-color" content="#faf6ef" media="(prefers-color-scheme: light)" />
                <meta name="referrer" content="same-origin" />
                <AutoReload options=options.clone() />
                <script nonce=use_nonce()>{HOLD_FORMS}</script>
                <script nonce=use_nonce()>{TELL_UNLOADED}</script>
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Stylesheet id="leptos" href="/pkg/matinee.css" />
        <Link rel="icon" type_="image/svg+xml" href="/favicon.svg" />
        <Title formatter=|page: String| if page.is_empty() { "Matinee".to_owned() } else { format!("{page} · Matinee") } />
        <Meta name="description" content="Paste a link to a film, share the address, watch it together." />
        <Router>
            <a class="skip" href="#main">"Skip to the content"</a>
            <header class="masthead">
                <Brand />
            </header>
            <main id="main" tabindex="-1">
                <Routes fallback=NotFound>
                    <Route path=StaticSegment("") view=Home />
                    <Route path=path!("/watch/:session") view=Watch />
                </Routes>
            </main>
            <noscript>
                <p class="noscript">"Matinee's page needs JavaScript. Players such as VLC or mpv can open a session's playlist without it."</p>
            </noscript>
            <p class="unloaded" role="alert" hidden>
                "This page has not loaded completely, so nothing on it works yet. Check the connection, and "
                <a href="">"load it again"</a> "."
            </p>
        </Router>
    }
}
