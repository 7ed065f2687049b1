//! The names of renditions, which are parts of URLs, and what a master playlist can be asked for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, TrackId, TrackKind};

/// One HLS media playlist's worth of output. As text, and so in URLs: `v0-encode-s1`, `v0-encode-none`, `a0-aac`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RenditionId {
    /// The video track encoded as H.264, with a subtitle track drawn into the picture.
    EncodedVideo { video: TrackId, burn: Option<TrackId> },
    /// The audio track encoded as AAC stereo.
    EncodedAudio { audio: TrackId },
}

impl RenditionId {
    #[must_use]
    pub const fn is_video(&self) -> bool {
        matches!(self, Self::EncodedVideo { .. })
    }
}

impl fmt::Display for RenditionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EncodedVideo { video, burn: Some(burn) } => write!(f, "{video}-encode-{burn}"),
            Self::EncodedVideo { video, burn: None } => write!(f, "{video}-encode-none"),
            Self::EncodedAudio { audio } => write!(f, "{audio}-aac"),
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
        match *text.split('-').collect::<Vec<_>>().as_slice() {
            [video, "encode", burn] => Ok(Self::EncodedVideo {
                video: track(video, TrackKind::Video)?,
                burn: if burn == "none" { None } else { Some(track(burn, TrackKind::Subtitles)?) },
            }),
            [audio, "aac"] => Ok(Self::EncodedAudio { audio: track(audio, TrackKind::Audio)? }),
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
}

/// `quality=`: the height that an encoded picture is scaled down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quality {
    #[serde(rename = "original")]
    Original,
    #[serde(rename = "1080")]
    P1080,
    #[serde(rename = "720")]
    P720,
    #[serde(rename = "480")]
    P480,
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
        for text in ["v0-encode-none", "v1-encode-s12", "a3-aac"] {
            assert_eq!(text.parse::<RenditionId>().unwrap().to_string(), text);
        }
        for bad in
            ["", "..", "v0-encode-a0", "a0-encode-none", "v0-aac", "v0-encode", "v0-encode-none-x", "V0-encode-none"]
        {
            assert!(bad.parse::<RenditionId>().is_err(), "{bad}");
        }
    }
}
