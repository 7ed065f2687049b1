//! Matroska's index: the Cues, which the SeekHead leads to. Names are those of RFC 9559.

use std::{collections::BTreeMap, future::Future};

use bytes::Bytes;
use protocol::Error;

use super::{
    AudioIndex, Beginning, Encoding, EventPlace, Index, MAX_KEYFRAMES, MAX_TRACKS, NoIndex, SubtitleIndex, Tick,
    VideoIndex,
    file::{Failure, File},
    in_order, open_gops,
};
use crate::ebml::{
    CLUSTER, EBML, INFO, Inner, SEGMENT, TIMESTAMP_SCALE, TRACK_ENTRY, TRACK_NUMBER, TRACK_TYPE, TRACKS, children,
    element, unsigned,
};

const SEEK_HEAD: u32 = 0x114D_9B74;
const SEEK: u32 = 0x4DBB;
const SEEK_ID: u32 = 0x53AB;
const SEEK_POSITION: u32 = 0x53AC;
const TRACK_TIMESTAMP_SCALE: u32 = 0x23_314F;
const CODEC_ID: u32 = 0x86;
const CODEC_PRIVATE: u32 = 0x63A2;
const CONTENT_ENCODINGS: u32 = 0x6D80;
const CONTENT_ENCODING: u32 = 0x6240;
const CONTENT_ENCODING_SCOPE: u32 = 0x5032;
const CONTENT_ENCODING_TYPE: u32 = 0x5033;
const CONTENT_COMPRESSION: u32 = 0x5034;
const CONTENT_COMP_ALGO: u32 = 0x4254;
const CONTENT_COMP_SETTINGS: u32 = 0x4255;
const CUES: u32 = 0x1C53_BB6B;
const ATTACHMENTS: u32 = 0x1941_A469;
const CUE_POINT: u32 = 0xBB;
const CUE_TIME: u32 = 0xB3;
const CUE_TRACK_POSITIONS: u32 = 0xB7;
const CUE_TRACK: u32 = 0xF7;
const CUE_CLUSTER_POSITION: u32 = 0xF1;
const CUE_RELATIVE_POSITION: u32 = 0xF0;
const CUE_DURATION: u32 = 0xB2;

/// Info and Tracks fit into it, and the SeekHead, with fonts and covers far behind.
const HEAD: usize = 32 * 1024;
/// The Cues of an hour.
const FIRST: usize = 32 * 1024;
/// One SeekHead leads to another when the first had no room; more than two have never been seen.
const MAX_SEEK_HEADS: usize = 4;

pub(super) async fn index<R, F>(file: &File<'_, R>) -> Result<Index, Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let head = file.some(0, HEAD).await?;
    let segment = segment(file, &head, &[INFO, TRACKS, CUES]).await?;
    // A film without Cues is told before anything else of it is read.
    let cues = segment.place(CUES).ok_or(NoIndex::Absent)?;
    let (tracks, tick_ns) = tracks(file, &head, &segment).await?;
    if tracks.video.is_empty() {
        return Err(NoIndex::Absent.into());
    }
    let cues = body(file, &head, CUES, cues).await?;
    let end = [segment.end, file.size].into_iter().flatten().min();
    let found = cued(&cues, &tracks, segment.start, end)?;
    let mut index = Index { video: tracks.video, audio: tracks.audio, subtitles: tracks.subtitles };
    for (track, mut events) in found.events {
        if let Some(track) = index.subtitles.get_mut(track) {
            events.sort_unstable();
            track.events = events;
        }
    }
    for (track, ticks) in found.keyframes {
        if let Some(track) = index.video.get_mut(track) {
            track.keyframes = in_order(ticks, |time| time as f64 * tick_ns as f64 / 1e9);
            if let Some(first) = track.keyframes.first() {
                let start = file.some(first.offset, open_gops::LOOKED_THROUGH).await?;
                track.open_gops = open_gops::are_told(&start);
            }
        }
    }
    Ok(index)
}

