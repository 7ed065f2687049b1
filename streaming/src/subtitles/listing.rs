//! What a run of ffmpeg writes for a text track: an ASS script with the packets of a clock between its lines. Pure.

use std::collections::HashMap;

use super::{
    dialogue::{Fields, field_of},
    event::{Event, UNTOLD_MS},
};

/// Bytes of a header; styles of a film are some thousands.
const MOST_HEADER: usize = 256 * 1024;
/// Events and samples of one run, which is half a minute of film, or all that has come of one that cannot seek.
const MOST_EVENTS: usize = 50_000;
const MOST_SAMPLES: usize = 1 << 18;
/// ffmpeg's script has no later time, and so for an end that nobody knows.
const LATEST_MS: i64 = 35_999_990;

/// The lines of a run, taken in one by one. Times are those of the film.
#[derive(Debug, Default)]
pub struct Listing {
    header: String,
    has_header: bool,
    fields: Fields,
    events: Vec<Event>,
    /// Whether the clock's first stream is the track itself.
    by_sample: bool,
    /// Seconds a tick of each of the clock's streams.
    ticks_s: HashMap<u32, f64>,
    /// When the track's samples begin, in milliseconds.
    samples: Vec<i64>,
    furthest_ms: Option<i64>,
}

impl Listing {
    /// `by_sample`: the clock's first stream is the track itself, of which each sample lasts until the next.
    #[must_use]
    pub fn new(by_sample: bool) -> Self {
        Self { by_sample, ..Self::default() }
    }

    /// Takes in a line without its end.
    pub fn push(&mut self, line: &str) {
        if let Some(told) = line.strip_prefix('#') {
            self.ticks_s.extend(told.strip_prefix("tb ").and_then(tick));
        } else if let Some(values) = line.strip_prefix("Dialogue:").filter(|_| self.has_header) {
            if let Some(event) = self.fields.event(values, 0).filter(|_| self.events.len() < MOST_EVENTS) {
                self.furthest_ms = self.furthest_ms.max(Some(event.start_ms));
                self.events.push(event);
            }
        } else if let Some((stream, ticks)) = packet(line) {
            let time_ms = self.ticks_s.get(&stream).map(|tick_s| (ticks as f64 * tick_s * 1000.0).round() as i64);
            self.furthest_ms = self.furthest_ms.max(time_ms);
            let is_sample = self.by_sample && stream == 0 && self.samples.len() < MOST_SAMPLES;
            self.samples.extend(time_ms.filter(|_| is_sample));
        } else if !self.has_header && self.header.len() + line.len() < MOST_HEADER {
            self.header.push_str(line);
            self.header.push('\n');
            // The last line before the events.
            if let Some(names) = field_of(line, "Format").filter(|_| self.header.contains("[Events]")) {
                self.fields = Fields::new(names);
                self.has_header = true;
            }
        }
    }

    /// The script's header, once it is complete.
    #[must_use]
    pub fn header(&self) -> Option<&str> {
        self.has_header.then_some(&self.header)
    }

    /// How far the run has come, in milliseconds of film time.
    #[must_use]
    pub const fn furthest_ms(&self) -> Option<i64> {
        self.furthest_ms
    }

    /// The events; one whose end nobody says lasts until the track's next sample, or else until the next event begins, and
    /// then [`UNTOLD_MS`] at most.
    #[must_use]
    pub fn events(self) -> Vec<Event> {
        let Self { mut events, samples: mut begins, by_sample, .. } = self;
        begins.extend(events.iter().map(|event| event.start_ms));
        begins.sort_unstable();
        let most = if by_sample { i64::MAX } else { UNTOLD_MS };
        for event in &mut events {
            let end_ms = event.start_ms.saturating_add_unsigned(event.duration_ms);
            if event.duration_ms == 0 || end_ms >= LATEST_MS {
                // A script counts in hundredths of a second.
                let next = begins.partition_point(|time_ms| *time_ms <= event.start_ms + 10);
                let lasts_ms = begins.get(next).map_or(UNTOLD_MS, |next| next - event.start_ms);
                event.duration_ms = lasts_ms.min(most).cast_unsigned();
            }
        }
        events.retain(|event| !event.text.trim().is_empty());
        events
    }
}

