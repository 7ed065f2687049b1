//! How the film is made playable for this browser, as the server plans it.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};
use protocol::{Choice, MasterQuery, PlanView, Quality, SessionId, VideoMode, choose};

use super::state::Watching;
use crate::{
    api::{self, ApiError},
    browser::{self, Preferences},
    player::first_query,
};

/// How long an answer may take while the server still prepares the film.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a new plan is asked for when the call fails in passing, and the pause between.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(5);

/// What the server chooses for a viewer who has chosen nothing but a quality, for earlier films.
pub(super) async fn first(watching: Watching) -> Result<(PlanView, Quality), ApiError> {
    let (session, quality) = (watching.session, browser::quality());
    let audio = preferred(watching).and_then(|choice| choice.audio);
    let plan = ask(session, first_query(audio, quality, &browser::capabilities())).await?;
    if quality == Quality::Original || plan.qualities.contains(&quality) {
        return Ok((plan, quality));
    }
    // Nothing of this film is larger than the quality.
    let plan = ask(session, first_query(audio, Quality::Original, &browser::capabilities())).await?;
    Ok((plan, Quality::Original))
}

/// The tracks that this viewer would choose, by earlier films or else as mpv does.
fn preferred(watching: Watching) -> Option<Choice> {
    let media = watching.media_untracked()?;
    Some(Preferences::load().applied(&media, choose(&media, &browser::languages())))
}

/// Takes the server's choice for the viewer's.
pub(super) fn adopt(watching: Watching, plan: PlanView, quality: Quality) {
    // Shown unasked where it costs nothing: over the picture, or in one that is encoded anyway.
    let by_itself = preferred(watching).and_then(|choice| choice.subtitles);
    let encoded = plan.video.as_ref().is_some_and(|video| video.mode == VideoMode::Encode);
    let subtitles = by_itself.filter(|track| encoded || plan.readable.contains(track));
    watching.choice.set(Choice {
        video: plan.video.as_ref().map(|video| video.track),
        audio: plan.audio_track,
        subtitles,
    });
    watching.quality.set(quality);
    watching.plan.set(Some(plan));
}

/// Asks for the plan of what is chosen now; playing does not wait for it.
pub(super) fn refresh(watching: Watching) {
    let asked = watching.plans_asked.with_value(|asked| asked + 1);
    watching.plans_asked.set_value(asked);
    let query = watching.query();
    spawn_local(async move {
        for _ in 0..TRIES {
            let answer = ask(watching.session, query.clone()).await;
            if watching.is_over() || watching.plans_asked.get_value() != asked {
                return;
            }
            match answer {
                Ok(plan) => return watching.plan.set(Some(plan)),
                Err(error) if error.is_passing() => sleep(PAUSE).await,
                // Whatever it is, the player runs into it too.
                Err(_) => return,
            }
            if watching.is_over() || watching.plans_asked.get_value() != asked {
                return;
            }
        }
    });
}

async fn ask(session: SessionId, query: MasterQuery) -> Result<PlanView, ApiError> {
    api::within(PATIENCE, api::plan(session, query)).await
}
