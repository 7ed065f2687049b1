//! A film's subtitles: events for who draws them, and WebVTT for players that do it themselves. No head makes them.

use std::{collections::HashSet, time::Duration};

use bytes::Bytes;
use protocol::{Error, ErrorKind, Reach, SubtitleKind, SubtitleTrack, TrackId, TrackKind};

use super::{Film, index::Parts, texts::Around};
use crate::{
    subtitles::{Event, Events, Extent, PicturesRead, Reader, vtt_segment},
    time::{SUBTITLE_SEGMENT_S, SegmentTable},
};

/// How long a segment of WebVTT may take; players give up later.
const PATIENCE: Duration = Duration::from_secs(25);
/// How often what comes before it is asked for again; each time takes some seconds, unless it fails.
const TRIES: usize = 8;

/// What ffmpeg does not know is taken for pictures, until it can be read as text: `S_TEXT/WEBVTT` for one, before ffmpeg 6.
/// So is teletext, which mpv draws as pictures.
pub(super) fn tell_text(tracks: &mut [SubtitleTrack], parts: &Parts) {
    let is_read = parts.texts.iter().zip(&parts.heads).map(|(reader, head)| reader.is_some() || head.is_some());
    for (track, is_read) in tracks.iter_mut().zip(is_read) {
        if is_read && track.kind == SubtitleKind::Bitmap {
            track.kind = SubtitleKind::Text;
        }
    }
}

impl Film {
    /// The subtitle tracks whose events can be read by themselves, so that a browser can draw them.
    #[must_use]
    pub fn readable_subtitles(&self) -> Vec<TrackId> {
        let is_readable = |n: &u16| {
            let track = TrackId::subtitles(*n);
            self.has_text(track).is_ok() || of_track(&self.parts.pictures, track).is_ok()
        };
        (0..).take(self.parts.texts.len()).filter(is_readable).map(TrackId::subtitles).collect()
    }

    /// The header of a subtitle track's script.
    ///
    /// # Errors
    ///
    /// `not_found` when the film has no such track, or its events can't be read; what the source's server answers.
    pub async fn subtitle_header(&self, track: TrackId) -> Result<String, Error> {
        match of_track(&self.parts.heads, track) {
            Ok(head) => head.header(&self.around_heads()).await,
            Err(_) => Ok(self.reader(track)?.header().to_owned()),
        }
    }

    /// The events of a subtitle track that are shown between two moments, in seconds of film time.
    ///
    /// # Errors
    ///
    /// As [`Film::subtitle_header`]; what the source's server answers.
    pub async fn subtitle_events(&self, track: TrackId, from_s: f64, until_s: f64) -> Result<Events, Error> {
        if let Ok(head) = of_track(&self.parts.heads, track) {
            return head.between(&self.around_heads(), from_s, until_s).await;
        }
        let reader = self.reader(track)?;
        let walks = self.go_along(reader.is_walked());
        let read = |at, length| self.look(walks, at, length);
        reader.between(&read, from_s, until_s).await
    }

    /// The pictures of a subtitle track that are shown between two moments, in seconds of film time.
    ///
    /// # Errors
    ///
    /// As [`Film::subtitle_header`]; what the source's server answers.
    pub async fn subtitle_pictures(&self, track: TrackId, from_s: f64, until_s: f64) -> Result<PicturesRead, Error> {
        let pictures = of_track(&self.parts.pictures, track)?;
        let walks = self.go_along(pictures.is_walked());
        let read = |at, length| self.look(walks, at, length);
        pictures.between(&read, from_s, until_s).await
    }

    /// Reads what is gone through as the film itself is read, and what the index leads to by itself.
    async fn look(&self, walks: bool, at: u64, length: usize) -> Result<Bytes, Error> {
        if walks { self.feed.read(at, length).await } else { self.feed.glance(at, length).await }
    }

