//! The filters that put a picture's frames on the grid, in the size and the colours of the output.

use std::ops::Range;

use protocol::{DynamicRange, FrameRate};

use super::{Deinterlace, Look, VideoOrder, video_order::PARTS};

/// Frames that may be missing at the film's end, where containers round, and are made by repeating the last one.
const END_PAD_FRAMES: u64 = 6;

/// Frames made past the end and dropped by the cutter: mpv loses the last one that it gets before its input ends.
const SPARE_FRAMES: u64 = 2;

/// What mpv's `--vf` gets, but for the output's format. `read_from` is the frame from which the source is read.
pub(super) fn filters(
    order: &VideoOrder,
    read_from: u64,
    Range { start: first, end }: Range<u64>,
    look: Look,
) -> String {
    let FrameRate { num, den } = order.rate;
    let seconds = |frame: u64| frame as f64 * f64::from(den) / f64::from(num);
    let number = |value: f64| format!("{value:.6}");
    let held = END_PAD_FRAMES + end.saturating_sub(order.end_frame());
    // Frames that the picture lacks before its first one are made by repeating that, but not where they may only have been
    // missed.
    let fill = match look {
        Look::Quick if order.may_miss(read_from) => String::new(),
        _ => format!(":start_time={}", number(seconds(read_from))),
    };

    // First, since it needs each frame's neighbours as they are in the source.
    let deinterlace = match order.deinterlace {
        Deinterlace::None => None,
        Deinterlace::Told => Some("bwdif=mode=send_frame:deint=interlaced".to_owned()),
        Deinterlace::All => Some("bwdif=mode=send_frame:deint=all".to_owned()),
    };
    let shaping: Vec<String> = deinterlace.into_iter().chain(order.shape.filter()).collect();
    let mut grid = vec![
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
        format!("setpts=PTS+({})", order.zero_ticks()),
    ];
    if let Some((width, height)) = order.scale {
        grid.push(format!("scale={width}:{height}:flags=bicubic"));
        grid.push("setsar=1".into());
    }
    // Last, since it costs by the pixel.
    grid.extend(tone_mapping(order.range));
    if order.rgb && order.range == DynamicRange::Standard {
        grid.push(FROM_RGB.into());
    }
    // Two graphs: `Shape` says why.
    let graphs = [shaping, grid].into_iter().filter(|graph| !graph.is_empty());
    graphs.map(|graph| format!("lavfi=[{}]", graph.join(","))).collect::<Vec<_>>().join(",")
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
