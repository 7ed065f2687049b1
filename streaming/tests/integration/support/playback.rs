//! Playing a rendition through: its playlist, its init segment, its segments.

use bytes::Bytes;
use m3u8_rs::MediaPlaylist;
use protocol::{Error, ErrorKind};
use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use streaming::Player;

use super::{
    theatre::{Theatre, id, player},
    timeline,
};

/// All of a rendition.
pub(crate) struct Copy {
    pub(crate) playlist: MediaPlaylist,
    pub(crate) init: Bytes,
    pub(crate) segments: Vec<Bytes>,
}

impl Copy {
    pub(crate) fn joined(&self) -> Vec<u8> {
        timeline::joined(&self.init, &self.segments)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len() as u64).sum()
    }
}

/// In which order segments are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Rising,
    /// As this seed has it.
    Random(u64),
}

impl Order {
    pub(crate) fn of(self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        if let Self::Random(seed) = self {
            order.shuffle(&mut StdRng::seed_from_u64(seed));
        }
        order
    }
}

impl Theatre {
    pub(crate) async fn playlist(&self, rendition: &str) -> MediaPlaylist {
        self.playlist_for(rendition, &player(rendition)).await
    }

    pub(crate) async fn playlist_for(&self, rendition: &str, player: &Player) -> MediaPlaylist {
        let text = self.matinee.media_playlist(self.session, id(rendition), player).await.unwrap();
        let (_, playlist) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
        playlist
    }

    /// Fetches a whole rendition, one segment after the other.
    pub(crate) async fn play(&self, rendition: &str, order: Order) -> Copy {
        let playlist = self.playlist(rendition).await;
        assert!(playlist.end_list && !playlist.segments.is_empty());
        let mut segments = vec![Bytes::new(); playlist.segments.len()];
        for n in order.of(segments.len()) {
            let number = u32::try_from(n).unwrap();
            let segment = self.insist(rendition, number).await;
            segments[n] = segment.unwrap_or_else(|error| panic!("{rendition} {number}, {order:?}: {error}"));
        }
        let init = self.init(rendition).await.unwrap();
        Copy { playlist, init, segments }
    }

    /// Asks for a segment as players do: again when the server says that it is busy.
    pub(crate) async fn insist(&self, rendition: &str, n: u32) -> Result<Bytes, Error> {
        let mut last = self.segment(rendition, n).await;
        for _ in 0..5 {
            match &last {
                Err(error) if error.kind == ErrorKind::AtCapacity => last = self.segment(rendition, n).await,
                _ => break,
            }
        }
        last
    }
}