/// What the beginning tells of the subtitles, and where the clusters begin. The film may have no Cues, or be cut off.
pub(super) async fn beginning<R, F>(file: &File<'_, R>) -> Result<Beginning, Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let head = file.some(0, HEAD).await?;
    let segment = parts(file, &head, &[INFO, TRACKS]).await?;
    let (tracks, tick_ns) = tracks(file, &head, &segment).await?;
    Ok(Beginning { subtitles: tracks.subtitles, clusters: segment.clusters, tick_s: tick_ns as f64 / 1e9 })
}

/// The tracks, and the unit of the film's times in nanoseconds.
async fn tracks<R, F>(file: &File<'_, R>, head: &Bytes, segment: &Segment) -> Result<(Tracks, u64), Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let tick_ns = match segment.place(INFO) {
        Some(at) => tick_ns(&body(file, head, INFO, at).await?),
        None => DEFAULT_TICK_NS,
    };
    let tracks = body(file, head, TRACKS, segment.place(TRACKS).ok_or(NoIndex::Malformed)?).await?;
    Ok((Tracks::read(&tracks, tick_ns)?, tick_ns))
}

/// Where the attached files are, if there are any.
pub(super) async fn attachments_place<R, F>(file: &File<'_, R>) -> Result<Option<u64>, Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let head = file.some(0, HEAD).await?;
    Ok(segment(file, &head, &[ATTACHMENTS]).await?.place(ATTACHMENTS))
}

/// The segment of a whole file, with the places of these parts if it has them.
async fn segment<R, F>(file: &File<'_, R>, head: &Bytes, wanted: &[u32]) -> Result<Segment, Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    if !Segment::begin(head)?.end.is_none_or(|end| file.reaches(end)) {
        return Err(NoIndex::Cut.into());
    }
    parts(file, head, wanted).await
}

/// The same of a file that may be cut off.
async fn parts<R, F>(file: &File<'_, R>, head: &Bytes, wanted: &[u32]) -> Result<Segment, Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let mut segment = Segment::begin(head)?;
    let mut looked = 0;
    while let Some(at) = segment.seek_heads.get(looked).copied().filter(|_| looked < MAX_SEEK_HEADS) {
        if wanted.iter().all(|id| segment.places.contains_key(id)) {
            break;
        }
        segment.seek(&body(file, head, SEEK_HEAD, at).await?);
        looked += 1;
    }
    Ok(segment)
}

/// Where in the file the parts of the segment are.
struct Segment {
    /// Of its body, which the positions in it count from.
    start: u64,
    end: Option<u64>,
    places: BTreeMap<u32, u64>,
    seek_heads: Vec<u64>,
    /// No cluster begins before this place.
    clusters: u64,
}

impl Segment {
    /// Of the beginning of a file: what stands in it before the first cluster.
    fn begin(head: &[u8]) -> Result<Self, NoIndex> {
        let ebml = element(head, 0).filter(|e| e.id == EBML).and_then(|e| e.end()).ok_or(NoIndex::Malformed)?;
        let segment = element(head, ebml).filter(|e| e.id == SEGMENT).ok_or(NoIndex::Malformed)?;
        let start = segment.start as u64;
        let end = segment.size.map(|size| start.checked_add(size).ok_or(NoIndex::Malformed)).transpose()?;
        let mut found = Self { start, end, places: BTreeMap::new(), seek_heads: Vec::new(), clusters: start };
        let mut at = segment.start;
        while let Some(part) = element(head, at).filter(|part| part.id != CLUSTER) {
            found.note(part.id, at as u64);
            let Some(next) = part.end() else { break };
            at = next;
        }
        found.clusters = at as u64;
        Ok(found)
    }

    /// The first of each kind counts.
    fn note(&mut self, id: u32, at: u64) {
        match id {
            SEEK_HEAD if self.seek_heads.len() < MAX_SEEK_HEADS && !self.seek_heads.contains(&at) => {
                self.seek_heads.push(at);
            }
            INFO | TRACKS | CUES | ATTACHMENTS => {
                self.places.entry(id).or_insert(at);
            }
            _ => {}
        }
    }

