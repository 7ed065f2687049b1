//! Text subtitles of a Matroska film, event by event: where the index says that one is, it is read from there. The film
//! is never read through for them. [`outside`]: files that viewers bring along.

mod block;
mod event;
pub mod outside;
mod reader;
mod srt;

pub use event::{Event, Format};
pub use reader::{Events, Reader};
