//! Flags, environment, configuration file: three ways to say the same, in this order of strength.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};
use serde::Deserialize;

/// Watch a video from a link, together, in a browser.
#[derive(Clone, Debug, Default, Parser, Deserialize)]
#[command(
    name = "matinee",
    version,
    after_help = "Every flag has an environment name (in brackets) and a key \
    of the same name, with underscores, in the file that --config names. Flags beat the environment, which beats the file."
)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A TOML file with any of the settings below
    #[arg(long, env = "MATINEE_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Where to listen; 0.0.0.0:8000 lets others on the network in [default: 127.0.0.1:8000]
    #[arg(long, env = "MATINEE_ADDR", value_name = "IP:PORT")]
    pub addr: Option<SocketAddr>,

    /// Host names under which the page is reached besides IP addresses and localhost, behind a reverse proxy for instance
    #[arg(long = "host", env = "MATINEE_HOST", value_name = "NAME", value_delimiter = ',')]
    pub host: Option<Vec<String>>,

    /// Where segments are kept; should be on tmpfs [default: /dev/shm/matinee]
    #[arg(long, env = "MATINEE_STORE_DIR", value_name = "DIR")]
    pub store_dir: Option<PathBuf>,

    /// Bytes that segments may take, like 512MiB [default: 1GiB, or a quarter of the tmpfs if that is less]
    #[arg(long, env = "MATINEE_STORE_BUDGET", value_name = "BYTES", value_parser = parse_bytes)]
    #[serde(deserialize_with = "bytes_text")]
    pub store_budget: Option<u64>,

    /// Where films from servers that cannot seek are kept while they are watched [default: matinee in the user's cache folder]
    #[arg(long, env = "MATINEE_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Bytes that such films may take together [default: 8GiB]
    #[arg(long, env = "MATINEE_SPILL_BUDGET", value_name = "BYTES", value_parser = parse_bytes)]
    #[serde(deserialize_with = "bytes_text")]
    pub spill_budget: Option<u64>,

    /// Bytes of memory for what was read from sources [default: 256MiB]
    #[arg(long, env = "MATINEE_CACHE", value_name = "BYTES", value_parser = parse_bytes)]
    #[serde(deserialize_with = "bytes_text")]
    pub cache: Option<u64>,

    /// A folder whose files may be watched too, as media:path/in/it.mkv
    #[arg(long, env = "MATINEE_MEDIA_DIR", value_name = "DIR")]
    pub media_dir: Option<PathBuf>,

    /// Sessions awake at the same time [default: 4]
    #[arg(long, env = "MATINEE_MAX_STREAMS", value_name = "N")]
    pub max_streams: Option<usize>,

    /// Videos encoded at the same time [default: cores / 0.75]
    #[arg(long, env = "MATINEE_MAX_ENCODES", value_name = "N")]
    pub max_encodes: Option<usize>,

    /// x264's preset: slower ones make smaller segments and need more of the machine [default: superfast]
    #[arg(long, env = "MATINEE_PRESET", value_name = "NAME")]
    pub preset: Option<Preset>,

    /// A viewer without a sign of life is gone after this time [default: 45s]
    #[arg(long, env = "MATINEE_VIEWER_TIMEOUT", value_name = "TIME", value_parser = parse_duration)]
    #[serde(deserialize_with = "duration_text")]
    pub viewer_timeout: Option<Duration>,

    /// The same for a page in a background tab [default: 150s]
    #[arg(long, env = "MATINEE_HIDDEN_TIMEOUT", value_name = "TIME", value_parser = parse_duration)]
    #[serde(deserialize_with = "duration_text")]
    pub hidden_timeout: Option<Duration>,

    /// A session without viewers sleeps after this time: no child, no segment [default: 45s]
    #[arg(long, env = "MATINEE_SLEEP_AFTER", value_name = "TIME", value_parser = parse_duration)]
    #[serde(deserialize_with = "duration_text")]
    pub sleep_after: Option<Duration>,

    /// A session that nobody joined sleeps after this time [default: 120s]
    #[arg(long, env = "MATINEE_UNJOINED_TIMEOUT", value_name = "TIME", value_parser = parse_duration)]
    #[serde(deserialize_with = "duration_text")]
    pub unjoined_timeout: Option<Duration>,

    /// An encoder or reader that nobody reads from ends after this time [default: 20s]
    #[arg(long, env = "MATINEE_HEAD_IDLE", value_name = "TIME", value_parser = parse_duration)]
    #[serde(deserialize_with = "duration_text")]
    pub head_idle: Option<Duration>,

    /// How logs are written [default: text]
    #[arg(long, env = "MATINEE_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,

    /// What is logged, as tracing's filters are written [default: info]
    #[arg(long, env = "MATINEE_LOG", value_name = "FILTER")]
    pub log: Option<String>,

    /// Where the page's files are [default: found beside the program]
    #[arg(long, env = "MATINEE_SITE_DIR", value_name = "DIR")]
    pub site_dir: Option<PathBuf>,

    /// The ffmpeg program [default: ffmpeg on PATH]
    #[arg(long, env = "MATINEE_FFMPEG", value_name = "FILE")]
    pub ffmpeg: Option<PathBuf>,

    /// The ffprobe program [default: ffprobe on PATH]
    #[arg(long, env = "MATINEE_FFPROBE", value_name = "FILE")]
    pub ffprobe: Option<PathBuf>,

    /// The mpv program [default: mpv on PATH]
    #[arg(long, env = "MATINEE_MPV", value_name = "FILE")]
    pub mpv: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// The presets that keep up with real time on ordinary machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum Preset {
    UltraFast,
    #[default]
    SuperFast,
    VeryFast,
    Faster,
    Fast,
    Medium,
}

