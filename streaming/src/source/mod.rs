//! Where the bytes come from: an http(s) link, a torrent, or a file under the media folder.

mod magnet;

use std::{
    fmt,
    path::{Component, Path, PathBuf},
};

use protocol::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use url::Url;

#[cfg(feature = "torrents")]
pub(crate) use self::magnet::tracker;
pub use self::magnet::{InfoHash, Magnet, NoHash};

/// The longest text that is looked at, in bytes.
pub const MAX_LENGTH: usize = 8 * 1024;

/// What stands before a path under the media folder, where it could be taken for something else.
const MEDIA: &str = "media:";

/// What stands before the hash of a torrent whose `.torrent` file the server was given.
pub const TORRENT: &str = "torrent:";

/// Something that can be opened. Neither `Display` nor `Debug` shows credentials, queries or the media folder.
/// Its serialized form does: it is for the server's own memory.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Source {
    /// An http or https link with a host, without a fragment. It may carry credentials.
    Url(Url),
    /// A regular file under the media folder: its canonical, absolute path.
    File(PathBuf),
    Torrent(Torrent),
}

/// A file of a torrent.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Torrent {
    pub from: TorrentFrom,
    /// Which of its files; none: the largest video.
    pub file: Option<u32>,
}

/// Where it is written what is in a torrent.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TorrentFrom {
    /// Its peers tell, if the server does not know it yet.
    Magnet(Magnet),
    /// In a `.torrent` file that the server was given.
    Known(InfoHash),
    /// In the `.torrent` file that a link leads to.
    Link(Url),
}

impl fmt::Debug for TorrentFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magnet(magnet) => magnet.fmt(f),
            Self::Known(hash) => hash.fmt(f),
            Self::Link(url) => Source::Url(url.clone()).fmt(f),
        }
    }
}

impl Source {
    /// Reads what a person pasted. `media_dir` is the folder whose files may be played, if any.
    ///
    /// # Errors
    /// `invalid_source` with a sentence that says what is wrong and what would be right.
    pub fn parse(text: &str, media_dir: Option<&Path>) -> Result<Self, Error> {
        if text.len() > MAX_LENGTH {
            return Err(invalid(format!(
                "this link is longer than {} KiB; paste the link of one video",
                MAX_LENGTH / 1024
            )));
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(invalid("there is no link; paste one that begins with http://, https:// or magnet:"));
        }
        if let Some(hash) = text.strip_prefix(TORRENT) {
            let hash = hash.parse().map_err(|NoHash| {
                invalid("this names no torrent; give its magnet link, or its .torrent file once more")
            })?;
            return Ok(Self::Torrent(Torrent { from: TorrentFrom::Known(hash), file: None }));
        }
        if let Ok(hash) = text.parse::<InfoHash>() {
            return Ok(Self::Torrent(Torrent { from: TorrentFrom::Magnet(hash.into()), file: None }));
        }
        if let Some(path) = text.strip_prefix(MEDIA) {
            return match media_dir {
                Some(dir) => file(path, dir),
                None => Err(invalid(
                    "this server plays no files of its own: it was started without --media-dir; paste a link",
                )),
            };
        }
        match Url::parse(text) {
            // `example.com:8080/film.mkv` parses as a link of the scheme `example.com`.
            Ok(url) if looks_like_host(text) && !matches!(url.scheme(), "http" | "https") => Err(needs_scheme(text)),
            Ok(url) => web(url),
            Err(url::ParseError::RelativeUrlWithoutBase) => match media_dir {
                Some(dir) if !looks_like_host(text) || under(dir, text).is_some_and(|path| path.exists()) => {
                    file(text, dir)
                }
                _ if looks_like_host(text) => Err(needs_scheme(text)),
                _ => Err(invalid("this is not a link; paste one that begins with http:// or https://")),
            },
            Err(error) => Err(invalid(format!("this link cannot be read ({error}); check it for typing errors"))),
        }
    }

    /// One file of a torrent instead of its largest video.
    ///
    /// # Errors
    ///
    /// `invalid_request` for what is no torrent.
    pub fn with_file(self, file: Option<u32>) -> Result<Self, Error> {
        let Some(file) = file else { return Ok(self) };
        match self {
            Self::Torrent(torrent) => Ok(Self::Torrent(Torrent { file: Some(file), ..torrent })),
            Self::Url(url) => Ok(Self::Torrent(Torrent { from: TorrentFrom::Link(url), file: Some(file) })),
            Self::File(_) => Err(Error::new(
                ErrorKind::InvalidRequest,
                "only a torrent has files to choose from; leave out which one",
            )),
        }
    }

