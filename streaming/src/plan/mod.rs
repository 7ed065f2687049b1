//! What has to be done so that a browser can play the film. Pure.
//!
//! The video is encoded with the chosen subtitle track drawn in, each audio track as AAC stereo. Which renditions
//! there are follows from the media alone, so a rendition can be named, and made, by anyone who knows the film.

use protocol::{
    AudioTrack, Error, ErrorKind, FrameRate, MasterQuery, Media, RenditionId, SubtitleTrack, TrackId, TrackKind,
    VideoTrack,
};

use crate::{
    head::{AudioOrder, Encoder, Order, VideoOrder},
    playlist::{AudioRendition, Level, MasterPlan, VideoRendition, bit_rate_cap, fit},
    rendition::Spec,
    time::{SegmentTable, snap_rate},
};

/// Bits a second of an AAC stereo rendition.
const AUDIO_BIT_RATE: u32 = 160_000;

/// What a master playlist offers, and what is played first.
#[derive(Clone, Debug)]
pub struct Plan {
    pub master: MasterPlan,
    pub video: Option<RenditionId>,
    pub audio: Option<RenditionId>,
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
    /// x264's preset.
    pub preset: &'a str,
}

/// The plan for one viewer's choice.
///
/// # Errors
///
/// `not_found` for a track that the film does not have, `unplayable` when there is nothing to play.
pub fn plan(film: Film<'_>, query: &MasterQuery, languages: &[String]) -> Result<Plan, Error> {
    let chosen = protocol::choose(film.media, languages);
    let audio = match query.audio {
        Some(track) => Some(audio_track(film.media, track)?.track),
        None => chosen.audio,
    };
    let burn = match query.burn.as_deref() {
        Some("none") => None,
        Some(track) => Some(subtitle_track(film.media, track.parse()?)?.track),
        None => chosen.subtitles,
    };
    let video = chosen.video.map(|video| RenditionId::EncodedVideo { video, burn });
    let master = MasterPlan {
        video: video.map(|id| video_rendition(film, id)).transpose()?,
        audio: film.media.audio.iter().enumerate().map(|(n, track)| audio_rendition(n, track, audio)).collect(),
    };
    if master.video.is_none() && master.audio.is_empty() {
        return Err(Error::new(ErrorKind::Unplayable, "there is neither picture nor sound in this file"));
    }
    Ok(Plan { master, video, audio: audio.map(|audio| RenditionId::EncodedAudio { audio }) })
}

/// How a rendition is made.
///
/// # Errors
///
/// `not_found` when the film has no such track.
pub fn spec(film: Film<'_>, id: RenditionId) -> Result<Spec, Error> {
    let order = match id {
        RenditionId::EncodedVideo { video, burn } => {
            let track = video_track(film.media, video)?;
            if let Some(burn) = burn {
                subtitle_track(film.media, burn)?;
            }
            let picture = picture(track);
            let (width, height, rate) = (picture.width, picture.height, picture.rate);
            let (starts_s, ends_s) =
                film.pictures_s.get(usize::from(video.order)).copied().unwrap_or((0.0, film.duration_s));
            Order::Video(VideoOrder {
                video: video.order,
                burn: burn.map(|burn| burn.order),
                rate,
                scale: ((width, height) != (track.width, track.height)).then_some((width, height)),
                encoder: Encoder {
                    preset: film.preset.to_owned(),
                    level: picture.level.idc(),
                    max_bit_rate: bit_rate_cap(width, height, rate),
                },
                zero_s: film.zero_s,
                starts_s: is_constant(track.frame_rate, rate).then_some(starts_s),
                ends_s,
            })
        }
        RenditionId::EncodedAudio { audio } => {
            audio_track(film.media, audio)?;
            Order::Audio(AudioOrder { audio: audio.order, bit_rate: AUDIO_BIT_RATE, zero_s: film.zero_s })
        }
    };
    let table = match &order {
        Order::Video(order) => SegmentTable::video(order.rate, film.duration_s),
        Order::Audio(_) => SegmentTable::audio(film.duration_s),
    };
    Ok(Spec { id, order, table })
}

/// The encoded picture of a track.
struct Picture {
    width: u32,
    height: u32,
    rate: FrameRate,
    level: Level,
}

/// Whether the rate that was measured is the one of the grid, so that all frames lie alike on it.
fn is_constant(measured: Option<FrameRate>, grid: FrameRate) -> bool {
    measured.is_some_and(|measured| (measured.as_f64() / grid.as_f64() - 1.0).abs() <= 0.001)
}

fn picture(track: &VideoTrack) -> Picture {
    let (width, height) = fit(track.width, track.height, track.sample_aspect);
    let rate = snap_rate(track.frame_rate);
    Picture { width, height, rate, level: Level::of(width, height, rate) }
}

fn video_rendition(film: Film<'_>, rendition: RenditionId) -> Result<VideoRendition, Error> {
    let RenditionId::EncodedVideo { video, .. } = rendition else { return Err(no_track(TrackKind::Video)) };
    let Picture { width, height, rate, level } = picture(video_track(film.media, video)?);
    Ok(VideoRendition {
        rendition,
        codec: level.codec(),
        width,
        height,
        frame_rate: rate,
        bandwidth: bit_rate_cap(width, height, rate).into(),
    })
}

fn audio_rendition(n: usize, track: &AudioTrack, chosen: Option<TrackId>) -> AudioRendition {
    AudioRendition {
        rendition: RenditionId::EncodedAudio { audio: track.track },
        name: track.title.clone().or_else(|| track.language.clone()).unwrap_or_else(|| format!("Audio {}", n + 1)),
        language: track.language_tag(),
        default: Some(track.track) == chosen,
        channels: 2,
        bandwidth: AUDIO_BIT_RATE.into(),
    }
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
        TrackKind::Subtitles => "subtitle",
    };
    Error::new(ErrorKind::NotFound, format!("this film has no such {kind} track; open the session's page again"))
}

#[cfg(test)]
mod tests;
