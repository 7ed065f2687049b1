//! Subtitle heads: text tracks whose lines nothing leads to are read by runs of ffmpeg, each for the stretch that is asked
//! for. At most one run a track at a time, and few a film.

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use protocol::{Error, ErrorKind, Media, Reach, SubtitleTrack};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::subtitles::too_slow;
use crate::{
    gateway::Feed,
    head::{Look, TextClock, TextEnd, TextFrom, TextOrder, TextRun, text_command},
    keyframes::IndexKind,
    process::Spawner,
    rendition::next_head,
    subtitles::{Events, Listing, PLAIN, Stretches, UNTOLD_MS},
};

/// How long before a moment a line is looked for that is still shown then, in seconds.
const LOOK_BACK_S: f64 = 15.0;
/// How far an answer reaches at most, in seconds: about as far as the picture is read ahead.
const AHEAD_S: f64 = 20.0;
/// How long a viewer waits, for others' runs too. Players give a segment up a little later.
const LIMIT: Duration = Duration::from_secs(20);
/// A run that has written nothing for so long has come to the end of what has been read of a source that cannot seek.
const NOT_YET: Duration = Duration::from_secs(3);
/// Runs of a film at a time.
pub(super) const AT_ONCE: usize = 2;

/// What ffmpeg calls its decoder of teletext, which not every build has.
pub(super) const TELETEXT_DECODER: &str = "libzvbi_teletextdec";
const TELETEXT: &str = "dvb_teletext";

/// What ffmpeg makes text of.
fn is_text(codec: &str) -> bool {
    matches!(
        codec,
        "ass"
            | "ssa"
            | "subrip"
            | "srt"
            | "webvtt"
            | "mov_text"
            | "text"
            | "microdvd"
            | "mpl2"
            | "sami"
            | "realtext"
            | "stl"
            | "subviewer"
            | "subviewer1"
            | "vplayer"
            | "pjs"
            | "jacosub"
            | TELETEXT
    )
}

/// Whether a film has teletext.
pub(super) fn has_teletext(media: &Media) -> bool {
    media.subtitles.iter().any(|track| track.codec == TELETEXT)
}

/// What a run needs of its film.
#[derive(Debug)]
pub(super) struct Around<'a> {
    pub(super) feed: &'a Feed,
    pub(super) spawner: &'a Spawner,
    pub(super) ffmpeg: &'a Path,
    pub(super) places: &'a Semaphore,
    /// Ends the film's runs.
    pub(super) stop: &'a CancellationToken,
}

/// Reads one track's lines by runs of ffmpeg, and keeps what they have found.
#[derive(Debug)]
pub(super) struct TextHead {
    order: TextOrder,
    /// Told by a run, for a track with styles of its own.
    header: OnceLock<String>,
    found: Mutex<Stretches>,
    /// One run at a time.
    turn: tokio::sync::Mutex<()>,
}

impl TextHead {
    /// For a track of text that ffmpeg can read; none for any other.
    pub(super) fn new(media: &Media, track: &SubtitleTrack, zero_s: f64, teletext: bool) -> Option<Self> {
        let is_teletext = track.codec == TELETEXT;
        if !is_text(&track.codec) || is_teletext && !teletext {
            return None;
        }
        let kind = IndexKind::of(&media.container);
        let picture = media.video.iter().find(|track| !track.cover);
        let by_sample = kind == Some(IndexKind::Mp4);
        let clock = media.audio.first().map(|audio| TextClock::Audio(audio.track.order));
        let clock = clock.or_else(|| picture.map(|video| TextClock::Video(video.track.order)));
        let look = if kind.is_some() { Look::Quick } else { Look::Thorough };
        let header = OnceLock::new();
        if !is_teletext && !matches!(&*track.codec, "ass" | "ssa") {
            // As plain text from anywhere else, not in ffmpeg's own style.
            let _ = header.set(PLAIN.to_owned());
        }
        let order = TextOrder { subtitles: track.track.order, teletext: is_teletext, by_sample, clock, zero_s, look };
        Some(Self { order, header, found: Mutex::default(), turn: tokio::sync::Mutex::default() })
    }

    /// The script's header.
    ///
    /// # Errors
    ///
    /// As [`TextHead::between`].
    pub(super) async fn header(&self, around: &Around<'_>) -> Result<String, Error> {
        if let Some(header) = self.header.get() {
            return Ok(header.clone());
        }
        let deadline = Instant::now() + LIMIT;
        let run = async {
            let _turn = self.turn.lock().await;
            if let Some(header) = self.header.get() {
                return Ok(header.clone());
            }
            let as_read = around.feed.reach() == Reach::AsRead;
            let from = if as_read { TextFrom::Beginning } else { TextFrom::Moment(0.0) };
            let (listing, end) = self.run(around, from, deadline, |listing| listing.header().is_some()).await?;
            self.keep_header(&listing);
            match (self.header.get(), end) {
                (Some(header), _) => Ok(header.clone()),
                (None, TextEnd::Failed(error)) => Err(error),
                (None, _) => Err(Error::new(ErrorKind::Unplayable, "these subtitles could not be read")),
            }
        };
        within(around, deadline, run).await
    }

