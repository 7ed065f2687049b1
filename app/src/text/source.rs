//! What a pasted text is, as far as it can be told without asking anybody.

/// What to ask before such a source is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pasted {
    /// The address of a film, or whatever else the server has to judge.
    Film,
    /// A torrent whose files are known to peers alone.
    Magnet,
    /// A torrent whose files stand in a `.torrent` file.
    TorrentFile,
}

/// What `source` is, by its form. Nothing is refused here.
pub(crate) fn pasted(source: &str) -> Pasted {
    let source = source.trim();
    if has_scheme(source, "magnet:") || is_info_hash(source) {
        Pasted::Magnet
    } else if has_scheme(source, "torrent:") || is_torrent_link(source) {
        Pasted::TorrentFile
    } else {
        Pasted::Film
    }
}

/// Whether a file's name is that of a `.torrent` file.
pub(crate) fn is_torrent_name(name: &str) -> bool {
    let end = name.len().checked_sub(".torrent".len()).and_then(|at| name.get(at..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(".torrent"))
}

fn is_torrent_link(source: &str) -> bool {
    let address = source.split(['?', '#']).next().unwrap_or(source);
    (has_scheme(address, "http:") || has_scheme(address, "https:")) && is_torrent_name(address)
}

fn has_scheme(source: &str, scheme: &str) -> bool {
    source.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// A bare BitTorrent info hash: 20 bytes, in hexadecimal or in base 32.
fn is_info_hash(source: &str) -> bool {
    let base32 = |byte: u8| byte.is_ascii_alphabetic() || (b'2'..=b'7').contains(&byte);
    match source.len() {
        40 => source.bytes().all(|byte| byte.is_ascii_hexdigit()),
        32 => source.bytes().all(base32),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torrents_are_told_by_their_form() {
        for (source, is) in [
            ("magnet:?xt=urn:btih:0123", Pasted::Magnet),
            (" MAGNET:?xt=urn:btih:0123 ", Pasted::Magnet),
            ("0123456789abcdef0123456789ABCDEF01234567", Pasted::Magnet),
            ("abcdefghijklmnopqrstuvwxyz234567", Pasted::Magnet),
            ("torrent:0123456789abcdef0123456789abcdef01234567", Pasted::TorrentFile),
            ("https://example.org/a/film.torrent", Pasted::TorrentFile),
            ("HTTP://example.org/film.TORRENT?key=1#top", Pasted::TorrentFile),
            ("https://example.org/film.mkv", Pasted::Film),
            ("https://example.org/film.mkv?from=a.torrent", Pasted::Film),
            ("ftp://example.org/film.torrent", Pasted::Film),
            ("film.torrent", Pasted::Film),
            // One digit too few, a letter that is none, a digit that base 32 has not.
            ("0123456789abcdef0123456789abcdef0123456", Pasted::Film),
            ("0123456789abcdef0123456789abcdef0123456g", Pasted::Film),
            ("abcdefghijklmnopqrstuvwxyz234568", Pasted::Film),
            ("ein Film über Züge, den ich noch suche", Pasted::Film),
            ("", Pasted::Film),
        ] {
            assert_eq!(pasted(source), is, "{source}");
        }
    }

    #[test]
    fn names_of_torrent_files_end_so() {
        assert!(is_torrent_name("Film.TORRENT"));
        assert!(!is_torrent_name("film.torrent.mkv"));
        assert!(!is_torrent_name("torrent"));
        assert!(!is_torrent_name("überlänge"));
    }
}
