//! The values that settings may have, and how they are written.

use std::{fmt, str::FromStr, time::Duration};

use clap::ValueEnum;
use protocol::EncoderKind;
use serde::Deserialize;
use streaming::encoder::{self, Effort, Wanted};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// A password, which no log shows.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Password(String);

impl Password {
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl TryFrom<String> for Password {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        // An empty variable is rather a mistake than an open door.
        if text.is_empty() {
            Err("an empty password keeps nobody out; write one, or leave it out")
        } else {
            Ok(Self(text))
        }
    }
}

impl FromStr for Password {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        text.to_owned().try_into()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    On,
    Off,
}

impl Switch {
    /// Whether it is on; `default` where nobody said.
    #[must_use]
    pub fn or(said: Option<Self>, default: bool) -> bool {
        said.map_or(default, |said| said == Self::On)
    }
}

/// libx264's presets that keep up with real time on ordinary machines, or the one that this machine needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum Preset {
    #[default]
    Auto,
    UltraFast,
    SuperFast,
    VeryFast,
    Faster,
    Fast,
    Medium,
}

impl From<Preset> for Effort {
    fn from(preset: Preset) -> Self {
        Self::Always(match preset {
            Preset::Auto => return Self::ByNeed,
            Preset::UltraFast => encoder::Preset::UltraFast,
            Preset::SuperFast => encoder::Preset::SuperFast,
            Preset::VeryFast => encoder::Preset::VeryFast,
            Preset::Faster => encoder::Preset::Faster,
            Preset::Fast => encoder::Preset::Fast,
            Preset::Medium => encoder::Preset::Medium,
        })
    }
}

/// Encoders by FFmpeg's names, or the best that works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Encoder {
    #[default]
    Auto,
    Libx264,
    H264Nvenc,
    H264Qsv,
    H264Vaapi,
}

impl From<Encoder> for Wanted {
    fn from(encoder: Encoder) -> Self {
        Self::This(match encoder {
            Encoder::Auto => return Self::Auto,
            Encoder::Libx264 => EncoderKind::X264,
            Encoder::H264Nvenc => EncoderKind::Nvenc,
            Encoder::H264Qsv => EncoderKind::Qsv,
            Encoder::H264Vaapi => EncoderKind::Vaapi,
        })
    }
}

/// `1GiB`, `512 MiB`, `64M`, `1000000`. Units are powers of 1024.
pub(super) fn parse_bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().map_err(|_| "write a size like 512MiB or 1GiB".to_owned())?;
    let shift = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        unit => return Err(format!("{unit} is not a unit of size; write one like 512MiB or 1GiB")),
    };
    number.checked_mul(1 << shift).ok_or_else(|| "that is more bytes than there are".to_owned())
}

/// A size that is a rate: peers send and take chunks of 16 KiB, and no less passes.
pub(super) fn parse_rate(text: &str) -> Result<u64, String> {
    match parse_bytes(text)? {
        rate if rate < 16 << 10 => Err("a rate must be at least 16KiB a second; leave it out for no limit".into()),
        rate => Ok(rate),
    }
}

/// `45s`, `2m`, `24h`, `500ms`, `45`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().map_err(|_| "write a time like 45s or 2m".to_owned())?;
    let millis = match text[digits..].trim() {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        unit => return Err(format!("{unit} is not a unit of time; write one like 45s or 2m")),
    };
    // A deadline must fit the clock: a year is for ever here.
    let limit = 365 * 24 * 3_600_000;
    match number.checked_mul(millis) {
        Some(0) => Err("the time must be more than nothing".into()),
        Some(millis) if millis <= limit => Ok(Duration::from_millis(millis)),
        _ => Err("that is more than a year".into()),
    }
}

pub(super) fn bytes_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    text_or_number(deserializer)?.map(|text| parse_bytes(&text).map_err(serde::de::Error::custom)).transpose()
}

pub(super) fn rate_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    text_or_number(deserializer)?.map(|text| parse_rate(&text).map_err(serde::de::Error::custom)).transpose()
}

pub(super) fn duration_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    text_or_number(deserializer)?.map(|text| parse_duration(&text).map_err(serde::de::Error::custom)).transpose()
}

fn text_or_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(u64),
    }
    Ok(Option::<Either>::deserialize(deserializer)?.map(|either| match either {
        Either::Text(text) => text,
        Either::Number(number) => number.to_string(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn sizes_and_times() {
        for (text, bytes) in [("0", 0), ("512MiB", 512 << 20), ("1 GiB", 1 << 30), ("64k", 65_536)] {
            assert_eq!(parse_bytes(text), Ok(bytes));
        }
        for bad in ["", "MiB", "1.5GiB", "-1", "99999999999999999999", "20000000TiB", "1 parsec"] {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_rate("16KiB"), Ok(16 << 10));
        assert!(parse_rate("0").is_err() && parse_rate("1k").is_err());
        for (text, millis) in [("45", 45_000), ("45s", 45_000), ("2m", 120_000), ("250ms", 250), ("24h", 86_400_000)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)));
        }
        for bad in ["", "s", "0", "1d", "99999999h"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn presets_and_encoders_are_called_as_elsewhere() {
        for preset in Preset::value_variants() {
            assert_eq!(preset.to_possible_value().unwrap().get_name(), Effort::from(*preset).to_string());
        }
        for encoder in Encoder::value_variants() {
            let name = encoder.to_possible_value().unwrap().get_name().to_owned();
            match Wanted::from(*encoder) {
                Wanted::Auto => assert_eq!(name, "auto"),
                Wanted::This(kind) => assert_eq!(name, kind.name()),
            }
            let file: Settings = toml::from_str(&format!("encoder = {name:?}")).unwrap();
            assert_eq!(file.encoder, Some(*encoder));
        }
    }
}
