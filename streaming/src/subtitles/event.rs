//! An event as libass wants it, from what a Matroska block holds. Pure.

use super::{srt, vtt_text};

/// A line of dialogue, or of whatever else a script draws.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Event {
    /// Unique in its track: a renderer takes a second one with the same number for the same event.
    pub read_order: u64,
    pub layer: i32,
    /// When it begins, in milliseconds of film time. Below zero for one that began before the film.
    pub start_ms: i64,
    pub duration_ms: u64,
    /// The name of its style in the script's header.
    pub style: String,
    pub name: String,
    /// Pixels of the script's picture; 0 for the style's own.
    pub margin_l: i32,
    pub margin_r: i32,
    pub margin_v: i32,
    pub effect: String,
    /// With override tags.
    pub text: String,
}

/// What MP4 calls its timed text.
pub(crate) const MOV_TEXT: &str = "tx3g";

/// How long an event is shown at most of which nobody says it, in milliseconds.
pub const UNTOLD_MS: i64 = 10_000;
/// How many events of one time have numbers of their own.
pub(super) const AT_ONE_TIME: u64 = 8;

/// The first number for events that begin at this time, where they have none of their own and are not counted: in the order
/// of time, as scripts have it. Eighteen hours of milliseconds have numbers of their own.
pub(super) const fn first_number(time: i64) -> u64 {
    (if time > 0 { time.cast_unsigned() } else { 0 }) % (1 << 26) * AT_ONE_TIME
}

/// How a track's blocks say what is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ASS and SSA: the fields of a Dialogue line without its times, after the number that it had in the script.
    Ass,
    /// SubRip: text with a few of HTML's tags.
    Srt,
    /// WebVTT: a cue's text, and in WebM before it a line with its name and one with its settings.
    Vtt { with_settings: bool },
    /// MP4's timed text, as [`super::mov_text`] has made ASS' of it.
    Mov,
}

impl Format {
    /// Of Matroska's codec id, or MP4's; none for pictures, and for kinds of text that are not read by their index.
    #[must_use]
    pub fn of(codec_id: &str) -> Option<Self> {
        match codec_id {
            "S_TEXT/ASS" | "S_ASS" | "S_TEXT/SSA" | "S_SSA" => Some(Self::Ass),
            "S_TEXT/UTF8" | "S_TEXT/ASCII" => Some(Self::Srt),
            "S_TEXT/WEBVTT" => Some(Self::Vtt { with_settings: false }),
            "D_WEBVTT/SUBTITLES" | "D_WEBVTT/CAPTIONS" => Some(Self::Vtt { with_settings: true }),
            MOV_TEXT => Some(Self::Mov),
            _ => None,
        }
    }

    /// The event of a block's content; none if it is not one. `number` is used where the content has none of its own.
    #[must_use]
    pub fn event(self, content: &[u8], number: u64, start_ms: i64, duration_ms: u64) -> Option<Event> {
        // Some muxers end text with a zero, as C does.
        let end = content.iter().position(|byte| *byte == 0).unwrap_or(content.len());
        let content = String::from_utf8_lossy(&content[..end]);
        let text = match self {
            Self::Ass => return ass(&content, start_ms, duration_ms),
            Self::Srt => srt::to_ass(content.trim()),
            Self::Vtt { with_settings: false } => vtt_text::to_ass(&content, ""),
            Self::Vtt { with_settings: true } => {
                let mut lines = content.splitn(3, '\n');
                let (_, settings) = (lines.next()?, lines.next()?);
                vtt_text::to_ass(lines.next()?, settings)
            }
            Self::Mov => content.trim().to_owned(),
        };
        (!text.is_empty()).then(|| Event::plain(number, start_ms, duration_ms, text))
    }
}

impl Event {
    /// A line in the script's own style.
    pub(super) fn plain(read_order: u64, start_ms: i64, duration_ms: u64, text: String) -> Self {
        Self {
            read_order,
            layer: 0,
            start_ms,
            duration_ms,
            style: "Default".into(),
            name: String::new(),
            margin_l: 0,
            margin_r: 0,
            margin_v: 0,
            effect: String::new(),
            text,
        }
    }
}

