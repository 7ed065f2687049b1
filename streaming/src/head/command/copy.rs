//! ffmpeg: frames as they are.

use std::path::Path;

use super::{Look, ffmpeg_args, fragmented, seek_to};
use crate::{process::Command, time::COPIED_TIMESCALE};

/// How far behind a keyframe a seek has to aim to land on it, in seconds: ffmpeg takes 3/23 s off where frames are
/// stored in another order than they are shown in, and rounds.
const AIM_S: f64 = 0.14;

/// Decode times far below any time at which a frame is shown, a tick apart. Nobody goes by them, and ffmpeg's own would
/// be guesses where a container has none (Matroska): it moves frames that are shown before such a guess, which are
/// those in front of the first keyframe of an open GOP.
const DECODE_TIMES: &str = "setts=pts=PTS:dts='if(N,PREV_OUTDTS+1,PTS-90000)'";

/// Media seconds before an audio head's first frame from which it reads.
const AUDIO_LEAD_S: f64 = 0.5;

/// A video track's frames.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoCopyOrder {
    /// Order among the video tracks, from 0.
    pub video: u16,
    /// HEVC, which has to be tagged as players want it.
    pub hevc: bool,
    /// Source time of film time zero, in ticks of [`COPIED_TIMESCALE`].
    pub zero_ticks: i64,
    /// When the first keyframe is shown, in ticks of film time.
    pub first_ticks: i64,
    /// How long a frame is shown, about, in ticks.
    pub frame_ticks: u32,
    /// For each segment, the ticks from its keyframe to the next, which may be within the segment.
    pub gaps: Vec<u32>,
    /// For each segment, its last keyframe's time in ticks of film time.
    pub last_keys: Vec<i64>,
}

impl VideoCopyOrder {
    /// Where a seek has to aim to land on a segment's keyframe, in seconds of source time; `first` is when that is
    /// shown, in ticks of film time. Landing one keyframe early costs a little reading; landing one late loses frames.
    #[must_use]
    pub fn aim_s(&self, segment: u32, first: u64) -> f64 {
        let seconds = |ticks: f64| ticks / f64::from(COPIED_TIMESCALE);
        let gap = self.gaps.get(segment as usize).copied().unwrap_or(0);
        seconds((first.cast_signed() + self.zero_ticks) as f64) + AIM_S.min(seconds(f64::from(gap)) / 2.0)
    }
}

/// An audio track's frames.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioCopyOrder {
    /// Order among the audio tracks, from 0.
    pub audio: u16,
    /// Samples a second.
    pub rate: u32,
    pub frame_samples: u32,
    /// Source time of film time zero, seconds.
    pub zero_s: f64,
    /// When frame 0 is heard, in samples of film time: less than a frame after zero, usually.
    pub phase: u32,
    /// There is no picture, so where this track ends the film does.
    pub is_film: bool,
    /// For each segment that begins with one of the video's where a seek aims for that, in seconds of source time.
    pub aims_s: Vec<Option<f64>>,
}

impl AudioCopyOrder {
    /// The source time of frame 0, in samples.
    #[must_use]
    pub fn zero_ticks(&self) -> i64 {
        (self.zero_s * f64::from(self.rate)).round() as i64 + i64::from(self.phase)
    }
}

/// ffmpeg for the video from a segment's keyframe on. It goes on to the film's end, or until it is not read any more.
///
/// `first` is the keyframe's time in ticks of film time.
#[must_use]
pub fn video_copy_command(
    ffmpeg: &Path,
    url: &str,
    order: &VideoCopyOrder,
    segment: u32,
    first: u64,
    look: Look,
) -> Command {
    let mut args = ffmpeg_args(look);
    if segment > 0 {
        seek_to(&mut args, order.aim_s(segment, first));
    }
    args.extend(["-copyts", "-i"].map(String::from));
    args.push(url.into());
    args.extend(["-map".into(), format!("0:v:{}", order.video)]);
    args.extend(["-c:v", "copy", "-bsf:v", DECODE_TIMES, "-an"].map(String::from));
    if order.hevc {
        args.extend(["-tag:v", "hvc1"].map(String::from));
    }
    args.extend(["-video_track_timescale".into(), COPIED_TIMESCALE.to_string()]);
    fragmented(&mut args, "frag_keyframe");
    args.extend(["-flush_packets", "1", "-"].map(String::from));
    Command::new("ffmpeg", ffmpeg).args(args)
}

