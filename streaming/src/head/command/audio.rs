//! ffmpeg: sound encoded as AAC.

use std::path::Path;

use protocol::Channels;

use super::{Look, SourceFrames, ffmpeg_args, fragmented, seek_to};
use crate::{
    process::Command,
    time::{AUDIO_FRAME_SAMPLES, AUDIO_RATE, FilmClock},
};

/// AAC frames that an audio head makes early and drops, so that the encoder's state does not tell heads apart.
const AUDIO_LEAD_FRAMES: u64 = 3;

/// Media seconds before an audio head's first frame from which it reads.
const AUDIO_SEEK_LEAD_S: f64 = 0.5;

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
}

/// ffmpeg for the AAC frames `first..end`. It makes some before `first`, and the encoder's priming, to be dropped.
#[must_use]
pub fn audio_command(ffmpeg: &Path, url: &str, order: &AudioOrder, first: u64, end: u64, look: Look) -> Command {
    let samples = i64::from(AUDIO_FRAME_SAMPLES);
    let seconds = |frame: i64| (frame * samples) as f64 / f64::from(AUDIO_RATE);
    let lead = first.cast_signed() - AUDIO_LEAD_FRAMES.cast_signed();
    let clock = FilmClock::new(order.zero_s);

    let mut args = ffmpeg_args(look);
    // Not `seek_s`, which heeds mpv: with -seek_timestamp a time below zero is a time as any other.
    let start_s = clock.source_s(seconds(lead)) - AUDIO_SEEK_LEAD_S;
    if start_s > clock.zero_s() {
        seek_to(&mut args, start_s);
    }
    args.extend(["-copyts", "-i"].map(String::from));
    args.push(url.into());
    args.extend(["-map".into(), format!("0:a:{}", order.audio), "-af".into()]);
    let source = order.frames.map_or_else(|| "PTS*TB".to_owned(), |frames| frames.exact());
    // The commas of an expression would end its filter.
    let source = source.replace(',', "\\,");
    args.push(format!(
        "asetpts=round(({source}-({:.6}))/TB),aresample={AUDIO_RATE}:async=1:min_hard_comp=0.02:first_pts={},apad,\
         atrim=start={:.6}:end={:.6}",
        clock.zero_s(),
        lead * samples,
        seconds(lead),
        seconds(end.cast_signed() + 2),
    ));
    args.extend(["-vn".into(), "-ac".into(), order.channels.count().to_string()]);
    args.extend(["-c:a".into(), "aac".into(), "-b:a".into(), order.bit_rate.to_string()]);
    fragmented(&mut args, "frag_every_frame");
    // Tens of fragments a second: the pipe is filled in larger writes.
    args.extend(["-flush_packets", "0", "-"].map(String::from));
    Command::new("ffmpeg", ffmpeg).args(args)
}

#[cfg(test)]
mod tests {
    use super::{super::line, *};

    #[test]
    fn audio_heads_begin_three_frames_early() {
        let order =
            AudioOrder { audio: 1, channels: Channels::Surround, bit_rate: 160_000, zero_s: 10.005, frames: None };
        let line = line(&audio_command(Path::new("ffmpeg"), "u", &order, 188, 376, Look::Thorough));
        assert!(line.contains("first_pts=189440"), "{line}");
        assert!(line.contains("-ss 13.451667"), "{line}");
        assert!(line.contains("-map 0:a:1") && line.contains("-ac 6"), "{line}");
        assert!(line.contains("asetpts=round((PTS*TB-(10.005000))/TB),"), "{line}");
    }

    #[test]
    fn rounded_times_are_made_exact() {
        let frames = Some(SourceFrames { first_s: 0.026, samples: 1024, rate: 48_000 });
        let order = AudioOrder { audio: 0, channels: Channels::Stereo, bit_rate: 160_000, zero_s: 0.026, frames };
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
