//! Which events are needed around a moment, and getting them from where the index has them.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use protocol::Error;

use super::{
    block::decoded,
    charset::Charset,
    event::{Event, Format},
    fetch::{Clusters, stored},
    mov_text,
};
use crate::keyframes::{Encoding, EventPlace, SubtitleIndex};

/// An event of which nobody says how long it lasts is looked for so long before a moment, and shown at most so long, in
/// seconds.
const UNTOLD_S: f64 = 10.0;
/// Bytes that are read for an event at first; few are longer.
const FIRST: usize = 4096;

/// The script of a track that has none of its own: as mpv draws plain text.
pub(super) const PLAIN: &str = "[Script Info]\nScriptType: v4.00+\nPlayResX: 1280\nPlayResY: 720\nWrapStyle: 0\n\
    ScaledBorderAndShadow: yes\n\n[V4+ Styles]\n\
    Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
    StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n\
    Style: Default,sans-serif,55,&H00FFFFFF,&H00FFFFFF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,3,0,2,25,25,22,1\n\n\
    [Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n";

/// Events and bytes of an answer; what is beyond them is left out. A script with a line for each letter of a song has some
/// hundreds at a time.
const MOST_EVENTS: usize = 8192;
const MOST_BYTES: usize = 16 << 20;
/// Bytes of a track's events that are kept; a film has some hundred kilobytes.
const KEPT: usize = 32 << 20;
/// Events that are read at the same time: neighbours are in the same block of the gateway's, which is fetched once.
const AT_ONCE: usize = 4;
/// Numbers from here on are those of events whose own is taken.
const OWN_NUMBERS: u64 = 1 << 30;

/// The events of a stretch of the film.
#[derive(Clone, Debug, PartialEq)]
pub struct Events {
    pub events: Vec<Event>,
}

/// Reads one track's events. What has been read once is kept.
#[derive(Debug)]
pub struct Reader {
    format: Format,
    header: String,
    number: u64,
    encoding: Encoding,
    charset: Charset,
    tick_s: f64,
    /// Source time of film time zero, seconds.
    zero_s: f64,
    places: Vec<EventPlace>,
    clusters: Clusters,
    known: Mutex<Known>,
}

/// What has been read.
#[derive(Debug, Default)]
struct Known {
    /// By the event's place in the list; none for what turned out not to be one.
    events: HashMap<usize, Option<Event>>,
    bytes: usize,
    /// Which event has which number of the script's: where two scripts were put together, several have the same.
    numbers: HashMap<u64, usize>,
}

impl Known {
    fn keep(&mut self, place: usize, mut event: Option<Event>) -> Option<Event> {
        if let Some(event) = &mut event {
            let owner = *self.numbers.entry(event.read_order).or_insert(place);
            if owner != place || event.read_order >= OWN_NUMBERS {
                event.read_order = OWN_NUMBERS + place as u64;
            }
        }
        if self.bytes > KEPT {
            (self.events, self.bytes) = (HashMap::new(), 0);
        }
        self.bytes += event.as_ref().map_or(0, size);
        self.events.insert(place, event.clone());
        event
    }
}

/// About how many bytes an event takes.
fn size(event: &Event) -> usize {
    size_of::<Event>() + event.text.len() + event.style.len() + event.name.len() + event.effect.len()
}

impl Reader {
    /// For a track of text whose events the index has; none for any other.
    #[must_use]
    pub fn new(index: &SubtitleIndex, zero_s: f64) -> Option<Self> {
        let format = Format::of(&index.codec_id)?;
        if index.events.is_empty() || index.encoding == Encoding::Unknown {
            return None;
        }
        let header = match (format, &index.config) {
            (Format::Ass, Some(config)) => {
                // Only some muxers compress the header too, whatever the scope says.
                let plain = decoded(config, &index.encoding)
                    .filter(|plain| plain.starts_with(b"[") || plain.starts_with(b"\xEF\xBB\xBF["));
                String::from_utf8_lossy(&plain.unwrap_or_else(|| config.clone())).trim_end_matches('\0').to_owned()
            }
            _ => PLAIN.to_owned(),
        };
        Some(Self {
            format,
            header,
            number: index.number,
            encoding: index.encoding.clone(),
            charset: Charset::default(),
            tick_s: index.tick_s,
            zero_s,
            places: index.events.clone(),
            clusters: Clusters::default(),
            known: Mutex::default(),
        })
    }

    /// The ASS script's header, with its styles.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.header
    }

    /// All events that are shown at some time from `from_s` to `until_s` of film time, also those that began before.
    /// `read` reads so many bytes from an offset, fewer only at the file's end.
    ///
    /// # Errors
    ///
    /// What `read` reports.
    pub async fn between<R, F>(&self, read: &R, from_s: f64, until_s: f64) -> Result<Events, Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let wanted = self.wanted(from_s, until_s).into_iter().take(MOST_EVENTS);
        let mut coming = stream::iter(wanted).map(|number| self.once(read, number)).buffered(AT_ONCE);
        let (mut events, mut bytes) = (Vec::new(), 0);
        while let Some(event) = coming.next().await {
            let Some(event) = event? else { continue };
            bytes += size(&event);
            if bytes > MOST_BYTES {
                break;
            }
            events.push(event);
        }
        Ok(Events { events })
    }

    /// Places of events between two moments, by time.
    fn wanted(&self, from_s: f64, until_s: f64) -> Vec<usize> {
        let shown = |(number, place): (usize, &EventPlace)| {
            let starts_s = self.film_s(place.time);
            let lasts_s = place.duration.map_or(UNTOLD_S, |ticks| ticks as f64 * self.tick_s);
            (starts_s < until_s && starts_s + lasts_s > from_s).then_some(number)
        };
        self.places.iter().enumerate().filter_map(shown).collect()
    }

    fn film_s(&self, ticks: i64) -> f64 {
        ticks as f64 * self.tick_s - self.zero_s
    }

    /// An event, read if it is not known.
    async fn once<R, F>(&self, read: &R, number: usize) -> Result<Option<Event>, Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let known = self.lock().events.get(&number).cloned();
        match known {
            Some(event) => Ok(event),
            None => {
                let event = self.event(read, number).await?;
                Ok(self.lock().keep(number, event))
            }
        }
    }

    async fn event<R, F>(&self, read: &R, number: usize) -> Result<Option<Event>, Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let place = self.places[number];
        if self.format == Format::Mov {
            return self.sample(read, number).await;
        }
        let Some(found) = stored(read, &place, self.number, FIRST, &self.clusters).await? else { return Ok(None) };
        let content = decoded(&found.content, &self.encoding);
        Ok(content.and_then(|content| self.timed(number, &self.charset.text(&content), found.duration)))
    }

    /// The event of an MP4's sample.
    async fn sample<R, F>(&self, read: &R, number: usize) -> Result<Option<Event>, Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let at = self.places[number].cluster;
        let mut bytes = read(at, FIRST).await?;
        if let Some(length) = mov_text::length(&bytes).filter(|length| mov_text::LENGTH + length > bytes.len()) {
            // With room for its styles.
            bytes = read(at, length + FIRST).await?;
        }
        let text = mov_text::text(&bytes, |text| self.charset.text(text));
        Ok(text.and_then(|text| self.timed(number, &text, None)))
    }

    /// `duration`: as the block itself says, in ticks.
    fn timed(&self, number: usize, content: &str, duration: Option<u64>) -> Option<Event> {
        let place = self.places[number];
        let untold = || self.until_next_ticks(number);
        let duration = duration.or(place.duration).unwrap_or_else(untold);
        let (start_ms, duration_ms) = (self.film_s(place.time) * 1000.0, duration as f64 * self.tick_s * 1000.0);
        let (start_ms, duration_ms) = (start_ms.round() as i64, duration_ms.round().max(0.0) as u64);
        self.format.event(content.as_bytes(), number as u64, start_ms, duration_ms)
    }

    /// How long an event lasts of which nobody says it: until the next one begins.
    fn until_next_ticks(&self, number: usize) -> u64 {
        let most = (UNTOLD_S / self.tick_s) as u64;
        let time = self.places[number].time;
        let next = self.places[number..].iter().find(|place| place.time > time);
        next.and_then(|next| u64::try_from(next.time - time).ok()).map_or(most, |ticks| ticks.min(most))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
