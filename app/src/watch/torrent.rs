//! How a torrent comes along, asked for as often as somebody can see that it changed.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use protocol::{ErrorKind, SessionState, TorrentState, TorrentView};

use super::state::Watching;
use crate::{api, browser};

/// How often it is seen whether it is time to ask, in milliseconds.
const LOOKS_EVERY_MS: u32 = 500;
/// Between two questions while somebody waits, while the film plays, and while nothing is seen or nothing happens.
const WAITING_MS: u64 = 1_000;
const PLAYING_MS: u64 = 2_500;
const IDLE_MS: u64 = 10_000;
/// When nothing more is asked.
const NEVER_MS: u64 = u64::MAX;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks for as long as the page stands, unless the film turns out to be no torrent's.
pub(super) fn keep(watching: Watching) {
    let due_ms = StoredValue::new(0_u64);
    let asking = StoredValue::new(false);
    let look = move || {
        if !asking.get_value() && browser::now_ms() >= due_ms.get_value() {
            ask(watching, due_ms, asking);
        }
    };
    browser::every(LOOKS_EVERY_MS, look);
    browser::listen("visibilitychange", move |_| {
        if !browser::hidden() {
            hurry(due_ms);
            look();
        }
    });
    // Who begins to wait wants to know for what.
    Effect::new(move |_| {
        if watching.buffering.get() {
            hurry(due_ms);
        }
    });
}

fn hurry(due_ms: StoredValue<u64>) {
    due_ms.update_value(|due_ms| *due_ms = if *due_ms == NEVER_MS { NEVER_MS } else { 0 });
}

/// Asks once. `due_ms` is put off until the next time, `asking` holds meanwhile.
fn ask(watching: Watching, due_ms: StoredValue<u64>, asking: StoredValue<bool>) {
    let state = watching.view.with_untracked(|view| view.as_ref().map(|view| view.state));
    let problem = watching.problem.with_untracked(|problem| problem.as_ref().map(|problem| problem.kind));
    let known = watching.torrent.with_untracked(Option::is_some);
    // Before the session's own account, which tells of the torrent too, there is nothing to ask after.
    if state.is_none() || problem == Some(ErrorKind::UnknownSession) {
        return;
    }
    let ready = state == Some(SessionState::Ready);
    asking.set_value(true);
    spawn_local(async move {
        let answer = api::within(PATIENCE, api::torrent(watching.session)).await;
        if watching.is_over() {
            return;
        }
        asking.set_value(false);
        let idle = browser::hidden() || problem.is_some();
        let pause_ms = match answer {
            // A torrent that is known is away only for a moment, while its session wakes.
            Ok(None) if ready && !known => NEVER_MS,
            Ok(view) => {
                let pause_ms = pause_ms(view.as_ref(), ready, idle);
                if view.is_some() {
                    watching.torrent.set(view);
                }
                pause_ms
            }
            // Whether the server can be reached is told by others.
            Err(_) => PLAYING_MS,
        };
        due_ms.set_value(browser::now_ms().saturating_add(pause_ms));
    });
}

/// Until the next question, in milliseconds. `idle`: nobody looks, or the film cannot be played.
fn pause_ms(view: Option<&TorrentView>, ready: bool, idle: bool) -> u64 {
    match view {
        _ if idle => IDLE_MS,
        Some(view) if view.state == TorrentState::Complete && view.up_bps == 0 => IDLE_MS,
        Some(view) if ready && view.awaited.is_none() => PLAYING_MS,
        Some(_) => WAITING_MS,
        None => PLAYING_MS,
    }
}

#[cfg(test)]
mod tests {
    use protocol::AwaitedPieces;

    use super::*;

    fn view(state: TorrentState, up_bps: u64, awaited: Option<AwaitedPieces>) -> TorrentView {
        TorrentView {
            state,
            peers: 1,
            known_peers: 1,
            down_bps: 0,
            up_bps,
            uploaded: 0,
            size: 1,
            have: 0,
            parts_s: Vec::new(),
            awaited,
        }
    }

    #[test]
    fn who_waits_hears_most_often() {
        let awaited = Some(AwaitedPieces { have: 0, of: 8 });
        let (playing, waiting) =
            (view(TorrentState::Downloading, 0, None), view(TorrentState::Downloading, 0, awaited));
        assert_eq!(pause_ms(Some(&waiting), true, false), WAITING_MS);
        assert_eq!(pause_ms(Some(&playing), true, false), PLAYING_MS);
        assert_eq!(pause_ms(Some(&playing), false, false), WAITING_MS);
        assert_eq!(pause_ms(None, false, false), PLAYING_MS);
        assert_eq!(pause_ms(Some(&waiting), true, true), IDLE_MS);
    }

    #[test]
    fn a_whole_film_is_asked_after_seldom_unless_it_is_shared() {
        assert_eq!(pause_ms(Some(&view(TorrentState::Complete, 0, None)), true, false), IDLE_MS);
        assert_eq!(pause_ms(Some(&view(TorrentState::Complete, 9, None)), true, false), PLAYING_MS);
    }
}