/// ffmpeg for the audio from frame `first` on, with which the segment begins, and some before it.
///
/// At a keyframe the sound is mostly stored behind it. Where it is not, the head lacks its first frames, and a careful
/// one is tried.
#[must_use]
pub fn audio_copy_command(
    ffmpeg: &Path,
    url: &str,
    order: &AudioCopyOrder,
    segment: u32,
    first: u64,
    look: Look,
) -> Command {
    let mut args = ffmpeg_args(look);
    let samples = first * u64::from(order.frame_samples);
    let early_s = order.zero_s + samples as f64 / f64::from(order.rate) - AUDIO_LEAD_S;
    let aim_s = order.aims_s.get(segment as usize).copied().flatten().filter(|_| look == Look::Quick);
    let start_s = aim_s.unwrap_or(early_s);
    if start_s > order.zero_s {
        seek_to(&mut args, start_s);
    }
    args.extend(["-copyts", "-i"].map(String::from));
    args.push(url.into());
    args.extend(["-map".into(), format!("0:a:{}", order.audio)]);
    args.extend(["-c:a", "copy", "-vn"].map(String::from));
    fragmented(&mut args, "frag_every_frame");
    args.extend(["-flush_packets", "0", "-"].map(String::from));
    Command::new("ffmpeg", ffmpeg).args(args)
}

#[cfg(test)]
mod tests {
    use super::{super::line, *};

    fn order() -> VideoCopyOrder {
        VideoCopyOrder {
            video: 0,
            hevc: false,
            zero_ticks: 900_000,
            first_ticks: 0,
            frame_ticks: 3754,
            gaps: vec![180_000, 180_000, 9_000],
            last_keys: vec![],
        }
    }

    #[test]
    fn a_head_aims_behind_its_keyframe_and_not_beyond_the_next() {
        let command = |segment, first| {
            line(&video_copy_command(Path::new("ffmpeg"), "u", &order(), segment, first, Look::Thorough))
        };
        let far = command(1, 180_000);
        assert!(
            far.contains("-noaccurate_seek -ss 12.140000 -copyts -i u -map 0:v:0 -c:v copy -bsf:v setts="),
            "{far}"
        );
        let near = command(2, 180_000);
        assert!(near.contains("-ss 12.050000"), "{near}");
        assert!(!command(0, 0).contains("-ss"));
    }

    #[test]
    fn hevc_is_tagged_as_players_want_it() {
        let order = VideoCopyOrder { hevc: true, ..order() };
        let line = line(&video_copy_command(Path::new("ffmpeg"), "u", &order, 0, 0, Look::Quick));
        assert!(line.contains("-tag:v hvc1") && line.contains("-probesize 1048576"), "{line}");
    }

    #[test]
    fn an_audio_head_reads_a_little_early() {
        let order = AudioCopyOrder {
            audio: 1,
            rate: 48_000,
            frame_samples: 1536,
            zero_s: 10.0,
            phase: 240,
            is_film: false,
            aims_s: vec![None, Some(14.1), None],
        };
        let command = |segment, look| line(&audio_copy_command(Path::new("ffmpeg"), "u", &order, segment, 125, look));
        for line in [command(1, Look::Thorough), command(2, Look::Quick), command(9, Look::Quick)] {
            assert!(line.contains("-ss 13.500000") && line.contains("-map 0:a:1 -c:a copy"), "{line}");
        }
        assert!(command(1, Look::Quick).contains("-ss 14.100000"));
        assert_eq!(order.zero_ticks(), 480_240);
    }
}
