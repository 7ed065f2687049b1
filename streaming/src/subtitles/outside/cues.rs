//! Cues of SRT and WebVTT as events.

use subcue::{
    Cue, SrtCues, VttCues,
    text::{Span, parse},
};

use super::MAX_EVENTS;
use crate::subtitles::{
    dialogue::lasting,
    event::{Event, Format},
};

/// Bytes of a cue's text that are looked at: no picture has room for more, and unclosed tags take their time.
const LONGEST: usize = 4096;

/// The events of an SRT file, in its order. A cue whose times can't be read, or are below zero, is left out.
pub(super) fn srt(text: &str) -> Vec<Event> {
    let cues = SrtCues::new(text.as_bytes()).filter_map(Result::ok);
    events(cues, |cue, number, lasting| Format::Srt.event(cut(&cue.text).as_bytes(), number, cue.start.0, lasting))
}

/// The events of a WebVTT file, likewise.
pub(super) fn vtt(text: &str) -> Vec<Event> {
    let Ok(cues) = VttCues::new(text.trim_start().as_bytes()) else { return Vec::new() };
    events(cues.filter_map(Result::ok), |cue, number, lasting| {
        let mut text = place(cue.settings.as_deref().unwrap_or_default());
        let spoken = text.len();
        write(&parse(cut(cue.text.trim()), subcue::Format::Vtt).spans, &mut text);
        (text.len() > spoken).then(|| Event::plain(number, cue.start.0, lasting, text))
    })
}

/// One more than are allowed tells that there are too many.
fn events(cues: impl Iterator<Item = Cue>, event: impl Fn(&Cue, u64, u64) -> Option<Event>) -> Vec<Event> {
    let numbered = (0..).zip(cues);
    numbered
        .filter_map(|(number, cue)| event(&cue, number, lasting(cue.start.0, cue.end.0)))
        .take(MAX_EVENTS + 1)
        .collect()
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// As overrides and escaped text.
fn write(spans: &[Span], out: &mut String) {
    let mut within = |begin: &str, children: &[Span], end: &str| {
        out.push_str(begin);
        write(children, out);
        out.push_str(end);
    };
    for span in spans {
        match span {
            Span::Bold(children) => within("{\\b1}", children, "{\\b0}"),
            Span::Italic(children) => within("{\\i1}", children, "{\\i0}"),
            Span::Underline(children) => within("{\\u1}", children, "{\\u0}"),
            Span::Strike(children) | Span::Color(_, children) => within("", children, ""),
            Span::LineBreak => within("\\N", &[], ""),
            Span::Text(text) => within(&unescaped(text).replace('{', "\\{"), &[], ""),
            // Classes, languages, the times of karaoke.
            Span::Raw(_) => {}
        }
    }
}

/// With the characters that WebVTT has names for.
fn unescaped(text: &str) -> String {
    const NAMED: [(&str, &str); 7] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", "\u{a0}"),
        ("&lrm;", "\u{200e}"),
        ("&rlm;", "\u{200f}"),
        ("&quot;", "\""),
        // Last, so that what it makes is not taken for a name.
        ("&amp;", "&"),
    ];
    NAMED.iter().fold(text.to_owned(), |text, (name, character)| text.replace(name, character))
}

/// Where a cue stands, as an override; nothing for the place at the bottom that most have.
fn place(settings: &str) -> String {
    let setting = |name: &str| {
        let mut all = settings.split_whitespace().filter_map(|setting| setting.split_once(':'));
        all.find(|(found, _)| *found == name).map(|(_, value)| value.split(',').next().unwrap_or_default())
    };
    let row = match setting("line").map(|line| (line.strip_suffix('%'), line)) {
        Some((Some(share), _)) => {
            share.parse().map_or(0, |share: f64| if share < 34.0 { 6 } else { 3 * i32::from(share < 67.0) })
        }
        // Lines are counted from the top, or from the bottom below zero.
        Some((None, line)) => line.parse().map_or(0, |line: i32| if line < 0 { 0 } else { 6 }),
        None => 0,
    };
    let column = match setting("align") {
        Some("start" | "left") => 1,
        Some("end" | "right") => 3,
        _ => 2,
    };
    if row + column == 2 { String::new() } else { format!("{{\\an{}}}", row + column) }
}
