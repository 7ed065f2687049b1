//! What a torrent is doing, in words and figures.

use protocol::{TorrentState, TorrentView};

use super::bytes;

/// What a viewer waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wait {
    /// What is being waited for, where the torrent is the reason. It changes rarely, so it can be read out.
    pub(crate) what: Option<&'static str>,
    /// How far that is. It changes every second.
    pub(crate) figures: Option<String>,
}

const ASKING: &str = "Asking peers what is in the torrent…";
const NO_PEERS: &str = "No peers yet. It begins when somebody who has the film answers.";
const PEERS_GONE: &str = "No peers are connected. It goes on when somebody who has the film answers.";
/// Short, since it lies over the picture; the panel says what to do.
const FULL: &str = "The disk quota for torrents is used up.";

/// What is waited for before the first picture, and while the picture stands still.
pub(crate) fn torrent_wait(view: &TorrentView) -> Wait {
    let known = || Some(no_peers(view));
    match view.state {
        TorrentState::Resolving if view.peers == 0 => Wait { what: Some(ASKING), figures: known() },
        TorrentState::Resolving => Wait { what: Some(ASKING), figures: Some(peers(view.peers)) },
        TorrentState::Checking => Wait { what: Some("Looking over what is here from before…"), figures: None },
        TorrentState::Full => Wait { what: Some(FULL), figures: awaited(view) },
        // Whatever is waited for then, it is no data.
        TorrentState::Downloading if view.awaited.is_none() => Wait::default(),
        TorrentState::Downloading if view.peers == 0 => Wait { what: None, figures: known() },
        TorrentState::Downloading => {
            let mut parts = vec![peers(view.peers), rate(view.down_bps)];
            parts.extend(awaited(view));
            Wait { what: None, figures: Some(parts.join(", ")) }
        }
        TorrentState::Complete => Wait::default(),
    }
}

/// The state for the panel below the picture.
pub(crate) fn torrent_state(view: &TorrentView) -> &'static str {
    match view.state {
        TorrentState::Resolving => ASKING,
        TorrentState::Checking => "Looking over what is here from before…",
        TorrentState::Downloading if view.peers == 0 => PEERS_GONE,
        TorrentState::Downloading => "It downloads while you watch, what you watch next first.",
        TorrentState::Full => {
            "The disk quota for torrents is used up, so nothing more is downloaded until there is room. Close a film that nobody watches any more, or ask whoever runs the server for a larger quota."
        }
        TorrentState::Complete => "All of the film is here.",
    }
}

/// `41 % of 1.4 GiB`.
pub(crate) fn torrent_progress(view: &TorrentView) -> String {
    format!("{} % of {}", percent(view.have, view.size), bytes(view.size))
}

/// `12 of 40 known peers`.
pub(crate) fn torrent_peers(view: &TorrentView) -> String {
    match view.known_peers.max(view.peers) {
        0 => "none known yet".into(),
        1 => format!("{} of 1 known peer", view.peers),
        known => format!("{} of {known} known peers", view.peers),
    }
}

/// `41 % of the film is here`: what the strip below the picture shows.
pub(crate) fn torrent_share(view: &TorrentView) -> String {
    format!("{} % of the film is here", percent(view.have, view.size))
}

/// Bytes a second, in decimal units as networks are measured.
pub(crate) fn rate(bps: u64) -> String {
    let kilo = (bps + 500) / 1000;
    match bps {
        0 => "0 kB/s".into(),
        1..1000 => "under 1 kB/s".into(),
        _ if kilo < 1000 => format!("{kilo} kB/s"),
        _ if bps < 99_950_000 => format!("{:.1} MB/s", bps as f64 / 1e6),
        _ => format!("{:.0} MB/s", bps as f64 / 1e6),
    }
}

/// Whole parts of a hundred; all of them only when nothing is missing.
fn percent(have: u64, size: u64) -> u64 {
    if size == 0 { 0 } else { (u128::from(have.min(size)) * 100 / u128::from(size)) as u64 }
}

fn peers(count: u32) -> String {
    if count == 1 { "1 peer".into() } else { format!("{count} peers") }
}

fn no_peers(view: &TorrentView) -> String {
    // Some of the film came from somebody.
    let words = if view.have > 0 { PEERS_GONE } else { NO_PEERS };
    if view.known_peers == 0 { words.into() } else { format!("{words} {} known.", peers(view.known_peers)) }
}

