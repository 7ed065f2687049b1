//! The master playlist of a session.

use std::collections::HashSet;

use m3u8_rs::{AlternativeMedia, AlternativeMediaType, MasterPlaylist, Resolution, VariantStream};
use protocol::{FrameRate, RenditionId};

use super::media;

const AUDIO_GROUP: &str = "audio";
const SUBTITLE_GROUP: &str = "subtitles";

/// Characters of a track's name that are kept: players show them in a menu.
const NAME_LENGTH: usize = 80;

/// What a master playlist offers. One of both must be there.
#[derive(Clone, Debug, PartialEq)]
pub struct MasterPlan {
    pub video: Option<VideoRendition>,
    /// All audio tracks, in the film's order.
    pub audio: Vec<AudioRendition>,
    /// The tracks whose text can be read, in the film's order.
    pub subtitles: Vec<SubtitleRendition>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct VideoRendition {
    pub rendition: RenditionId,
    /// As in `CODECS`: `avc1.640028`.
    pub codec: String,
    pub width: u32,
    pub height: u32,
    pub frame_rate: FrameRate,
    /// Bits a second of the segment with the highest rate.
    pub bandwidth: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioRendition {
    pub rendition: RenditionId,
    /// As in `CODECS`: `mp4a.40.2`. All tracks of a film have the same.
    pub codec: &'static str,
    /// What a menu shows. It may come from the file: whatever a playlist cannot hold is taken out.
    pub name: String,
    /// As BCP 47 tag; left out of the playlist if it does not look like one.
    pub language: Option<String>,
    /// The one that plays when nobody has chosen. Without any it is the first, and of several the first of them.
    pub default: bool,
    pub channels: u16,
    /// Bits a second.
    pub bandwidth: u64,
}

/// Subtitles that a player draws itself, if it is told to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubtitleRendition {
    pub rendition: RenditionId,
    /// As an audio track's.
    pub name: String,
    /// As an audio track's.
    pub language: Option<String>,
    /// Only what is said in another language than the film's.
    pub forced: bool,
    pub hearing_impaired: bool,
}

/// The master playlist; the renditions' playlists stand at `{rendition}/index.m3u8` beside it.
///
/// It has one `EXT-X-STREAM-INF` and, where there is a choice, one audio group. The only audio track of a film
/// without video is that stream itself; of several the default one is, and the group holds it without a URI.
#[must_use]
pub fn master(plan: &MasterPlan) -> String {
    let default = plan.audio.iter().position(|audio| audio.default).unwrap_or(0);
    let grouped = if plan.video.is_some() { !plan.audio.is_empty() } else { plan.audio.len() > 1 };
    let mut variant = VariantStream {
        bandwidth: plan.audio.iter().map(|audio| audio.bandwidth).max().unwrap_or(0),
        audio: grouped.then(|| AUDIO_GROUP.to_owned()),
        subtitles: (!plan.subtitles.is_empty()).then(|| SUBTITLE_GROUP.to_owned()),
        ..VariantStream::default()
    };
    let mut codecs = Vec::new();
    if let Some(video) = &plan.video {
        variant.uri = uri(video.rendition);
        variant.bandwidth += video.bandwidth;
        variant.resolution = Some(Resolution { width: video.width.into(), height: video.height.into() });
        // Three decimal places, as RFC 8216 (4.3.4.2) has it.
        variant.frame_rate = Some((video.frame_rate.as_f64() * 1000.0).round() / 1000.0);
        codecs.push(video.codec.as_str());
    } else if let Some(audio) = plan.audio.get(default) {
        variant.uri = uri(audio.rendition);
    }
    if let Some(audio) = plan.audio.get(default) {
        codecs.push(audio.codec);
    }
    variant.codecs = Some(codecs.join(","));
    let mut alternatives = if grouped { group(&plan.audio, default, plan.video.is_some()) } else { Vec::new() };
    alternatives.extend(subtitle_group(&plan.subtitles));
    let playlist = MasterPlaylist {
        version: Some(media::VERSION),
        independent_segments: true,
        alternatives,
        variants: if variant.uri.is_empty() { Vec::new() } else { vec![variant] },
        ..MasterPlaylist::default()
    };
    media::written(|text| playlist.write_to(text))
}

fn group(audio: &[AudioRendition], default: usize, with_video: bool) -> Vec<AlternativeMedia> {
    let mut names = HashSet::new();
    let languages: Vec<_> = audio.iter().map(|audio| audio.language.as_deref().filter(|l| is_tag(l))).collect();
    let tag = |(n, audio): (usize, &AudioRendition)| AlternativeMedia {
        media_type: AlternativeMediaType::Audio,
        uri: (with_video || n != default).then(|| uri(audio.rendition)),
        group_id: AUDIO_GROUP.to_owned(),
        language: languages[n].map(str::to_owned),
        name: unique(&shown(&audio.name, || format!("Audio {}", n + 1)), &mut names),
        default: n == default,
        // A player may choose by language only among tracks of different languages (RFC 8216, 4.3.4.1.1), so a
        // commentary in the film's own language is not chosen by itself.
        autoselect: n == default || (languages[n] != languages[default] && !languages[..n].contains(&languages[n])),
        channels: Some(audio.channels.max(1).to_string()),
        ..AlternativeMedia::default()
    };
    audio.iter().enumerate().map(tag).collect()
}

/// None is the default: the page draws subtitles itself, and other players show them when they are asked to.
fn subtitle_group(subtitles: &[SubtitleRendition]) -> Vec<AlternativeMedia> {
    let mut names = HashSet::new();
    let languages: Vec<_> = subtitles.iter().map(|track| track.language.as_deref().filter(|l| is_tag(l))).collect();
    let tag = |(n, track): (usize, &SubtitleRendition)| AlternativeMedia {
        media_type: AlternativeMediaType::Subtitles,
        uri: Some(uri(track.rendition)),
        group_id: SUBTITLE_GROUP.to_owned(),
        language: languages[n].map(str::to_owned),
        name: unique(&shown(&track.name, || format!("Subtitles {}", n + 1)), &mut names),
        forced: track.forced,
        // A player may choose one by its viewer's language, where there is one; forced ones are there for that alone.
        autoselect: track.forced
            || languages[n].is_some()
                && !subtitles[..n].iter().zip(&languages).any(|(t, language)| !t.forced && *language == languages[n]),
        characteristics: track.hearing_impaired.then(|| {
            "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound".to_owned()
        }),
        ..AlternativeMedia::default()
    };
    subtitles.iter().enumerate().map(tag).collect()
}

fn uri(rendition: RenditionId) -> String {
    format!("{rendition}/index.m3u8")
}

/// A name that can stand in a quoted string: without quotes, line breaks, control characters, and the marks that
/// turn the direction of text round, by which one line could pass for another.
fn shown(name: &str, otherwise: impl FnOnce() -> String) -> String {
    let keep = |c: char| match c {
        '"' => Some('\''),
        c if c.is_whitespace() || c.is_control() => Some(' '),
        '\u{feff}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
        c => Some(c),
    };
    let plain: String = name.chars().filter_map(keep).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(NAME_LENGTH).collect();
    let short = short.trim_end();
    if short.is_empty() { otherwise() } else { short.to_owned() }
}

/// The name, or else with a number behind it that no other track has.
fn unique(name: &str, taken: &mut HashSet<String>) -> String {
    let numbered = (2..).map(|n| format!("{name} ({n})"));
    let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken.contains(name));
    let free = free.unwrap_or_default();
    taken.insert(free.clone());
    free
}

/// Whether a language has the form of a BCP 47 tag: a hostile file can write anything there.
fn is_tag(language: &str) -> bool {
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    language.len() <= 35
        && language.split('-').all(subtag)
        && language.bytes().take_while(|b| *b != b'-').all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests;
