//! A head: one run of mpv (video) or ffmpeg (audio) that writes one rendition's segments from a given one on.

mod command;
mod cut;
mod run;

pub use command::{AudioOrder, Encoder, Order, VideoOrder, audio_command, video_command};
pub use cut::{Cut, CutError, Cutter, Grid};
pub use run::{HeadEnd, HeadEvent, HeadRun, News};
