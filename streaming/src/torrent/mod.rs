//! Torrents: what is in one, and its files as sources that the gateway serves while they are downloaded.
//!
//! ```text
//! magnet link, .torrent file -> engine (librqbit) -> storage -> files by number
//!                                  ^                                |
//!               keeper: quota, ends +--- slot: what is read next <- file <- gateway
//! ```
//!
//! librqbit downloads, checks and sends; it never evicts. What is downloaded for how long, and how much of it there may
//! be, is decided here. It dials peers, trackers and the hash table by itself, and is never given an address to fetch.

mod config;
#[cfg(feature = "torrents")]
mod engine;
#[cfg(feature = "torrents")]
mod entry;
#[cfg(feature = "torrents")]
mod file;
#[cfg(feature = "torrents")]
mod files;
#[cfg(feature = "torrents")]
mod folder;
#[cfg(feature = "torrents")]
mod handle;
#[cfg(feature = "torrents")]
mod keeper;
#[cfg(feature = "torrents")]
mod ledger;
#[cfg(feature = "torrents")]
mod meta;
#[cfg(not(feature = "torrents"))]
mod none;
#[cfg(feature = "torrents")]
mod sentences;
#[cfg(feature = "torrents")]
mod slot;
#[cfg(feature = "torrents")]
mod storage;
mod view;

#[cfg(not(feature = "torrents"))]
pub use self::none::{TorrentFile, Torrents};
pub use self::{config::TorrentConfig, view::Along};
#[cfg(feature = "torrents")]
pub use self::{file::TorrentFile, handle::Torrents};

use protocol::{Error, ErrorKind};

/// The first bytes of a file that may be a `.torrent` file: a dictionary of bencode, whose first key begins like this.
pub(crate) fn may_be_torrent_file(beginning: &[u8]) -> bool {
    let Some(rest) = beginning.strip_prefix(b"d") else { return false };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=2).contains(&digits) && rest.get(digits) == Some(&b':')
}

/// What is said where the server has no torrents.
pub(crate) fn switched_off() -> Error {
    let why =
        if cfg!(feature = "torrents") { "it was started with --torrents off" } else { "it was built without them" };
    let message = format!(
        "this server plays no magnet links and torrents: {why}; paste a link that begins with http:// or https://"
    );
    Error::new(ErrorKind::InvalidSource, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torrent_files_are_told_from_films() {
        for yes in [&b"d8:announce35:http"[..], b"d4:infod", b"d13:announce-list"] {
            assert!(may_be_torrent_file(yes));
        }
        for no in [&b"\x1a\x45\xdf\xa3"[..], b"", b"d", b"dir:", b"d:", b"d123:", b"<html>"] {
            assert!(!may_be_torrent_file(no));
        }
    }
}
