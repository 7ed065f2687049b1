//! mpv: encoded video with a subtitle track drawn in.

use std::{ops::Range, path::Path};

use protocol::{DynamicRange, FrameRate};

use super::{Look, fragmented};
use crate::{
    encoder::{Encoder, Making, Run, Work, making},
    probe::DEMUXERS,
    process::Command,
    time::FilmClock,
};

/// Media seconds that a video head starts before its first frame, so that the frame filter has the frame before.
const VIDEO_LEAD_S: f64 = 0.25;

/// Media seconds by which mpv seeks earlier where a seek finds a time and no keyframe: the next keyframe has to lie before the
/// first frame. Broadcasts have one every second or two; x264 puts one every ten by itself.
const EARLY_S: f64 = 4.0;
const EARLIEST_S: f64 = 25.0;

/// Media seconds that mpv reads past the last frame before it stops by itself.
const VIDEO_TAIL_S: f64 = 0.3;

/// Frames that may be missing at the film's end, where containers round, and are made by repeating the last one.
const END_PAD_FRAMES: u64 = 6;

/// Frames made past the end and dropped by the cutter: mpv loses the last one that it gets before its input ends.
const SPARE_FRAMES: u64 = 2;

/// Frames before the picture's end from which a head starts that has only the last one to show.
const HOLD_LEAD_FRAMES: u64 = 12;

/// The part of a frame by which source times are moved before they are put on the frame grid: an eighth.
const END_SHIFT: i64 = 8;

/// Parts of a tick to which source times are rounded before that. At 25 frames a second a tick is a frame; several roundings
/// together have to stay far below the eighth.
const PARTS: u64 = 64;

/// Which frames are made of two fields that were taken one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deinterlace {
    None,
    /// Those that say so.
    Told,
    /// All of a codec whose frames say nothing.
    All,
}

/// Encoded video with a subtitle track drawn in.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoOrder {
    /// Order among the video tracks, from 0.
    pub video: u16,
    /// Order among the subtitle tracks, from 0.
    pub burn: Option<u16>,
    pub rate: FrameRate,
    /// The output's size where it is not the source's.
    pub scale: Option<(u32, u32)>,
    pub deinterlace: Deinterlace,
    /// What is brighter than a usual screen is mapped to it.
    pub range: DynamicRange,
    /// The pictures are stored in red, green and blue.
    pub rgb: bool,
    /// A seek in the source finds a time and no keyframe.
    pub seeks_by_time: bool,
    pub encoder: Encoder,
    /// By which the speeds of heads are compared.
    pub work: Work,
    /// Source time of film time zero, seconds.
    pub zero_s: f64,
    /// When the track's first frame is shown, in film time; none at a variable rate, where it tells nothing of the
    /// others.
    pub starts_s: Option<f64>,
    /// When the track's last frame has been shown, in film time. Should the sound go on, that frame stays.
    pub ends_s: f64,
}

impl VideoOrder {
    /// By how much source times are moved before they are put on the frame grid, in parts of a tick.
    ///
    /// The frame filter takes the time of the last frame for the end, and would drop that frame if the end rounded to
    /// its own place. So frames come an eighth of a frame behind their place, which is more than containers round:
    /// they round back to it, and the end is rounded up to the next.
    fn shift(&self) -> i64 {
        let frame = i64::from(self.rate.den) * PARTS.cast_signed();
        let phase = self.starts_s.unwrap_or(0.0) * f64::from(self.rate.num) / f64::from(self.rate.den);
        ((phase.round() - phase) * frame as f64).round() as i64 + frame / END_SHIFT
    }

    /// Whether a head for the frames from this one on that was started with [`Look::Quick`] may miss its first ones. It
    /// tells so by beginning late, so that another looks for them.
    #[must_use]
    pub fn may_miss(&self, first: u64) -> bool {
        let first_s = first as f64 * f64::from(self.rate.den) / f64::from(self.rate.num);
        self.seeks_by_time && self.starts_s.is_some_and(|starts_s| starts_s + VIDEO_LEAD_S < first_s)
    }

    /// The frame before which the picture ends.
    fn end_frame(&self) -> u64 {
        (self.ends_s.max(0.0) * f64::from(self.rate.num) / f64::from(self.rate.den)).round() as u64
    }

