//! Watching a session.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use protocol::{Error, ErrorKind, SessionId};

use crate::{
    components::{
        bring_subtitles::BringSubtitles, making::Making, messages::Messages, notices::Notices, player::Player,
        share::Share, together::TogetherBar, torrent::TorrentPanel, trouble::Trouble, viewers::Viewers,
    },
    pages::not_found::status_not_found,
    text::{clock, spoken_duration},
    watch::{self, Watching},
};

#[component]
pub(crate) fn Watch() -> impl IntoView {
    let params = use_params_map();
    let session = Memo::new(move |_| params.read().get("session").and_then(|id| id.parse::<SessionId>().ok()));
    // Another session is another page: everything of the former one ends.
    move || match session.get() {
        Some(session) => view! { <Screening session /> }.into_any(),
        None => view! { <Nowhere /> }.into_any(),
    }
}

#[component]
fn Screening(session: SessionId) -> impl IntoView {
    let watching = Watching::new(session);
    watch::begin(watching);
    let title = Memo::new(move |_| watching.title());
    let facts = move || {
        let media = watching.media()?;
        let duration_s = watching.duration_s.get().unwrap_or(media.duration_s);
        let picture = media.video.iter().find(|track| !track.cover);
        let size = picture.map(|track| format!(" · {}×{}", track.width, track.height)).unwrap_or_default();
        Some(view! {
            <span title=clock(duration_s)>{spoken_duration(duration_s)}</span>
            {format!("{size} · {}", media.container)}
        })
    };
    view! {
        <Title text=move || title.get().unwrap_or_else(|| "A film".to_owned()) />
        <div class="theatre">
            <div class="screen">
                <Player watching>
                    <div class="title-row">
                        <h1>{move || title.get().unwrap_or_else(|| "The film is being fetched".to_owned())}</h1>
                        <p class="quiet facts">{facts}</p>
                    </div>
                </Player>
                <TogetherBar watching />
                <TorrentPanel watching />
                <BringSubtitles watching />
                <Making watching />
                <Notices watching />
                <p class="quiet keys">
                    <kbd>"space"</kbd>" play or pause · "<kbd>"←"</kbd>" "<kbd>"→"</kbd>" 5 s · "<kbd>"j"</kbd>" "
                    <kbd>"l"</kbd>" 10 s · "<kbd>"m"</kbd>" mute · "<kbd>"c"</kbd>" subtitles · "
                    <kbd>"z"</kbd>" "<kbd>"x"</kbd>" their delay · "<kbd>"f"</kbd>" full screen"
                    <Show when=move || watching.can_float.get()>" · "<kbd>"p"</kbd>" small window"</Show>
                </p>
            </div>
            <aside class="side" aria-label="Share, viewers and messages">
                <Share watching />
                <Viewers watching />
                <Messages watching />
            </aside>
        </div>
    }
}

#[component]
fn Nowhere() -> impl IntoView {
    status_not_found();
    let error = Error::new(ErrorKind::UnknownSession, "this is not a session's id; check the link");
    view! {
        <Title text="Not found" />
        <h1 class="visually-hidden">"No such screening"</h1>
        <Trouble error on_retry=Callback::new(|()| {}) />
    }
}
