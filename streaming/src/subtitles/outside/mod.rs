//! Subtitles that a viewer brings along: a file's bytes as a script's header and events. Pure; the bytes may be anything.
//!
//! SRT and WebVTT are read by subcue, cue by cue, so that a broken cue costs no other. No crate keeps an ASS event as it
//! stands (subcue takes off a text's leading spaces, others drop a line for its time), so a script's header stays as it
//! is, and its dialogue lines become what a Matroska block would hold, for the reader of those.

mod charset;
mod cues;
mod name;
mod script;

use protocol::{Error, ErrorKind, LARGEST_SUBTITLES};

pub use name::Name;

use super::{
    dialogue::MAX_MS,
    event::Event,
    reader::{Events, PLAIN},
};

/// Events of one file. A film with karaoke has ten thousand.
const MAX_EVENTS: usize = 50_000;
/// Lines of one file.
const MAX_LINES: usize = 500_000;

/// What a file's content proves to be, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Srt,
    Vtt,
    /// SSA too.
    Ass,
}

impl Kind {
    /// The name of the codec as ffmpeg has it.
    #[must_use]
    pub const fn codec(self) -> &'static str {
        match self {
            Self::Srt => "subrip",
            Self::Vtt => "webvtt",
            Self::Ass => "ass",
        }
    }

    fn of(text: &str) -> Self {
        if text.trim_start().starts_with("WEBVTT") {
            Self::Vtt
        } else if script::is_one(text) {
            Self::Ass
        } else {
            Self::Srt
        }
    }
}

/// The subtitles of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Outside {
    kind: Kind,
    header: String,
    /// By their beginning.
    events: Vec<Event>,
    weight: usize,
}

impl Outside {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// `too_large`; `not_subtitles` for what has not one line of them.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > LARGEST_SUBTITLES {
            return Err(too_large());
        }
        if let Some(what) = other(bytes) {
            return Err(Error::new(ErrorKind::NotSubtitles, what));
        }
        let text = charset::text(bytes);
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if text.lines().nth(MAX_LINES).is_some() {
            let message = format!("this file has more than {MAX_LINES} lines; split it, or give another file");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let kind = Kind::of(&text);
        let (header, mut events) = match kind {
            Kind::Ass => script::read(&text),
            Kind::Srt => (PLAIN.to_owned(), cues::srt(&text)),
            Kind::Vtt => (PLAIN.to_owned(), cues::vtt(&text)),
        };
        if events.len() > MAX_EVENTS {
            let message = format!("this file has more than {MAX_EVENTS} lines of dialogue; split it, or give another");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        events.retain(|event| event.duration_ms > 0 && event.start_ms < MAX_MS);
        if events.is_empty() {
            let message = "this file has no subtitles that can be read; give an SRT, WebVTT, ASS or SSA file";
            return Err(Error::new(ErrorKind::NotSubtitles, message));
        }
        // Those of one moment stay in the file's order.
        events.sort_by_key(|event| event.start_ms);
        let texts = |event: &Event| event.style.len() + event.name.len() + event.effect.len() + event.text.len();
        let weight = header.len() + events.iter().map(|event| size_of::<Event>() + texts(event)).sum::<usize>();
        Ok(Self { kind, header, events, weight })
    }

    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The ASS script's header, with its styles.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.header
    }

    /// All events that are shown at some time from `from_s` to `until_s`, in seconds of film time, also those that began
    /// before.
    #[must_use]
    pub fn between(&self, from_s: f64, until_s: f64) -> Events {
        let begun = self.events.partition_point(|event| (event.start_ms as f64) < until_s * 1000.0);
        let shown = |event: &&Event| event.start_ms as f64 + event.duration_ms as f64 > from_s * 1000.0;
        Events { events: self.events[..begun].iter().filter(shown).cloned().collect(), until_s, complete: true }
    }

    /// Bytes that it takes in memory, nearly.
    #[must_use]
    pub const fn weight(&self) -> usize {
        self.weight
    }
}

/// A file beyond [`LARGEST_SUBTITLES`].
#[must_use]
pub fn too_large() -> Error {
    let message = format!("subtitles of more than {} MB are not taken; give a smaller file", LARGEST_SUBTITLES >> 20);
    Error::new(ErrorKind::TooLarge, message)
}

/// What people give instead of subtitles, in words.
fn other(bytes: &[u8]) -> Option<&'static str> {
    const ARCHIVES: [&[u8]; 5] = [b"PK\x03\x04", b"Rar!", b"7z\xBC\xAF", b"\x1F\x8B", b"\xFD7zXZ"];
    if bytes.is_empty() {
        return Some("this file is empty; give an SRT, WebVTT, ASS or SSA file");
    }
    if ARCHIVES.iter().any(|magic| bytes.starts_with(magic)) {
        return Some("this is an archive; unpack it and give the SRT, WebVTT, ASS or SSA file that is in it");
    }
    let pictures =
        bytes.starts_with(b"# VobSub index file") || bytes.starts_with(b"PG") || bytes.starts_with(&[0, 0, 1]);
    pictures.then_some("subtitles that are pictures can't be added; give an SRT, WebVTT, ASS or SSA file")
}

#[cfg(test)]
mod tests;
