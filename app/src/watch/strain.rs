//! Whether the server makes this page's picture more slowly than it is watched.

use leptos::prelude::*;
use protocol::{Quality, Strain, VideoMode};

use super::Watching;

/// The strain that this page's picture is under, and the next picture that would be less work.
pub(crate) fn strain(watching: Watching) -> Option<(Strain, Option<Quality>)> {
    let plan = watching.plan.get()?;
    let video = plan.video.filter(|video| video.mode == VideoMode::Encode)?;
    let is_ours = |strain: &Strain| {
        strain.track == video.track
            && strain.height == video.height
            && strain.burn == plan.burn
            && strain.on_card == plan.encoder.is_some()
    };
    let strain = watching.strains.with(|strains| strains.iter().copied().find(is_ours))?;
    let smaller = plan.qualities.into_iter().find(|quality| quality.height().is_some_and(|lines| lines < video.height));
    Some((strain, smaller))
}
