//! What to do about each kind of error.

use protocol::ErrorKind;

/// What a person can do about an error, in a heading and a sentence.
pub(crate) fn advice(kind: ErrorKind) -> (&'static str, &'static str) {
    use ErrorKind as K;
    match kind {
        K::InvalidSource => (
            "This link can't be used",
            "Paste the full address of a video file, beginning with http:// or https://, or a magnet link.",
        ),
        K::UnknownSession => (
            "This screening is over",
            "Its host closed it, or nobody watched for a long time. Open the film again from the home page.",
        ),
        K::NotFound => ("There is nothing here", "Check the address, or start from the home page."),
        K::AtCapacity => (
            "The house is full",
            "Every place is taken right now. A place becomes free about a minute after somebody stops watching: try again then, or join one of the films that are running.",
        ),
        K::SourceUnreachable => (
            "The link's server can't be reached",
            "Check the link in another tab. If it has expired or needs a login, get a fresh one.",
        ),
        K::SourceTimeout => (
            "The link's server is too slow",
            "It stopped sending. Try again in a moment; if it stays slow, use another mirror.",
        ),
        K::NotAVideo => (
            "This link isn't a video",
            "It leads to a web page or another kind of file. Copy the address of the video file itself.",
        ),
        K::NotSubtitles => (
            "These aren't subtitles",
            "Choose an SRT, WebVTT, ASS or SSA file; subtitles in an archive have to be unpacked first.",
        ),
        K::Unplayable => (
            "This video can't be played",
            "The file is damaged, or in a form that the tools can't read. Try another copy of it.",
        ),
        K::ToolMissing => (
            "A program is missing on the server",
            "Whoever runs this server has to install it; the home page names what is missing.",
        ),
        K::StoreFull => (
            "The server has no room left",
            "Its memory for segments is full. Try again when fewer people watch, or give the server a larger store.",
        ),
        K::TooLarge => ("This is too large", "Use a smaller file, or ask whoever runs the server to raise the limit."),
        K::RateLimited => ("Too many tries", "Wait a minute, then try again."),
        K::Unauthorized => ("You are not logged in", "Reload the page: it asks for the server's password."),
        K::Forbidden => ("This isn't allowed", "Only the host, or whoever runs the server, can do it."),
        K::InvalidRequest => {
            ("The server did not understand the page", "Reload the page: it may be of an older version.")
        }
        K::Internal => ("Something went wrong", "Try again. If it goes on, the server's log says more."),
    }
}

/// The same for whom the host has sent away.
pub(crate) const REMOVED: (&str, &str) = (
    "You have been removed",
    "The host has sent you away, and the film goes on without you. You can open another one from the home page.",
);

/// The same where the film is, or was to be, a file of a torrent.
pub(crate) fn torrent_advice(kind: ErrorKind) -> (&'static str, &'static str) {
    use ErrorKind as K;
    match kind {
        K::InvalidSource => (
            "This torrent can't be used",
            "The words below say why. A magnet link begins with magnet:?xt=urn:btih:; a .torrent file can be chosen, or pasted as a link.",
        ),
        K::SourceTimeout => (
            "Nobody answered in time",
            "No peer that has this torrent could be reached yet, or its link's server is too slow. Try again in a moment; if it stays so, look for a torrent that more people share.",
        ),
        K::SourceUnreachable => (
            "The torrent can't be reached",
            "Nobody who has it could be found. Try again later, or look for a torrent that more people share.",
        ),
        K::NotAVideo => (
            "There is no video in this torrent",
            "Its files are of other kinds, or in an archive. Look for a torrent with the video itself.",
        ),
        K::StoreFull => (
            "The server has no room left",
            "The disk quota for torrents is used up, or its memory for segments. Try again when fewer people watch, or ask whoever runs the server for more.",
        ),
        other => advice(other),
    }
}

/// The one thing that is offered first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    TryAgain,
    GoBack,
}

/// Whether the same request can do better later.
pub(crate) fn remedy(kind: ErrorKind) -> Remedy {
    use ErrorKind as K;
    match kind {
        K::InvalidSource
        | K::UnknownSession
        | K::NotFound
        | K::NotAVideo
        | K::NotSubtitles
        | K::TooLarge
        | K::Unauthorized
        | K::Forbidden => Remedy::GoBack,
        _ => Remedy::TryAgain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: [ErrorKind; 9] = [
        ErrorKind::UnknownSession,
        ErrorKind::AtCapacity,
        ErrorKind::SourceUnreachable,
        ErrorKind::NotAVideo,
        ErrorKind::NotSubtitles,
        ErrorKind::Unplayable,
        ErrorKind::SourceTimeout,
        ErrorKind::ToolMissing,
        ErrorKind::StoreFull,
    ];

    #[test]
    fn each_kind_has_its_own_advice() {
        for (n, kind) in SHOWN.into_iter().enumerate() {
            for other in &SHOWN[n + 1..] {
                assert_ne!(advice(kind), advice(*other));
            }
        }
    }

    #[test]
    fn a_torrent_has_its_own_advice_where_links_have_servers() {
        for kind in [ErrorKind::InvalidSource, ErrorKind::SourceTimeout, ErrorKind::NotAVideo, ErrorKind::StoreFull] {
            assert_ne!(torrent_advice(kind), advice(kind));
        }
        assert_eq!(torrent_advice(ErrorKind::AtCapacity), advice(ErrorKind::AtCapacity));
    }

    #[test]
    fn capacity_says_when_to_try_again() {
        assert!(advice(ErrorKind::AtCapacity).1.contains("about a minute"));
        assert_eq!(remedy(ErrorKind::AtCapacity), Remedy::TryAgain);
        assert_eq!(remedy(ErrorKind::UnknownSession), Remedy::GoBack);
    }
}
