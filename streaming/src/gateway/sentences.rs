//! What is said when an upstream fails: what was tried, what came back, what to do.

use std::{error::Error as StdError, io, time::Duration};

use protocol::{Error, ErrorKind};
use url::Url;

use super::address::NameError;

/// An upstream failure, and whether trying again can help.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) again: Again,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// A definite answer: trying again is of no use.
    No,
    /// The resolved address was turned down, as an expired one is: the link itself may lead to a fresh one.
    FromTheLink,
    /// A passing trouble.
    Yes,
    /// The server was there, and the connection ended too early.
    BrokenOff,
    /// Nothing came for as long as the server may take.
    Stalled,
    /// The file is another one now: what was read of it is worth nothing.
    Changed,
    /// The file ends before the byte that was asked for.
    OutOfRange,
}

impl Again {
    /// Whether the same request may be answered a moment later.
    pub(super) fn is_passing(self) -> bool {
        matches!(self, Self::Yes | Self::BrokenOff | Self::Stalled)
    }
}

impl Failure {
    pub(super) fn new(again: Again, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { error: Error::new(kind, message), again }
    }

    fn unreachable(again: Again, message: impl Into<String>) -> Self {
        Self::new(again, ErrorKind::SourceUnreachable, message)
    }
}

/// A torrent where a file is asked for.
pub(super) fn no_file() -> Error {
    Error::new(
        ErrorKind::InvalidSource,
        "this is a torrent, and not one file; paste a link that begins with http:// or https://",
    )
}

/// `example.com`, with the port if it is an unusual one.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

pub(super) fn status(host: &str, status: u16) -> Failure {
    let (again, what) = match status {
        401 => {
            (Again::FromTheLink, "it asks for a name and a password; write the link as https://name:password@host/…")
        }
        403 => (Again::FromTheLink, "it does not let us read this file; the link may have expired: ask for a new one"),
        404 => (Again::FromTheLink, "there is no such file; check the link"),
        408 | 425 | 429 => (Again::Yes, "it has too many requests; try again in some minutes"),
        410 => (Again::FromTheLink, "the file has been removed; ask for a new link"),
        500..=599 => (Again::Yes, "it has a fault of its own; try again later"),
        _ => (Again::No, "this is no answer to a request for a file; check the link"),
    };
    Failure::unreachable(again, format!("{host} answered {status}: {what}"))
}

/// From what reqwest says to what a viewer can use.
pub(super) fn request(host: &str, error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return silent(host, None);
    }
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(failure) = cause.downcast_ref::<io::Error>().and_then(|cause| connection(host, cause)) {
            return failure;
        }
        match cause.downcast_ref::<NameError>() {
            Some(NameError::Unknown) => {
                return Failure::unreachable(
                    Again::Yes,
                    format!("the name {host} leads nowhere; check the link's spelling and the server's network"),
                );
            }
            Some(NameError::OwnAddress) => return own_port(host),
            None => {}
        }
        if let Some(cause) = cause.downcast_ref::<rustls::Error>() {
            return insecure(host, cause);
        }
        next = cause.source();
    }
    if error.is_connect() {
        return Failure::unreachable(
            Again::Yes,
            format!("{host} cannot be reached; check the link and the server's network"),
        );
    }
    broken(host)
}

fn connection(host: &str, error: &io::Error) -> Option<Failure> {
    // An error inside of an io::Error is not in its chain of sources.
    if let Some(inner) = error.get_ref() {
        if let Some(inner) = inner.downcast_ref::<rustls::Error>() {
            return Some(insecure(host, inner));
        }
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            return connection(host, inner);
        }
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(Failure::unreachable(
            Again::Yes,
            format!(
                "{host} refuses the connection: nothing listens there; check the link, and whether its server is running"
            ),
        )),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            Some(Failure::unreachable(
                Again::Yes,
                format!("there is no way to {host}; check the link and the server's network"),
            ))
        }
        io::ErrorKind::TimedOut => Some(silent(host, None)),
        _ => None,
    }
}

