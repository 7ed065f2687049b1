//! What a film's index tells: what of it can be copied, and where its subtitles are.

use std::{sync::Arc, time::Duration};

use protocol::{AudioTrack, Reach};

use super::texts::TextHead;
use crate::{
    gateway::Feed,
    head::SourceFrames,
    keyframes::{self, Index, IndexKind, Moments, NoIndex, SubtitleIndex},
    plan::{AudioCopy, Copies, Times, VideoCopy},
    probe::{Probed, TrackSpan},
    subtitles::{Pictures, Reader, Route, Walk},
};

/// Reading the index is a few range reads. Longer than the gateway waits for any place, so that a film is not encoded
/// because its server is slow at each; one whose server takes even longer is.
const LIMIT: Duration = Duration::from_secs(30);
/// A torrent's index comes piece by piece from peers, and without it the film would have to be encoded.
const TORRENT_LIMIT: Duration = Duration::from_secs(60);

/// What of a film can be read apart from heads.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) copies: Copies,
    /// How the text of each subtitle track is read; none for one whose events cannot be found.
    pub(super) texts: Vec<Option<Reader>>,
    /// And its pictures.
    pub(super) pictures: Vec<Option<Pictures>>,
    /// What reads the text of the other tracks, where ffmpeg can.
    pub(super) heads: Vec<Option<TextHead>>,
    /// Finds the events that the index leaves out.
    pub(super) walk: Option<Arc<Walk>>,
    /// When what is at a place in the file is shown.
    pub(super) moments: Arc<Moments>,
    /// When the last keyframe is shown, in seconds of film time.
    pub(super) last_key_s: Option<f64>,
}

/// `teletext`: whether ffmpeg decodes it. `torrent`: whether the film is a torrent's.
pub(super) async fn of_index(feed: &Feed, probed: &Probed, teletext: bool, torrent: bool) -> Parts {
    let index = index(feed, probed, if torrent { TORRENT_LIMIT } else { LIMIT }).await;
    let keyframes = index.iter().flat_map(|index| &index.video).find(|track| !track.keyframes.is_empty());
    let last_key_s = keyframes.and_then(|track| Some(track.keyframes.last()?.time_s - probed.zero_s));
    let moments = keyframes.map(|track| Moments::new(&track.keyframes, probed.zero_s)).unwrap_or_default();
    let mut tracks = index.as_ref().map(|index| index.subtitles.clone()).unwrap_or_default();
    let walk = walk(feed, probed, index.as_ref().ok(), &mut tracks).await;
    let in_order = || (0..probed.media.subtitles.len()).map(|n| tracks.get(n));
    let text = |track| Reader::new(track, probed.zero_s, walk.as_ref());
    let picture = |track| Pictures::new(track, probed.zero_s, walk.as_ref());
    let texts: Vec<_> = in_order().map(|track| track.and_then(text)).collect();
    let pictures = in_order().map(|track| track.and_then(picture)).collect();
    let rest = probed.media.subtitles.iter().zip(&texts).map(|(track, reader)| {
        let head = || TextHead::new(&probed.media, track, probed.zero_s, teletext);
        if reader.is_none() { head() } else { None }
    });
    let (copies, heads, moments) = (copies(probed, &index), rest.collect(), Arc::new(moments));
    Parts { copies, heads, texts, pictures, walk, moments, last_key_s }
}

/// What looks for the events of Matroska's tracks of which the index does not say, or not exactly, where they are. Puts
/// these tracks into the list where there is no index.
async fn walk(
    feed: &Feed,
    probed: &Probed,
    index: Option<&Index>,
    tracks: &mut Vec<SubtitleIndex>,
) -> Option<Arc<Walk>> {
    let is_matroska = IndexKind::of(&probed.media.container) == Some(IndexKind::Matroska);
    let is_told =
        |track: &SubtitleIndex| !track.events.is_empty() && track.events.iter().all(|place| place.inside.is_some());
    if !is_matroska || probed.media.subtitles.is_empty() || !tracks.is_empty() && tracks.iter().all(is_told) {
        return None;
    }
    let read = |offset, len| feed.read(offset, len);
    let beginning = tokio::time::timeout(LIMIT, keyframes::beginning(feed.len(), &read)).await.ok()?.ok()??;
    if tracks.is_empty() {
        *tracks = beginning.subtitles;
    }
    let film = index.into_iter().flat_map(|index| &index.video).find(|track| !track.keyframes.is_empty());
    let keyframes = film.into_iter().flat_map(|track| &track.keyframes);
    let told: Vec<_> = keyframes.map(|keyframe| (keyframe.time_s, keyframe.offset)).collect();
    let wanted = tracks.iter().filter(|track| !is_told(track)).map(|track| track.number).collect();
    Some(Arc::new(Walk::new(&Route {
        tracks: wanted,
        tick_s: beginning.tick_s,
        zero_s: probed.zero_s,
        clusters: beginning.clusters,
        told: &told,
    })))
}

fn copies(probed: &Probed, index: &Result<Index, NoIndex>) -> Copies {
    let media = &probed.media;
    let times = |span: Option<&TrackSpan>| Times {
        zero_s: probed.zero_s,
        duration_s: media.duration_s,
        ends_s: span.map_or(media.duration_s, |span| span.end_s - probed.zero_s),
    };
    let first = media.video.iter().position(|track| !track.cover);
    let video = media.video.iter().enumerate().map(|(n, track)| {
        // A seek in a file lands on keyframes of its first picture.
        if Some(n) != first {
            return Err("only a file's first picture is passed on as it is".into());
        }
        let of_track = match index {
            Ok(index) => index.video.get(n).filter(|track| !track.keyframes.is_empty()).ok_or(&NoIndex::Absent),
            Err(why) => Err(why),
        };
        VideoCopy::of(track, &media.container, media.reach, of_track, media.size, times(probed.video.get(n)))
    });
    let is_film = media.video.iter().all(|track| track.cover);
    let frames = |track: &AudioTrack| probed.audio_frames.get(usize::from(track.track.order)).copied().flatten();
    let audio = media.audio.iter().map(|track| {
        let span = probed.audio.get(usize::from(track.track.order));
        (track.track, AudioCopy::of(track, frames(track), is_film, times(span)))
    });
    let encoded = media.audio.iter().filter_map(|track| Some((track.track, SourceFrames::of(track, frames(track))?)));
    Copies { video: video.collect(), audio: audio.collect(), frames: encoded.collect() }
}

async fn index(feed: &Feed, probed: &Probed, limit: Duration) -> Result<Index, NoIndex> {
    let kind = IndexKind::of(&probed.media.container).ok_or(NoIndex::Absent)?;
    if probed.media.reach == Reach::AsRead {
        return Err(NoIndex::Absent);
    }
    let read = |offset, len| feed.read(offset, len);
    match tokio::time::timeout(limit, keyframes::read(kind, feed.len(), &read)).await {
        Ok(Ok(Ok(mut index))) => {
            // ffmpeg has its own mind about which of an MP4's tracks are subtitles.
            if kind == IndexKind::Mp4 && index.subtitles.len() != probed.media.subtitles.len() {
                index.subtitles.clear();
            }
            Ok(index)
        }
        Ok(Ok(none)) => none,
        // The film may play nonetheless: whoever reads it next meets the same trouble, and tells it.
        Ok(Err(error)) => {
            tracing::debug!(%error, "the index could not be read");
            Err(NoIndex::Absent)
        }
        Err(_) => Err(NoIndex::Absent),
    }
}
