//! How a torrent's file comes along, as it is told.

use protocol::{AwaitedPieces, TorrentState, TorrentView};

/// How a file comes along, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Along {
    pub state: TorrentState,
    pub peers: u32,
    pub known_peers: u32,
    pub down_bps: u64,
    pub up_bps: u64,
    pub uploaded: u64,
    pub size: u64,
    pub have: u64,
    /// Pairs of first byte and the one behind the last, in order.
    pub parts: Vec<(u64, u64)>,
    pub awaited: Option<AwaitedPieces>,
}

impl Along {
    /// Before anybody has told what is in the torrent.
    #[must_use]
    pub const fn resolving() -> Self {
        Self {
            state: TorrentState::Resolving,
            peers: 0,
            known_peers: 0,
            down_bps: 0,
            up_bps: 0,
            uploaded: 0,
            size: 0,
            have: 0,
            parts: Vec::new(),
            awaited: None,
        }
    }

    /// The same on a film's timeline. `moment` tells when what is at an offset is shown, in seconds; where nothing is known
    /// of the film yet, no parts are told.
    #[must_use]
    pub fn view(self, moment: Option<&dyn Fn(u64) -> f64>) -> TorrentView {
        let parts_s = moment.map(|moment| {
            let told = self.parts.iter().map(|(from, to)| (moment(*from), moment(*to)));
            told.filter(|(from, to)| to > from).collect()
        });
        TorrentView {
            state: self.state,
            peers: self.peers,
            known_peers: self.known_peers,
            down_bps: self.down_bps,
            up_bps: self.up_bps,
            uploaded: self.uploaded,
            size: self.size,
            have: self.have,
            parts_s: parts_s.unwrap_or_default(),
            awaited: self.awaited,
        }
    }
}