    /// Tells the walk how far the film can be read, for a track that needs it; whether it does.
    fn go_along(&self, walks: bool) -> bool {
        if let Some(walk) = self.parts.walk.as_ref().filter(|_| walks) {
            let as_read = self.feed.reach() == Reach::AsRead;
            let bytes = if as_read { Some(self.feed.have_read()) } else { self.feed.len() };
            walk.extend(Extent { bytes, film_s: self.read_s().unwrap_or(*self.length.borrow()) });
        }
        walks
    }

    /// The segments of a subtitle track as WebVTT, for the film's length as it is known now.
    ///
    /// # Errors
    ///
    /// As [`Film::subtitle_header`].
    pub fn vtt_table(&self, track: TrackId) -> Result<SegmentTable, Error> {
        self.has_text(track)?;
        Ok(SegmentTable::subtitles(*self.length.borrow()))
    }

    /// One of these segments. Who has a playlist from before the film's end was corrected may ask beyond it.
    ///
    /// # Errors
    ///
    /// As [`Film::subtitle_events`]; `not_found` past the end that the container told.
    pub async fn vtt_segment(&self, track: TrackId, n: u32) -> Result<Bytes, Error> {
        let table = SegmentTable::subtitles(self.probed.media.duration_s);
        if n >= table.len() {
            self.has_text(track)?;
            return Err(Error::new(ErrorKind::NotFound, "the film ends before this segment"));
        }
        // The last one reaches as far as the others, so that its bytes do not depend on the film's length.
        let (from_s, until_s) = (table.start_s(n), table.start_s(n) + f64::from(SUBTITLE_SEGMENT_S));
        let events = tokio::time::timeout(PATIENCE, self.all_events(track, from_s, until_s)).await;
        let events = events.unwrap_or_else(|_| Err(too_slow()))?;
        Ok(vtt_segment(&events, (from_s * 1000.0) as i64, (until_s * 1000.0) as i64).into())
    }

    /// The events of a stretch, however many answers it takes.
    async fn all_events(&self, track: TrackId, from_s: f64, until_s: f64) -> Result<Vec<Event>, Error> {
        let mut all = self.subtitle_events(track, from_s, until_s).await?;
        // A segment is the same for everybody and for good: each further answer goes on where the last one ended.
        for _ in 0..TRIES {
            if all.complete {
                break;
            }
            all = self.subtitle_events(track, from_s, until_s).await?;
        }
        if !all.complete {
            return Err(too_slow());
        }
        while all.until_s < until_s {
            let more = self.subtitle_events(track, all.until_s, until_s).await?;
            let seen: HashSet<_> = all.events.iter().map(|event| event.read_order).collect();
            all.events.extend(more.events.into_iter().filter(|event| !seen.contains(&event.read_order)));
            all.until_s = more.until_s;
        }
        Ok(all.events)
    }

    fn around_heads(&self) -> Around<'_> {
        Around {
            feed: &self.feed,
            spawner: &self.workshop.spawner,
            ffmpeg: &self.ffmpeg,
            places: &self.text_places,
            stop: self.tasks.token(),
        }
    }

    fn has_text(&self, track: TrackId) -> Result<(), Error> {
        of_track(&self.parts.heads, track).map(drop).or_else(|_| self.reader(track).map(drop))
    }

    fn reader(&self, track: TrackId) -> Result<&Reader, Error> {
        of_track(&self.parts.texts, track)
    }
}

pub(super) fn too_slow() -> Error {
    Error::new(ErrorKind::SourceTimeout, "the film's server is too slow for its subtitles; try again")
}

fn of_track<T>(readers: &[Option<T>], track: TrackId) -> Result<&T, Error> {
    let reader = readers.get(usize::from(track.order)).filter(|_| track.kind == TrackKind::Subtitles);
    reader.and_then(Option::as_ref).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, "the film has no such subtitles, or they can only be drawn into the picture")
    })
}
