//! What has to be done so that a browser can play the film: the least work, and why it is not less. Pure.
//!
//! The video is copied where the film's index allows it, the browser decodes it, and nothing is to be drawn into it;
//! else it is encoded. So is each audio track. Which renditions there are follows from the media alone, so a
//! rendition can be named, and made, by anyone who knows the film.

mod audio;
mod copies;
mod spec;
mod subtitles;
mod video;
mod words;

use std::collections::HashMap;

use protocol::{
    AudioTrack, EncodedBy, Error, ErrorKind, MasterQuery, Media, PlanView, RenditionId, Strain, SubtitleTrack, TrackId,
    TrackKind, VideoMode, VideoPlan, VideoTrack,
};

pub use copies::{AudioCopy, Copies, Times, VideoCopy};
pub use spec::spec;
pub use subtitles::subtitles;

use crate::{encoder::Hardware, playlist::MasterPlan};

/// What a master playlist offers, and what is played first.
#[derive(Clone, Debug)]
pub struct Plan {
    pub master: MasterPlan,
    pub video: Option<RenditionId>,
    pub audio: Option<RenditionId>,
    /// The same for the viewer, with reasons.
    pub view: PlanView,
}

/// What the plan needs to know besides the media.
#[derive(Clone, Copy, Debug)]
pub struct Film<'a> {
    pub media: &'a Media,
    /// Source time of film time zero, seconds.
    pub zero_s: f64,
    /// When each video track's picture starts and ends, in seconds of film time.
    pub pictures_s: &'a [(f64, f64)],
    /// The film's length, which an early end may have corrected.
    pub duration_s: f64,
    /// The graphics card's encoder that is used where a picture has to be encoded; none: libx264.
    pub hardware: Option<&'a Hardware>,
    pub copies: &'a Copies,
    /// Renditions that failed and can be made otherwise: copied ones, and those of a graphics card.
    pub faults: &'a HashMap<RenditionId, &'static str>,
}

/// The plan for one viewer's browser and choice.
///
/// # Errors
///
/// `not_found` for a track that the film does not have, `unplayable` when there is nothing to play.
pub fn plan(film: Film<'_>, query: &MasterQuery, languages: &[String]) -> Result<Plan, Error> {
    let chosen = protocol::choose(film.media, languages);
    let audio_track = match query.audio {
        Some(track) => Some(audio_track(film.media, track)?.track),
        None => chosen.audio,
    };
    let burn = match query.burn.as_deref() {
        Some("none") | None => None,
        Some(track) => Some(subtitle_track(film.media, track.parse()?)?.track),
    };
    let capabilities = query.caps.as_deref().map(video::parsed);
    let sounds = audio::sounds(film, capabilities.as_ref());
    let picture = chosen.video.map(|id| video_track(film.media, id)).transpose()?;
    let sight = picture.map(|track| (track, video::sight(film, track, query, burn, chosen.subtitles)));
    if sight.is_none() && sounds.is_empty() {
        return Err(Error::new(ErrorKind::Unplayable, "there is neither picture nor sound in this file"));
    }
    let tracks = || film.media.audio.iter().zip(&sounds);
    let master = MasterPlan {
        video: sight.as_ref().and_then(|(track, sight)| video::rendition(film, track, sight.rendition)),
        audio: tracks()
            .enumerate()
            .map(|(n, (track, sound))| sound.rendition(n, track, Some(track.track) == audio_track))
            .collect(),
        // As with the view's.
        subtitles: Vec::new(),
    };
    let view = PlanView {
        video: sight.as_ref().map(|(track, sight)| VideoPlan {
            track: track.track,
            mode: if sight.why.is_none() { VideoMode::Copy } else { VideoMode::Encode },
            why: sight.why.clone(),
            height: video::height(track, sight.rendition),
        }),
        audio: tracks().map(|(track, sound)| sound.view(track)).collect(),
        audio_track,
        burn: sight.as_ref().and_then(|(_, sight)| match sight.rendition {
            RenditionId::EncodedVideo { burn, .. } => burn,
            _ => None,
        }),
        // Whoever knows the film's index fills it in.
        readable: Vec::new(),
        qualities: picture.map(video::smaller).unwrap_or_default(),
        encoder: film
            .hardware
            .filter(|_| sight.as_ref().is_some_and(|(_, sight)| sight.by == EncodedBy::GraphicsCard))
            .map(|card| card.kind),
    };
    let audio = tracks().find(|(track, _)| Some(track.track) == audio_track).map(|(_, sound)| sound.rendition);
    Ok(Plan { master, video: sight.map(|(_, sight)| sight.rendition), audio, view })
}

/// What is told of an encoded picture that is made too slowly.
pub(crate) fn strain(media: &Media, id: RenditionId, speed: f64) -> Option<Strain> {
    let RenditionId::EncodedVideo { video: track, burn, by, .. } = id else { return None };
    let height = video::height(video_track(media, track).ok()?, id);
    Some(Strain { track, height, burn, on_card: by == EncodedBy::GraphicsCard, speed })
}

fn video_track(media: &Media, id: TrackId) -> Result<&VideoTrack, Error> {
    media.video.iter().find(|track| track.track == id && !track.cover).ok_or_else(|| no_track(TrackKind::Video))
}

fn audio_track(media: &Media, id: TrackId) -> Result<&AudioTrack, Error> {
    media.audio.iter().find(|track| track.track == id).ok_or_else(|| no_track(TrackKind::Audio))
}

fn subtitle_track(media: &Media, id: TrackId) -> Result<&SubtitleTrack, Error> {
    media.subtitles.iter().find(|track| track.track == id).ok_or_else(|| no_track(TrackKind::Subtitles))
}

fn no_track(kind: TrackKind) -> Error {
    let kind = match kind {
        TrackKind::Video => "video",
        TrackKind::Audio => "audio",
        TrackKind::Subtitles | TrackKind::Outside => "subtitle",
    };
    Error::new(ErrorKind::NotFound, format!("this film has no such {kind} track; open the session's page again"))
}

#[cfg(test)]
mod tests;