/// `3 of 8 pieces for the next segment`.
fn awaited(view: &TorrentView) -> Option<String> {
    let awaited = view.awaited?;
    let pieces = if awaited.of == 1 { "piece" } else { "pieces" };
    Some(format!("{} of {} {pieces} for the next segment", awaited.have, awaited.of))
}

#[cfg(test)]
mod tests {
    use protocol::AwaitedPieces;

    use super::*;

    fn view(state: TorrentState) -> TorrentView {
        TorrentView {
            state,
            peers: 12,
            known_peers: 40,
            down_bps: 1_400_000,
            up_bps: 0,
            uploaded: 0,
            size: 1_503_238_553,
            have: 616_400_000,
            parts_s: Vec::new(),
            awaited: Some(AwaitedPieces { have: 3, of: 8 }),
        }
    }

    fn figures(view: &TorrentView) -> String {
        torrent_wait(view).figures.unwrap_or_default()
    }

    #[test]
    fn a_wait_tells_peers_speed_and_pieces() {
        let mut view = view(TorrentState::Downloading);
        assert_eq!(figures(&view), "12 peers, 1.4 MB/s, 3 of 8 pieces for the next segment");
        assert_eq!(torrent_wait(&view).what, None, "the step that is being done says more");
        view.peers = 1;
        view.awaited = Some(AwaitedPieces { have: 0, of: 1 });
        assert_eq!(figures(&view), "1 peer, 1.4 MB/s, 0 of 1 piece for the next segment");
    }

    #[test]
    fn without_peers_a_wait_says_what_it_waits_for() {
        let mut view = view(TorrentState::Downloading);
        view.peers = 0;
        assert_eq!(figures(&view), format!("{PEERS_GONE} 40 peers known."), "some of it came from somebody");
        view.have = 0;
        assert_eq!(figures(&view), format!("{NO_PEERS} 40 peers known."));
        view.known_peers = 0;
        assert_eq!(figures(&view), NO_PEERS);
        view.state = TorrentState::Resolving;
        assert_eq!(torrent_wait(&view), Wait { what: Some(ASKING), figures: Some(NO_PEERS.into()) });
        view.peers = 3;
        assert_eq!(torrent_wait(&view), Wait { what: Some(ASKING), figures: Some("3 peers".into()) });
    }

    #[test]
    fn who_waits_for_no_data_is_told_nothing_of_it() {
        let mut view = view(TorrentState::Downloading);
        view.awaited = None;
        assert_eq!(torrent_wait(&view), Wait::default());
        assert_eq!(torrent_wait(&super::tests::view(TorrentState::Complete)), Wait::default());
    }

    #[test]
    fn a_used_up_quota_is_told_while_waiting_and_in_the_panel() {
        let view = view(TorrentState::Full);
        assert!(torrent_wait(&view).what.is_some_and(|what| what.contains("quota")));
        assert!(torrent_state(&view).contains("quota"));
    }

    #[test]
    fn a_hundred_percent_is_all_of_it() {
        let mut view = view(TorrentState::Downloading);
        assert_eq!(torrent_progress(&view), "41 % of 1.4 GiB");
        assert_eq!(torrent_share(&view), "41 % of the film is here");
        view.have = view.size - 1;
        assert_eq!(torrent_progress(&view), "99 % of 1.4 GiB");
        view.have = view.size;
        assert_eq!(torrent_progress(&view), "100 % of 1.4 GiB");
        view.size = 0;
        assert_eq!(torrent_progress(&view), "0 % of 0 B");
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
    }

    #[test]
    fn peers_are_told_beside_those_that_are_known() {
        let mut view = view(TorrentState::Downloading);
        assert_eq!(torrent_peers(&view), "12 of 40 known peers");
        view.known_peers = 3;
        assert_eq!(torrent_peers(&view), "12 of 12 known peers");
        (view.peers, view.known_peers) = (0, 0);
        assert_eq!(torrent_peers(&view), "none known yet");
    }

    #[test]
    fn speeds_are_decimal_and_short() {
        for (bps, text) in [
            (0, "0 kB/s"),
            (999, "under 1 kB/s"),
            (1_499, "1 kB/s"),
            (999_499, "999 kB/s"),
            (999_500, "1.0 MB/s"),
            (1_400_000, "1.4 MB/s"),
            (99_949_999, "99.9 MB/s"),
            (99_950_000, "100 MB/s"),
            (1_200_000_000, "1200 MB/s"),
        ] {
            assert_eq!(rate(bps), text);
        }
    }
}