    /// The torrent that it names; none where a `.torrent` file has to be fetched to know.
    #[must_use]
    pub const fn hash(&self) -> Option<InfoHash> {
        match self {
            Self::Torrent(Torrent {
                from: TorrentFrom::Magnet(Magnet { hash, .. }) | TorrentFrom::Known(hash),
                ..
            }) => Some(*hash),
            _ => None,
        }
    }

    /// Whether a file is still one of the media folder, which may be another one than when the source was parsed.
    #[must_use]
    pub fn is_allowed(&self, media_dir: Option<&Path>) -> bool {
        match self {
            Self::File(path) => {
                media_dir.and_then(|dir| dir.canonicalize().ok()).is_some_and(|dir| path.starts_with(dir))
            }
            Self::Url(_) | Self::Torrent(_) => true,
        }
    }

    /// What to call the film until its container tells: the last part of the path, or else the host.
    #[must_use]
    pub fn title(&self) -> String {
        let name = match self {
            Self::Torrent(Torrent { from: TorrentFrom::Magnet(magnet), .. }) => magnet.name.clone().unwrap_or_default(),
            Self::Torrent(Torrent { from: TorrentFrom::Known(_), .. }) => String::new(),
            Self::Url(url) | Self::Torrent(Torrent { from: TorrentFrom::Link(url), .. }) => url
                .path_segments()
                .and_then(|mut parts| parts.rfind(|part| !part.is_empty()).map(percent_decoded))
                .unwrap_or_default(),
            Self::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        let name = printable(&name);
        match self {
            Self::Url(url) if name.is_empty() => url.host_str().unwrap_or_default().to_owned(),
            Self::Torrent(_) if name.is_empty() => "A torrent".to_owned(),
            _ => name,
        }
    }

    /// The same for the same source, credentials included, so that sessions can share what was read: 64 hex digits.
    #[must_use]
    pub fn key(&self) -> String {
        let hash = Sha256::new();
        let hash = match self {
            Self::Url(url) => hash.chain_update(b"url\0").chain_update(url.as_str()),
            Self::File(path) => hash.chain_update(b"file\0").chain_update(path.as_os_str().as_encoded_bytes()),
            Self::Torrent(Torrent { from, file }) => {
                let hash = match from {
                    TorrentFrom::Magnet(Magnet { hash: torrent, .. }) | TorrentFrom::Known(torrent) => {
                        hash.chain_update(b"torrent\0").chain_update(torrent.0)
                    }
                    TorrentFrom::Link(url) => hash.chain_update(b"torrent of\0").chain_update(url.as_str()),
                };
                hash.chain_update(b"\0").chain_update(file.map_or(String::new(), |file| file.to_string()))
            }
        };
        hex(&hash.finalize())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => {
                write!(f, "{}://{}", url.scheme(), url.host_str().unwrap_or_default())?;
                if let Some(port) = url.port() {
                    write!(f, ":{port}")?;
                }
                f.write_str(url.path())?;
                f.write_str(if url.query().is_some() { "?…" } else { "" })
            }
            Self::File(_) => write!(f, "{MEDIA}{}", self.title()),
            Self::Torrent(Torrent { from, file }) => {
                match from {
                    TorrentFrom::Magnet(Magnet { hash, .. }) | TorrentFrom::Known(hash) => {
                        write!(f, "{TORRENT}{hash}")?;
                    }
                    TorrentFrom::Link(url) => write!(f, "{}", Self::Url(url.clone()))?,
                }
                file.map_or(Ok(()), |file| write!(f, ", file {file}"))
            }
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({self})")
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidSource, message)
}

fn web(mut url: Url) -> Result<Source, Error> {
    match url.scheme() {
        "http" | "https" if url.host_str().is_some_and(|host| !host.is_empty()) => {
            // A fragment is never sent, so it must not make two sources of one.
            url.set_fragment(None);
            Ok(Source::Url(url))
        }
        "http" | "https" => Err(invalid("this link names no server; check it for typing errors")),
        "magnet" => Ok(Source::Torrent(Torrent { from: TorrentFrom::Magnet(Magnet::read(&url)?), file: None })),
        "file" => Err(invalid(
            "files of your own computer cannot be reached by file:// links; put the file into the server's media folder, or serve it over http",
        )),
        // Of an unknown scheme only the scheme is repeated: the rest may hold a secret.
        scheme => Err(invalid(format!(
            "links that begin with {}: cannot be played; paste one that begins with http:// or https://",
            scheme.chars().take(20).collect::<String>()
        ))),
    }
}

fn needs_scheme(text: &str) -> Error {
    // The path may hold a secret, and the host says enough.
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    invalid(format!(
        "this link lacks its beginning; try https://{}…",
        printable(host.rsplit('@').next().unwrap_or_default())
    ))
}

/// Whether the text begins like `example.com/…`, `example.com:8080` or `localhost:8080/…`.
fn looks_like_host(text: &str) -> bool {
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    if port.is_some_and(|port| port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit())) {
        return false;
    }
    let labels = !host.is_empty()
        && host.split('.').all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'));
    labels && (host.contains('.') || host == "localhost" || port.is_some())
}