impl Preset {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UltraFast => "ultrafast",
            Self::SuperFast => "superfast",
            Self::VeryFast => "veryfast",
            Self::Faster => "faster",
            Self::Fast => "fast",
            Self::Medium => "medium",
        }
    }
}

/// Why the settings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("the file {path} that --config names cannot be read: {source}", path = .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the file {path} that --config names is not right: {source}", path = .path.display())]
    Parse { path: PathBuf, source: Box<toml::de::Error> },
}

impl Settings {
    /// Reads flags, environment and the file that they name. Ends the program itself for `--help` and bad flags.
    ///
    /// # Errors
    ///
    /// When the file cannot be used.
    pub fn read() -> Result<Self, SettingsError> {
        let given = Self::parse();
        match &given.config {
            None => Ok(given),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| SettingsError::Read { path: path.clone(), source })?;
                let file = toml::from_str(&text)
                    .map_err(|source| SettingsError::Parse { path: path.clone(), source: Box::new(source) })?;
                Ok(given.or(file))
            }
        }
    }

    /// These settings, and those of `weaker` where these say nothing.
    #[must_use]
    pub fn or(self, weaker: Self) -> Self {
        Self {
            config: self.config.or(weaker.config),
            addr: self.addr.or(weaker.addr),
            host: self.host.or(weaker.host),
            store_dir: self.store_dir.or(weaker.store_dir),
            store_budget: self.store_budget.or(weaker.store_budget),
            data_dir: self.data_dir.or(weaker.data_dir),
            spill_budget: self.spill_budget.or(weaker.spill_budget),
            cache: self.cache.or(weaker.cache),
            media_dir: self.media_dir.or(weaker.media_dir),
            max_streams: self.max_streams.or(weaker.max_streams),
            max_encodes: self.max_encodes.or(weaker.max_encodes),
            preset: self.preset.or(weaker.preset),
            viewer_timeout: self.viewer_timeout.or(weaker.viewer_timeout),
            hidden_timeout: self.hidden_timeout.or(weaker.hidden_timeout),
            sleep_after: self.sleep_after.or(weaker.sleep_after),
            unjoined_timeout: self.unjoined_timeout.or(weaker.unjoined_timeout),
            head_idle: self.head_idle.or(weaker.head_idle),
            log_format: self.log_format.or(weaker.log_format),
            log: self.log.or(weaker.log),
            site_dir: self.site_dir.or(weaker.site_dir),
            ffmpeg: self.ffmpeg.or(weaker.ffmpeg),
            ffprobe: self.ffprobe.or(weaker.ffprobe),
            mpv: self.mpv.or(weaker.mpv),
        }
    }
}

/// `1GiB`, `512 MiB`, `64M`, `1000000`. Units are powers of 1024.
fn parse_bytes(text: &str) -> Result<u64, String> {
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

/// `45s`, `2m`, `24h`, `500ms`, `45`.
fn parse_duration(text: &str) -> Result<Duration, String> {
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

fn bytes_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    text_or_number(deserializer)?.map(|text| parse_bytes(&text).map_err(serde::de::Error::custom)).transpose()
}

fn duration_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
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

    #[test]
    fn flags_beat_the_file() {
        let flags = Settings::parse_from(["matinee", "--max-streams", "2"]);
        let file: Settings = toml::from_str("max_streams = 7\nstore_budget = \"128MiB\"\nviewer_timeout = 30").unwrap();
        let settings = flags.or(file);
        assert_eq!(settings.max_streams, Some(2));
        assert_eq!(settings.store_budget, Some(128 << 20));
        assert_eq!(settings.viewer_timeout, Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        assert!(toml::from_str::<Settings>("max_stream = 7").is_err());
    }

    #[test]
    fn sizes_and_times() {
        for (text, bytes) in [("0", 0), ("512MiB", 512 << 20), ("1 GiB", 1 << 30), ("64k", 65_536)] {
            assert_eq!(parse_bytes(text), Ok(bytes));
        }
        for bad in ["", "MiB", "1.5GiB", "-1", "99999999999999999999", "20000000TiB", "1 parsec"] {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
        for (text, millis) in [("45", 45_000), ("45s", 45_000), ("2m", 120_000), ("250ms", 250), ("24h", 86_400_000)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)));
        }
        for bad in ["", "s", "0", "1d", "99999999h"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn presets_are_x264_s() {
        for preset in Preset::value_variants() {
            assert_eq!(preset.to_possible_value().unwrap().get_name(), preset.name());
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Settings::command().debug_assert();
    }
}
