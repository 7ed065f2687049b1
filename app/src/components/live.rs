//! The list of live sessions.

use leptos::prelude::*;
use protocol::{SessionState, SessionSummary};

use crate::text::{age, spoken_duration, watching};

/// `sessions` is absent until the server has told; `now` is in milliseconds since the Unix epoch.
#[component]
pub(crate) fn LiveSessions(
    #[prop(into)] sessions: Signal<Option<Vec<SessionSummary>>>,
    #[prop(into)] now: Signal<u64>,
    #[prop(into)] unreachable: Signal<bool>,
) -> impl IntoView {
    view! {
        <section class="live" aria-labelledby="live-heading">
            <h2 id="live-heading">"Now showing"</h2>
            <p class="badge" role="status">
                {move || unreachable.get().then_some("The server can't be reached. Trying again…")}
            </p>
            {move || match sessions.get() {
                None => view! { <p class="quiet">"Looking who is watching…"</p> }.into_any(),
                Some(list) if list.is_empty() => {
                    view! {
                        <div class="empty">
                            <p class="empty-lead">"The house is empty."</p>
                            <p>"Paste a link above and the first film starts. Whoever has the address can join."</p>
                        </div>
                    }
                        .into_any()
                }
                Some(list) => {
                    view! {
                        <ul class="sessions">
                            {list.into_iter().map(|session| line(session, now)).collect_view()}
                        </ul>
                    }
                        .into_any()
                }
            }}
        </section>
    }
}

fn line(session: SessionSummary, now: Signal<u64>) -> impl IntoView {
    let SessionSummary { session, title, viewers, opened_at, state, duration_s } = session;
    let title = if title.is_empty() { "A film without a title".to_owned() } else { title };
    let join = format!("Join {title}");
    let note = match state {
        SessionState::Preparing => Some("being prepared"),
        SessionState::Ready => None,
        SessionState::Failed => Some("could not be prepared"),
    };
    view! {
        <li>
            <div class="session-text">
                <span class="session-title">{title}</span>
                <span class="quiet">
                    {watching(viewers)} " · opened " {move || age(opened_at, now.get())}
                    {duration_s.map(|s| format!(" · {}", spoken_duration(s)))} {note.map(|note| format!(" · {note}"))}
                </span>
            </div>
            <a class="button" href=format!("/watch/{session}") aria-label=join>"Join"</a>
        </li>
    }
}
