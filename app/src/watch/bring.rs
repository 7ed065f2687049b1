//! Subtitles that this viewer adds for everybody.

use std::time::Duration;

use js_sys::encode_uri_component;
use leptos::prelude::*;
use protocol::{Error, ErrorKind, LARGEST_SUBTITLES, SubtitleTrack};
use web_sys::File;

use super::{playback, state::Watching};
use crate::{
    api::{self, ApiError},
    browser,
};

/// How long the server may take: somewhat longer than it waits itself, for the file or for the link's server.
const PATIENCE: Duration = Duration::from_secs(100);

/// Adds a file of this computer, and chooses it.
pub(crate) async fn bring_file(watching: Watching, file: File) -> Result<(), ApiError> {
    if file.size() > LARGEST_SUBTITLES as f64 {
        let message =
            format!("subtitles of more than {} MB are not taken; give a smaller file", LARGEST_SUBTITLES >> 20);
        return Err(Error::new(ErrorKind::TooLarge, message).into());
    }
    let url = format!("/subtitles/{}?name={}", watching.session, encode_uri_component(&file.name()));
    let track = api::within(PATIENCE, browser::post_file(url, file)).await?;
    choose(watching, track);
    Ok(())
}

/// Adds the file that a link leads to, and chooses it.
pub(crate) async fn bring_link(watching: Watching, source: String) -> Result<(), ApiError> {
    let call = api::bring_subtitles(watching.session, browser::viewer_token(), source);
    let track = api::within(PATIENCE, call).await?;
    choose(watching, track);
    Ok(())
}

fn choose(watching: Watching, track: SubtitleTrack) {
    if watching.is_over() {
        return;
    }
    let chosen = track.track;
    // A heartbeat may have told of it already.
    watching.outside.update(|outside| {
        if !outside.contains(&track) {
            outside.push(track);
        }
    });
    playback::switch_subtitles(watching, Some(chosen));
}
