//! ffmpeg: a text track as an ASS script, line by line, with a clock between the lines.

use std::path::Path;

use super::{Look, ffmpeg_args, seek_to};
use crate::process::Command;

/// A track that tells how far the run has come while there are no lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextClock {
    /// A sound track, by its order: small, and always there.
    Audio(u16),
    /// A video track, by its order.
    Video(u16),
}

/// From where on a run reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TextFrom {
    /// From about a moment of film time, in seconds.
    Moment(f64),
    /// From the film's beginning, byte by byte: nothing else can be had of a source that cannot seek.
    Beginning,
}

/// A text track's lines.
#[derive(Clone, Debug, PartialEq)]
pub struct TextOrder {
    /// Order among the subtitle tracks, from 0.
    pub subtitles: u16,
    /// Whether it is teletext, of which only pages of subtitles are wanted, and which does not say how long they are shown.
    pub teletext: bool,
    /// Whether the track's samples follow each other without gaps, so that each one's end is known by the next (MP4). There
    /// the demuxer goes from one to the next, and reads nothing between them unless that is wanted too.
    pub by_sample: bool,
    pub clock: Option<TextClock>,
    /// Source time of film time zero, seconds.
    pub zero_s: f64,
    pub look: Look,
}

/// ffmpeg for the lines of a text track, to the film's end or until it is not read any more.
///
/// Two outputs share the pipe, each written by whole lines: the script, and a list of the clock's packets. Both are in film
/// time, since a script has no times beyond ten hours and a recording's begin anywhere within a day.
#[must_use]
pub fn text_command(ffmpeg: &Path, url: &str, order: &TextOrder, from: TextFrom) -> Command {
    let mut args = ffmpeg_args(order.look);
    if order.teletext {
        args.extend(["-txt_page", "subtitle", "-txt_format", "ass", "-fix_sub_duration"].map(String::from));
    }
    match from {
        TextFrom::Moment(from_s) if from_s > 0.0 => seek_to(&mut args, order.zero_s + from_s),
        TextFrom::Moment(_) => {}
        TextFrom::Beginning => args.extend(["-seekable", "0"].map(String::from)),
    }
    args.extend(["-itsoffset".into(), format!("{:.6}", -order.zero_s)]);
    args.extend(["-copyts", "-i"].map(String::from));
    args.push(url.into());
    let track = format!("0:s:{}", order.subtitles);
    args.extend(["-map", &track, "-c:s", "ass", "-f", "ass", "-ignore_readorder", "1"].map(String::from));
    args.extend(["-flush_packets", "1", "pipe:1"].map(String::from));
    if order.by_sample {
        args.extend(["-map".into(), track]);
    }
    if !order.by_sample || from == TextFrom::Beginning {
        let clock = order.clock.map(|clock| match clock {
            TextClock::Audio(order) => format!("0:a:{order}"),
            TextClock::Video(order) => format!("0:v:{order}"),
        });
        args.extend(clock.into_iter().flat_map(|track| ["-map".into(), track]));
    }
    args.extend(["-c", "copy", "-f", "framecrc", "-flush_packets", "1", "pipe:1"].map(String::from));
    Command::new("ffmpeg", ffmpeg).args(args)
}

#[cfg(test)]
mod tests {
    use super::{super::line, *};

    #[test]
    fn a_script_and_a_clock_come_in_film_time() {
        let order = TextOrder {
            subtitles: 1,
            teletext: true,
            by_sample: false,
            clock: Some(TextClock::Audio(0)),
            zero_s: 40_000.5,
            look: Look::Thorough,
        };
        let teletext = line(&text_command(Path::new("ffmpeg"), "u", &order, TextFrom::Moment(60.0)));
        assert!(
            teletext.ends_with(
                "-txt_page subtitle -txt_format ass -fix_sub_duration -seek_timestamp 1 -noaccurate_seek -ss \
                 40060.500000 -itsoffset -40000.500000 -copyts -i u -map 0:s:1 -c:s ass -f ass -ignore_readorder 1 \
                 -flush_packets 1 pipe:1 -map 0:a:0 -c copy -f framecrc -flush_packets 1 pipe:1"
            ),
            "{teletext}"
        );
        assert!(teletext.contains("-protocol_whitelist http,tcp -format_whitelist"), "{teletext}");
        let order = TextOrder { teletext: false, by_sample: true, zero_s: 0.0, look: Look::Quick, ..order };
        let command = |from| line(&text_command(Path::new("ffmpeg"), "u", &order, from));
        let samples = command(TextFrom::Moment(-3.0));
        assert!(
            samples.contains("-probesize 1048576 -itsoffset -0.000000 -copyts -i u -map 0:s:1 -c:s ass"),
            "{samples}"
        );
        assert!(samples.contains("pipe:1 -map 0:s:1 -c copy -f framecrc"), "{samples}");
        let all = command(TextFrom::Beginning);
        assert!(
            all.contains("-seekable 0 -itsoffset") && all.contains("pipe:1 -map 0:s:1 -map 0:a:0 -c copy"),
            "{all}"
        );
    }
}
