//! How a torrent's file comes along, as it is told.

use protocol::{TorrentState, TorrentView};

/// How a file comes along, before its film's timeline is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Along {
    /// All but what of the timeline is there.
    pub(super) view: TorrentView,
    /// What of the file is there: pairs of first byte and the one behind the last, in order.
    pub(super) parts: Vec<(u64, u64)>,
}

impl Along {
    /// Before anybody has told what is in the torrent.
    #[must_use]
    pub const fn resolving() -> Self {
        let view = TorrentView {
            state: TorrentState::Resolving,
            peers: 0,
            known_peers: 0,
            down_bps: 0,
            up_bps: 0,
            uploaded: 0,
            size: 0,
            have: 0,
            parts_s: Vec::new(),
            awaited: None,
        };
        Self { view, parts: Vec::new() }
    }

    /// Bytes of the file.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.view.size
    }

    /// The same on a film's timeline. `moment` tells when what is at an offset is shown, in seconds; where nothing is known
    /// of the film yet, no parts are told.
    #[must_use]
    pub fn view(self, moment: Option<&dyn Fn(u64) -> f64>) -> TorrentView {
        let parts_s = moment.map(|moment| {
            let told = self.parts.iter().map(|(from, to)| (moment(*from), moment(*to)));
            told.filter(|(from, to)| to > from).collect()
        });
        TorrentView { parts_s: parts_s.unwrap_or_default(), ..self.view }
    }
}
