//! Words for the viewer.

use protocol::VideoTrack;

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

/// The kind of a picture: `HEVC 10-bit`.
pub(super) fn picture(track: &VideoTrack) -> String {
    match track.bit_depth {
        Some(bits) if bits > 8 => format!("{} {bits}-bit", codec(&track.codec)),
        _ => codec(&track.codec),
    }
}
