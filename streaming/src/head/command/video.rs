//! mpv: encoded video with a subtitle track drawn in.

use std::{ops::Range, path::Path};

use protocol::FrameRate;

use super::{Look, VideoOrder, filters::filters, fragmented, read_pipe, video_order::VIDEO_LEAD_S};
use crate::{
    encoder::{Making, Run, making},
    probe::DEMUXERS,
    process::Command,
    time::FilmClock,
};

/// Media seconds by which mpv seeks earlier where a seek finds a time and no keyframe: the next keyframe has to lie before the
/// first frame. Broadcasts have one every second or two; x264 puts one every ten by itself.
const EARLY_S: f64 = 4.0;
const EARLIEST_S: f64 = 25.0;

/// Media seconds that mpv reads past the last frame before it stops by itself.
const VIDEO_TAIL_S: f64 = 0.3;

/// Frames before the picture's end from which a head starts that has only the last one to show.
const HOLD_LEAD_FRAMES: u64 = 12;

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
    read_pipe(&mut args);
    args.extend(["-map", "0:v:0", "-vf"].map(String::from));
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
    let graphs = filters(order, read_from, first..end, look);
    match making {
        Making::ByMpv(options) => {
            args.extend(["--of=mp4", "--ovc=libx264"].map(String::from));
            args.push(format!("--vf={graphs},format=yuv420p"));
            args.push(format!("--ovcopts={options}"));
            args.push(format!(
                "--ofopts=movflags=+frag_keyframe+empty_moov+default_base_moof+frag_discont+skip_trailer,use_editlist=0,\
                 avoid_negative_ts=disabled,video_track_timescale={num}"
            ));
        }
        Making::ByFfmpeg(_) => {
            args.extend(["--of=nut", "--ovc=rawvideo"].map(String::from));
            // Raw pictures do not tell their colours, so they are made those of most.
            args.push(format!("--vf={graphs},format=yuv420p:colormatrix=bt.709:colorlevels=limited:convert=yes"));
        }
    }
    args.push("--".into());
    args.push(url.into());
    args
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Deinterlace, Shape, line},
        *,
    };
    use crate::encoder::{Encoder, Hardware, Preset, Work};
    use protocol::{DynamicRange, EncoderKind};

    fn command(url: &str, order: &VideoOrder, first: u64, end: u64) -> Command {
        let tools = VideoTools { mpv: Path::new("mpv"), ffmpeg: Path::new("ffmpeg") };
        video_command(tools, url, order, first..end, Run { gop: 48, preset: Preset::SuperFast }, Look::Quick)
    }

    fn video_order(zero_s: f64) -> VideoOrder {
        VideoOrder {
            video: 0,
            burn: Some(1),
            rate: FrameRate { num: 24_000, den: 1001 },
            shape: Shape { width: 1920, height: 1080, sample_aspect: (1, 1) },
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
        assert!(line.contains("--vf=lavfi=[bwdif=mode=send_frame:deint=interlaced,scale="), "{line}");
        assert!(line.contains("setsar=1/1],lavfi=[settb="), "the grid is not begun anew: {line}");
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
