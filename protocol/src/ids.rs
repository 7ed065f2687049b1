//! Names of things: sessions, viewers, tracks.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::{Error, ErrorKind};

/// One screening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SessionId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Uuid::parse_str(text)
            .map(Self)
            .map_err(|_| Error::new(ErrorKind::UnknownSession, "this is not a session's id; check the link"))
    }
}

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

secret! {
    /// A viewer's secret: it stands in the viewer's own requests only, never in an answer, a URL or a log.
    /// 16 to 64 characters out of `[A-Za-z0-9_-]`, chosen at random by the browser.
    ViewerToken
}

secret! {
    /// What makes a viewer the host: 256 random bits in hexadecimal, hashed at rest.
    HostKey
}

impl ViewerToken {
    /// Whether the token has the length and alphabet that it must have.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        (16..=64).contains(&self.0.len()) && self.0.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    }
}

/// The name by which viewers see each other: short, and useless for acting as somebody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicViewerId(pub String);

/// What a track holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TrackKind {
    Video,
    Audio,
    Subtitles,
    /// Subtitles that a viewer brought along. They are no part of the film but of one session on it.
    Outside,
}

/// A track named by its kind and its order among the film's (or the session's) tracks of that kind: `v0`, `a1`, `s0`, `x0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackId {
    pub kind: TrackKind,
    /// Counted from 0.
    pub order: u16,
}

impl TrackId {
    #[must_use]
    pub const fn video(order: u16) -> Self {
        Self { kind: TrackKind::Video, order }
    }

    #[must_use]
    pub const fn audio(order: u16) -> Self {
        Self { kind: TrackKind::Audio, order }
    }

    #[must_use]
    pub const fn subtitles(order: u16) -> Self {
        Self { kind: TrackKind::Subtitles, order }
    }

    #[must_use]
    pub const fn outside(order: u16) -> Self {
        Self { kind: TrackKind::Outside, order }
    }
}

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.kind {
            TrackKind::Video => 'v',
            TrackKind::Audio => 'a',
            TrackKind::Subtitles => 's',
            TrackKind::Outside => 'x',
        };
        write!(f, "{letter}{}", self.order)
    }
}

impl FromStr for TrackId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = || Error::new(ErrorKind::InvalidRequest, "a track is named like v0, a1, s0 or x0");
        let kind = match text.bytes().next() {
            Some(b'v') => TrackKind::Video,
            Some(b'a') => TrackKind::Audio,
            Some(b's') => TrackKind::Subtitles,
            Some(b'x') => TrackKind::Outside,
            _ => return Err(invalid()),
        };
        let digits = &text[1..];
        let canonical = digits == "0" || !digits.starts_with('0');
        if !canonical || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(invalid());
        }
        Ok(Self { kind, order: digits.parse().map_err(|_| invalid())? })
    }
}

impl Serialize for TrackId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TrackId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_are_named_by_kind_and_order() {
        for (text, track) in [
            ("v0", TrackId::video(0)),
            ("a12", TrackId::audio(12)),
            ("s3", TrackId::subtitles(3)),
            ("x0", TrackId::outside(0)),
        ] {
            assert_eq!(text.parse::<TrackId>().unwrap(), track);
            assert_eq!(track.to_string(), text);
        }
        for bad in ["", "v", "y0", "a01", "a-1", "a+1", "s65536", "é0", "a0/../x"] {
            assert!(bad.parse::<TrackId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn secrets_stay_out_of_debug_output() {
        let token = ViewerToken("0123456789abcdef".into());
        assert!(!format!("{token:?}").contains("0123"));
        assert!(token.is_well_formed());
        assert!(!ViewerToken("short".into()).is_well_formed());
    }
}
