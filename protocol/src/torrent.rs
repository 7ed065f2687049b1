//! What page and server say of torrents.

use serde::{Deserialize, Serialize};

use crate::Capacity;

/// The largest `.torrent` file that is taken, in bytes: one of a terabyte in pieces of 2 MiB has 10 MB.
pub const LARGEST_TORRENT_FILE: usize = 16 << 20;

/// What a file of a torrent is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TorrentFileKind {
    /// It can be the film of a session.
    Video,
    /// It can be added to one.
    Subtitles,
}

/// One file of a torrent that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TorrentFile {
    /// Its number among all files of the torrent, from 0: what `open` takes.
    pub file: u32,
    /// Its path inside the torrent, with `/`, for showing only: no path of the server is built from it.
    pub name: String,
    /// Bytes.
    pub size: u64,
    pub kind: TorrentFileKind,
    /// The largest video, which is opened where none is named.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preselected: bool,
}

/// What a torrent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TorrentState {
    /// Asking peers what is in the torrent.
    Resolving,
    /// Looking over the data that is there from before.
    Checking,
    Downloading,
    /// The disk quota is used up, so nothing more is downloaded until there is room.
    Full,
    /// The chosen file is there as a whole.
    Complete,
}

/// The pieces that somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedPieces {
    /// How many of them are there.
    pub have: u32,
    /// How many there must be until the film goes on: those of about the next four seconds.
    pub of: u32,
}

/// How a torrent that is watched comes along: the answer of `POST /api/torrent`, and `torrent` of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TorrentView {
    pub state: TorrentState,
    /// Peers with a connection.
    pub peers: u32,
    /// Peers that are known of, those with a connection too.
    pub known_peers: u32,
    /// Bytes a second that come in.
    pub down_bps: u64,
    /// Bytes a second that go out.
    pub up_bps: u64,
    /// Bytes that went out since the torrent was opened.
    pub uploaded: u64,
    /// Bytes of the chosen file.
    pub size: u64,
    /// Bytes of it that are there.
    pub have: u64,
    /// What of the film's timeline is there: pairs of start and end in seconds of film time, in order. Where the film's
    /// index does not tell where a moment is in the file, they are estimated from bytes. Empty until the film's length is
    /// known.
    pub parts_s: Vec<(f64, f64)>,
    /// Present while somebody waits for data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<AwaitedPieces>,
}

/// The torrent engine, as the home page shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TorrentsReport {
    /// Bytes of torrent data on the disk, and the quota.
    pub bytes: Capacity,
}

/// The answer of `POST /torrents`, which takes a `.torrent` file as its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TorrentAdded {
    /// What `inspect` and `open` take in place of a link.
    pub source: String,
}
