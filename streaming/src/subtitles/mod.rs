//! Subtitles of a film, event by event: where the index says that one is, it is read from there; where it does not, the
//! clusters around a moment are gone through. The film is never read through for them. [`outside`]: files that viewers bring along.

mod block;
mod charset;
mod cue_text;
mod dialogue;
mod event;
mod fetch;
mod listing;
mod mov_text;
pub mod outside;
mod pgs;
mod pictures;
mod places;
mod reader;
mod srt;
mod stretches;
mod vtt;
mod vtt_text;
mod walk;

pub use event::{Event, Format, UNTOLD_MS};
pub use listing::Listing;
pub use pictures::{Pictures, PicturesRead};
pub use reader::{Events, PLAIN, Reader};
pub use stretches::Stretches;
pub use vtt::{PlainCue, plain_cues, segment as vtt_segment};
pub use walk::{Extent, Route, Walk};
