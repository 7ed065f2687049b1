//! The picture and what may lie over it. `children` lie there too, above all else.

use leptos::prelude::*;

use super::{curtain::Curtain, trouble::Trouble};
use crate::watch::{self, Phase, Watching};

#[component]
pub(crate) fn Stage(watching: Watching, children: Children) -> impl IntoView {
    let started = move |_| {
        watch::first_frame(watching);
        watching.buffering.set(false);
    };
    let told = move |_| watch::beat_soon(watching);
    let covered = move || watching.problem.with(Option::is_some) || watching.phase.get() != Phase::Showing;
    view! {
        <div class="stage" class:covered=covered>
            <video
                controls
                // The browser's own button would leave behind what lies over the picture.
                controlslist="nofullscreen"
                playsinline
                aria-label="The film"
                node_ref=watching.video
                on:loadeddata=started
                on:canplay=started
                on:playing=move |event| {
                    watching.needs_click.set(false);
                    started(event);
                }
                on:waiting=move |_| {
                    watching.buffering.set(true);
                    watch::ran_dry(watching);
                }
                on:seeking=move |_| {
                    watching.buffering.set(true);
                    watch::sought(watching);
                }
                on:timeupdate=move |_| {
                    watching.keep_place();
                    watch::follow_subtitles(watching);
                }
                on:play=told
                on:pause=told
                on:seeked=move |event| {
                    watching.buffering.set(false);
                    told(event);
                }
                on:error=move |_| watch::element_failed(watching)
            ></video>
            {move || match watching.problem.get() {
                Some(error) => {
                    view! { <Trouble error on_retry=Callback::new(move |()| watching.try_again()) /> }.into_any()
                }
                None if watching.phase.get() != Phase::Showing => view! { <Curtain phase=watching.phase /> }.into_any(),
                None if watching.needs_click.get() => {
                    view! {
                        <button class="play" on:click=move |_| watch::try_to_play(watching)>
                            <svg viewBox="0 0 24 24" width="36" height="36" aria-hidden="true" focusable="false">
                                <path d="M7 4.5v15l12-7.5z" />
                            </svg>
                            <span>"Play"</span>
                        </button>
                    }
                        .into_any()
                }
                None => ().into_any(),
            }}
            <p class="over" role="status">
                {move || {
                    let showing = watching.phase.get() == Phase::Showing && watching.problem.with(Option::is_none);
                    if !watching.reachable.get() {
                        Some("Reconnecting…")
                    } else if watching.queueing.get() {
                        Some("All encoders are busy. Waiting for a free one…")
                    } else if showing && watching.buffering.get() {
                        Some("Fetching this part…")
                    } else {
                        None
                    }
                }}
            </p>
            {children()}
        </div>
    }
}
