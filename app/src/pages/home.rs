//! Opening a film, joining one, and how the server is.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use protocol::{SessionSummary, SystemReport};

use crate::{
    api, browser,
    components::{house::House, live::LiveSessions, open_form::OpenForm},
};

/// Milliseconds between two looks at the server.
const REFRESH_MS: u32 = 5_000;
const PATIENCE: Duration = Duration::from_secs(10);

#[component]
pub(crate) fn Home() -> impl IntoView {
    let sessions = RwSignal::new(None::<Vec<SessionSummary>>);
    let system = RwSignal::new(None::<SystemReport>);
    let now = RwSignal::new(0_u64);
    let unreachable = RwSignal::new(false);

    Effect::new(move |_| {
        browser::while_visible(REFRESH_MS, move || {
            spawn_local(async move {
                let (list, report) = futures_util::future::join(
                    api::within(PATIENCE, api::sessions()),
                    api::within(PATIENCE, api::system()),
                )
                .await;
                if now.is_disposed() {
                    return;
                }
                now.set(browser::now_ms());
                unreachable.set(list.is_err());
                if let Ok(list) = list {
                    sessions.set(Some(list));
                }
                if let Ok(report) = report
                    && system.with_untracked(|shown| shown.as_ref() != Some(&report))
                {
                    system.set(Some(report));
                }
            });
        });
    });

    view! {
        <Title text="" />
        <section class="hero">
            <h1>"Watch it together"</h1>
            <p class="lead">"Paste a link to a film and share the page that opens: everybody sees it in the browser, subtitles and all."</p>
            <OpenForm />
        </section>
        <div class="foyer">
            <LiveSessions sessions now unreachable />
            <House report=system />
        </div>
    }
}
