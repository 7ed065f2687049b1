//! Where a film's keyframes are, from the index in its container: Matroska's Cues, an MP4's sample tables.
//!
//! A few range reads find the index; the film itself is never read through. Every number in it was written by a
//! stranger: work and memory are bounded by the bytes that were read, and what is not understood is no index.

mod attachments;
mod boxes;
mod file;
mod matroska;
mod moments;
mod mp4;
mod open_gops;
mod samples;

use std::future::Future;

use bytes::Bytes;
use protocol::Error;

use self::file::{Failure, File};
pub use self::{attachments::Attachment, moments::Moments};

/// How a container keeps its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKind {
    /// Matroska and WebM.
    Matroska,
    /// MP4 and QuickTime.
    Mp4,
}

impl IndexKind {
    /// Of the container, as a film's media names it; none for one without such an index. Both kinds list all their tracks
    /// at the beginning.
    #[must_use]
    pub fn of(container: &str) -> Option<Self> {
        match container {
            "Matroska" | "WebM" => Some(Self::Matroska),
            "MP4" | "QuickTime" => Some(Self::Mp4),
            _ => None,
        }
    }
}

/// What the index tells of each track: keyframes of one at least, or subtitles' events.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// In the order of ffprobe's video streams. Covers that Matroska keeps
    /// as attachments are streams for ffprobe, its last ones, but have no place here.
    pub video: Vec<VideoIndex>,
    /// In the order of ffprobe's audio streams.
    pub audio: Vec<AudioIndex>,
    /// In the order of ffprobe's subtitle streams.
    pub subtitles: Vec<SubtitleIndex>,
}

impl Index {
    fn has_keyframes(&self) -> bool {
        self.video.iter().any(|track| !track.keyframes.is_empty())
    }

    fn has_events(&self) -> bool {
        self.subtitles.iter().any(|track| !track.events.is_empty())
    }
}

/// What the index tells of a video track.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoIndex {
    /// By time, no time twice. The index need not name each keyframe of the track. Empty for a cover, and for a track
    /// that the index leaves out.
    pub keyframes: Vec<Keyframe>,
    /// The decoder's configuration record as the container has it: the body of `avcC`, `hvcC` or `av1C`, or whatever
    /// else Matroska's CodecPrivate is for the codec.
    pub config: Option<Bytes>,
    /// Frames of the track, where the index counts them.
    pub frames: Option<u64>,
    /// The unit of the track's times, seconds.
    pub tick_s: f64,
    /// Frames are shown before a keyframe that they come after, as far as that is known before the film is read.
    pub open_gops: bool,
}

/// What the index tells of an audio track.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioIndex {
    /// Matroska's CodecPrivate; `None` for MP4.
    pub config: Option<Bytes>,
}

/// What the index tells of a subtitle track.
#[derive(Clone, Debug, PartialEq)]
pub struct SubtitleIndex {
    /// As blocks name it.
    pub number: u64,
    /// The container's name of the format: `S_TEXT/ASS`, `tx3g`.
    pub codec_id: String,
    /// CodecPrivate: an ASS script's header.
    pub config: Option<Bytes>,
    /// How its blocks, and CodecPrivate, are stored.
    pub encoding: Encoding,
    /// The unit of times, seconds.
    pub tick_s: f64,
    /// Its events by time, if the index has them. Several may begin at one time.
    pub events: Vec<EventPlace>,
}

/// How a track's blocks are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    #[default]
    Plain,
    Zlib,
    /// These bytes were taken off each block's beginning.
    Stripped(Bytes),
    /// Encrypted, or compressed in a way that nobody uses any more.
    Unknown,
}

/// Where an event of a subtitle track is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    /// When it begins, in ticks of source time.
    pub time: i64,
    /// How long it is shown, in ticks, where the index says so.
    pub duration: Option<u64>,
    /// Of its cluster, in the file; of the event itself in MP4.
    pub cluster: u64,
    /// Of its block behind the beginning of the cluster's content, where the index says so.
    pub inside: Option<u64>,
}

