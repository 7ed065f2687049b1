//! Which events are needed around a moment, and getting them from where the index has them.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use protocol::Error;

use super::{
    Walk,
    block::decoded,
    charset::Charset,
    event::{Event, Format, UNTOLD_MS},
    fetch::{Clusters, stored},
    mov_text,
    places::{Places, numbers},
    walk::Need,
};
use crate::keyframes::{Encoding, EventPlace, SubtitleIndex};

/// An event of which nobody says how long it lasts is looked for so long before a moment, and shown at most so long, in
/// seconds.
const UNTOLD_S: f64 = UNTOLD_MS as f64 / 1000.0;
/// Bytes that are read for an event at first; few are longer.
const FIRST: usize = 4096;

/// The script of a track that has none of its own: as mpv draws plain text.
pub const PLAIN: &str = "[Script Info]\nScriptType: v4.00+\nPlayResX: 1280\nPlayResY: 720\nWrapStyle: 0\n\
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
    /// All that begins before this is among them, in seconds of film time.
    pub until_s: f64,
    /// All that began before the stretch was looked for as far back as it ever is.
    pub complete: bool,
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
    places: Places,
    clusters: Clusters,
    known: Mutex<Known>,
}

/// What has been read.
#[derive(Debug, Default)]
struct Known {
    /// By the event's place in the file; none for what turned out not to be one.
    events: HashMap<u64, Option<Event>>,
    bytes: usize,
    /// Which event has which number of the script's: where two scripts were put together, several have the same.
    numbers: HashMap<u64, u64>,
    /// The numbers that were given to the others.
    own: HashMap<u64, u64>,
}

impl Known {
    fn keep(&mut self, place: u64, mut event: Option<Event>) -> Option<Event> {
        if let Some(event) = &mut event {
            let owner = *self.numbers.entry(event.read_order).or_insert(place);
            if owner != place || event.read_order >= OWN_NUMBERS {
                let next = OWN_NUMBERS + self.own.len() as u64;
                event.read_order = *self.own.entry(place).or_insert(next);
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
pub(super) fn size(event: &Event) -> usize {
    size_of::<Event>() + event.text.len() + event.style.len() + event.name.len() + event.effect.len()
}

impl Reader {
    /// For a track of text whose events the index has, or else `walk` looks for; none for any other.
    #[must_use]
    pub fn new(index: &SubtitleIndex, zero_s: f64, walk: Option<&Arc<Walk>>) -> Option<Self> {
        let format = Format::of(&index.codec_id)?;
        let places = Places::new(index, walk)?;
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
            places,
            clusters: Clusters::default(),
            known: Mutex::default(),
        })
    }

    /// The ASS script's header, with its styles.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.header
    }

    /// Whether its events are found by going through the film's clusters.
    #[must_use]
    pub fn is_walked(&self) -> bool {
        matches!(self.places, Places::Walked(_))
    }

    /// All events that are shown at some time from `from_s` to `until_s` of film time, also those that began before, or to
    /// an earlier moment that it tells. Some that ended before may be among them. `read` reads so many bytes from an offset, fewer only at the file's end.
    ///
    /// # Errors
    ///
    /// What `read` reports.
    pub async fn between<R, F>(&self, read: &R, from_s: f64, until_s: f64) -> Result<Events, Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let around = self.places.around(read, self.number, (from_s, until_s), Need::Lines).await?;
        let (places, until_s) = (&around.places[..], around.until_s);
        // Those of the stretch itself come first, should there be too many.
        let shown = |since_s| move |(n, _): &(usize, u64)| self.is_shown(&places[*n], since_s, until_s);
        let (now, all) = (shown(from_s), shown(around.from_s));
        let wanted = self.numbered(places).filter(now);
        let before = self.numbered(places).filter(|which| all(which) && !now(which));
        let wanted: Vec<_> = wanted.chain(before).take(MOST_EVENTS).collect();
        let once = |(n, number)| self.once(read, places, n, number);
        let mut coming = stream::iter(wanted).map(once).buffered(AT_ONCE);
        let (mut events, mut bytes) = (Vec::new(), 0);
        while let Some(event) = coming.next().await {
            let Some(event) = event? else { continue };
            bytes += size(&event);
            if bytes > MOST_BYTES {
                break;
            }
            events.push(event);
        }
        events.sort_by_key(|event| event.start_ms);
        Ok(Events { events, until_s, complete: around.complete })
    }

