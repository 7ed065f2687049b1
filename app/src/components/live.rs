//! The list of live sessions.

use leptos::prelude::*;
use protocol::{SessionId, SessionState, SessionSummary};

use crate::text::{age, spoken_duration, watching};

/// `sessions` is absent until the server has told; `now` is in milliseconds since the Unix epoch.
#[component]
pub(crate) fn LiveSessions(
    #[prop(into)] sessions: Signal<Option<Vec<SessionSummary>>>,
    #[prop(into)] now: Signal<u64>,
    #[prop(into)] unreachable: Signal<bool>,
) -> impl IntoView {
    let empty = Memo::new(move |_| sessions.with(|sessions| sessions.as_ref().map(Vec::is_empty)));
    let ids = move || sessions.with(|all| all.iter().flatten().map(|it| it.session).collect::<Vec<_>>());
    view! {
        <section class="live" aria-labelledby="live-heading">
            <h2 id="live-heading">"Now showing"</h2>
            <p class="badge" role="status">
                {move || unreachable.get().then_some("The server can't be reached. Trying again…")}
            </p>
            {move || match empty.get() {
                None => view! { <p class="quiet">"Looking who is watching…"</p> }.into_any(),
                Some(true) => {
                    view! {
                        <div class="empty">
                            <p class="empty-lead">"The house is empty."</p>
                            <p>"Paste a link above and the first film starts. Whoever has the address can join."</p>
                        </div>
                    }
                        .into_any()
                }
                Some(false) => {
                    view! {
                        <ul class="sessions">
                            <For each=ids key=|id| *id children=move |id| view! { <Line id sessions now /> } />
                        </ul>
                    }
                        .into_any()
                }
            }}
        </section>
    }
}

/// One session's line. It stays while what it says changes, and stays the same film's when others come: who is about to join
/// would join another.
#[component]
fn Line(id: SessionId, sessions: Signal<Option<Vec<SessionSummary>>>, now: Signal<u64>) -> impl IntoView {
    let session = Memo::new(move |_| sessions.with(|all| all.iter().flatten().find(|it| it.session == id).cloned()));
    let title = Memo::new(move |_| {
        let title = session.with(|session| session.as_ref().map(|session| session.title.clone()));
        title.filter(|title| !title.is_empty()).unwrap_or_else(|| "A film without a title".to_owned())
    });
    let about = move || session.with(|session| session.as_ref().map(|session| told(session, now.get())));
    view! {
        <li>
            <div class="session-text">
                <span class="session-title">{title}</span>
                <span class="quiet">{about}</span>
            </div>
            <a class="button" href=format!("/watch/{id}") aria-label=move || format!("Join {}", title.get())>
                "Join"
            </a>
        </li>
    }
}

fn told(session: &SessionSummary, now: u64) -> String {
    let note = match session.state {
        SessionState::Preparing => Some("being prepared".to_owned()),
        SessionState::Ready => None,
        SessionState::Failed => Some("could not be prepared".to_owned()),
    };
    let age = format!("opened {}", age(session.opened_at, now));
    [Some(watching(session.viewers)), Some(age), session.duration_s.map(spoken_duration), note]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}