fn insecure(host: &str, error: &rustls::Error) -> Failure {
    let why = match error {
        rustls::Error::InvalidCertificate(_) => "its certificate is not valid",
        _ => "it did not agree on a secure connection",
    };
    tracing::debug!(host, %error, "TLS");
    Failure::unreachable(
        Again::No,
        format!("{host} cannot be trusted: {why}; check the link, or the server's clock and CA certificates"),
    )
}

pub(super) fn silent(host: &str, waited: Option<Duration>) -> Failure {
    let waited = waited.map_or_else(String::new, |waited| format!(" for {:.0?}", waited));
    Failure::new(
        Again::Stalled,
        ErrorKind::SourceTimeout,
        format!("nothing came from {host}{waited}; it may be overloaded or gone: try again later, or another link"),
    )
}

pub(super) fn broken(host: &str) -> Failure {
    Failure::unreachable(Again::BrokenOff, format!("the connection to {host} broke off; try again, or another link"))
}

pub(super) fn own_port(host: &str) -> Failure {
    Failure::new(
        Again::No,
        ErrorKind::Forbidden,
        format!(
            "the link leads to this server itself ({host}), which it must not open; paste the link of the video file"
        ),
    )
}

pub(super) fn redirects(host: &str) -> Failure {
    Failure::unreachable(Again::No, format!("{host} sends us from link to link without end; check the link"))
}

pub(super) fn bad_redirect(host: &str) -> Failure {
    Failure::unreachable(
        Again::No,
        format!("{host} sends us to an address that is no http or https link; check the link"),
    )
}

pub(super) fn bad_range(host: &str) -> Failure {
    Failure::unreachable(
        Again::Yes,
        format!("{host} answered a request for a part of the file with another part; try another link"),
    )
}

pub(super) fn out_of_range(host: &str) -> Failure {
    Failure::unreachable(
        Again::OutOfRange,
        format!("{host} answered 416: the file ends before the part that was asked for; try another link"),
    )
}

pub(super) fn cut_short(host: &str, has: u64, announced: u64) -> Failure {
    Failure::unreachable(
        Again::No,
        format!("the file at {host} ends after {has} of the {announced} bytes that were announced; try another link"),
    )
}

pub(super) fn changed(host: &str) -> Failure {
    Failure::new(
        Again::Changed,
        ErrorKind::SourceUnreachable,
        format!("the file changed at its server ({host}) while it was being read; open the link again"),
    )
}

pub(super) fn cannot_resume(host: &str) -> Failure {
    Failure::unreachable(
        Again::No,
        format!(
            "the connection to {host} broke off and it cannot go on from the middle of a file; open the link again"
        ),
    )
}

pub(super) fn web_page(host: &str) -> Error {
    Error::new(
        ErrorKind::NotAVideo,
        format!(
            "the link leads to a web page at {host}, not to a video file; on that page, copy the link of the download itself"
        ),
    )
}

pub(super) fn page_for_subtitles(host: &str) -> Error {
    Error::new(
        ErrorKind::NotSubtitles,
        format!(
            "the link leads to a web page at {host}, not to a subtitle file; on that page, copy the link of the download itself"
        ),
    )
}

pub(super) fn empty(host: &str) -> Error {
    Error::new(ErrorKind::NotAVideo, format!("the file at {host} is empty; try another link"))
}

pub(super) fn too_large(host: &str, bound: u64) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!(
            "{host} cannot send parts of a file, so the whole must be stored here, and it is larger than the {} MiB there are for that; try another link",
            bound / (1024 * 1024)
        ),
    )
}

pub(super) fn not_yet_read() -> Error {
    Error::new(
        ErrorKind::SourceUnreachable,
        "this part of the file has not been read yet; its server sends it from the start only: wait",
    )
}

pub(super) fn closed() -> Error {
    Error::new(ErrorKind::Internal, "the source has been closed; open it again")
}
