//! Flags, environment, configuration file: three ways to say the same, in this order of strength.

mod values;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Parser;
use serde::Deserialize;

pub use self::values::{Encoder, LogFormat, Password, Preset, Switch};
use self::values::{bytes_text, duration_text, parse_bytes, parse_duration, parse_rate, rate_text};

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

    /// A password for the whole server: pages, calls and players ask for it; better given by the environment or the file,
    /// since other users of this machine see flags [default: none]
    #[arg(long, env = "MATINEE_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub password: Option<Password>,

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

    /// What encodes pictures: libx264 or a graphics card, which is tried at the start [default: auto, the first card's that
    /// works]
    #[arg(long, env = "MATINEE_ENCODER", value_name = "NAME")]
    pub encoder: Option<Encoder>,

    /// libx264's preset: slower ones make smaller segments and need more of the machine [default: auto, by how fast this
    /// machine is]
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

    /// Whether magnet links and .torrent files are played [default: on]
    #[arg(long, env = "MATINEE_TORRENTS", value_name = "ON|OFF")]
    pub torrents: Option<Switch>,

    /// Bytes of disk for torrent data, which go to the torrents folder below --data-dir [default: 20GiB]
    #[arg(long, env = "MATINEE_TORRENT_QUOTA", value_name = "BYTES", value_parser = parse_bytes)]
    #[serde(deserialize_with = "bytes_text")]
    pub torrent_quota: Option<u64>,

    /// Bytes a second from all peers together, like 5MiB [default: no limit]
    #[arg(long, env = "MATINEE_TORRENT_DOWNLOAD", value_name = "BYTES", value_parser = parse_rate)]
    #[serde(deserialize_with = "rate_text")]
    pub torrent_download: Option<u64>,

    /// Bytes a second to all peers together [default: no limit]
    #[arg(long, env = "MATINEE_TORRENT_UPLOAD", value_name = "BYTES", value_parser = parse_rate)]
    #[serde(deserialize_with = "rate_text")]
    pub torrent_upload: Option<u64>,

    /// Whether the distributed hash table is asked for peers [default: on]
    #[arg(long, env = "MATINEE_TORRENT_DHT", value_name = "ON|OFF")]
    pub torrent_dht: Option<Switch>,

    /// Whether the trackers that a torrent names are asked for peers [default: on]
    #[arg(long, env = "MATINEE_TORRENT_TRACKERS", value_name = "ON|OFF")]
    pub torrent_trackers: Option<Switch>,

    /// Whether this network is asked for peers, by multicast [default: on]
    #[arg(long, env = "MATINEE_TORRENT_LOCAL_DISCOVERY", value_name = "ON|OFF")]
    pub torrent_local_discovery: Option<Switch>,

    /// Where peers can connect to, like 0.0.0.0:4240 [default: nowhere; only this server connects]
    #[arg(long, env = "MATINEE_TORRENT_LISTEN", value_name = "IP:PORT")]
    pub torrent_listen: Option<SocketAddr>,

    /// Keep torrent data when the last session on them is over, as long as the quota allows [default: off]
    #[arg(long, env = "MATINEE_KEEP_TORRENTS", value_name = "ON|OFF", num_args = 0..=1, default_missing_value = "on")]
    pub keep_torrents: Option<Switch>,

    /// Keep torrent data and go on sending them to peers, not only while somebody watches [default: off]
    #[arg(long, env = "MATINEE_SEED", value_name = "ON|OFF", num_args = 0..=1, default_missing_value = "on")]
    pub seed: Option<Switch>,

    /// How long peers may take to tell what is in a torrent [default: 30s]
    #[arg(long, env = "MATINEE_MAGNET_TIMEOUT", value_name = "TIME", value_parser = parse_duration)]
    #[serde(deserialize_with = "duration_text")]
    pub magnet_timeout: Option<Duration>,

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
            password: self.password.or(weaker.password),
            store_dir: self.store_dir.or(weaker.store_dir),
            store_budget: self.store_budget.or(weaker.store_budget),
            data_dir: self.data_dir.or(weaker.data_dir),
            spill_budget: self.spill_budget.or(weaker.spill_budget),
            cache: self.cache.or(weaker.cache),
            media_dir: self.media_dir.or(weaker.media_dir),
            max_streams: self.max_streams.or(weaker.max_streams),
            max_encodes: self.max_encodes.or(weaker.max_encodes),
            encoder: self.encoder.or(weaker.encoder),
            preset: self.preset.or(weaker.preset),
            viewer_timeout: self.viewer_timeout.or(weaker.viewer_timeout),
            hidden_timeout: self.hidden_timeout.or(weaker.hidden_timeout),
            sleep_after: self.sleep_after.or(weaker.sleep_after),
            unjoined_timeout: self.unjoined_timeout.or(weaker.unjoined_timeout),
            head_idle: self.head_idle.or(weaker.head_idle),
            torrents: self.torrents.or(weaker.torrents),
            torrent_quota: self.torrent_quota.or(weaker.torrent_quota),
            torrent_download: self.torrent_download.or(weaker.torrent_download),
            torrent_upload: self.torrent_upload.or(weaker.torrent_upload),
            torrent_dht: self.torrent_dht.or(weaker.torrent_dht),
            torrent_trackers: self.torrent_trackers.or(weaker.torrent_trackers),
            torrent_local_discovery: self.torrent_local_discovery.or(weaker.torrent_local_discovery),
            torrent_listen: self.torrent_listen.or(weaker.torrent_listen),
            keep_torrents: self.keep_torrents.or(weaker.keep_torrents),
            seed: self.seed.or(weaker.seed),
            magnet_timeout: self.magnet_timeout.or(weaker.magnet_timeout),
            log_format: self.log_format.or(weaker.log_format),
            log: self.log.or(weaker.log),
            site_dir: self.site_dir.or(weaker.site_dir),
            ffmpeg: self.ffmpeg.or(weaker.ffmpeg),
            ffprobe: self.ffprobe.or(weaker.ffprobe),
            mpv: self.mpv.or(weaker.mpv),
        }
    }
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
    fn switches() {
        let settings = Settings::parse_from(["matinee", "--torrents", "off", "--keep-torrents", "--seed", "off"]);
        assert_eq!((settings.torrents, settings.keep_torrents), (Some(Switch::Off), Some(Switch::On)));
        assert!(!Switch::or(settings.seed, true) && Switch::or(settings.torrent_dht, true));
        let file: Settings = toml::from_str("torrents = \"off\"\ntorrent_quota = \"1GiB\"").unwrap();
        assert_eq!((file.torrents, file.torrent_quota), (Some(Switch::Off), Some(1 << 30)));
    }

    #[test]
    fn a_password_is_not_shown_and_not_empty() {
        let settings = Settings::parse_from(["matinee", "--password", "open sesame"]);
        assert_eq!(settings.password.as_ref().map(Password::bytes), Some(&b"open sesame"[..]));
        assert!(!format!("{settings:?}").contains("sesame"));
        let file: Settings = toml::from_str("password = \"open sesame\"").unwrap();
        assert_eq!(file.password, settings.password);
        assert!(toml::from_str::<Settings>("password = \"\"").is_err());
        assert!(Settings::try_parse_from(["matinee", "--password", ""]).is_err());
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        assert!(toml::from_str::<Settings>("max_stream = 7").is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Settings::command().debug_assert();
    }
}
