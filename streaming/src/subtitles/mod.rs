//! Text subtitles of a Matroska film, event by event: where the index says that one is, it is read from there. The film
//! is never read through for them.

mod block;
mod cue_text;
mod event;
mod reader;
mod srt;
mod vtt;

pub use event::{Event, Format};
pub use reader::{Events, Reader};
pub use vtt::segment as vtt_segment;
