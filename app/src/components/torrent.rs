//! How a torrent comes along: a strip below the picture that shows which parts of the film are there, and a panel.

use leptos::prelude::*;

use crate::{
    text::{
        HEIGHT, WIDTH, bytes, parts_path, place_percent, rate, torrent_peers, torrent_progress, torrent_share,
        torrent_state,
    },
    watch::{Phase, Watching},
};

/// Where playing is, and which parts are there, as long as the picture is wide. Shown when the film's length is known.
#[component]
pub(crate) fn PartsStrip(watching: Watching) -> impl IntoView {
    let duration_s = Memo::new(move |_| watching.duration_s.get().unwrap_or_default());
    let is_shown = Memo::new(move |_| duration_s.get() > 0.0 && watching.torrent.with(Option::is_some));
    let path = Memo::new(move |_| {
        watching.torrent.with(|view| view.as_ref().map(|view| parts_path(&view.parts_s, duration_s.get())))
    });
    let words = Memo::new(move |_| watching.torrent.with(|view| view.as_ref().map(torrent_share)));
    // As finely as can be seen, so that little is drawn anew.
    let place = Memo::new(move |_| format!("left: {:.1}%", place_percent(watching.at_s.get(), duration_s.get())));
    view! {
        <Show when=move || is_shown.get()>
            <div class="parts" role="img" aria-label=move || words.get() title=move || words.get()>
                <svg
                    viewBox=format!("0 0 {WIDTH} {HEIGHT}")
                    preserveAspectRatio="none"
                    aria-hidden="true"
                    focusable="false"
                >
                    <path d=move || path.get() />
                </svg>
                <Show when=move || watching.phase.get() == Phase::Showing>
                    <span class="parts-place" style=move || place.get()></span>
                </Show>
            </div>
        </Show>
    }
}

/// The figures of the torrent, and what it is doing.
#[component]
pub(crate) fn TorrentPanel(watching: Watching) -> impl IntoView {
    let torrent = watching.torrent;
    // Beside a problem the figures of before would only confuse.
    let is_torrent = Memo::new(move |_| torrent.with(Option::is_some) && watching.problem.with(Option::is_none));
    // Set anew only when it differs, since it is read out.
    let state = Memo::new(move |_| torrent.with(|view| view.as_ref().map(torrent_state)));
    view! {
        <Show when=move || is_torrent.get()>
            <section class="torrent" aria-labelledby="torrent-heading">
                <h2 id="torrent-heading">"Torrent"</h2>
                <p class="quiet" role="status">{state}</p>
                <dl class="torrent-figures">
                    {move || {
                        torrent
                            .get()
                            .map(|view| {
                                view! {
                                    {figure("Downloaded", torrent_progress(&view))}
                                    {figure("Down", rate(view.down_bps))}
                                    {figure("Up", format!("{}, {} so far", rate(view.up_bps), bytes(view.uploaded)))}
                                    {figure("Peers", torrent_peers(&view))}
                                }
                            })
                    }}
                </dl>
            </section>
        </Show>
    }
}

fn figure(name: &'static str, value: String) -> impl IntoView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
        </div>
    }
}
