//! Words for the viewer.

use protocol::{DynamicRange, VideoTrack};

/// A codec's name as people write it.
pub(super) fn codec(codec: &str) -> String {
    match codec {
        "h264" => "H.264",
        "hevc" => "HEVC",
        "av1" => "AV1",
        "vp8" => "VP8",
        "vp9" => "VP9",
        "mpeg1video" => "MPEG-1",
        "mpeg2video" => "MPEG-2",
        "mpeg4" => "MPEG-4 ASP",
        "vc1" => "VC-1",
        "wmv1" => "WMV 7",
        "wmv2" => "WMV 8",
        "wmv3" => "WMV 9",
        "msmpeg4v3" => "Microsoft's MPEG-4",
        "flv1" => "Sorenson H.263",
        "theora" => "Theora",
        "prores" => "ProRes",
        "mjpeg" => "Motion JPEG",
        "aac" => "AAC",
        "ac3" => "AC-3",
        "eac3" => "E-AC-3",
        "dts" => "DTS",
        "truehd" => "TrueHD",
        "mp3" => "MP3",
        "opus" => "Opus",
        "vorbis" => "Vorbis",
        "flac" => "FLAC",
        other => return other.to_uppercase(),
    }
    .to_owned()
}

/// Why a picture is encoded, with what that costs beyond the encoding.
///
/// Mapping takes 33 ms of a processor for a frame of 1080p, about what the fastest presets take to encode it (measured
/// with ffmpeg 5.1 on the machine of the tests).
pub(super) fn with_cost(why: String, track: &VideoTrack) -> String {
    let colours = match track.range {
        DynamicRange::Standard => return why,
        DynamicRange::Hdr10 => "HDR10",
        DynamicRange::Hlg => "HLG",
    };
    format!("{why}; its {colours} colours are mapped to those of a usual screen, which takes about as much work again")
}

/// The kind of a picture: `HEVC 10-bit`.
pub(super) fn picture(track: &VideoTrack) -> String {
    match track.bit_depth {
        Some(bits) if bits > 8 => format!("{} {bits}-bit", codec(&track.codec)),
        _ => codec(&track.codec),
    }
}
