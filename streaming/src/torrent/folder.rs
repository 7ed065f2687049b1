//! The folder of torrents: it outlives the server, so that what is there need not be downloaded again.
//!
//! ```text
//! torrents/lock            held by the server that uses the folder; a second server takes torrents-2
//!          known/HASH      .torrent files that were given, linked to or told by peers
//!          data/HASH/N     the data of a torrent's files, by number
//!          state/          librqbit's own: bitfields of what is there
//! ```

use std::{
    fs::{DirBuilder, File, FileTimes},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use protocol::LARGEST_TORRENT_FILE;
use rustix::fs::FlockOperation;

use crate::source::InfoHash;

/// Servers with one data folder.
const MOST_SERVERS: u32 = 16;
/// `.torrent` files that are remembered, and their bytes; those used longest ago go first.
const MOST_KNOWN: usize = 500;
const KNOWN_BYTES: u64 = 256 << 20;

/// A locked folder.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Blocks on the file system.
    ///
    /// # Errors
    ///
    /// When no folder can be made, or all are in use.
    pub(super) fn open(place: &Path) -> io::Result<Self> {
        for n in 1..=MOST_SERVERS {
            let name = if n == 1 { "torrents".to_owned() } else { format!("torrents-{n}") };
            let path = place.join(name);
            for part in ["known", "data", "state"] {
                DirBuilder::new().recursive(true).mode(0o700).create(path.join(part))?;
            }
            let lock = File::options().create(true).truncate(false).write(true).open(path.join("lock"))?;
            if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
                continue;
            }
            // librqbit would go on with all that it had, whether anybody watches it or not.
            match std::fs::remove_file(path.join("state/session.json")) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => return Ok(Self { path, _lock: lock }),
            }
        }
        Err(io::Error::other(format!("{MOST_SERVERS} servers use this data folder; give this one another")))
    }

    pub(super) fn state(&self) -> PathBuf {
        self.path.join("state")
    }

    pub(super) fn data(&self, hash: InfoHash) -> PathBuf {
        self.path.join("data").join(hash.to_string())
    }

    /// The `.torrent` file of a torrent, if it was kept. Blocks on the file system.
    pub(super) fn known(&self, hash: InfoHash) -> Option<Bytes> {
        let path = self.path.join("known").join(hash.to_string());
        let fits = path.metadata().is_ok_and(|about| about.len() <= LARGEST_TORRENT_FILE as u64);
        let bytes = fits.then(|| std::fs::read(&path).ok()).flatten()?;
        touch(&path);
        Some(bytes.into())
    }

    /// Keeps a `.torrent` file. Blocks on the file system.
    pub(super) fn keep(&self, hash: InfoHash, bytes: &[u8]) -> io::Result<()> {
        let known = self.path.join("known");
        write(&known.join(hash.to_string()), bytes)?;
        let mut all = by_age(&known);
        // Those with data are needed to go on with them.
        all.retain(|(hash, _)| !self.data(*hash).exists());
        let mut bytes = 0;
        for (n, (hash, _)) in all.iter().rev().enumerate() {
            let path = known.join(hash.to_string());
            bytes += path.metadata().map_or(0, |about| about.len());
            if n >= MOST_KNOWN || bytes > KNOWN_BYTES {
                let _ = std::fs::remove_file(path);
            }
        }
        Ok(())
    }

    /// Puts a bitfield where librqbit looks for it. Blocks on the file system.
    pub(super) fn keep_bitfield(&self, hash: InfoHash, bitfield: &[u8]) -> io::Result<()> {
        write(&self.state().join(format!("{hash}.bitv")), bitfield)
    }

    /// Torrents with data and when each was watched last, the longest ago first. Blocks on the file system.
    pub(super) fn with_data(&self) -> Vec<(InfoHash, SystemTime)> {
        by_age(&self.path.join("data"))
    }

    /// Notes that a torrent is being watched, for after a restart too. Blocks on the file system.
    pub(super) fn touch(&self, hash: InfoHash) {
        touch(&self.data(hash));
    }

    /// Deletes a torrent's data that nobody has open. Blocks on the file system.
    pub(super) fn delete(&self, hash: InfoHash) -> io::Result<()> {
        let _ = std::fs::remove_file(self.state().join(format!("{hash}.bitv")));
        let _ = std::fs::remove_file(self.state().join(format!("{hash}.torrent")));
        match std::fs::remove_dir_all(self.data(hash)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Written aside and moved into place, so that nobody finds half of it.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("new");
    File::create(&aside)?.write_all(bytes)?;
    std::fs::rename(aside, path)
}

fn touch(path: &Path) {
    let now = FileTimes::new().set_modified(SystemTime::now());
    if let Err(error) = File::open(path).and_then(|file| file.set_times(now)) {
        tracing::debug!(%error, "a time could not be noted");
    }
}

/// What is named by a hash in a folder, the oldest first.
fn by_age(folder: &Path) -> Vec<(InfoHash, SystemTime)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<_> = entries
        .filter_map(|entry| {
            let hash = entry.file_name().to_str()?.parse().ok()?;
            let modified = entry.metadata().and_then(|about| about.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            Some((hash, modified))
        })
        .collect();
    all.sort_by_key(|(hash, modified)| (*modified, *hash));
    all
}

/// How long ago that was; nothing for what lies in the future.
pub(super) fn age(then: SystemTime) -> Duration {
    then.elapsed().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_has_a_folder_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let first = Folder::open(dir.path()).unwrap();
        let second = Folder::open(dir.path()).unwrap();
        assert_ne!(first.path, second.path);
        let path = first.path.clone();
        drop(first);
        assert_eq!(Folder::open(dir.path()).unwrap().path, path);
    }

    #[test]
    fn what_is_known_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let hash = |n: usize| InfoHash(std::array::from_fn(|at| u8::try_from(n >> (8 * at.min(3)) & 0xff).unwrap()));
        DirBuilder::new().create(folder.data(hash(0))).unwrap();
        for n in 0..MOST_KNOWN + 20 {
            folder.keep(hash(n), format!("{n}").as_bytes()).unwrap();
        }
        assert_eq!(std::fs::read_dir(folder.path.join("known")).unwrap().count(), MOST_KNOWN + 1);
        assert_eq!(folder.known(hash(0)).unwrap(), "0", "one with data is forgotten");
        assert_eq!(folder.known(hash(MOST_KNOWN + 19)).unwrap(), format!("{}", MOST_KNOWN + 19));
        folder.delete(hash(0)).unwrap();
        folder.delete(hash(0)).unwrap();
        assert_eq!(folder.with_data(), []);
    }
}
