//! Which tracks are played when nobody has chosen.
//!
//! The rules are those of mpv 0.35, as if it had been started with the viewer's languages as `--alang` and `--slang`
//! and every other option as it is by default. Tracks are compared by, in this order:
//!
//! 1. the place of their language in the list of preferred ones, and after them all a language that is not in it;
//! 2. the forced flag: a forced audio track goes first, a forced subtitle track last, since the full one is wanted
//!    even when the audio is in a language of the viewer's (`--subs-with-matching-audio=yes`);
//! 3. the default flag;
//! 4. the order in the film.
//!
//! An audio track is always chosen. A subtitle track is chosen only if its language is in the list or it is flagged
//! default or forced, and this is asked of the first track by the order above, not of each: a film whose only flagged
//! subtitles are forced ones, beside plain ones, starts without. A cover picture is never taken for the film.
//!
//! Two things are not mpv's: it compares codes letter by letter, where here `en-GB` is found in a file that says `eng`; and a
//! picture of a codec that ffmpeg does not know comes after all others.

mod language;

use crate::{AudioTrack, Media, SubtitleTrack, TrackId, UNKNOWN_CODEC};
use language::Language;

/// A video, an audio and a subtitle track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    pub video: Option<TrackId>,
    pub audio: Option<TrackId>,
    pub subtitles: Option<TrackId>,
}

/// What mpv would choose for a viewer who prefers `languages`, best first, as BCP 47 tags (`navigator.languages`).
///
/// What is no tag is passed over, and so are tags beyond the first 32.
#[must_use]
pub fn choose(media: &Media, languages: &[String]) -> Choice {
    let preferred: Vec<Language> = languages.iter().take(32).filter_map(|text| Language::parse(text)).collect();
    let video = media.video.iter().filter(|track| !track.cover);
    let subtitles = media.subtitles.iter().min_by_key(|track| {
        let unlisted = rank(&preferred, track.language.as_deref());
        (unlisted, track.forced, !track.default, track.track.order)
    });
    let wanted = |track: &&SubtitleTrack| {
        track.default || track.forced || rank(&preferred, track.language.as_deref()) != NOT_LISTED
    };
    Choice {
        video: video
            .min_by_key(|track| (track.codec == UNKNOWN_CODEC, !track.forced, !track.default, track.track.order))
            .map(|track| track.track),
        audio: media
            .audio
            .iter()
            .min_by_key(|track| {
                (rank(&preferred, track.language.as_deref()), !track.forced, !track.default, track.track.order)
            })
            .map(|track| track.track),
        subtitles: subtitles.filter(wanted).map(|track| track.track),
    }
}

impl AudioTrack {
    /// The language as BCP 47 tag in lower case (`en`, where the file says `eng`), if the file tells one.
    #[must_use]
    pub fn language_tag(&self) -> Option<String> {
        tag(self.language.as_deref())
    }
}

impl SubtitleTrack {
    /// The language as BCP 47 tag in lower case (`en`, where the file says `eng`), if the file tells one.
    #[must_use]
    pub fn language_tag(&self) -> Option<String> {
        tag(self.language.as_deref())
    }
}

/// The BCP 47 tag of a language that the tables of codes have (`en`, `eng`, `pt_BR`); none for what only looks like one.
#[must_use]
pub fn known_language(text: &str) -> Option<String> {
    Language::known(text).map(|language| language.tag())
}

fn tag(language: Option<&str>) -> Option<String> {
    language.and_then(Language::parse).map(|language| language.tag())
}

/// The place in the list, and how well the language fits there; smaller is better.
type Rank = (usize, u8);

const NOT_LISTED: Rank = (usize::MAX, u8::MAX);

fn rank(preferred: &[Language], track: Option<&str>) -> Rank {
    let Some(track) = track.and_then(Language::parse) else { return NOT_LISTED };
    let fits = preferred.iter().enumerate().filter_map(|(place, own)| Some((place, own.distance(&track)?)));
    fits.min().unwrap_or(NOT_LISTED)
}

#[cfg(test)]
mod tests;
