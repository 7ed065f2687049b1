//! From opening the page to the master playlist: asks the server how far it is, then loads.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};
use protocol::{Error, ErrorKind, Reach, SessionState, SessionView, choose};

use super::{
    playback, presence,
    state::{Phase, Resume, Watching},
};
use crate::{api, browser};

/// How often the server is asked while it prepares.
const PREPARING: Duration = Duration::from_millis(500);
/// How often it is asked how far a source without seeking has been read.
const READING: Duration = Duration::from_secs(5);
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Where a joiner starts at the beginning rather than at the playhead.
const FROM_START_S: f64 = 5.0;

/// Follows the session until it is ready, or for as long as it is being read.
pub(super) fn prepare(watching: Watching, attempt: u32) {
    spawn_local(async move {
        let mut loaded = false;
        loop {
            let answer = api::within(PATIENCE, api::session(watching.session)).await;
            if watching.is_over() || watching.attempt.get_untracked() != attempt {
                return;
            }
            let mut pause = PREPARING;
            match answer {
                Ok(view) => {
                    watching.reachable.set(true);
                    if view.state == SessionState::Failed {
                        let error = view.error.clone();
                        watching.view.set(Some(view));
                        watching.give_up(error.unwrap_or_else(unexplained));
                        return;
                    }
                    let ready = view.state == SessionState::Ready;
                    let as_read = view.media.as_ref().is_some_and(|media| media.reach == Reach::AsRead);
                    let first = follow(watching, view, loaded);
                    loaded |= first;
                    if ready && loaded {
                        if !as_read {
                            return;
                        }
                        pause = READING;
                    }
                }
                Err(error) if error.is_passing() => {
                    watching.reachable.set(false);
                    pause = READING;
                }
                Err(error) => return watching.give_up(error.0),
            }
            sleep(pause).await;
            // A problem that playing ran into has ended this attempt.
            if watching.is_over() || watching.problem.with_untracked(Option::is_some) {
                return;
            }
        }
    });
}

/// Shows what the server tells; with the first account of the tracks the film is loaded, and the answer is true.
fn follow(watching: Watching, view: SessionView, loaded: bool) -> bool {
    let before = watching.view.get_untracked();
    if before.is_none() {
        watching.viewers.set(view.viewers.clone());
        let position_s = if view.playhead.position_s > FROM_START_S { view.playhead.position_s } else { 0.0 };
        watching.resume.set_value(Resume { position_s, play: true });
    }
    let had_tracks = before.as_ref().is_some_and(|view| view.media.is_some());
    if !loaded && let Some(stage) = view.stage {
        watching.phase.set(Phase::Preparing(stage));
    }
    let load = !loaded && view.media.is_some();
    if let Some(media) = &view.media
        && !had_tracks
    {
        watching.choice.set(choose(media, &browser::languages()));
        watching.duration_s.set(Some(media.duration_s));
    }
    let joined = before.is_none();
    watching.view.set(Some(view));
    if joined {
        presence::beat(watching);
    }
    if load {
        playback::load(watching, watching.resume.get_value());
    }
    load
}

fn unexplained() -> Error {
    Error::new(ErrorKind::Internal, "the film could not be prepared, and the server did not say why; try again")
}
