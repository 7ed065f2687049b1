//! An error as a panel: what it is, what to do, and a way on.

use leptos::prelude::*;
use protocol::Error;

use crate::text::{Remedy, advice, remedy, torrent_advice};

/// `torrent`: the film is, or was to be, a file of a torrent. `words`: a heading and a sentence instead of those of the
/// error's kind.
#[component]
pub(crate) fn Trouble(
    error: Error,
    #[prop(optional)] torrent: bool,
    #[prop(optional)] words: Option<(&'static str, &'static str)>,
    on_retry: Callback<()>,
) -> impl IntoView {
    let of_kind = || if torrent { torrent_advice(error.kind) } else { advice(error.kind) };
    let (heading, what_to_do) = words.unwrap_or_else(of_kind);
    let again = remedy(error.kind) == Remedy::TryAgain;
    view! {
        <div class="trouble" role="alert">
            <h2>{heading}</h2>
            <p>{what_to_do}</p>
            <p class="detail">{error.message}</p>
            <p class="actions">
                {again.then(|| view! { <button class="primary" on:click=move |_| on_retry.run(())>"Try again"</button> })}
                <a class="button" class:primary={!again} href="/">"Back to the home page"</a>
            </p>
        </div>
    }
}
