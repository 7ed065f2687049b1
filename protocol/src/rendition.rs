//! The names of renditions, which are parts of URLs, and what a master playlist can be asked for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, TrackId, TrackKind};

/// One HLS media playlist's worth of output. As text, and so in URLs: `v0-copy`, `v0-encode-s1`, `v0-encode-none-720`,
/// `v0-encode-none-gpu`, `a0-copy`, `a0-aac`, `a0-aac6`, `s0-vtt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RenditionId {
    /// The video track's frames as they are.
    CopiedVideo { video: TrackId },
    /// The video track encoded as H.264, with a subtitle track drawn into the picture.
    EncodedVideo { video: TrackId, burn: Option<TrackId>, quality: Quality, by: EncodedBy },
    /// The audio track's frames as they are.
    CopiedAudio { audio: TrackId },
    /// The audio track encoded as AAC.
    EncodedAudio { audio: TrackId, channels: Channels },
    /// The subtitle track's text as WebVTT, for players that draw no other.
    Subtitles { subtitles: TrackId },
}

/// What encodes a picture. It is a part of the name, since the init segments differ: a player that goes from one to the
/// other needs another address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EncodedBy {
    Processor,
    GraphicsCard,
}

/// The channels of encoded sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channels {
    Stereo,
    /// 5.1.
    Surround,
}

impl Channels {
    #[must_use]
    pub const fn count(self) -> u16 {
        match self {
            Self::Stereo => 2,
            Self::Surround => 6,
        }
    }
}

impl RenditionId {
    #[must_use]
    pub const fn is_video(&self) -> bool {
        matches!(self, Self::CopiedVideo { .. } | Self::EncodedVideo { .. })
    }
}

/// Ends the names of what a graphics card encodes.
const GPU: &str = "gpu";

impl fmt::Display for RenditionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CopiedVideo { video: track } | Self::CopiedAudio { audio: track } => write!(f, "{track}-copy"),
            Self::EncodedVideo { video, burn, quality, by } => {
                match burn {
                    Some(burn) => write!(f, "{video}-encode-{burn}")?,
                    None => write!(f, "{video}-encode-none")?,
                }
                quality.height().map_or(Ok(()), |height| write!(f, "-{height}"))?;
                match by {
                    EncodedBy::Processor => Ok(()),
                    EncodedBy::GraphicsCard => write!(f, "-{GPU}"),
                }
            }
            Self::EncodedAudio { audio, channels: Channels::Stereo } => write!(f, "{audio}-aac"),
            Self::EncodedAudio { audio, channels: Channels::Surround } => write!(f, "{audio}-aac6"),
            Self::Subtitles { subtitles } => write!(f, "{subtitles}-vtt"),
        }
    }
}

impl FromStr for RenditionId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = || Error::new(ErrorKind::NotFound, "there is no such rendition; load the master playlist again");
        let track = |text: &str, kind| match text.parse::<TrackId>() {
            Ok(track) if track.kind == kind => Ok(track),
            _ => Err(unknown()),
        };
        let mut parts: Vec<_> = text.split('-').collect();
        let by = if parts.get(1) == Some(&"encode") && parts.len() > 3 && parts.last() == Some(&GPU) {
            parts.pop();
            EncodedBy::GraphicsCard
        } else {
            EncodedBy::Processor
        };
        let encoded = |video, burn, quality| {
            let burn = if burn == "none" { None } else { Some(track(burn, TrackKind::Subtitles)?) };
            Ok(Self::EncodedVideo { video: track(video, TrackKind::Video)?, burn, quality, by })
        };
        match *parts.as_slice() {
            [video, "copy"] if video.starts_with('v') => {
                Ok(Self::CopiedVideo { video: track(video, TrackKind::Video)? })
            }
            [video, "encode", burn] => encoded(video, burn, Quality::Original),
            [video, "encode", burn, height] => {
                let quality = Quality::SMALLER.into_iter().find(|quality| quality.as_str() == height);
                encoded(video, burn, quality.ok_or_else(unknown)?)
            }
            [audio, "copy"] => Ok(Self::CopiedAudio { audio: track(audio, TrackKind::Audio)? }),
            [audio, "aac"] => {
                Ok(Self::EncodedAudio { audio: track(audio, TrackKind::Audio)?, channels: Channels::Stereo })
            }
            [audio, "aac6"] => {
                Ok(Self::EncodedAudio { audio: track(audio, TrackKind::Audio)?, channels: Channels::Surround })
            }
            [subtitles, "vtt"] => Ok(Self::Subtitles { subtitles: track(subtitles, TrackKind::Subtitles)? }),
            _ => Err(unknown()),
        }
    }
}

/// `video=`: whether the video is passed on as it is or encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoMode {
    Copy,
    Encode,
    /// Encoded by the processor, whatever else there is: asked for where a player failed on a graphics card's picture.
    Software,
}

/// `quality=`: the height that a picture is scaled down to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Quality {
    #[default]
    #[serde(rename = "original")]
    Original,
    #[serde(rename = "1080")]
    P1080,
    #[serde(rename = "720")]
    P720,
    #[serde(rename = "480")]
    P480,
}

impl Quality {
    /// Those that are smaller than some original, the best first.
    pub const SMALLER: [Self; 3] = [Self::P1080, Self::P720, Self::P480];

    /// Lines of the picture; none for the original's own.
    #[must_use]
    pub const fn height(self) -> Option<u32> {
        match self {
            Self::Original => None,
            Self::P1080 => Some(1080),
            Self::P720 => Some(720),
            Self::P480 => Some(480),
        }
    }

    /// As in a query.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::P1080 => "1080",
            Self::P720 => "720",
            Self::P480 => "480",
        }
    }
}

/// The query of a master playlist. What is left out is chosen by the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoMode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<TrackId>,
    /// A subtitle track, or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// Comma-separated codecs that the browser affirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caps: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rendition_ids_read_as_written() {
        for text in [
            "v0-copy",
            "v0-encode-none",
            "v1-encode-s12",
            "v0-encode-s0-720",
            "v0-encode-none-gpu",
            "v0-encode-s0-720-gpu",
            "a1-copy",
            "a3-aac",
            "a3-aac6",
            "s2-vtt",
        ] {
            assert_eq!(text.parse::<RenditionId>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "..",
            "s0-copy",
            "v0-vtt",
            "s0-vtt-720",
            "v0-encode-none-original",
            "v0-encode-none-721",
            "v0-encode-a0",
            "v0-encode-x0",
            "a0-encode-none",
            "v0-aac",
            "v0-encode",
            "v0-encode-gpu",
            "v0-encode-none-gpu-720",
            "v0-encode-none-gpu-gpu",
            "v0-copy-gpu",
            "a0-aac-gpu",
            "v0-encode-none-x",
            "V0-encode-none",
        ] {
            assert!(bad.parse::<RenditionId>().is_err(), "{bad}");
        }
    }
}