/// `ReadOrder, Layer, Style, Name, MarginL, MarginR, MarginV, Effect, Text`; SSA has `Marked` for the layer.
fn ass(content: &str, start_ms: i64, duration_ms: u64) -> Option<Event> {
    let mut fields = content.splitn(9, ',');
    let mut field = || fields.next().map(str::trim);
    let number = |field: Option<&str>| field.and_then(|field| field.parse().ok()).unwrap_or(0);
    Some(Event {
        read_order: field()?.parse().ok()?,
        layer: number(field()),
        start_ms,
        duration_ms,
        style: field()?.trim_start_matches('*').to_owned(),
        name: field()?.to_owned(),
        margin_l: number(field()),
        margin_r: number(field()),
        margin_v: number(field()),
        effect: field()?.to_owned(),
        // Text may begin with a space that counts.
        text: fields.next()?.trim_end_matches(['\r', '\n']).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_dialogue_keeps_its_fields_and_the_commas_of_its_text() {
        let event = Format::Ass.event(b"7,2,Sign,Narrator,10,20,30,fx,{\\pos(1,2)} a, b\r\n", 99, 1500, 2000).unwrap();
        assert_eq!((event.read_order, event.layer, event.start_ms, event.duration_ms), (7, 2, 1500, 2000));
        assert_eq!((event.style.as_str(), event.name.as_str(), event.effect.as_str()), ("Sign", "Narrator", "fx"));
        assert_eq!((event.margin_l, event.margin_r, event.margin_v), (10, 20, 30));
        assert_eq!(event.text, "{\\pos(1,2)} a, b");
        let ssa = Format::Ass.event(b"3,Marked=0,*Default,,0000,0000,0000,,Hello\0\0", 0, 0, 1).unwrap();
        assert_eq!((ssa.layer, ssa.style.as_str(), ssa.text.as_str()), (0, "Default", "Hello"));
        assert_eq!(Format::Ass.event(b"not an event", 0, 0, 1), None);
    }

    #[test]
    fn plain_text_gets_a_style_and_a_number() {
        let event = Format::Srt.event(b"<i>Hi</i>\r\nthere\0", 5, -20, 700).unwrap();
        assert_eq!((event.read_order, event.start_ms, event.style.as_str()), (5, -20, "Default"));
        assert_eq!(event.text, "{\\i1}Hi{\\i0}\\Nthere");
        assert_eq!(Format::Srt.event(b" \n\0", 5, 0, 1), None);
    }

    #[test]
    fn formats_are_told_by_their_names() {
        assert_eq!(Format::of("S_TEXT/ASS"), Some(Format::Ass));
        assert_eq!(Format::of("S_TEXT/UTF8"), Some(Format::Srt));
        assert_eq!(Format::of("S_HDMV/PGS"), None);
        assert_eq!(Format::of("D_WEBVTT/METADATA"), None);
    }

    #[test]
    fn webvtt_may_come_with_its_settings() {
        let text =
            |codec_id, content: &[u8]| Format::of(codec_id).unwrap().event(content, 3, 0, 5).map(|event| event.text);
        assert_eq!(text("S_TEXT/WEBVTT", b"<b>a</b>\nb").unwrap(), "{\\b1}a{\\b0}\\Nb");
        assert_eq!(text("D_WEBVTT/SUBTITLES", b"name\nline:0\na\nb\n").unwrap(), "{\\an8}a\\Nb");
        assert_eq!(text("D_WEBVTT/SUBTITLES", b"\n\na").unwrap(), "a");
        assert_eq!(text("D_WEBVTT/SUBTITLES", b"a"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(content in proptest::collection::vec(any::<u8>(), 0..200)) {
            for format in [Format::Ass, Format::Srt, Format::Vtt { with_settings: true }, Format::Mov] {
                let _ = format.event(&content, 0, 0, 0);
            }
        }
    }
}
