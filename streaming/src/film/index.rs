//! What a film's index tells: what of it can be copied, and where its subtitles are.

use std::time::Duration;

use protocol::Reach;

use crate::{
    gateway::Feed,
    head::SourceFrames,
    keyframes::{self, Index, IndexKind, NoIndex, SubtitleIndex},
    plan::{AudioCopy, Copies, Times, VideoCopy},
    probe::{Probed, TrackSpan},
    subtitles::{Pictures, Reader},
};

/// Reading the index is a few range reads. A film whose server takes longer is encoded.
const LIMIT: Duration = Duration::from_secs(8);

/// What can be copied, and for each subtitle track how its text or its pictures are read; none for one whose events the
/// index has not.
pub(super) async fn of_index(feed: &Feed, probed: &Probed) -> (Copies, Vec<Option<Reader>>, Vec<Option<Pictures>>) {
    let index = index(feed, probed).await;
    let known = index.as_ref().ok();
    (copies(probed, &index), subtitles(probed, known, Reader::new), subtitles(probed, known, Pictures::new))
}

fn subtitles<T>(probed: &Probed, index: Option<&Index>, read: fn(&SubtitleIndex, f64) -> Option<T>) -> Vec<Option<T>> {
    let of_track = |n| index.and_then(|index| index.subtitles.get(n)).and_then(|track| read(track, probed.zero_s));
    (0..probed.media.subtitles.len()).map(of_track).collect()
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
    let audio = media.audio.iter().enumerate().map(|(n, track)| {
        let frames = probed.audio_frames.get(n).copied().flatten();
        AudioCopy::of(track, frames, is_film, times(probed.audio.get(n)))
    });
    let frames = media.audio.iter().zip(&probed.audio_frames).map(|(track, frames)| SourceFrames::of(track, *frames));
    Copies { video: video.collect(), audio: audio.collect(), frames: frames.collect() }
}

async fn index(feed: &Feed, probed: &Probed) -> Result<Index, NoIndex> {
    let kind = IndexKind::of(&probed.media.container).ok_or(NoIndex::Absent)?;
    if probed.media.reach == Reach::AsRead {
        return Err(NoIndex::Absent);
    }
    let read = |offset, len| feed.read(offset, len);
    match tokio::time::timeout(LIMIT, keyframes::read(kind, feed.len(), &read)).await {
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