/// A stream and its seconds a tick: `0: 1/90000`.
fn tick(text: &str) -> Option<(u32, f64)> {
    let (stream, ratio) = text.split_once(':')?;
    let (a, b) = ratio.trim().split_once('/')?;
    let (a, b) = (a.parse::<u32>().ok()?, b.parse::<u32>().ok()?);
    (a > 0 && b > 0).then_some((stream.parse().ok()?, f64::from(a) / f64::from(b)))
}

/// A packet's stream and when it begins, in ticks: `0,    3184678,    3184678,     2351,     1254, 0xfd0af889`.
fn packet(line: &str) -> Option<(u32, i64)> {
    let mut fields = line.split(',').map(str::trim);
    let stream = fields.next()?.parse().ok()?;
    let (decoded, shown) = (fields.next()?, fields.next()?);
    fields.nth(2).filter(|sum| sum.starts_with("0x"))?;
    Some((stream, shown.parse().or_else(|_| decoded.parse()).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADER: &str = "[Script Info]\nPlayResX: 384\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n\
        [Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n";

    fn read(lines: &str, by_sample: bool) -> Listing {
        let mut listing = Listing::new(by_sample);
        format!("{HEADER}#software: Lavf\n#tb 0: 1/1000\n#tb 1: 1/10\n{lines}")
            .lines()
            .for_each(|line| listing.push(line));
        listing
    }

    fn told(events: &[Event]) -> Vec<(i64, u64, &str)> {
        events.iter().map(|event| (event.start_ms, event.duration_ms, &event.text[..])).collect()
    }

    #[test]
    fn lines_and_clock_are_told_apart() {
        let listing = read(
            "0,   18000,   18040,    40,  1254, 0x10500cef\nDialogue: 0,0:00:20.00,0:00:22.50,Sign,,0,0,0,,a, b\\Nc\n\
             0,   21000, 21040,  40, 1254, 0x1, S=1, 8\n0, NOPTS, NOPTS, 0, 1, 0x1\n1, 215, 215, 1, 1, 0x1\n",
            false,
        );
        assert_eq!((listing.header(), listing.furthest_ms()), (Some(HEADER), Some(21_500)));
        let events = listing.events();
        assert_eq!(told(&events), [(20_000, 2500, "a, b\\Nc")]);
        assert_eq!(events[0].style, "Sign");
        assert_eq!(Listing::default().header(), None);
    }

    #[test]
    fn an_end_that_nobody_says_is_the_next_beginning() {
        let lines = "Dialogue: 0,0:00:01.02,9:59:59.99,Default,,0,0,0,,a\n0, 1023, 1023, 0, 4, 0x1\n\
            0, 3500, 3500, 0, 2, 0x1\nDialogue: 0,0:00:20.02,0:00:20.02,Default,,0,0,0,,b\n0, 20023, 20023, 0, 4, 0x1\n\
            Dialogue: 0,0:00:45.00,0:00:45.00,Default,,0,0,0,,c\n0, 45000, 45000, 0, 4, 0x1\n\
            Dialogue: 0,0:00:46.00,0:00:46.00,Default,,0,0,0,, \n";
        // The track's own samples tell the gap too.
        let by_sample = read(lines, true).events();
        assert_eq!(told(&by_sample), [(1020, 2480, "a"), (20_020, 24_980, "b"), (45_000, 1000, "c")]);
        let by_event = read(lines, false).events();
        assert_eq!(told(&by_event), [(1020, 10_000, "a"), (20_020, 10_000, "b"), (45_000, 1000, "c")]);
    }

    proptest! {
        #[test]
        fn nothing_panics(lines in "([#0-9A-Za-z:/,. -]{0,40}\n){0,8}", by_sample in any::<bool>()) {
            let _ = read(&lines, by_sample).events();
            let _ = read(&format!("Dialogue: 0,{lines}"), by_sample).events();
        }
    }
}
