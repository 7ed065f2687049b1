//! From opening the page to the master playlist: asks the server how far it is and what it would play, then loads.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};
use protocol::{Error, ErrorKind, Reach, SessionState, SessionView, playhead::begins_anew};

use super::{
    plan, playback, presence,
    state::{Phase, Resume, Watching},
};
use crate::{
    api::{self, ApiError},
    player,
};

/// How soon the server is asked again while it prepares: it answers when there is something new.
const PREPARING: Duration = Duration::from_millis(20);
/// How often it is asked how far a source without seeking has been read.
const READING: Duration = Duration::from_secs(5);
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Follows the session until it is ready, or for as long as it is being read.
pub(super) fn prepare(watching: Watching, attempt: u32) {
    player::preload();
    spawn_local(async move {
        let mut loaded = false;
        loop {
            let turn = turn(watching, attempt, &mut loaded).await;
            if is_past(watching, attempt) {
                return;
            }
            let pause = match turn {
                Ok(Some(pause)) => pause,
                Ok(None) => return,
                Err(error) if error.is_passing() => {
                    watching.reachable.set(false);
                    READING
                }
                Err(error) => return watching.give_up(error.0),
            };
            sleep(pause).await;
            if is_past(watching, attempt) {
                return;
            }
        }
    });
}

/// Asks once how far the server is, and loads the film as soon as it can be. The answer is when to ask again.
async fn turn(watching: Watching, attempt: u32, loaded: &mut bool) -> Result<Option<Duration>, ApiError> {
    let known = watching.view.with_untracked(|view| view.as_ref().and_then(|view| view.stage)).filter(|_| !*loaded);
    let view = api::within(PATIENCE, api::session(watching.session, known)).await?;
    if is_past(watching, attempt) {
        return Ok(None);
    }
    watching.reachable.set(true);
    if view.state == SessionState::Failed {
        let error = view.error.clone();
        if view.torrent.is_some() {
            watching.torrent.set(view.torrent.clone());
        }
        watching.view.set(Some(view));
        watching.give_up(error.unwrap_or_else(unexplained));
        return Ok(None);
    }
    let ready = view.state == SessionState::Ready;
    let reach = view.media.as_ref().map(|media| media.reach);
    follow(watching, view, *loaded);
    if reach.is_some() && !*loaded {
        // At a further attempt the viewer's choice stands.
        if watching.plan.with_untracked(Option::is_none) {
            let (plan, quality) = plan::first(watching).await?;
            if is_past(watching, attempt) {
                return Ok(None);
            }
            plan::adopt(watching, plan, quality);
        } else {
            plan::refresh(watching);
        }
        playback::load(watching, watching.resume.get_value());
        *loaded = true;
    }
    Ok(match (ready && *loaded, reach) {
        (true, Some(Reach::AsRead)) => Some(READING),
        (true, _) => None,
        (false, _) => Some(PREPARING),
    })
}

/// The page has been left, or this attempt has ended: another one began, or playing ran into a problem.
fn is_past(watching: Watching, attempt: u32) -> bool {
    watching.is_over()
        || watching.attempt.get_untracked() != attempt
        || watching.problem.with_untracked(Option::is_some)
}

/// Shows what the server tells.
fn follow(watching: Watching, view: SessionView, loaded: bool) {
    let before = watching.view.get_untracked();
    if before.is_none() {
        watching.viewers.set(view.viewers.clone());
        watching.tell_outside(view.outside.clone());
        let over = view.viewers.is_empty() && begins_anew(view.playhead.position_s, view.playhead.duration_s);
        let position_s = if over { 0.0 } else { view.playhead.position_s };
        watching.resume.set_value(Resume { position_s, play: true });
    }
    let had_tracks = before.as_ref().is_some_and(|view| view.media.is_some());
    if !loaded && let Some(stage) = view.stage {
        watching.phase.set(Phase::Preparing(stage));
    }
    if let Some(media) = &view.media
        && !had_tracks
    {
        watching.duration_s.set(Some(media.duration_s));
    }
    if let Some(torrent) = &view.torrent {
        watching.torrent.set(Some(torrent.clone()));
    }
    watching.view.set(Some(view));
    if before.is_none() {
        presence::beat(watching);
    }
}

fn unexplained() -> Error {
    Error::new(ErrorKind::Internal, "the film could not be prepared, and the server did not say why; try again")
}
