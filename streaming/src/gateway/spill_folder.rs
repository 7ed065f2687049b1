//! The folder of the spill files: one a server process, beside those of other servers with the same data folder.

use std::{
    fs::File,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::GatewayConfig;
use crate::{
    owned_folder::{self, Kind, OwnedFolder},
    source::hex,
};

const SPILLS: Kind = Kind { owner: "the gateway", is_file: is_file_name };

/// The folder of this process's spill files, and how much is in them.
pub(super) struct SpillFolder {
    owned: OwnedFolder,
    bound: u64,
    used: AtomicU64,
}

impl SpillFolder {
    /// Makes the folder, and removes what servers that were killed have left beside it.
    pub(super) fn prepare(config: &GatewayConfig) -> io::Result<Self> {
        let place = owned_folder::open_place(&config.spill_dir.join("spill"))?;
        owned_folder::sweep(&place, SPILLS);
        let owned = OwnedFolder::create(&place, SPILLS)?;
        Ok(Self { owned, bound: config.spill_bytes, used: AtomicU64::new(0) })
    }

    /// Removes it with all files, and no more can be made; who still reads one, reads on. Blocks on the file system.
    pub(super) fn remove(&self) {
        if let Err(error) = self.owned.remove() {
            tracing::warn!(%error, "the spill folder cannot be removed; the next start tries again");
        }
    }

    pub(super) const fn bound(&self) -> u64 {
        self.bound
    }

    /// Takes bytes out of the bound, if there are so many left.
    pub(super) fn take(&self, bytes: u64) -> bool {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| Some(used + bytes).filter(|n| *n <= self.bound))
            .is_ok()
    }

    pub(super) fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// A file that is deleted with its handle, also when nobody waits any more for it to be made.
pub(super) struct SpillFile {
    folder: Arc<SpillFolder>,
    name: String,
    file: Arc<File>,
}

impl SpillFile {
    pub(super) fn create(folder: Arc<SpillFolder>) -> io::Result<Self> {
        let name = format!("{}.spill", hex(&rand::random::<[u8; 16]>()));
        let file = Arc::new(folder.owned.create_file(&name)?);
        Ok(Self { folder, name, file })
    }

    pub(super) fn folder(&self) -> &SpillFolder {
        &self.folder
    }

    pub(super) fn open(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Twice is harmless; who still reads it, reads on.
    pub(super) fn delete(&self) {
        if let Err(error) = self.folder.owned.delete_file(&self.name) {
            tracing::warn!(%error, "a spill file could not be removed");
        }
    }
}

impl Drop for SpillFile {
    fn drop(&mut self) {
        self.delete();
    }
}

/// `<32 hexadecimal digits>.spill`.
fn is_file_name(name: &[u8]) -> bool {
    name.strip_suffix(b".spill")
        .is_some_and(|random| random.len() == 32 && random.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_s_files_are_known_by_their_names() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Arc::new(SpillFolder::prepare(&GatewayConfig::new(temp.path().to_owned())).unwrap());
        let file = SpillFile::create(folder).unwrap();
        assert!(is_file_name(file.name.as_bytes()), "{}", file.name);
        for name in [
            "lock",
            ".spill",
            "film.spill",
            "0123456789abcdef0123456789abcdef",
            "0123456789ABCDEF0123456789abcdef.spill",
        ] {
            assert!(!is_file_name(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_file_goes_with_its_handle_and_the_folder_with_the_last() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Arc::new(SpillFolder::prepare(&GatewayConfig::new(temp.path().to_owned())).unwrap());
        let own = temp.path().join("spill").read_dir().unwrap().next().unwrap().unwrap().path();
        let (file, other) =
            (SpillFile::create(Arc::clone(&folder)).unwrap(), SpillFile::create(Arc::clone(&folder)).unwrap());
        assert!(own.join(&file.name).exists() && own.join(&other.name).exists());
        drop(file);
        assert_eq!(own.read_dir().unwrap().count(), 2, "the lock and the other file");
        drop(folder);
        assert!(own.join(&other.name).exists(), "a file keeps its folder");
        drop(other);
        assert_eq!(temp.path().join("spill").read_dir().unwrap().count(), 0);
    }
}
