//! Subtitles of a Matroska film, event by event: where the index says that one is, it is read from there. The film is
//! never read through for them.

mod block;
mod event;
mod fetch;
mod pgs;
mod pictures;
mod reader;
mod srt;

pub use event::{Event, Format};
pub use pictures::{Pictures, PicturesRead};
pub use reader::{Events, Reader};
