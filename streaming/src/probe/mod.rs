//! What is known of a source: container, tracks, chapters, attachments, and when they begin and end.
//!
//! ffprobe reads the container through the gateway; what it does not tell, or where it believes a file that lies, a
//! few range reads of our own look up: the last cluster of a Matroska file, the boxes of an MP4. The file is never
//! read through. Every figure in it is taken for what it is: written by a stranger.

mod clock;
mod container;
mod ffprobe;
mod fields;
mod film;
mod first_frames;
mod flv;
mod look;
mod matroska;
mod mp4;
mod spans;
mod tail;
mod tracks;
mod words;

use std::{fmt, future::Future};

use bytes::Bytes;
use protocol::{Error, Media, Reach};

pub use container::seeks_by_time;
pub use ffprobe::DEMUXERS;

use crate::{process::Spawner, tools::Tools};

/// What is to be probed.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The gateway's address of the source.
    pub url: &'a str,
    /// Bytes, where the source's server tells.
    pub size: Option<u64>,
    pub reach: Reach,
    /// The title of a film whose container has none.
    pub fallback_title: &'a str,
    /// The container's word about its length is known to be wrong.
    pub doubted: bool,
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address is a secret.
        f.debug_struct("Subject").field("size", &self.size).field("reach", &self.reach).finish_non_exhaustive()
    }
}

/// The media, and what leads from film time to the source's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Probed {
    pub media: Media,
    /// Source time of film time zero: the earliest start among the video and audio tracks, in seconds. May be negative.
    pub zero_s: f64,
    /// The start of the container, at which a head's start is clamped, in seconds of source time.
    pub source_start_s: f64,
    /// When each of [`Media::video`] plays.
    pub video: Vec<TrackSpan>,
    /// When each of the file's audio tracks plays, those that [`Media::audio`] leaves out among them.
    pub audio: Vec<TrackSpan>,
    /// Of each of the file's audio tracks when its first frame is heard, in seconds of source time, and how long every frame
    /// lasts; `None` where they differ, or none is near the file's beginning.
    pub audio_frames: Vec<Option<(f64, f64)>>,
}

/// When a track plays, in seconds of *source* time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackSpan {
    pub start_s: f64,
    pub end_s: f64,
}

/// Finds out what the source is. `read` reads that many bytes of it from that offset, fewer only at its end, and is
/// asked for 4 MiB at most.
///
/// # Errors
/// `tool_missing`; `not_a_video` with what the content looks like; `unplayable` for a video that nobody can play,
/// with the reason; `source_timeout` when reading takes more than 20 s; `source_unreachable`; and what `read` reports.
pub async fn probe<R, F>(spawner: &Spawner, tools: &Tools, subject: &Subject<'_>, read: R) -> Result<Probed, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    film::probe(spawner, tools, subject, &read).await
}
