//! What is said when a torrent does not come along: what was tried, what came back, what to do.

use std::time::Duration;

use protocol::{Error, ErrorKind};

pub(super) fn nobody_told(limit: Duration) -> Error {
    Error::new(
        ErrorKind::SourceTimeout,
        format!(
            "nobody who has this torrent answered within {} s, so that it is not known what is in it; try again later, or look for a torrent with more seeders",
            limit.as_secs()
        ),
    )
}

pub(super) fn no_way_to_peers() -> Error {
    Error::new(
        ErrorKind::SourceUnreachable,
        "there is no way to find who has this torrent: its link names neither peers nor a tracker that answers; try another link, or have the server use DHT and trackers (--torrent-dht, --torrent-trackers)",
    )
}

pub(super) fn no_data(limit: Duration, peers: u32) -> Error {
    let who = match peers {
        0 => "nobody who has it is connected".to_owned(),
        1 => "one peer is connected, and sends nothing of it".to_owned(),
        n => format!("{n} peers are connected, and send nothing of it"),
    };
    Error::new(
        ErrorKind::SourceTimeout,
        format!(
            "the next part of the film did not come within {} s: {who}; it goes on when somebody sends it",
            limit.as_secs()
        ),
    )
}

pub(super) fn quota_full(quota: u64) -> Error {
    Error::new(
        ErrorKind::StoreFull,
        format!(
            "torrent data may take {} on this server, and have it; close a session on another torrent, or start the server with a larger --torrent-quota",
            size(quota)
        ),
    )
}

pub(super) fn too_large(film: u64, quota: u64) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!(
            "this film has {}, and torrent data may take {} on this server; choose a smaller one, or start the server with a larger --torrent-quota",
            size(film),
            size(quota)
        ),
    )
}

pub(super) fn disk(why: &str) -> Error {
    tracing::warn!(why, "torrent data cannot be written");
    Error::new(
        ErrorKind::StoreFull,
        "the torrent's data cannot be written to the server's disk, which may be full; ask who runs it to make room",
    )
}

pub(super) fn nonsense() -> Error {
    Error::new(ErrorKind::InvalidSource, "what peers tell of this torrent makes no sense; look for another one")
}

pub(super) fn too_many_files() -> Error {
    Error::new(ErrorKind::InvalidSource, "this torrent has too many files and pieces; look for another one")
}

pub(super) fn unknown() -> Error {
    Error::new(
        ErrorKind::InvalidSource,
        "this names a torrent and nobody who has it, and its .torrent file is not on this server any more; give that again, or a magnet link with trackers",
    )
}

pub(super) fn closed() -> Error {
    Error::new(ErrorKind::SourceUnreachable, "the torrent was closed; open it again")
}

pub(super) fn not_added(why: &anyhow::Error) -> Error {
    tracing::warn!(why = format!("{why:#}"), "a torrent cannot be opened");
    Error::new(ErrorKind::Internal, "the torrent could not be opened; try again, and look into the server's log")
}

/// With one decimal, in binary units.
fn size(bytes: u64) -> String {
    let (unit, name) = if bytes >= 1 << 30 { (1 << 30, "GiB") } else { (1 << 20, "MiB") };
    let text = format!("{:.1}", bytes as f64 / f64::from(unit));
    format!("{} {name}", text.trim_end_matches(".0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(size(20 << 30), "20 GiB");
        assert_eq!(size((1 << 30) + (1 << 29)), "1.5 GiB");
        assert_eq!(size(700 << 20), "700 MiB");
    }
}
