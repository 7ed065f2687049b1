//! ffmpeg: sound encoded as AAC.

use std::path::Path;

use protocol::Channels;

use super::{Look, SourceFrames, ffmpeg_args, fragmented, read_pipe, seek_to};
use crate::{
    process::Command,
    time::{AUDIO_FRAME_SAMPLES, AUDIO_RATE, FilmClock},
};

/// AAC frames that an audio head makes early and drops, so that the encoder's state does not tell heads apart.
const AUDIO_LEAD_FRAMES: u64 = 3;

/// Media seconds before an audio head's first frame from which it reads.
const AUDIO_SEEK_LEAD_S: f64 = 0.5;

/// Seconds by which all times in the pipe are later: NUT has none below zero, and a track may begin before the film does.
const PIPE_S: u32 = 3600;

/// AAC.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioOrder {
    /// Order among the audio tracks, from 0.
    pub audio: u16,
    pub channels: Channels,
    /// Bits a second.
    pub bit_rate: u32,
    /// Source time of film time zero, seconds.
    pub zero_s: f64,
    /// Where the source's frames are, if they are of one length.
    pub frames: Option<SourceFrames>,
    /// Its channels may be others in the middle, as a broadcast's are. At each such change ffmpeg begins its filters anew,
    /// which would fill up with silence from the head's first frame on, in memory; so another ffmpeg decodes it, and mixes
    /// all into the channels that are wanted. That takes a tenth of a second more.
    pub may_change: bool,
}

/// ffmpeg for the AAC frames `first..end`. It makes some before `first`, and the encoder's priming, to be dropped.
#[must_use]
pub fn audio_command(ffmpeg: &Path, url: &str, order: &AudioOrder, first: u64, end: u64, look: Look) -> Command {
    let samples = i64::from(AUDIO_FRAME_SAMPLES);
    let seconds = |frame: i64| (frame * samples) as f64 / f64::from(AUDIO_RATE);
    let lead = first.cast_signed() - AUDIO_LEAD_FRAMES.cast_signed();
    let whole = format!("aresample={AUDIO_RATE}:async=1:min_hard_comp=0.02:first_pts={}", lead * samples);
    let part = format!("atrim=start={:.6}:end={:.6}", seconds(lead), seconds(end.cast_signed() + 2));
    let mixed = ["-ac".into(), order.channels.count().to_string()];

    let (mut source, filters) = read_source(url, order, seconds(lead), look);
    let (mut args, decoder) = if order.may_change {
        // Without an end, so that a decoder that ends has failed.
        source.push(format!("{filters},asetpts=PTS+round({PIPE_S}/TB),apad"));
        source.extend(mixed);
        source.extend(
            ["-vn", "-c:a", "pcm_f32le", "-map_metadata", "-1", "-avoid_negative_ts", "disabled"].map(String::from),
        );
        source.extend(["-f", "nut", "-flush_packets", "0", "-"].map(String::from));
        let mut args = ["-v", "error", "-nostdin"].map(String::from).to_vec();
        read_pipe(&mut args);
        args.extend(["-map", "0:a:0", "-af"].map(String::from));
        args.push(format!("asetpts=PTS-round({PIPE_S}/TB),{whole},{part}"));
        (args, Some(Command::new("ffmpeg", ffmpeg).args(source)))
    } else {
        source.push(format!("{filters},{whole},apad,{part}"));
        source.push("-vn".into());
        source.extend(mixed);
        (source, None)
    };
    args.extend(["-c:a".into(), "aac".into(), "-b:a".into(), order.bit_rate.to_string()]);
    fragmented(&mut args, "frag_every_frame");
    // Tens of fragments a second: the pipe is filled in larger writes.
    args.extend(["-flush_packets", "0", "-"].map(String::from));
    let command = Command::new("ffmpeg", ffmpeg).args(args);
    match decoder {
        Some(decoder) => command.fed_by(decoder),
        None => command,
    }
}

/// How the source is read from a little before `lead_s` on, as far as to the option for filters, and those that give it
/// film time.
fn read_source(url: &str, order: &AudioOrder, lead_s: f64, look: Look) -> (Vec<String>, String) {
    let clock = FilmClock::new(order.zero_s);
    let mut args = ffmpeg_args(look);
    // Not `seek_s`, which heeds mpv: with -seek_timestamp a time below zero is a time as any other.
    let start_s = clock.source_s(lead_s) - AUDIO_SEEK_LEAD_S;
    if start_s > clock.zero_s() {
        seek_to(&mut args, start_s);
    }
    args.extend(["-copyts", "-i"].map(String::from));
    args.push(url.into());
    args.extend(["-map".into(), format!("0:a:{}", order.audio), "-af".into()]);
    let source = order.frames.map_or_else(|| "PTS*TB".to_owned(), |frames| frames.exact());
    // The commas of an expression would end its filter.
    let source = source.replace(',', "\\,");
    (args, format!("asetpts=round(({source}-({:.6}))/TB)", clock.zero_s()))
}

#[cfg(test)]
mod tests {
    use super::{super::line, *};

    fn order(zero_s: f64) -> AudioOrder {
        let frames = None;
        AudioOrder { audio: 1, channels: Channels::Surround, bit_rate: 160_000, zero_s, frames, may_change: false }
    }

    #[test]
    fn audio_heads_begin_three_frames_early() {
        let command = audio_command(Path::new("ffmpeg"), "u", &order(10.005), 188, 376, Look::Thorough);
        let line = line(&command);
        assert!(line.contains("first_pts=189440") && command.feeder.is_none(), "{line}");
        assert!(line.contains("-ss 13.451667"), "{line}");
        assert!(line.contains("-map 0:a:1") && line.contains("-ac 6"), "{line}");
        assert!(line.contains("asetpts=round((PTS*TB-(10.005000))/TB),"), "{line}");
    }

    #[test]
    fn sound_that_may_change_is_decoded_by_another_ffmpeg() {
        let order = AudioOrder { may_change: true, ..order(10.005) };
        let command = audio_command(Path::new("ffmpeg"), "u", &order, 188, 376, Look::Thorough);
        let (encodes, decodes) = (line(&command), line(command.feeder.as_ref().unwrap()));
        assert!(
            encodes.contains("-i pipe:0") && encodes.contains("-af asetpts=PTS-round(3600/TB),aresample=48000:"),
            "{encodes}"
        );
        assert!(encodes.contains("first_pts=189440,atrim=start="), "{encodes}");
        assert!(decodes.contains("-ss 13.451667") && decodes.contains("-map 0:a:1"), "{decodes}");
        assert!(
            decodes.contains("asetpts=round((PTS*TB-(10.005000))/TB),asetpts=PTS+round(3600/TB),apad -ac 6 "),
            "{decodes}"
        );
    }

    #[test]
    fn rounded_times_are_made_exact() {
        let frames = Some(SourceFrames { first_s: 0.026, samples: 1024, rate: 48_000 });
        let order = AudioOrder { frames, ..order(0.026) };
        let line = line(&audio_command(Path::new("ffmpeg"), "u", &order, 0, 47, Look::Thorough));
        let exact = "(0.026000+round((PTS*TB-(0.026000))/(1024/48000))*(1024/48000))";
        assert!(
            line.contains(&format!(
                "asetpts=round((if(lte(abs(PTS*TB-{exact})\\,0.0011)\\,{exact}\\,PTS*TB)-(0.026000))/TB)"
            )),
            "{line}"
        );
    }
}
