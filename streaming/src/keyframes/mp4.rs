//! An MP4's index: the `moov`, wherever among the outermost boxes it is.

use std::future::Future;

use bytes::Bytes;
use protocol::Error;

use super::{
    AudioIndex, Encoding, EventPlace, Index, MAX_KEYFRAMES, MAX_TRACKS, NoIndex, SubtitleIndex, Tick, VideoIndex,
    boxes::{Header, boxes, find, find_in, header, u32_at, version},
    file::{Failure, File},
    in_order,
    samples::{Edit, MAX_SAMPLES, Sample, Samples},
};

/// Boxes that are looked at; the index comes among the first few, or after one large `mdat`.
const MAX_BOXES: usize = 64;
/// The beginning of a file, in which the headers of all small boxes are.
const HEAD: usize = 4096;
/// The whole `moov` of a short film.
const FIRST: usize = 32 * 1024;

pub(super) async fn index<R, F>(file: &File<'_, R>) -> Result<Index, Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let moov = moov(file).await?;
    Ok(Movie::read(&moov, file.size)?)
}

/// The body of the `moov`.
async fn moov<R, F>(file: &File<'_, R>) -> Result<Bytes, Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let mut seen = file.some(0, HEAD).await?;
    let mut seen_at = 0;
    let mut at = 0;
    for _ in 0..MAX_BOXES {
        let inside = usize::try_from(at - seen_at).ok().and_then(|from| seen.get(from..)).and_then(header);
        let found = match inside {
            Some(found) => found,
            // Bytes at the end of a file that are no box are none of the index either.
            None if file.size.is_some_and(|size| at >= size) => return Err(NoIndex::Absent.into()),
            None => {
                seen = file.some(at, FIRST).await?;
                seen_at = at;
                header(&seen).ok_or(NoIndex::Malformed)?
            }
        };
        match &found.kind {
            b"moov" => {
                let start = usize::try_from(at - seen_at).map_err(|_| NoIndex::Malformed)?;
                return body(file, at, seen.slice(start..), found).await;
            }
            b"moof" => return Err(NoIndex::Fragmented.into()),
            kind if !kind.iter().all(|c| (0x20..0x7F).contains(c) || *c == 0xA9) => {
                return Err(NoIndex::Malformed.into());
            }
            _ => {}
        }
        let Some(size) = found.size else { return Err(NoIndex::Absent.into()) };
        at = at.checked_add(size).ok_or(NoIndex::Malformed)?;
        if !file.reaches(at) {
            return Err(NoIndex::Cut.into());
        }
    }
    Err(NoIndex::Absent.into())
}

async fn body<R, F>(file: &File<'_, R>, at: u64, start: Bytes, found: Header) -> Result<Bytes, Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let size = found.size.or_else(|| file.size?.checked_sub(at)).ok_or(NoIndex::Unsupported)?;
    let whole = file.whole(at, start, size).await?;
    let length = usize::try_from(found.length).map_err(|_| NoIndex::Malformed)?;
    Ok(whole.slice(length.min(whole.len())..))
}

/// What is read of a `moov`.
struct Movie {
    scale: u32,
    /// Of the file, bytes.
    size: Option<u64>,
    index: Index,
    /// The numbers of tracks that hold the names of chapters, which ffmpeg takes for no subtitles.
    chapters: Vec<u32>,
    /// Samples that may still be walked over, and keyframes that may still be found.
    samples: u64,
    keyframes: usize,
}

impl Movie {
    fn read(moov: &[u8], size: Option<u64>) -> Result<Index, NoIndex> {
        if find(moov, b"mvex").is_some() {
            return Err(NoIndex::Fragmented);
        }
        let scale = find(moov, b"mvhd").and_then(time_scale).ok_or(NoIndex::Malformed)?;
        let index = Index { video: Vec::new(), audio: Vec::new(), subtitles: Vec::new() };
        let chapters = chapters(moov);
        let mut movie = Self { scale, size, index, chapters, samples: MAX_SAMPLES, keyframes: MAX_KEYFRAMES };
        for (kind, body) in boxes(moov) {
            match &kind {
                b"trak" => movie.track(body)?,
                // ffmpeg makes a stream of a cover where it comes upon it, which may be before the tracks.
                b"udta" => movie.covers(find(body, b"meta").unwrap_or_default()),
                b"meta" => movie.covers(body),
                _ => {}
            }
            if movie.index.video.len() + movie.index.audio.len() + movie.index.subtitles.len() > MAX_TRACKS {
                return Err(NoIndex::TooLarge);
            }
        }
        Ok(movie.index)
    }