    /// Film time zero in parts of a tick.
    fn zero_parts(&self) -> i64 {
        (self.zero_s * f64::from(self.rate.num) * PARTS as f64).round() as i64
    }

    /// Film time zero in ticks of the output's time scale, as frames leave the head.
    #[must_use]
    pub fn output_zero_ticks(&self) -> i64 {
        // ffmpeg takes it off again, since its frame filter has to be the last that touches times.
        if self.encoder.hardware.is_some() { 0 } else { self.zero_ticks() }
    }

    /// Film time zero in ticks of the output's time scale.
    ///
    /// Frames leave the head in source time, on a grid that is moved by this whole number of ticks, so that every
    /// time stamp in the output is exact. At 25 frames a second a tick is a frame, so what is taken off before the
    /// filter is more exact than what is added behind it.
    #[must_use]
    pub fn zero_ticks(&self) -> i64 {
        (self.zero_s * f64::from(self.rate.num)).round() as i64
    }
}

/// The programs that make pictures.
#[derive(Clone, Copy, Debug)]
pub struct VideoTools<'a> {
    pub mpv: &'a Path,
    pub ffmpeg: &'a Path,
}

/// What makes these frames: mpv, or mpv and ffmpeg where mpv cannot use the encoder.
#[must_use]
pub(crate) fn video_command(
    tools: VideoTools<'_>,
    url: &str,
    order: &VideoOrder,
    frames: Range<u64>,
    run: Run,
    look: Look,
) -> Command {
    let making = making(&order.encoder, run);
    let mpv = Command::new("mpv", tools.mpv).args(mpv_args(url, order, frames, &making, look));
    let Making::ByFfmpeg(by) = making else { return mpv };
    let FrameRate { num, den } = order.rate;
    let mut args: Vec<String> = ["-v", "error", "-nostdin"].map(String::from).to_vec();
    args.extend(by.before_input);
    // Times as they are, and nothing looked for in what is known.
    args.extend(
        ["-protocol_whitelist", "pipe", "-copyts", "-probesize", "32", "-analyzeduration", "0"].map(String::from),
    );
    args.extend(["-f", "nut", "-i", "pipe:0", "-map", "0:v:0", "-vf"].map(String::from));
    // Raw pictures come with a clock of 1/24000 and without a rate, by which an encoder would take them for a thousand times
    // as many. `fps` stands behind all that moves times, since `setpts` takes the rate away in newer versions.
    args.push(format!("settb=1/{num},setpts=PTS-({}),fps={num}/{den},{}", order.zero_ticks(), by.filter));
    args.extend(["-fps_mode", "passthrough", "-enc_time_base"].map(String::from));
    args.push(format!("1:{num}"));
    args.extend(by.after_input);
    // Those that mpv has been told to make.
    args.extend(
        ["-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
            .map(String::from),
    );
    args.extend(["-video_track_timescale".into(), num.to_string()]);
    fragmented(&mut args, "frag_keyframe");
    args.push("pipe:1".into());
    Command::new("ffmpeg", tools.ffmpeg).args(args).fed_by(mpv)
}

fn mpv_args(
    url: &str,
    order: &VideoOrder,
    Range { start: first, end }: Range<u64>,
    making: &Making,
    look: Look,
) -> Vec<String> {
    let FrameRate { num, den } = order.rate;
    let seconds = |frame: u64| frame as f64 * f64::from(den) / f64::from(num);
    let zero_ticks = order.zero_ticks();
    let clock = FilmClock::new(zero_ticks as f64 / f64::from(num));
    let number = |value: f64| format!("{value:.6}");
    // Where sound goes on after the picture, the last frame is held, and has to be read before it can be.
    let read_from = first.min(order.end_frame().saturating_sub(HOLD_LEAD_FRAMES));
    let held = END_PAD_FRAMES + end.saturating_sub(order.end_frame());
    // Frames that the picture lacks before its first one are made by repeating that, but not where they may only have been
    // missed.
    let fill = match look {
        Look::Quick if order.may_miss(read_from) => String::new(),
        _ => format!(":start_time={}", number(seconds(read_from))),
    };

    // First, since it needs each frame's neighbours as they are in the source.
    let mut filters: Vec<String> = match order.deinterlace {
        Deinterlace::None => Vec::new(),
        Deinterlace::Told => vec!["bwdif=mode=send_frame:deint=interlaced".into()],
        Deinterlace::All => vec!["bwdif=mode=send_frame:deint=all".into()],
    };
    filters.extend([
        format!("settb=1/{}", u64::from(num) * PARTS),
        format!("setpts=PTS-({})", order.zero_parts() - order.shift()),
        format!("fps={num}/{den}{fill}:eof_action=pass"),
        format!("tpad=stop={held}:stop_mode=clone"),
        // Half a frame of margin: trim compares times, and a frame must not fall out by rounding.
        format!(
            "trim=start={}:end={}",
            number(seconds(first) - seconds(1) / 2.0),
            number(seconds(end + SPARE_FRAMES) - seconds(1) / 2.0)
        ),
        format!("settb=1/{num}"),
        format!("setpts=PTS+({zero_ticks})"),
    ]);
    if let Some((width, height)) = order.scale {
        filters.push(format!("scale={width}:{height}:flags=bicubic"));
        filters.push("setsar=1".into());
    }
    // Last, since it costs by the pixel.
    filters.extend(tone_mapping(order.range));
    if order.rgb && order.range == DynamicRange::Standard {
        filters.push(FROM_RGB.into());
    }

    let mut args: Vec<String> = [
        "--no-config",
        "--msg-level=all=error",
        "--load-scripts=no",
        "--ytdl=no",
        "--osc=no",
        "--access-references=no",
        "--ordered-chapters=no",
        "--autoload-files=no",
        "--load-unsafe-playlists=no",
        "--network-timeout=30",
        "--cache=yes",
        "--cache-secs=4",
        "--demuxer-max-bytes=32MiB",
        "--demuxer-max-back-bytes=0",
        // How far back the index is searched for a subtitle line that began before the head does.
        "--demuxer-mkv-subtitle-preroll-secs-index=300",
        "--rebase-start-time=no",
        "--aid=no",
        "--orawts",
        "--ocopy-metadata=no",
        "--o=-",
    ]
    .map(String::from)
    .to_vec();
    args.push(format!("--demuxer-lavf-o=protocol_whitelist=[http,tcp],format_whitelist=[{DEMUXERS}]"));
    args.push(format!("--vid={}", order.video + 1));
    args.push(order.burn.map_or_else(|| "--sid=no".into(), |burn| format!("--sid={}", burn + 1)));
    if let Some(start_s) = clock.seek_s(seconds(read_from), VIDEO_LEAD_S) {
        args.push(format!("--start={}", number(start_s)));
        if order.seeks_by_time {
            let early_s = if look == Look::Quick { EARLY_S } else { EARLIEST_S };
            args.push(format!("--hr-seek-demuxer-offset={early_s}"));
        }
    }
    args.push(format!("--end={}", number(clock.source_s(seconds(end)) + VIDEO_TAIL_S)));
    let filters = filters.join(",");
    match making {
        Making::ByMpv(options) => {
            args.extend(["--of=mp4", "--ovc=libx264"].map(String::from));
            args.push(format!("--vf=lavfi=[{filters}],format=yuv420p"));
            args.push(format!("--ovcopts={options}"));
            args.push(format!(
                "--ofopts=movflags=+frag_keyframe+empty_moov+default_base_moof+frag_discont+skip_trailer,use_editlist=0,\
                 avoid_negative_ts=disabled,video_track_timescale={num}"
            ));
        }
        Making::ByFfmpeg(_) => {
            args.extend(["--of=nut", "--ovc=rawvideo"].map(String::from));
            // Raw pictures do not tell their colours, so they are made those of most.
            args.push(format!(
                "--vf=lavfi=[{filters}],format=yuv420p:colormatrix=bt.709:colorlevels=limited:convert=yes"
            ));
        }
    }
    args.push("--".into());
    args.push(url.into());
    args
}

/// What makes BT.709 of red, green and blue, and says so. mpv's own conversion takes a small picture for one of BT.601's
/// primaries too, and mixes its colours anew.
const FROM_RGB: &str = "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int,\
                        format=yuv420p,setparams=colorspace=bt709:range=tv";

/// What maps bright and colourful pictures to a usual screen (BT.709), in linear light: brightness up to that of
/// paper stays as it is, what is above is pressed into what is left.
fn tone_mapping(range: DynamicRange) -> Option<String> {
    let transfer = match range {
        DynamicRange::Standard => return None,
        DynamicRange::Hdr10 => "smpte2084",
        DynamicRange::Hlg => "arib-std-b67",
    };
    Some(format!(
        "zscale=tin={transfer}:min=2020_ncl:pin=2020:rin=limited:t=linear:npl=100,format=gbrpf32le,zscale=p=709,\
         tonemap=mobius:desat=0,zscale=t=709:m=709:r=limited"
    ))
}

#[cfg(test)]
mod tests {
    use super::{super::line, *};
    use crate::encoder::{Hardware, Preset};
    use protocol::EncoderKind;

    fn command(url: &str, order: &VideoOrder, first: u64, end: u64) -> Command {
        let tools = VideoTools { mpv: Path::new("mpv"), ffmpeg: Path::new("ffmpeg") };
        video_command(tools, url, order, first..end, Run { gop: 48, preset: Preset::SuperFast }, Look::Quick)
    }

    fn video_order(zero_s: f64) -> VideoOrder {
        VideoOrder {
            video: 0,
            burn: Some(1),
            rate: FrameRate { num: 24_000, den: 1001 },
            scale: None,
            deinterlace: Deinterlace::None,
            range: DynamicRange::Standard,
            rgb: false,
            seeks_by_time: false,
            encoder: Encoder { hardware: None, level: 41, max_bit_rate: 8_000_000 },
            work: Work::default(),
            zero_s,
            starts_s: Some(0.0),
            ends_s: 60.06,
        }
    }

    #[test]
    fn a_head_at_the_film_s_start_has_no_start_option() {
        for zero_s in [-0.02, 0.0, 0.026, 10.0, 2355.0] {
            let line = line(&command("http://127.0.0.1:1/x", &video_order(zero_s), 0, 48));
            assert!(!line.contains("--start="), "{line}");
        }
    }

    #[test]
    fn later_heads_start_a_little_early_in_source_time() {
        let line = line(&command("u", &video_order(10.0), 48, 96));
        assert!(line.contains("--start=11.752000"), "{line}");
        assert!(line.contains("fps=24000/1001:start_time=2.002000"), "{line}");
        assert!(line.contains("setpts=PTS+(240000)"), "{line}");
        assert!(line.contains("--sid=2"), "{line}");
    }

    #[test]
    fn frames_come_an_eighth_behind_their_place_whatever_the_track_s_start() {
        let frame_s = 1001.0 / 24_000.0;
        for starts_s in [0.0, 0.02, 0.021, 0.5, 3.21] {
            let order = VideoOrder { starts_s: Some(starts_s), ..video_order(0.0) };
            let moved = starts_s / frame_s + order.shift() as f64 / (1001.0 * 64.0);
            let behind = moved - (starts_s / frame_s).round();
            assert!((behind - 0.125).abs() < 0.001, "{starts_s}: {behind}");
        }
        assert_eq!(VideoOrder { starts_s: None, ..video_order(0.0) }.shift(), 1001 * 8);
    }

    #[test]
    fn they_do_so_too_where_film_time_zero_is_no_whole_tick() {
        let rate = FrameRate { num: 25, den: 1 };
        for (zero_s, first_s) in [(1.458_667, 1.48), (1.434_667, 1.44), (-0.021_333, 0.0), (0.059, 0.08)] {
            let order = VideoOrder { rate, starts_s: Some(first_s - zero_s), ..video_order(zero_s) };
            let slot = ((first_s - zero_s) * 25.0).round();
            let moved = first_s * 25.0 - (order.zero_parts() - order.shift()) as f64 / 64.0;
            assert!((moved - slot - 0.125).abs() < 0.02, "{zero_s}: {moved} for {slot}");
        }
    }

    #[test]
    fn pictures_are_deinterlaced_first_and_mapped_last() {
        let order = VideoOrder {
            deinterlace: Deinterlace::Told,
            range: DynamicRange::Hdr10,
            scale: Some((1920, 1080)),
            ..video_order(0.0)
        };
        let line = line(&command("u", &order, 0, 48));
        assert!(line.contains("--vf=lavfi=[bwdif=mode=send_frame:deint=interlaced,settb="), "{line}");
        assert!(
            line.contains("setsar=1,zscale=tin=smpte2084:") && line.contains("r=limited],format=yuv420p"),
            "{line}"
        );
    }

    #[test]
    fn red_green_and_blue_become_bt_709() {
        let rgb = |range| line(&command("u", &VideoOrder { rgb: true, range, ..video_order(0.0) }, 0, 48));
        assert!(rgb(DynamicRange::Standard).contains("setparams=colorspace=bt709:range=tv],format=yuv420p"));
        assert!(!rgb(DynamicRange::Hlg).contains("setparams"), "mapped already");
        assert!(!line(&command("u", &video_order(0.0), 0, 48)).contains("setparams"));
    }

    #[test]
    fn where_sound_goes_on_the_last_frame_is_held() {
        // The picture ends with frame 1440.
        let within = line(&command("u", &video_order(0.0), 1392, 1440));
        assert!(within.contains("start_time=58.058000") && within.contains("tpad=stop=6:"), "{within}");
        let after = line(&command("u", &video_order(0.0), 1488, 1536));
        assert!(after.contains("--start=59.309500"), "{after}");
        assert!(after.contains("start_time=59.559500") && after.contains("tpad=stop=102:"), "{after}");
        assert!(after.contains("trim=start=62.0"), "{after}");
    }

    #[test]
    fn the_link_cannot_be_taken_for_an_option() {
        let command = command("--script=x", &video_order(0.0), 0, 48);
        let args: Vec<_> = command.args.iter().map(|arg| arg.to_string_lossy()).collect();
        assert_eq!(args[args.len() - 2..], ["--", "--script=x"]);
    }

    #[test]
    fn for_a_card_mpv_draws_and_ffmpeg_encodes() {
        let hardware = Some(Hardware { kind: EncoderKind::Vaapi, device: None });
        let encoder = Encoder { hardware, level: 41, max_bit_rate: 8_000_000 };
        let order = VideoOrder { encoder, ..video_order(10.0) };
        assert_eq!(order.output_zero_ticks(), 0);
        let command = command("http://127.0.0.1:1/x", &order, 48, 96);
        let encodes = line(&command);
        assert!(encodes.contains("setpts=PTS-(240000),fps=24000/1001,format=nv12,hwupload"), "{encodes}");
        assert!(encodes.contains("-i pipe:0") && encodes.contains("-c:v h264_vaapi"), "{encodes}");
        assert!(encodes.contains("-video_track_timescale 24000") && encodes.ends_with("pipe:1"), "{encodes}");
        assert!(
            !encodes.contains("127.0.0.1"),
            "what the network sends is read by the gateway's reader alone: {encodes}"
        );
        let draws = line(command.feeder.as_ref().unwrap());
        assert!(draws.contains("--of=nut") && draws.contains("--ovc=rawvideo") && draws.contains("--sid=2"), "{draws}");
        assert!(draws.contains("setpts=PTS+(240000)") && !draws.contains("--ofopts"), "{draws}");
    }

    #[test]
    fn where_a_seek_finds_no_keyframe_one_is_looked_for_further_back() {
        let tools = VideoTools { mpv: Path::new("mpv"), ffmpeg: Path::new("ffmpeg") };
        let order = VideoOrder { seeks_by_time: true, ..video_order(0.0) };
        let line = |order: &VideoOrder, first, look| {
            let run = Run { gop: 48, preset: Preset::SuperFast };
            line(&video_command(tools, "u", order, first..first + 48, run, look))
        };
        let quick = line(&order, 480, Look::Quick);
        assert!(quick.contains("--hr-seek-demuxer-offset=4 "), "{quick}");
        assert!(quick.contains("fps=24000/1001:eof_action"), "what was missed is not made up: {quick}");
        let thorough = line(&order, 480, Look::Thorough);
        assert!(
            thorough.contains("--hr-seek-demuxer-offset=25 ") && thorough.contains(":start_time=20.02"),
            "{thorough}"
        );
        assert!(order.may_miss(480));
        for (order, first) in [
            (&order, 0),
            (&VideoOrder { starts_s: None, ..order.clone() }, 480),
            (&VideoOrder { starts_s: Some(30.0), ..order.clone() }, 480),
            (&video_order(0.0), 480),
        ] {
            assert!(!order.may_miss(first) && line(order, first, Look::Quick).contains(":start_time="));
        }
        assert!(!line(&video_order(0.0), 480, Look::Quick).contains("demuxer-offset"));
    }
}
