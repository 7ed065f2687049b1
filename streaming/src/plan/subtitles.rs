//! Subtitles that a player draws itself.

use protocol::{Media, RenditionId, SubtitleTrack, TrackId};

use crate::playlist::SubtitleRendition;

/// The renditions of the tracks whose text can be read.
#[must_use]
pub fn subtitles(media: &Media, readable: &[TrackId]) -> Vec<SubtitleRendition> {
    let rendition = |track: &SubtitleTrack| SubtitleRendition {
        rendition: RenditionId::Subtitles { subtitles: track.track },
        name: track.title.clone().or_else(|| track.language.clone()).unwrap_or_default(),
        language: track.language_tag(),
        forced: track.forced,
        hearing_impaired: track.hearing_impaired,
    };
    media.texts(readable).map(rendition).collect()
}