    /// Each event's place in the list, and its number where it has none of its own.
    fn numbered<'a>(&self, places: &'a [EventPlace]) -> Box<dyn Iterator<Item = (usize, u64)> + Send + 'a> {
        match self.places {
            Places::Told(_) => Box::new((0..places.len()).map(|n| (n, n as u64))),
            Places::Walked(_) => Box::new(numbers(places).enumerate()),
        }
    }

    fn is_shown(&self, place: &EventPlace, from_s: f64, until_s: f64) -> bool {
        let starts_s = self.film_s(place.time);
        let lasts_s = place.duration.map_or(UNTOLD_S, |ticks| ticks as f64 * self.tick_s);
        starts_s < until_s && starts_s + lasts_s > from_s
    }

    fn film_s(&self, ticks: i64) -> f64 {
        ticks as f64 * self.tick_s - self.zero_s
    }

    /// An event, read if it is not known.
    async fn once<R, F>(&self, read: &R, places: &[EventPlace], n: usize, number: u64) -> Result<Option<Event>, Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let at = places[n].cluster.saturating_add(places[n].inside.unwrap_or_default());
        let known = self.lock().events.get(&at).cloned();
        match known {
            Some(event) => Ok(event),
            None => {
                let (event, for_good) = self.event(read, places, n, number).await?;
                let mut known = self.lock();
                let event = known.keep(at, event);
                if !for_good {
                    known.events.remove(&at);
                }
                Ok(event)
            }
        }
    }

    /// An event, and whether that is all there will be known of it.
    async fn event<R, F>(
        &self,
        read: &R,
        places: &[EventPlace],
        n: usize,
        number: u64,
    ) -> Result<(Option<Event>, bool), Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let (content, duration) = match self.format {
            Format::Mov => (self.sample(read, &places[n]).await?, None),
            _ => match stored(read, &places[n], self.number, FIRST, &self.clusters).await? {
                Some(found) => {
                    let content = decoded(&found.content, &self.encoding);
                    (content.map(|content| self.charset.text(&content)), found.duration)
                }
                None => (None, None),
            },
        };
        let Some(content) = content else { return Ok((None, true)) };
        // Where nobody tells how long it lasts, the next one may be found later.
        let is_told = duration.or(places[n].duration).is_some() || matches!(self.places, Places::Told(_));
        let for_good = is_told || places.last().is_some_and(|last| last.time > places[n].time);
        let duration = duration.or(places[n].duration).unwrap_or_else(|| self.until_next_ticks(&places[n..]));
        let (start_ms, duration_ms) = (self.film_s(places[n].time) * 1000.0, duration as f64 * self.tick_s * 1000.0);
        let (start_ms, duration_ms) = (start_ms.round() as i64, duration_ms.round().max(0.0) as u64);
        Ok((self.format.event(content.as_bytes(), number, start_ms, duration_ms), for_good))
    }

    /// The text of an MP4's sample.
    async fn sample<R, F>(&self, read: &R, place: &EventPlace) -> Result<Option<String>, Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        let at = place.cluster;
        let mut bytes = read(at, FIRST).await?;
        if let Some(length) = mov_text::length(&bytes).filter(|length| mov_text::LENGTH + length > bytes.len()) {
            // With room for its styles.
            bytes = read(at, length + FIRST).await?;
        }
        Ok(mov_text::text(&bytes, |text| self.charset.text(text)))
    }

    /// How long the first of these lasts, of which nobody says it: until the next one begins.
    fn until_next_ticks(&self, places: &[EventPlace]) -> u64 {
        let most = (UNTOLD_S / self.tick_s) as u64;
        let time = places[0].time;
        let next = places.iter().find(|place| place.time > time);
        next.and_then(|next| u64::try_from(next.time - time).ok()).map_or(most, |ticks| ticks.min(most))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
