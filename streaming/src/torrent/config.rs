//! How torrents are set up.

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

/// The figures of the torrent engine, and every way in which it dials out by itself.
#[derive(Clone, Debug)]
pub struct TorrentConfig {
    /// Where the `torrents` folder is made.
    pub dir: PathBuf,
    /// Bytes of all torrents' data.
    pub quota: u64,
    /// Bytes a second from all peers together.
    pub download_limit: Option<NonZeroU32>,
    /// Bytes a second to all peers together.
    pub upload_limit: Option<NonZeroU32>,
    /// Asks the distributed hash table for peers.
    pub dht: bool,
    /// Asks the trackers that links and `.torrent` files name.
    pub trackers: bool,
    /// Asks this network for peers by multicast.
    pub local_discovery: bool,
    /// Where peers can connect to; none: only this server connects.
    pub listen: Option<SocketAddr>,
    /// Data stay when the last session on them is over, as long as the quota allows.
    pub keep: bool,
    /// Goes on sending to peers as long as the data are there, not only while somebody watches.
    pub seed: bool,
    /// How long peers may take to tell what is in a torrent.
    pub magnet_timeout: Duration,
}

impl TorrentConfig {
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            quota: 20 << 30,
            download_limit: None,
            upload_limit: None,
            dht: true,
            trackers: true,
            local_discovery: true,
            listen: None,
            keep: false,
            seed: false,
            magnet_timeout: Duration::from_secs(30),
        }
    }
}
