//! What a viewer likes, kept from one film to the next.

use protocol::{Choice, Media, SubtitleTrack, TrackId};
use serde::{Deserialize, Serialize};

use super::identity::local_storage;

const KEY: &str = "matinee.preferences";

/// Languages are BCP 47 tags in lower case, as tracks tell theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Preferences {
    /// The language of the audio track that was chosen last.
    pub(crate) audio: Option<String>,
    pub(crate) subtitles: Subtitles,
    pub(crate) look: Look,
    /// What viewers say is not shown over the picture.
    pub(crate) hides_messages: bool,
}

/// What was chosen of subtitles last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subtitles {
    /// Nothing: what mpv would show.
    #[default]
    AsTheFilmSays,
    Off,
    Language(String),
}

/// How text is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Look {
    /// Of the size that the film has for it.
    pub(crate) size_percent: u16,
    /// How much higher than the film has it, in parts of the picture's height.
    pub(crate) raise_percent: u16,
}

impl Look {
    pub(crate) const SIZES: [u16; 6] = [50, 75, 100, 125, 150, 200];
    pub(crate) const RAISES: [u16; 5] = [0, 5, 10, 20, 40];
}

impl Default for Look {
    fn default() -> Self {
        Self { size_percent: 100, raise_percent: 0 }
    }
}

impl Preferences {
    /// As they were kept, or none.
    pub(crate) fn load() -> Self {
        let kept = local_storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
        Self::read(&kept.unwrap_or_default())
    }

    /// Changes what is kept.
    pub(crate) fn change(change: impl FnOnce(&mut Self)) {
        let mut now = Self::load();
        change(&mut now);
        if let (Some(storage), Ok(text)) = (local_storage(), serde_json::to_string(&now)) {
            let _ = storage.set_item(KEY, &text);
        }
    }

    fn read(text: &str) -> Self {
        let mut read: Self = serde_json::from_str(text).unwrap_or_default();
        let default = Look::default();
        if !Look::SIZES.contains(&read.look.size_percent) {
            read.look.size_percent = default.size_percent;
        }
        if !Look::RAISES.contains(&read.look.raise_percent) {
            read.look.raise_percent = default.raise_percent;
        }
        read
    }

    /// The tracks that `media` has for these preferences; `chosen` where they say nothing of it or it has none.
    pub(crate) fn applied(&self, media: &Media, chosen: Choice) -> Choice {
        let same = |tag: Option<String>, wanted: &str| tag.is_some_and(|tag| primary(&tag) == primary(wanted));
        let audio = self.audio.as_deref().and_then(|wanted| {
            // What is chosen already may be the better one of two in that language.
            let fits = |id: TrackId| media.audio.iter().any(|t| t.track == id && same(t.language_tag(), wanted));
            let first = || media.audio.iter().find(|track| same(track.language_tag(), wanted)).map(|track| track.track);
            chosen.audio.filter(|id| fits(*id)).or_else(first)
        });
        let subtitles = match &self.subtitles {
            Subtitles::AsTheFilmSays => chosen.subtitles,
            Subtitles::Off => None,
            Subtitles::Language(wanted) => {
                let fits = |track: &&SubtitleTrack| same(track.language_tag(), wanted);
                let best = media.subtitles.iter().filter(fits).min_by_key(|track| (track.forced, !track.default));
                best.map(|track| track.track).or(chosen.subtitles)
            }
        };
        Choice { audio: audio.or(chosen.audio), subtitles, ..chosen }
    }
}

/// The language without its region or script.
fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_may_be_nonsense_or_of_another_version() {
        assert_eq!(Preferences::read("?"), Preferences::default());
        let text = r#"{"audio":"ja","look":{"size_percent":9000},"more":1}"#;
        let wanted = Preferences { audio: Some("ja".into()), ..Preferences::default() };
        assert_eq!(Preferences::read(text), wanted);
        let kept = Preferences { subtitles: Subtitles::Language("en".into()), ..wanted };
        assert_eq!(Preferences::read(&serde_json::to_string(&kept).unwrap()), kept);
    }

    #[test]
    fn tracks_of_the_preferred_languages_are_taken_where_there_are_some() {
        let media: Media = serde_json::from_value(serde_json::json!({
            "title": "x", "size": null, "duration_s": 1.0, "container": "Matroska", "reach": "anywhere",
            "video": [], "chapters": [], "attachments": [], "warnings": [],
            "audio": [audio(0, "eng"), audio(1, "jpn")],
            "subtitles": [subtitle(0, "eng", false), subtitle(1, "fre", true), subtitle(2, "fre", false)],
        }))
        .unwrap();
        let chosen = Choice { video: None, audio: Some(TrackId::audio(0)), subtitles: Some(TrackId::subtitles(0)) };
        let likes = |audio: Option<&str>, subtitles| Preferences {
            audio: audio.map(str::to_owned),
            subtitles,
            look: Look::default(),
            hides_messages: false,
        };
        assert_eq!(likes(None, Subtitles::AsTheFilmSays).applied(&media, chosen), chosen);
        let french = likes(Some("ja"), Subtitles::Language("fr".into())).applied(&media, chosen);
        assert_eq!((french.audio, french.subtitles), (Some(TrackId::audio(1)), Some(TrackId::subtitles(2))));
        let none = likes(Some("de"), Subtitles::Language("de".into())).applied(&media, chosen);
        assert_eq!(none, chosen, "nothing is German");
        assert_eq!(likes(None, Subtitles::Off).applied(&media, chosen).subtitles, None);
    }

    fn audio(order: u16, language: &str) -> serde_json::Value {
        serde_json::json!({ "track": TrackId::audio(order), "codec": "aac", "profile": null, "channels": 2,
            "channel_layout": null, "sample_rate": 48000, "bit_depth": null, "language": language, "title": null,
            "default": order == 0, "forced": false })
    }

    fn subtitle(order: u16, language: &str, forced: bool) -> serde_json::Value {
        serde_json::json!({ "track": TrackId::subtitles(order), "codec": "ass", "kind": "styled", "language": language,
            "title": null, "default": false, "forced": forced, "hearing_impaired": false })
    }
}