fn under(dir: &Path, text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    let climbs = path.components().any(|part| part == Component::ParentDir);
    (!climbs && !text.contains('\0')).then(|| dir.join(path))
}

fn file(text: &str, dir: &Path) -> Result<Source, Error> {
    let outside = || invalid("this file is not in the server's media folder; give its path inside that folder");
    let joined = under(dir, text).ok_or_else(outside)?;
    let dir =
        dir.canonicalize().map_err(|_| invalid("the server's media folder cannot be read; ask who runs the server"))?;
    // Outside and absent are one answer, so that nobody learns which files the machine has.
    let path = joined.canonicalize().map_err(|_| outside())?;
    if !path.starts_with(&dir) {
        return Err(outside());
    }
    if !path.is_file() {
        return Err(invalid("this is not a file but a folder or a device; give a video file in the media folder"));
    }
    Ok(Source::File(path))
}

/// Without control characters, and without those that turn the direction of writing; at most 255 characters.
pub(crate) fn printable(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept: String = text.chars().filter(|c| !c.is_control() && !turns(*c)).take(255).collect();
    kept.trim().to_owned()
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |n: usize| bytes.get(at + n).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[at], digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let error = Source::parse(text, None).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidSource, "{text}");
        error.message
    }

    #[test]
    fn only_web_links_are_links() {
        for good in ["http://a/b.mkv", " https://user:pw@a.example:8443/x?y=z#t \n", "HTTP://127.0.0.1/"] {
            assert!(matches!(Source::parse(good, None), Ok(Source::Url(_))), "{good}");
        }
        for bad in [
            "ftp://a/b",
            "javascript:alert(1)",
            "data:text/html,x",
            "about:blank",
            "smb://a/b",
            "edl://x",
            "-vf",
            "--o=x",
            "a b",
        ] {
            refused(bad);
        }
        assert!(refused("magnet:?xt=urn:btih:0").contains("names no torrent"));
        assert!(refused("torrent:0").contains("names no torrent"));
        assert!(refused("file:///etc/passwd").contains("media folder"));
        assert!(refused("").contains("no link"));
        assert!(refused("  ").contains("no link"));
        assert!(refused("https://").contains("cannot be read"));
        assert!(refused(&format!("https://a/{}", "x".repeat(MAX_LENGTH))).contains("8 KiB"));
        assert!(refused("media:film.mkv").contains("--media-dir"));
    }

    #[test]
    fn a_host_without_a_scheme_gets_a_hint() {
        for text in ["example.com/film.mkv", "example.com:8080/film.mkv", "localhost:9000/a", "192.168.1.4/a.mkv"] {
            assert!(refused(text).contains(&format!("https://{}", text.split('/').next().unwrap())), "{text}");
        }
        assert!(!refused("me:secret@example.com/film.mkv").contains("secret"));
    }

    #[test]
    fn titles_and_texts_hide_secrets() {
        let source =
            Source::parse("https://me:hush@h.example/d/My%20Film%00%0a%E2%80%AE.mkv?token=quiet#x", None).unwrap();
        assert_eq!(source.title(), "My Film.mkv");
        for text in [source.to_string(), format!("{source:?}"), source.title()] {
            assert!(!["hush", "me:", "quiet", "token"].iter().any(|secret| text.contains(secret)), "{text}");
        }
        assert_eq!(Source::parse("https://h.example/?a=b", None).unwrap().title(), "h.example");
        assert_eq!(Source::parse("https://h.example/a/", None).unwrap().title(), "a");
        assert_eq!(Source::parse("https://h.example/100%.mkv", None).unwrap().title(), "100%.mkv");
    }

    #[test]
    fn keys_tell_sources_apart() {
        let key = |text: &str| Source::parse(text, None).unwrap().key();
        assert_eq!(key("https://h/a"), key("https://H/a#frag"));
        assert_eq!(key("https://h/a").len(), 64);
        assert_ne!(key("https://h/a"), key("https://u:p@h/a"));
        assert_ne!(key("https://h/a?x=1"), key("https://h/a?x=2"));
    }

    #[test]
    fn torrents_have_files() {
        let hash = "cfe1119f124881ca70f7306f32e292194c88c195";
        let parse = |text: &str| Source::parse(text, None).unwrap();
        let magnet = parse(&format!("magnet:?xt=urn:btih:{hash}&dn=Film&tr=http%3A%2F%2Ft%2Fsecret"));
        assert_eq!(magnet.title(), "Film");
        assert_eq!(format!("{magnet:?} {magnet}"), format!("Source(torrent:{hash}) torrent:{hash}"));
        // However it is named, it is the same.
        assert_eq!(magnet.key(), parse(hash).key());
        assert_eq!(magnet.key(), parse(&format!("torrent:{hash}")).key());
        let second = magnet.clone().with_file(Some(2)).unwrap();
        assert_ne!(magnet.key(), second.key());
        assert_eq!(second.to_string(), format!("torrent:{hash}, file 2"));
        let link = parse("https://u:hush@h/a.torrent?quiet").with_file(Some(1)).unwrap();
        assert_eq!(link.title(), "a.torrent");
        assert!(matches!(&link, Source::Torrent(Torrent { from: TorrentFrom::Link(_), file: Some(1) })));
        assert!(!format!("{link:?}").contains("hush") && !format!("{link:?}").contains("quiet"));
        assert_eq!(parse("https://h/a.torrent").with_file(None).unwrap(), parse("https://h/a.torrent"));
    }

    #[test]
    fn files_stay_in_the_media_folder() {
        let root = tempfile::tempdir().unwrap();
        let media = root.path().join("media");
        std::fs::create_dir_all(media.join("sub")).unwrap();
        std::fs::write(root.path().join("secret.mkv"), b"x").unwrap();
        std::fs::create_dir(root.path().join("media-too")).unwrap();
        std::fs::write(root.path().join("media-too/x.mkv"), b"x").unwrap();
        std::fs::write(media.join("sub/Film 1.mkv"), b"x").unwrap();
        std::os::unix::fs::symlink(root.path().join("secret.mkv"), media.join("link.mkv")).unwrap();
        std::os::unix::fs::symlink(media.join("sub"), media.join("inside")).unwrap();
        let parse = |text: &str| Source::parse(text, Some(&media));
        let absolute = media.join("sub/Film 1.mkv");
        for good in ["media:sub/Film 1.mkv", "sub/Film 1.mkv", absolute.to_str().unwrap(), "inside/Film 1.mkv"] {
            let source = parse(good).unwrap();
            assert_eq!(source, Source::File(absolute.canonicalize().unwrap()), "{good}");
            assert_eq!(source.title(), "Film 1.mkv");
            assert!(!format!("{source:?} {source}").contains(root.path().to_str().unwrap()));
        }
        let neighbour = root.path().join("media-too/x.mkv");
        for bad in [
            "media:../secret.mkv",
            "sub/../../secret.mkv",
            "link.mkv",
            "/etc/passwd",
            "media:/etc/passwd",
            "media:sub",
            "media:",
            "absent.mkv",
            neighbour.to_str().unwrap(),
        ] {
            let error = parse(bad).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidSource, "{bad}");
            assert!(!error.message.contains(root.path().to_str().unwrap()), "{bad}");
        }
    }
}
