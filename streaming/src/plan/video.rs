//! How the picture is made.

use protocol::{Capabilities, EncodedBy, FrameRate, MasterQuery, Quality, RenditionId, TrackId, VideoMode, VideoTrack};

use super::{Film, words};
use crate::{
    playlist::{Level, MAX_HEIGHT, VideoRendition, bit_rate_cap, fit},
    time::snap_rate,
};

/// The picture's part of the plan.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    pub(super) rendition: RenditionId,
    /// Why it is not copied.
    pub(super) why: Option<String>,
    /// What encodes it, or would.
    pub(super) by: EncodedBy,
}

/// How a track is made for a query; `burn` is the subtitle track that the query names, `default` the one that is
/// drawn in when the picture has to be encoded anyway.
pub(super) fn sight(
    film: Film<'_>,
    track: &VideoTrack,
    query: &MasterQuery,
    burn: Option<TrackId>,
    default: Option<TrackId>,
) -> Sight {
    let quality = effective(track, query.quality.unwrap_or_default());
    let encoded = |burn, by| {
        // One name for one picture: what is encoded has this many lines at most.
        let quality = match quality {
            Quality::Original => effective(track, Quality::P1080),
            smaller => smaller,
        };
        RenditionId::EncodedVideo { video: track.track, burn, quality, by }
    };
    // A card may refuse one picture more than it takes at the same time, and take others.
    let by = |burn| match film.hardware {
        Some(_) if query.video == Some(VideoMode::Software) => EncodedBy::Processor,
        Some(_) if !film.faults.contains_key(&encoded(burn, EncodedBy::GraphicsCard)) => EncodedBy::GraphicsCard,
        _ => EncodedBy::Processor,
    };
    match why_not_copied(film, track, query, burn, quality) {
        None => Sight { rendition: RenditionId::CopiedVideo { video: track.track }, why: None, by: by(burn) },
        Some(why) => {
            let why = words::with_cost(why, track);
            let burn = if query.burn.is_some() { burn } else { default };
            let by = by(burn);
            Sight { rendition: encoded(burn, by), why: Some(why), by }
        }
    }
}

fn why_not_copied(
    film: Film<'_>,
    track: &VideoTrack,
    query: &MasterQuery,
    burn: Option<TrackId>,
    quality: Quality,
) -> Option<String> {
    // What cannot be helped comes first: it is what a viewer should know.
    let copy = match film.copies.video.get(usize::from(track.track.order)) {
        Some(Ok(copy)) => copy,
        Some(Err(why)) => return Some(why.clone()),
        None => return Some("it is not known how it could be passed on".into()),
    };
    let capabilities: Capabilities = query.caps.as_deref().map_or_else(Capabilities::default, parsed);
    if !copy.codec.is_decoded_by(&capabilities) {
        return Some(format!("{}: this browser cannot decode it", words::picture(track)));
    }
    if let Some(why) = film.faults.get(&RenditionId::CopiedVideo { video: track.track }) {
        return Some((*why).into());
    }
    if burn.is_some() {
        return Some("the subtitles are drawn into the picture".into());
    }
    if quality != Quality::Original {
        return Some("a smaller picture was chosen".into());
    }
    let asked = matches!(query.video, Some(VideoMode::Encode | VideoMode::Software));
    asked.then(|| "the player could not decode the original".into())
}

/// What a browser said of itself. Nonsense is nothing.
pub(super) fn parsed(caps: &str) -> Capabilities {
    caps.parse().unwrap_or_else(|never: std::convert::Infallible| match never {})
}

/// The encoded picture of a track.
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) rate: FrameRate,
    pub(super) level: Level,
}

pub(super) fn picture(track: &VideoTrack, quality: Quality) -> Picture {
    let (width, height) = fit(track.width, track.height, track.sample_aspect, quality.height().unwrap_or(MAX_HEIGHT));
    let rate = snap_rate(track.frame_rate);
    Picture { width, height, rate, level: Level::of(width, height, rate) }
}

/// The qualities that make a track's picture smaller.
pub(super) fn smaller(track: &VideoTrack) -> Vec<Quality> {
    Quality::SMALLER.into_iter().filter(|quality| effective(track, *quality) == *quality).collect()
}

/// A quality that does not make the picture smaller is the original's.
pub(super) fn effective(track: &VideoTrack, quality: Quality) -> Quality {
    let picture = picture(track, quality);
    let is_smaller = picture.width + 1 < track.width || picture.height + 1 < track.height;
    if is_smaller { quality } else { Quality::Original }
}

/// Lines of the picture that comes out.
pub(super) fn height(track: &VideoTrack, rendition: RenditionId) -> u32 {
    match rendition {
        RenditionId::EncodedVideo { quality, .. } => picture(track, quality).height,
        _ => track.height,
    }
}

/// What the master playlist says of it; none for a rendition of sound.
pub(super) fn rendition(film: Film<'_>, track: &VideoTrack, rendition: RenditionId) -> Option<VideoRendition> {
    match rendition {
        RenditionId::CopiedVideo { video } => {
            let copy = film.copies.video.get(usize::from(video.order))?.as_ref().ok()?;
            Some(VideoRendition {
                rendition,
                codec: copy.codec.name.clone(),
                width: track.width,
                height: track.height,
                frame_rate: track.frame_rate.unwrap_or_else(|| snap_rate(None)),
                bandwidth: copy.bandwidth,
            })
        }
        RenditionId::EncodedVideo { quality, .. } => {
            let Picture { width, height, rate, level } = picture(track, quality);
            Some(VideoRendition {
                rendition,
                codec: level.codec(),
                width,
                height,
                frame_rate: rate,
                bandwidth: bit_rate_cap(width, height, rate).into(),
            })
        }
        _ => None,
    }
}
