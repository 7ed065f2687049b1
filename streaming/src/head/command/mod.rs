//! The head commands. Pure: an order in, a command line out.
//!
//! Why each flag is there is told in `ARCHITECTURE.md`; the measurements behind them are the design's. Three
//! things are common to both tools: they read through the gateway only (`http,tcp`), from containers that
//! cannot name other files, and without any configuration of the machine's user.

mod audio;
mod copy;
mod filters;
mod shape;
mod source_frames;
mod subtitles;
mod video;
mod video_order;

pub use audio::{AudioOrder, audio_command};
pub use copy::{AudioCopyOrder, VideoCopyOrder, audio_copy_command, video_copy_command};
pub use shape::Shape;
pub use source_frames::SourceFrames;
pub use subtitles::{TextClock, TextFrom, TextOrder, text_command};
pub use video::VideoTools;
pub(crate) use video::video_command;
pub use video_order::{Deinterlace, VideoOrder};

use crate::probe::DEMUXERS;

/// Which tool is to make what.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// mpv, and so an encoder's place.
    Video(VideoOrder),
    Audio(AudioOrder),
    VideoCopy(VideoCopyOrder),
    AudioCopy(AudioCopyOrder),
}

impl Order {
    /// Whether frames are passed on as they are.
    #[must_use]
    pub const fn is_copy(&self) -> bool {
        matches!(self, Self::VideoCopy(_) | Self::AudioCopy(_))
    }

    /// Whether a graphics card encodes it.
    #[must_use]
    pub const fn is_on_card(&self) -> bool {
        matches!(self, Self::Video(order) if order.encoder.hardware.is_some())
    }
}

/// How much of a source is looked at before a head does what it is told: by ffmpeg of its beginning, and by mpv before a
/// place that a seek does not find exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A megabyte, or four seconds. Enough where the container lists its tracks, or has a keyframe every few seconds, nearly
    /// always.
    Quick,
    /// ffmpeg's own five megabytes, which it reads to their end wherever one track has little in them, or 25 s. And nothing
    /// else is taken for granted either.
    Thorough,
}

/// What every run of ffmpeg begins with.
fn ffmpeg_args(look: Look) -> Vec<String> {
    let mut args = [
        "-v",
        "error",
        "-nostdin",
        "-protocol_whitelist",
        "http,tcp",
        "-format_whitelist",
        DEMUXERS,
        "-reconnect",
        "1",
        "-reconnect_delay_max",
        "4",
        "-rw_timeout",
        "30000000",
    ]
    .map(String::from)
    .to_vec();
    if look == Look::Quick {
        args.extend(["-probesize", "1048576"].map(String::from));
    }
    args
}

/// Seeks to the keyframe at or before `start_s` of source time.
///
/// Not accurate: ffmpeg's own cut adds the file's start a second time under -copyts; what comes too early is cut
/// elsewhere.
fn seek_to(args: &mut Vec<String>, start_s: f64) {
    args.extend(["-seek_timestamp", "1", "-noaccurate_seek", "-ss"].map(String::from));
    args.push(format!("{start_s:.6}"));
}

/// The input is what another program writes, with its times as they are, and nothing is looked for in what is known.
fn read_pipe(args: &mut Vec<String>) {
    args.extend(
        ["-protocol_whitelist", "pipe", "-copyts", "-probesize", "32", "-analyzeduration", "0"].map(String::from),
    );
    args.extend(["-f", "nut", "-i", "pipe:0"].map(String::from));
}

/// How the output is fragmented: `how` is a flag of ffmpeg's MP4 muxer.
fn fragmented(args: &mut Vec<String>, how: &str) {
    args.extend(["-map_chapters", "-1", "-map_metadata", "-1", "-sn", "-dn"].map(String::from));
    args.extend(["-avoid_negative_ts", "disabled", "-use_editlist", "0", "-f", "mp4", "-movflags"].map(String::from));
    args.push(format!("+{how}+empty_moov+default_base_moof+frag_discont+skip_trailer"));
}

#[cfg(test)]
fn line(command: &crate::process::Command) -> String {
    command.args.iter().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