    fn covers(&mut self, meta: &[u8]) {
        const PICTURES: [u32; 3] = [13, 14, 27];
        // QuickTime's is a plain box, all others' a full one.
        let inside = if meta.get(4..8) == Some(b"hdlr") { meta } else { meta.get(4..).unwrap_or_default() };
        let data = find_in(inside, &[b"ilst", b"covr"]).unwrap_or_default();
        let pictures = boxes(data).filter(|(kind, body)| {
            kind == b"data" && body.len() > 8 && u32_at(body, 0).is_some_and(|kind| PICTURES.contains(&kind))
        });
        let cover =
            VideoIndex { keyframes: Vec::new(), config: None, frames: None, tick_s: 1.0 / 90_000.0, open_gops: false };
        self.index.video.extend(pictures.take(MAX_TRACKS).map(|_| cover.clone()));
    }

    fn track(&mut self, trak: &[u8]) -> Result<(), NoIndex> {
        let Some(mdia) = find(trak, b"mdia") else { return Ok(()) };
        match find(mdia, b"hdlr").and_then(|hdlr| hdlr.get(8..12)) {
            Some(b"vide") => {}
            Some(b"soun") => {
                self.index.audio.push(AudioIndex { config: None });
                return Ok(());
            }
            _ => {
                if let Some(subtitles) = self.subtitles(trak, mdia) {
                    self.index.subtitles.push(subtitles);
                }
                return Ok(());
            }
        }
        let scale = find(mdia, b"mdhd").and_then(time_scale).ok_or(NoIndex::Malformed)?;
        let stbl = find_in(mdia, &[b"minf", b"stbl"]).ok_or(NoIndex::Malformed)?;
        let samples = Samples::of(stbl)?;
        self.samples = self.samples.checked_sub(u64::from(samples.count())).ok_or(NoIndex::TooLarge)?;
        let edit = match find_in(trak, &[b"edts", b"elst"]) {
            Some(elst) => Edit::of(elst, self.scale, scale)?,
            None => None,
        };
        let (ticks, open_gops) = self.ticks(&samples, edit)?;
        self.keyframes = self.keyframes.saturating_sub(ticks.len());
        self.index.video.push(VideoIndex {
            keyframes: in_order(ticks, |time| time as f64 / f64::from(scale)),
            config: config(stbl, samples.description),
            frames: Some(u64::from(samples.count())),
            tick_s: 1.0 / f64::from(scale),
            open_gops,
        });
        Ok(())
    }

    /// Of a track of text, or of something else that ffmpeg takes for subtitles. What is wrong with its tables costs it its
    /// events, but not the film its index.
    fn subtitles(&mut self, trak: &[u8], mdia: &[u8]) -> Option<SubtitleIndex> {
        if find(trak, b"tkhd").and_then(track_id).is_some_and(|id| self.chapters.contains(&id)) {
            return None;
        }
        let stbl = find_in(mdia, &[b"minf", b"stbl"])?;
        let (kind, _) = boxes(find(stbl, b"stsd")?.get(8..)?).next()?;
        if !matches!(&kind, b"tx3g" | b"text" | b"c608" | b"wvtt" | b"stpp" | b"mp4s") {
            return None;
        }
        let scale = find(mdia, b"mdhd").and_then(time_scale)?;
        Some(SubtitleIndex {
            number: 0,
            codec_id: String::from_utf8_lossy(&kind).into_owned(),
            config: None,
            encoding: Encoding::Plain,
            tick_s: 1.0 / f64::from(scale),
            events: if kind == *b"tx3g" { self.texts(trak, stbl, scale).unwrap_or_default() } else { Vec::new() },
        })
    }

    fn texts(&mut self, trak: &[u8], stbl: &[u8], scale: u32) -> Result<Vec<EventPlace>, NoIndex> {
        /// A sample with no more is the gap between two texts.
        const EMPTY: u32 = 2;
        let samples = Samples::of(stbl)?;
        self.samples = self.samples.checked_sub(u64::from(samples.count())).ok_or(NoIndex::TooLarge)?;
        let edit = match find_in(trak, &[b"edts", b"elst"]) {
            Some(elst) => Edit::of(elst, self.scale, scale)?,
            None => None,
        };
        let moved = edit.map_or(0, |edit| edit.delay.saturating_sub(edit.from));
        let mut events = Vec::new();
        samples.each(|Sample { shown, lasts, offset, size, .. }| {
            if size > EMPTY {
                let time = shown.checked_add(moved).ok_or(NoIndex::Malformed)?;
                events.push(EventPlace { time, duration: Some(lasts.into()), cluster: offset, inside: None });
            }
            if events.len() > MAX_KEYFRAMES { Err(NoIndex::TooLarge) } else { Ok(()) }
        })?;
        events.sort_unstable();
        Ok(events)
    }