/// A frame that can be decoded without those before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Keyframe {
    /// Its presentation time in source time, seconds: what ffmpeg says of its packet.
    pub time_s: f64,
    /// Where to begin to read the file for it: its cluster in Matroska, the frame itself in MP4.
    pub offset: u64,
}

/// What the beginning of a Matroska film tells of its subtitles, whether there is an index or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Beginning {
    /// In the order of ffprobe's subtitle streams, without events.
    pub subtitles: Vec<SubtitleIndex>,
    /// No cluster begins before this place in the file.
    pub clusters: u64,
    /// The unit of times, seconds.
    pub tick_s: f64,
}

/// Why a film has no usable index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoIndex {
    /// It is not such a container, or its index contradicts itself.
    #[error("it is not what a file of its kind looks like")]
    Malformed,
    /// The container was written without.
    #[error("it has none")]
    Absent,
    /// The file ends before what its index promises.
    #[error("the file is cut off")]
    Cut,
    /// The film is in fragments, each with an index of its own.
    #[error("it is spread over fragments")]
    Fragmented,
    /// An edit list does more than to delay a track and to choose its first frame.
    #[error("an edit list rearranges the film")]
    Edits,
    /// Something legal that hardly any film has, such as sample sizes of 4 bits.
    #[error("it is of a kind that is not read")]
    Unsupported,
    /// It is larger than that of any film that is watched.
    #[error("it is too large")]
    TooLarge,
}

/// Reads the index of a file of `size` bytes. `read` reads that many bytes of it from that offset, fewer only at its
/// end, and is asked for 4 MiB at most.
///
/// # Errors
///
/// What `read` reports. A file without a usable index is none: that is the inner result.
pub async fn read<R, F>(kind: IndexKind, size: Option<u64>, read: &R) -> Result<Result<Index, NoIndex>, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let file = File { size, read };
    let index = match kind {
        IndexKind::Matroska => matroska::index(&file).await,
        IndexKind::Mp4 => mp4::index(&file).await,
    };
    match index {
        Ok(index) if index.has_keyframes() || index.has_events() => Ok(Ok(index)),
        Ok(_) => Ok(Err(NoIndex::Absent)),
        Err(Failure::NoIndex(why)) => Ok(Err(why)),
        Err(Failure::Read(error)) => Err(error),
    }
}

/// What the beginning of a Matroska film of `size` bytes tells; none for what is no such film.
///
/// # Errors
///
/// What `read` reports, which is as that of [`read`].
pub async fn beginning<R, F>(size: Option<u64>, read: &R) -> Result<Option<Beginning>, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    match matroska::beginning(&File { size, read }).await {
        Ok(found) => Ok(Some(found)),
        Err(Failure::NoIndex(_)) => Ok(None),
        Err(Failure::Read(error)) => Err(error),
    }
}

/// Where the files are that are attached to a Matroska film of `size` bytes; none for what has none, or is no such film.
///
/// # Errors
///
/// What `read` reports, which is as that of [`read`].
pub async fn attachments<R, F>(size: Option<u64>, read: &R) -> Result<Vec<Attachment>, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    match attachments::attachments(&File { size, read }).await {
        Ok(found) => Ok(found),
        Err(Failure::NoIndex(_)) => Ok(Vec::new()),
        Err(Failure::Read(error)) => Err(error),
    }
}

/// More tracks than any film has.
const MAX_TRACKS: usize = 256;
/// Ten hours of thirty keyframes a second.
const MAX_KEYFRAMES: usize = 1_080_000;

/// A keyframe with its time in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Tick {
    time: i64,
    offset: u64,
}

/// Brings keyframes into order. `seconds` leads from ticks to seconds.
fn in_order(mut ticks: Vec<Tick>, seconds: impl Fn(i64) -> f64) -> Vec<Keyframe> {
    ticks.sort_unstable();
    ticks.dedup_by_key(|tick| tick.time);
    ticks.into_iter().map(|tick| Keyframe { time_s: seconds(tick.time), offset: tick.offset }).collect()
}

#[cfg(test)]
mod tests;