    /// Takes in what a SeekHead says.
    fn seek(&mut self, seek_head: &[u8]) {
        for seek in children(seek_head).filter(|e| e.id == SEEK) {
            let id = child(seek.body, SEEK_ID).and_then(|e| unsigned(e.body)).and_then(|id| u32::try_from(id).ok());
            let at = number(seek.body, SEEK_POSITION).and_then(|position| self.start.checked_add(position));
            if let (Some(id), Some(at)) = (id, at) {
                self.note(id, at);
            }
        }
    }

    fn place(&self, id: u32) -> Option<u64> {
        self.places.get(&id).copied()
    }
}

/// The body of an element that should be at that place of the file, from the beginning that has been read if it is in
/// it.
async fn body<R, F>(file: &File<'_, R>, head: &Bytes, id: u32, at: u64) -> Result<Bytes, Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let known = usize::try_from(at).ok().filter(|at| element(head, *at).is_some());
    let start = match known {
        Some(at) => head.slice(at..),
        None => file.some(at, FIRST).await?,
    };
    let found = element(&start, 0).filter(|e| e.id == id).ok_or(NoIndex::Malformed)?;
    let length = found.size.and_then(|size| size.checked_add(found.start as u64)).ok_or(NoIndex::Malformed)?;
    let whole = file.whole(at, start, length).await?;
    Ok(whole.slice(found.start..))
}

const DEFAULT_TICK_NS: u64 = 1_000_000;

fn tick_ns(info: &[u8]) -> u64 {
    number(info, TIMESTAMP_SCALE).filter(|ns| *ns > 0).unwrap_or(DEFAULT_TICK_NS)
}

/// The tracks that ffmpeg makes streams of.
#[derive(Default)]
struct Tracks {
    video: Vec<VideoIndex>,
    audio: Vec<AudioIndex>,
    subtitles: Vec<SubtitleIndex>,
    numbers: BTreeMap<u64, Numbered>,
}

/// A track that has cues, by its place among those of its kind.
#[derive(Clone, Copy)]
enum Numbered {
    Video(usize),
    Subtitles(usize),
}

impl Tracks {
    fn read(tracks: &[u8], tick_ns: u64) -> Result<Self, NoIndex> {
        let mut found = Self::default();
        for track in children(tracks).filter(|e| e.id == TRACK_ENTRY) {
            // ffmpeg leaves out a track without a codec.
            if child(track.body, CODEC_ID).is_none_or(|codec| codec.body.is_empty()) {
                continue;
            }
            match number(track.body, TRACK_TYPE) {
                Some(1) => {
                    // The times of such a track are not those of the Cues.
                    if child(track.body, TRACK_TIMESTAMP_SCALE).is_some_and(|scale| !is_one(scale.body)) {
                        return Err(NoIndex::Unsupported);
                    }
                    let number = number(track.body, TRACK_NUMBER).unwrap_or_default();
                    found.numbers.entry(number).or_insert(Numbered::Video(found.video.len()));
                    found.video.push(VideoIndex {
                        keyframes: Vec::new(),
                        config: config(track.body),
                        frames: None,
                        tick_s: tick_ns as f64 / 1e9,
                        open_gops: false,
                    });
                }
                Some(2) => found.audio.push(AudioIndex { config: config(track.body) }),
                Some(17) => {
                    let number = number(track.body, TRACK_NUMBER).unwrap_or_default();
                    found.numbers.entry(number).or_insert(Numbered::Subtitles(found.subtitles.len()));
                    found.subtitles.push(SubtitleIndex {
                        number,
                        codec_id: child(track.body, CODEC_ID).and_then(|e| e.text()).unwrap_or_default(),
                        config: child(track.body, CODEC_PRIVATE).map(|e| Bytes::copy_from_slice(e.body)),
                        encoding: encoding(track.body),
                        tick_s: tick_ns as f64 / 1e9,
                        events: Vec::new(),
                    });
                }
                _ => {}
            }
            if found.video.len() + found.audio.len() + found.subtitles.len() > MAX_TRACKS {
                return Err(NoIndex::TooLarge);
            }
        }
        Ok(found)
    }
}

