//! Text subtitles of a film, event by event: where the index says that one is, it is read from there. The film
//! is never read through for them.

mod block;
mod charset;
mod cue_text;
mod event;
mod mov_text;
mod reader;
mod srt;
mod vtt;
mod vtt_text;

pub use event::{Event, Format};
pub use reader::{Events, Reader};
pub use vtt::segment as vtt_segment;
