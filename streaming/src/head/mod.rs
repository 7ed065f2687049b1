//! A head: one run of mpv (encoded video) or ffmpeg (audio, and whatever is copied) that writes one rendition's
//! segments from a given one on.

mod command;
mod cut;
mod run;
mod texts;

pub(crate) use command::video_command;
pub use command::{
    AudioCopyOrder, AudioOrder, Deinterlace, Look, Order, Shape, SourceFrames, TextClock, TextFrom, TextOrder,
    VideoCopyOrder, VideoOrder, VideoTools, audio_command, audio_copy_command, text_command, video_copy_command,
};
pub use cut::{Cut, CutError, Cutter, FrameCutter, Grid, KeyframeCutter, Keys, NOT_AS_INDEXED, OPEN_GOPS};
pub use run::{HeadEnd, HeadEvent, HeadRun, News};
pub use texts::{TextEnd, TextRun};
