//! What is shown before there is a picture: what is being prepared and how far it is.

use leptos::prelude::*;
use protocol::{Stage, TorrentView};

use crate::{
    text::{Wait, torrent_wait},
    watch::Phase,
};

/// The steps to the first picture, and what each is called while it is being done.
const STEPS: [(&str, &str); 4] = [
    ("Connect", "Asking the link's server for the film…"),
    ("Read the tracks", "Reading what is in the file…"),
    ("Make the first seconds", "Making the first seconds of the film…"),
    ("Show it", "Waiting for the first segment…"),
];

/// What the first step is for a torrent.
const FIND_PEERS: (&str, &str) = ("Find peers", "Asking peers for the film…");

/// `torrent`: how the film comes along, where it is a torrent's.
#[component]
pub(crate) fn Curtain(
    #[prop(into)] phase: Signal<Phase>,
    #[prop(into)] torrent: Signal<Option<TorrentView>>,
) -> impl IntoView {
    let is_torrent = Memo::new(move |_| torrent.with(Option::is_some));
    let step_at = move |n: usize| if n == 0 && is_torrent.get() { FIND_PEERS } else { STEPS[n] };
    let wait = Memo::new(move |_| torrent.with(|view| view.as_ref().map(torrent_wait).unwrap_or_default()));
    // Set anew only when they differ, since they are read out.
    let words = Memo::new(move |_| {
        let of_step = move || step(phase.get()).map_or("Joining the screening…", |n| step_at(n).1);
        wait.with(|wait: &Wait| wait.what).unwrap_or_else(of_step)
    });
    let figures = move || wait.with(|wait| wait.figures.clone());
    view! {
        <div class="curtain">
            <div class="curtain-text">
                <p class="curtain-words" role="status">{words}</p>
                <p class="wait-figures">{figures}</p>
            </div>
            <ol class="steps">
                {STEPS
                    .iter()
                    .enumerate()
                    .map(|(n, _)| {
                        let state = move || match step(phase.get()) {
                            Some(at) if n < at => "done",
                            Some(at) if n == at => "current",
                            _ => "ahead",
                        };
                        view! {
                            <li data-state=state aria-current=move || (state() == "current").then_some("step")>
                                {move || step_at(n).0}
                            </li>
                        }
                    })
                    .collect_view()}
            </ol>
        </div>
    }
}

/// The step that is being done; none before the server has told.
fn step(phase: Phase) -> Option<usize> {
    match phase {
        Phase::Joining => None,
        Phase::Preparing(Stage::Connecting) => Some(0),
        Phase::Preparing(Stage::Probing) => Some(1),
        Phase::Preparing(Stage::Starting) => Some(2),
        Phase::FirstSegment | Phase::Showing => Some(3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_only_go_on() {
        let phases = [
            Phase::Joining,
            Phase::Preparing(Stage::Connecting),
            Phase::Preparing(Stage::Probing),
            Phase::Preparing(Stage::Starting),
            Phase::FirstSegment,
        ];
        assert!(phases.windows(2).all(|pair| step(pair[0]) < step(pair[1])));
        assert!(step(Phase::FirstSegment).is_some_and(|n| n + 1 == STEPS.len()));
    }
}
