//! How the sound is made: all tracks of a film in one codec, so that a player can change between them.

use protocol::{AudioMode, AudioPlan, AudioTrack, Capabilities, Channels, RenditionId};

use super::{Film, words};
use crate::playlist::{AAC_CODEC, AudioRendition};

/// Bits a second of an AAC rendition.
pub(super) const fn bit_rate(channels: Channels) -> u32 {
    match channels {
        Channels::Stereo => 160_000,
        Channels::Surround => 384_000,
    }
}

/// Bits a second that a copied track is taken to have; a player only adds them up.
const COPIED_BANDWIDTH: u64 = 640_000;

/// One track's part of the plan.
#[derive(Clone, Debug)]
pub(super) struct Sound {
    pub(super) rendition: RenditionId,
    pub(super) codec: &'static str,
    pub(super) channels: u16,
    pub(super) why: Option<String>,
}

/// How each track is made for a browser. Without `capabilities` of its own it is given stereo.
pub(super) fn sounds(film: Film<'_>, capabilities: Option<&Capabilities>) -> Vec<Sound> {
    let tracks = &film.media.audio;
    let asked = capabilities.cloned().unwrap_or_default();
    let copied: Vec<Result<&'static str, String>> = tracks.iter().map(|track| copied(film, track, &asked)).collect();
    let first = copied.first().and_then(|codec| codec.as_ref().ok()).copied();
    let all_alike = first.is_some() && copied.iter().all(|codec| codec.as_ref().ok().copied() == first);
    let sound = |(track, copied): (&AudioTrack, Result<&'static str, String>)| {
        let why = match copied {
            Ok(codec) if all_alike || codec == AAC_CODEC => {
                let rendition = RenditionId::CopiedAudio { audio: track.track };
                return Sound { rendition, codec, channels: track.channels.max(1), why: None };
            }
            Ok(_) => "the film's sound tracks are of several codecs".to_owned(),
            Err(why) => why,
        };
        let surround = track.channels >= Channels::Surround.count() && capabilities.is_some();
        let channels = if surround { Channels::Surround } else { Channels::Stereo };
        Sound {
            rendition: RenditionId::EncodedAudio { audio: track.track, channels },
            codec: AAC_CODEC,
            channels: channels.count(),
            why: Some(why),
        }
    };
    tracks.iter().zip(copied).map(sound).collect()
}

/// The codec of a track that is copied, or why it is not.
fn copied(film: Film<'_>, track: &AudioTrack, capabilities: &Capabilities) -> Result<&'static str, String> {
    let Some(copy) = film.copies.audio.get(&track.track) else {
        return Err("it is not known how it could be passed on".into());
    };
    let copy = copy.as_ref().map_err(Clone::clone)?;
    if !capabilities.decodes_audio(copy.asked) {
        return Err(format!("{}: this browser cannot decode it", words::codec(&track.codec)));
    }
    if let Some(why) = film.faults.get(&RenditionId::CopiedAudio { audio: track.track }) {
        return Err((*why).into());
    }
    Ok(copy.codec)
}

impl Sound {
    pub(super) fn rendition(&self, n: usize, track: &AudioTrack, default: bool) -> AudioRendition {
        let bandwidth = match self.rendition {
            RenditionId::EncodedAudio { channels, .. } => bit_rate(channels).into(),
            _ => COPIED_BANDWIDTH,
        };
        AudioRendition {
            rendition: self.rendition,
            codec: self.codec,
            name: track.title.clone().or_else(|| track.language.clone()).unwrap_or_else(|| format!("Audio {}", n + 1)),
            language: track.language_tag(),
            default,
            channels: self.channels,
            bandwidth,
        }
    }

    pub(super) fn view(&self, track: &AudioTrack) -> AudioPlan {
        let mode = if self.why.is_none() { AudioMode::Copy } else { AudioMode::Encode };
        AudioPlan { track: track.track, mode, why: self.why.clone(), channels: self.channels }
    }
}
