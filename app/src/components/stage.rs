//! The picture and what may lie over it. `children` lie there too, above all else.

use leptos::prelude::*;

use super::{curtain::Curtain, over::MessagesOver, trouble::Trouble};
use crate::{
    text::{REMOVED, Wait, torrent_wait},
    watch::{self, Phase, Watching},
};

#[component]
pub(crate) fn Stage(watching: Watching, children: Children) -> impl IntoView {
    let started = move |_| {
        watch::first_frame(watching);
        watching.buffering.set(false);
    };
    let covered = move || watching.problem.with(Option::is_some) || watching.phase.get() != Phase::Showing;
    let stalls = Memo::new(move |_| !covered() && watching.buffering.get());
    let wait = Memo::new(move |_| {
        if !stalls.get() {
            return Wait::default();
        }
        watching.torrent.with(|view| view.as_ref().map(torrent_wait).unwrap_or_default())
    });
    let sound_only =
        Memo::new(move |_| watching.plan.with(|plan| plan.as_ref().is_some_and(|plan| plan.video.is_none())));
    let strained = Memo::new(move |_| watch::strain(watching).is_some());
    let is_torrent = Memo::new(move |_| watching.torrent.with(Option::is_some));
    // Set anew only when they differ, since they are read out.
    let words = Memo::new(move |_| {
        if !watching.reachable.get() {
            Some("Reconnecting…")
        } else if watching.queueing.get() {
            Some("All encoders are busy. Waiting for a free one…")
        } else if stalls.get() && strained.get() {
            Some("This server is too slow for this picture. Below is what helps.")
        } else if stalls.get() {
            Some(wait.with(|wait| wait.what).unwrap_or("Fetching this part…"))
        } else {
            None
        }
    });
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
                    let waited = watching.buffering.get_untracked();
                    watching.buffering.set(true);
                    let from_s = watching.at_s.get_untracked();
                    watching.at_s.set(watching.position().0);
                    watch::sought(watching, from_s, waited);
                }
                on:timeupdate=move |_| {
                    watching.keep_place();
                    watch::follow_subtitles(watching);
                }
                on:play=move |_| {
                    watch::played(watching);
                    watch::acted(watching);
                }
                on:pause=move |_| {
                    watch::paused(watching);
                    watch::acted(watching);
                }
                on:ratechange=move |_| watch::rate_changed(watching)
                on:seeked=move |_| {
                    watching.buffering.set(false);
                    watch::acted(watching);
                }
                on:error=move |_| watch::element_failed(watching)
            ></video>
            {move || match watching.problem.get() {
                Some(error) if watching.company.removed.get_untracked() => {
                    view! { <Trouble error words=REMOVED on_retry=Callback::new(|()| {}) /> }.into_any()
                }
                Some(error) => {
                    let on_retry = Callback::new(move |()| watching.try_again());
                    view! { <Trouble error torrent=is_torrent.get_untracked() on_retry /> }.into_any()
                }
                None if watching.phase.get() != Phase::Showing => {
                    view! { <Curtain phase=watching.phase torrent=watching.torrent /> }.into_any()
                }
                None if watching.needs_click.get() => {
                    view! {
                        <button class="play" on:click=move |_| watch::clicked_play(watching)>
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
            <Show when=move || sound_only.get() && !covered()>
                <div class="sound-only">
                    <p class="sound-title">{move || watching.title()}</p>
                    <p>"There is no picture in this file, only sound."</p>
                </div>
            </Show>
            <div class="over">
                <p role="status">{words}</p>
                <p class="wait-figures">{move || wait.with(|wait| wait.figures.clone())}</p>
            </div>
            <MessagesOver watching />
            {children()}
        </div>
    }
}
