//! What is shown before there is a picture: what is being prepared and how far it is.

use leptos::prelude::*;
use protocol::Stage;

use crate::watch::Phase;

/// The steps to the first picture, and what each is called while it is being done.
const STEPS: [(&str, &str); 4] = [
    ("Connect", "Asking the link's server for the film…"),
    ("Read the tracks", "Reading what is in the file…"),
    ("Make the first seconds", "Making the first seconds of the film…"),
    ("Show it", "Waiting for the first segment…"),
];

#[component]
pub(crate) fn Curtain(#[prop(into)] phase: Signal<Phase>) -> impl IntoView {
    let words = move || step(phase.get()).map_or("Joining the screening…", |n| STEPS[n].1);
    view! {
        <div class="curtain">
            <p class="curtain-words" role="status">{words}</p>
            <ol class="steps">
                {STEPS
                    .iter()
                    .enumerate()
                    .map(|(n, (name, _))| {
                        let state = move || match step(phase.get()) {
                            Some(at) if n < at => "done",
                            Some(at) if n == at => "current",
                            _ => "ahead",
                        };
                        view! {
                            <li data-state=state aria-current=move || (state() == "current").then_some("step")>{*name}</li>
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
