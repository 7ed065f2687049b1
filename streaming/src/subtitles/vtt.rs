//! Events as a segment of WebVTT (RFC 8216, 3.5), for players that draw no ASS. Pure.

use std::{collections::HashSet, fmt::Write as _};

use super::{
    cue_text::{Cue, cue},
    event::Event,
};

/// What a cue's time zero is on the clock of the other renditions, 90000 a second. Decode times begin with film time,
/// since an edit list takes off what copied pictures need to be decoded before they are shown.
const FILM_ZERO: u64 = 0;

/// The segment from one moment of the film to another, in milliseconds: each event that is shown at some time between
/// them, also if it stands in the segments beside it too.
#[must_use]
pub fn segment(events: &[Event], from_ms: i64, until_ms: i64) -> String {
    let mut text = format!("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{FILM_ZERO},LOCAL:00:00:00.000\n\n");
    let mut shown: Vec<(i64, i64, u64, Cue)> = events
        .iter()
        .filter_map(|event| {
            let (start, end) = (event.start_ms, event.start_ms.saturating_add_unsigned(event.duration_ms));
            // What ends before the film begins has no place on its clock.
            let overlaps = start < until_ms && end > from_ms.max(0);
            Some((start.max(0), end, event.read_order, cue(&event.text).filter(|_| overlaps)?))
        })
        .collect();
    shown.sort_by_key(|(start, end, order, _)| (*start, *end, *order));
    // Each block ends with an empty line, the last one too: ffmpeg reads all segments as one text.
    // A script draws a shadow or a glow as another event of the same words.
    let mut written = HashSet::new();
    for (start, end, _, cue) in &shown {
        if written.insert((start, end, cue)) {
            // Writing into a String cannot fail.
            let _ = write!(text, "{} --> {}{}\n{}\n\n", clock(*start), clock(*end), cue.settings(), cue.text);
        }
    }
    text
}

/// An event as a browser can show it by itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PlainCue {
    /// The event's number, unique in its track.
    pub id: u64,
    /// Milliseconds of film time.
    pub start_ms: i64,
    pub end_ms: i64,
    /// As WebVTT writes them behind a cue's times; nothing for the usual place.
    pub settings: String,
    /// With WebVTT's tags.
    pub text: String,
}

/// Events as cues, without those that say nothing, and once where a script draws the same words several times.
#[must_use]
pub fn plain_cues(events: &[Event]) -> Vec<PlainCue> {
    let mut seen = HashSet::new();
    let cue = |event: &Event| {
        let (start_ms, end_ms) = (event.start_ms, event.start_ms.saturating_add_unsigned(event.duration_ms));
        let cue = cue(&event.text).filter(|cue| seen.insert((start_ms, end_ms, cue.clone())))?;
        let settings = cue.settings().trim_start().to_owned();
        Some(PlainCue { id: event.read_order, start_ms, end_ms, settings, text: cue.text })
    };
    events.iter().filter_map(cue).collect()
}

fn clock(ms: i64) -> String {
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADER: &str = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n";

    fn event(read_order: u64, start_ms: i64, duration_ms: u64, text: &str) -> Event {
        Event::plain(read_order, start_ms, duration_ms, text.into())
    }

    #[test]
    fn events_stand_in_every_segment_that_they_overlap() {
        let events = [
            event(0, 29_500, 1000, "both"),
            event(1, 3_599_999, 1, "later"),
            event(2, -500, 1500, "{\\an8}{\\i1}first{\\i0}\\Nline"),
            event(3, -500, 500, "before the film"),
            event(4, 30_000, 0, "never"),
            event(5, 1000, 29_000, "to the end"),
        ];
        assert_eq!(
            segment(&events, 0, 30_000),
            format!(
                "{HEADER}00:00:00.000 --> 00:00:01.000 line:0\n<i>first</i>\nline\n\n\
                 00:00:01.000 --> 00:00:30.000\nto the end\n\n\
                 00:00:29.500 --> 00:00:30.500\nboth\n\n"
            )
        );
        assert_eq!(segment(&events, 30_000, 60_000), format!("{HEADER}00:00:29.500 --> 00:00:30.500\nboth\n\n"));
        assert_eq!(segment(&events, 60_000, 90_000), HEADER);
        assert!(segment(&events, 3_590_000, 3_610_000).contains("\n00:59:59.999 --> 01:00:00.000\nlater\n"));
    }

    #[test]
    fn what_is_drawn_twice_is_written_once() {
        let events = [event(0, 0, 1000, "{\\blur4}glow"), event(1, 0, 1000, "glow"), event(2, 0, 1000, "{\\an8}glow")];
        assert_eq!(segment(&events, 0, 30_000).matches("glow").count(), 2);
    }

    proptest! {
        #[test]
        fn each_cue_is_one_block_and_in_order(
            texts in proptest::collection::vec(("[a-z<>&{}\\\\N\n\r -]{0,40}", -10_000_i64..100_000, 0_u64..50_000), 0..20),
            from in 0_i64..90_000,
        ) {
            let events: Vec<Event> =
                (0..).zip(&texts).map(|(n, (text, start, lasts))| event(n, *start, *lasts, text)).collect();
            let text = segment(&events, from, from + 30_000);
            let blocks: Vec<&str> = text.trim_end().split("\n\n").collect();
            prop_assert!(blocks[0].starts_with("WEBVTT\n"));
            let mut before = String::new();
            for block in &blocks[1..] {
                let times = block.lines().next().unwrap_or_default();
                prop_assert_eq!(times.matches("-->").count(), 1);
                prop_assert_eq!(block.matches("-->").count(), 1, "{}", block);
                prop_assert!(block.lines().count() > 1);
                prop_assert!(times[..12] >= before[..], "{} after {}", times, before);
                before = times[..12].to_owned();
            }
        }
    }
}
