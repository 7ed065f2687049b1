//! Containers and what their figures mean.

use serde_json::Value;

use super::{fields, matroska::Head};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Matroska,
    WebM,
    Mp4,
    QuickTime,
    MpegTs,
    MpegPs,
    Avi,
    Flv,
    Ogg,
    Asf,
    Dv,
    Mxf,
    RealMedia,
    Wtv,
    Nut,
    Ivf,
    Yuv4Mpeg,
    Gif,
    Mp3,
    Flac,
    Wav,
    Aiff,
    Ac3,
    Eac3,
}

/// Whether a seek in such a container, as a film's media names it, finds a time and no keyframe: it has no index, and
/// ffmpeg none of it.
#[must_use]
pub fn seeks_by_time(container: &str) -> bool {
    [Container::MpegTs, Container::MpegPs, Container::Wtv].iter().any(|other| other.name() == container)
}

impl Container {
    /// From ffprobe's `format_name`, which lists all that one demuxer reads.
    pub(super) fn of(format: &Value, head: Option<&Head>) -> Option<Self> {
        Some(match fields::text(format, "format_name")?.split(',').next()? {
            "matroska" if head.is_some_and(|head| head.webm) => Self::WebM,
            "matroska" => Self::Matroska,
            "mov" if fields::tag(format, "major_brand") == Some("qt  ") => Self::QuickTime,
            "mov" => Self::Mp4,
            "mpegts" => Self::MpegTs,
            "mpeg" => Self::MpegPs,
            "avi" => Self::Avi,
            "flv" => Self::Flv,
            "ogg" => Self::Ogg,
            "asf" => Self::Asf,
            "dv" => Self::Dv,
            "mxf" => Self::Mxf,
            "rm" => Self::RealMedia,
            "wtv" => Self::Wtv,
            "nut" => Self::Nut,
            "ivf" => Self::Ivf,
            "yuv4mpegpipe" => Self::Yuv4Mpeg,
            "gif" => Self::Gif,
            "mp3" => Self::Mp3,
            "flac" => Self::Flac,
            "wav" => Self::Wav,
            "aiff" => Self::Aiff,
            "ac3" => Self::Ac3,
            "eac3" => Self::Eac3,
            _ => return None,
        })
    }

    /// The name that people use.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Matroska => "Matroska",
            Self::WebM => "WebM",
            Self::Mp4 => "MP4",
            Self::QuickTime => "QuickTime",
            Self::MpegTs => "MPEG-TS",
            Self::MpegPs => "MPEG-PS",
            Self::Avi => "AVI",
            Self::Flv => "FLV",
            Self::Ogg => "Ogg",
            Self::Asf => "ASF",
            Self::Dv => "DV",
            Self::Mxf => "MXF",
            Self::RealMedia => "RealMedia",
            Self::Wtv => "WTV",
            Self::Nut => "NUT",
            Self::Ivf => "IVF",
            Self::Yuv4Mpeg => "YUV4MPEG",
            Self::Gif => "GIF",
            Self::Mp3 => "MP3",
            Self::Flac => "FLAC",
            Self::Wav => "WAV",
            Self::Aiff => "AIFF",
            Self::Ac3 => "AC-3",
            Self::Eac3 => "E-AC-3",
        }
    }

    pub(super) const fn is_matroska(self) -> bool {
        matches!(self, Self::Matroska | Self::WebM)
    }

    /// Whether nothing but the frames themselves tells it from noise.
    pub(super) const fn is_bare(self) -> bool {
        matches!(self, Self::Dv | Self::Mp3 | Self::Ac3 | Self::Eac3)
    }

    pub(super) const fn is_mp4(self) -> bool {
        matches!(self, Self::Mp4 | Self::QuickTime)
    }
}

/// Whether a file's durations count from time zero rather than from the first frame, so that they are ends.
///
/// Seen with ffmpeg 5.1 and mkvmerge 74, both asked to begin at 10 s with 4 s of film: ffmpeg's muxer writes 14 s into
/// Matroska's `Duration` and `DURATION` tags, mkvmerge's 4 s. Both copy each other's tags, so only the name of the
/// muxing program tells, not the tag of statistics nor ffprobe's `encoder`. In MP4 the film's duration contains the
/// empty edit at its start. Everywhere else ffprobe measures from the start.
pub(super) fn durations_are_ends(container: Container, head: Option<&Head>) -> bool {
    match head.and_then(|head| head.muxer.as_deref()) {
        Some(muxer) if container.is_matroska() => muxer.starts_with("Lavf"),
        _ => container.is_mp4(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn containers_have_their_common_names() {
        let name = |format: &Value, head: &Head| Container::of(format, Some(head)).map(Container::name);
        let webm = Head { webm: true, ..Head::default() };
        let matroska = json!({"format_name": "matroska,webm"});
        assert_eq!(name(&matroska, &Head::default()), Some("Matroska"));
        assert_eq!(name(&matroska, &webm), Some("WebM"));
        let mov = json!({"format_name": "mov,mp4,m4a,3gp,3g2,mj2", "tags": {"major_brand": "qt  "}});
        assert_eq!(name(&mov, &webm), Some("QuickTime"));
        assert_eq!(name(&json!({"format_name": "mpegts"}), &webm), Some("MPEG-TS"));
        for demuxer in super::super::DEMUXERS.split(',') {
            assert!(name(&json!({"format_name": demuxer}), &webm).is_some(), "{demuxer}");
        }
        assert_eq!(name(&json!({"format_name": "hls"}), &webm), None);
        assert_eq!(name(&json!({}), &webm), None);
    }

    #[test]
    fn only_ffmpegs_durations_are_ends_in_matroska() {
        let written_by = |muxer: &str| Head { muxer: Some(muxer.into()), ..Head::default() };
        assert!(durations_are_ends(Container::Matroska, Some(&written_by("Lavf59.27.100"))));
        assert!(!durations_are_ends(Container::Matroska, Some(&written_by("libebml v1.4.4 + libmatroska v1.7.1"))));
        assert!(!durations_are_ends(Container::Matroska, None));
        assert!(durations_are_ends(Container::Mp4, None));
        assert!(!durations_are_ends(Container::MpegTs, None));
    }
}