    /// All lines that are shown at some time from `from_s` to `until_s` of film time, or to an earlier moment that it tells.
    /// Those that began more than 15 s before may be missing.
    ///
    /// # Errors
    ///
    /// What the source's server answers; `source_unreachable` for what has not been read yet of a source that cannot seek;
    /// `source_timeout`; `unplayable` for what ffmpeg cannot read.
    pub(super) async fn between(&self, around: &Around<'_>, from_s: f64, until_s: f64) -> Result<Events, Error> {
        let known = self.lock().between(from_s, until_s);
        if let Some(known) = known {
            return Ok(known);
        }
        let deadline = Instant::now() + LIMIT;
        let run = async {
            let _turn = self.turn.lock().await;
            let known = self.lock().between(from_s, until_s);
            if let Some(known) = known {
                return Ok(known);
            }
            self.find(around, from_s, until_s.min(from_s + AHEAD_S), deadline).await?;
            let found = self.lock().between(from_s, until_s);
            found.ok_or_else(|| Error::new(ErrorKind::Internal, "nothing was found of these subtitles; try again"))
        };
        within(around, deadline, run).await
    }

    /// Has ffmpeg read a stretch.
    async fn find(&self, around: &Around<'_>, from_s: f64, until_s: f64, deadline: Instant) -> Result<(), Error> {
        // Who shows a line has to know its end too.
        let spare_s = UNTOLD_MS as f64 / 1000.0;
        let as_read = around.feed.reach() == Reach::AsRead;
        // By samples, the first one after the stretch tells the end of the last one in it.
        let until_next = self.order.by_sample && !as_read;
        let enough_ms = ((until_s + if until_next { 0.0 } else { spare_s }) * 1000.0) as i64;
        let is_enough = |listing: &Listing| listing.furthest_ms().is_some_and(|time_ms| time_ms > enough_ms);
        let from = if as_read { TextFrom::Beginning } else { TextFrom::Moment(from_s - LOOK_BACK_S) };
        let (listing, end) = self.run(around, from, deadline, is_enough).await?;
        self.keep_header(&listing);
        let reached_s = match end {
            TextEnd::Enough => until_s,
            // What has come of a source that cannot seek ends as a film does.
            TextEnd::FilmEnded if around.feed.reach() != Reach::AsRead => until_s,
            TextEnd::FilmEnded | TextEnd::Failed(_) => {
                let reached_ms = listing.furthest_ms().unwrap_or(i64::MIN);
                (reached_ms as f64 / 1000.0 - spare_s).min(until_s)
            }
        };
        if reached_s <= from_s {
            return Err(match end {
                TextEnd::Failed(error) => error,
                _ => Error::new(ErrorKind::SourceUnreachable, "this part of the film has not been read yet: wait"),
            });
        }
        // Of later ones the end is not known.
        let mut events = listing.events();
        events.retain(|event| (event.start_ms as f64) < reached_s * 1000.0);
        self.lock().add(if as_read { 0.0 } else { from_s }, reached_s, events);
        Ok(())
    }

    async fn run(
        &self,
        around: &Around<'_>,
        from: TextFrom,
        deadline: Instant,
        is_enough: impl Fn(&Listing) -> bool,
    ) -> Result<(Listing, TextEnd), Error> {
        // Never closed.
        let _place = around.places.acquire().await.map_err(|_| stopped())?;
        let id = next_head();
        let command = text_command(around.ffmpeg, &around.feed.url_for(id), &self.order, from);
        tracing::info!(head = id, track = self.order.subtitles, ?from, "subtitle head starts");
        // Ends early enough to tell what it has.
        let deadline = deadline - LIMIT / 10;
        let silence = if around.feed.reach() == Reach::AsRead { NOT_YET } else { LIMIT };
        let (feed, spawner, by_sample) = (around.feed.clone(), around.spawner.clone(), self.order.by_sample);
        let run = TextRun { id, command, feed, spawner, by_sample, silence, deadline };
        Ok(run.run(is_enough).await)
    }

    fn keep_header(&self, listing: &Listing) {
        if let Some(header) = listing.header() {
            self.header.get_or_init(|| header.to_owned());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Stretches> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn within<T>(
    around: &Around<'_>,
    deadline: Instant,
    run: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let run = around.stop.run_until_cancelled(timeout_at(deadline, run));
    run.await.ok_or_else(stopped)?.unwrap_or_else(|_| Err(too_slow()))
}

fn stopped() -> Error {
    Error::new(ErrorKind::Internal, "the film has been closed; open it again")
}