fn is_one(float: &[u8]) -> bool {
    float == 1f32.to_be_bytes() || float == 1f64.to_be_bytes()
}

/// The CodecPrivate, if it is there as it is: an encoding, of the kinds that compress or encrypt, may be laid on it too.
fn config(track: &[u8]) -> Option<Bytes> {
    const ON_CODEC_PRIVATE: u64 = 2;
    let mut encodings = child(track, CONTENT_ENCODINGS).into_iter().flat_map(|e| children(e.body));
    let encoded = encodings.any(|e| {
        e.id == CONTENT_ENCODING && number(e.body, CONTENT_ENCODING_SCOPE).unwrap_or(1) & ON_CODEC_PRIVATE != 0
    });
    child(track, CODEC_PRIVATE).filter(|_| !encoded).map(|e| Bytes::copy_from_slice(e.body))
}

/// How a track's blocks are stored. More than one layer has never been seen.
fn encoding(track: &[u8]) -> Encoding {
    let Some(encodings) = child(track, CONTENT_ENCODINGS) else { return Encoding::Plain };
    let mut layers = children(encodings.body).filter(|e| e.id == CONTENT_ENCODING);
    let (Some(layer), None) = (layers.next(), layers.next()) else { return Encoding::Unknown };
    let compresses = number(layer.body, CONTENT_ENCODING_TYPE).unwrap_or(0) == 0;
    let Some(compression) = child(layer.body, CONTENT_COMPRESSION).filter(|_| compresses) else {
        return Encoding::Unknown;
    };
    match number(compression.body, CONTENT_COMP_ALGO).unwrap_or(0) {
        0 => Encoding::Zlib,
        3 => Encoding::Stripped(
            child(compression.body, CONTENT_COMP_SETTINGS).map(|e| Bytes::copy_from_slice(e.body)).unwrap_or_default(),
        ),
        _ => Encoding::Unknown,
    }
}

/// What the Cues have, by the place of a track among those of its kind. A subtitle's lead to clusters in which no picture
/// begins.
#[derive(Default)]
struct Cued {
    keyframes: BTreeMap<usize, Vec<Tick>>,
    events: BTreeMap<usize, Vec<EventPlace>>,
}

fn cued(cues: &[u8], tracks: &Tracks, start: u64, end: Option<u64>) -> Result<Cued, NoIndex> {
    let mut found = Cued::default();
    let mut count = 0;
    for point in children(cues).filter(|e| e.id == CUE_POINT) {
        let Some(time) = number(point.body, CUE_TIME).and_then(|time| i64::try_from(time).ok()) else { continue };
        for positions in children(point.body).filter(|e| e.id == CUE_TRACK_POSITIONS) {
            let track = number(positions.body, CUE_TRACK).and_then(|number| tracks.numbers.get(&number));
            let (Some(track), Some(position)) = (track, number(positions.body, CUE_CLUSTER_POSITION)) else { continue };
            let offset = start.checked_add(position).ok_or(NoIndex::Malformed)?;
            if end.is_some_and(|end| offset >= end) {
                return Err(NoIndex::Cut);
            }
            count += 1;
            if count > MAX_KEYFRAMES {
                return Err(NoIndex::TooLarge);
            }
            match *track {
                Numbered::Video(track) => found.keyframes.entry(track).or_default().push(Tick { time, offset }),
                Numbered::Subtitles(track) => found.events.entry(track).or_default().push(EventPlace {
                    time,
                    duration: number(positions.body, CUE_DURATION),
                    cluster: offset,
                    inside: number(positions.body, CUE_RELATIVE_POSITION),
                }),
            }
        }
    }
    Ok(found)
}

fn child(bytes: &[u8], id: u32) -> Option<Inner<'_>> {
    children(bytes).find(|e| e.id == id)
}

fn number(bytes: &[u8], id: u32) -> Option<u64> {
    child(bytes, id).and_then(|e| e.number())
}