    /// The keyframes that are shown, at the times that ffmpeg gives them, and whether frames of one are shown before
    /// it: a seek to the first goes well, since nothing was there before it.
    fn ticks(&self, samples: &Samples<'_>, edit: Option<Edit>) -> Result<(Vec<Tick>, bool), NoIndex> {
        let everything = Edit { delay: 0, from: i64::MIN, to: i64::MAX };
        let begins = edit.map(|edit| begins(samples, edit)).transpose()?.flatten().unwrap_or(0);
        let (shown, mut ticks, mut first, mut n) = (edit.unwrap_or(everything), Vec::new(), i64::MAX, 0u32);
        let (mut key, mut is_open) = (i64::MIN, false);
        samples.each(|sample| {
            let end = sample.offset.checked_add(u64::from(sample.size)).ok_or(NoIndex::Malformed)?;
            if self.size.is_some_and(|size| end > size) {
                return Err(NoIndex::Cut);
            }
            if n >= begins && shown.shows(sample.shown) {
                first = first.min(sample.shown);
                if sample.sync {
                    if ticks.len() >= self.keyframes {
                        return Err(NoIndex::TooLarge);
                    }
                    ticks.push(Tick { time: sample.shown, offset: sample.offset });
                    key = sample.shown;
                }
                is_open |= sample.shown < key && ticks.len() > 1;
            } else if n == begins {
                // The edit begins between keyframes: the frames before it are needed but not shown.
                return Err(NoIndex::Edits);
            }
            n += 1;
            Ok(())
        })?;
        if let Some(edit) = edit {
            // ffmpeg lets the first frame that is shown begin the edit, even one after the edit's own beginning.
            for tick in &mut ticks {
                tick.time = (tick.time - first).checked_add(edit.delay).ok_or(NoIndex::Malformed)?;
            }
        }
        Ok((ticks, is_open))
    }
}

/// Which tracks others name as that of their chapters.
fn chapters(moov: &[u8]) -> Vec<u32> {
    let tracks = boxes(moov).filter(|(kind, _)| kind == b"trak");
    let named = tracks.filter_map(|(_, trak)| find_in(trak, &[b"tref", b"chap"]));
    named.flat_map(|ids| ids.chunks_exact(4).filter_map(|id| u32_at(id, 0))).take(MAX_TRACKS).collect()
}

/// A track's number, from its `tkhd`.
fn track_id(body: &[u8]) -> Option<u32> {
    u32_at(body, if version(body)? == 1 { 20 } else { 12 })
}

/// Which sample ffmpeg begins an edit with: the last keyframe that is not after it.
fn begins(samples: &Samples<'_>, edit: Edit) -> Result<Option<u32>, NoIndex> {
    let (mut begins, mut n) = (None, 0);
    samples.each(|Sample { decoded, shown, sync, .. }| {
        if sync && shown <= edit.from && decoded <= edit.from {
            begins = Some(n);
        }
        n += 1;
        Ok(())
    })?;
    Ok(begins)
}

/// Ticks a second, from a `mvhd` or `mdhd`.
fn time_scale(body: &[u8]) -> Option<u32> {
    u32_at(body, if version(body)? == 1 { 20 } else { 12 }).filter(|scale| *scale > 0)
}

/// The decoder's configuration in one of the sample descriptions.
fn config(stbl: &[u8], description: u32) -> Option<Bytes> {
    /// What a visual sample entry has before its boxes.
    const FIELDS: usize = 78;
    let descriptions = find(stbl, b"stsd")?.get(8..)?;
    let (_, entry) = boxes(descriptions).nth(usize::try_from(description.checked_sub(1)?).ok()?)?;
    let record = boxes(entry.get(FIELDS..)?).find(|(kind, _)| matches!(kind, b"avcC" | b"hvcC" | b"av1C"));
    record.map(|(_, body)| Bytes::copy_from_slice(body))
}
