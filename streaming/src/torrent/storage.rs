//! A torrent's data on the disk: files named by their number, in a folder named by the torrent's hash.
//!
//! No name from a torrent becomes a path. Files are sparse, and are made when something is written to them.

use std::{
    any::TypeId,
    collections::HashMap,
    fs::{DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use librqbit::{
    ManagedTorrentShared, TorrentMetadata,
    storage::{
        BoxStorageFactory, StorageFactory, StorageFactoryExt as _, TorrentStorage, filesystem::FilesystemStorageFactory,
    },
};
use librqbit_core::lengths::ValidPieceIndex;
use rustix::fs::{OFlags, SeekFrom};

use super::ledger::Ledger;

/// What the accounts are kept in: a page of the disk is no larger anywhere, and a chunk of a peer no smaller than a
/// quarter of it.
const GRAIN: u64 = 64 * 1024;

/// How long a write waits for room to be made. Then the torrent stops, and is looked over as a whole before it goes on.
const PATIENCE: Duration = Duration::from_secs(5);

/// The data of one torrent.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    ledger: Arc<Ledger>,
    bytes: AtomicU64,
    open: Mutex<HashMap<usize, Opened>>,
    /// Verified pieces, the first one in the highest bit as BitTorrent's own bitfields have it.
    have: Mutex<Vec<u8>>,
}

#[derive(Debug)]
struct Opened {
    file: Arc<File>,
    /// Which grains something was written to.
    written: Vec<u64>,
}

impl Files {
    /// Blocks on the file system.
    pub(super) fn new(dir: PathBuf, pieces: usize, ledger: Arc<Ledger>) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        let files = Self {
            dir,
            ledger,
            bytes: AtomicU64::new(0),
            open: Mutex::default(),
            have: Mutex::new(vec![0; pieces.div_ceil(8)]),
        };
        // What is there from before counts from the start.
        for entry in std::fs::read_dir(&files.dir)? {
            if let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
                files.opened(number, false)?;
            }
        }
        Ok(files)
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Bytes on the disk, in grains.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Reads of a file what is known to be there. Blocks on the file system.
    pub(super) fn read(&self, number: usize, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let file = self.opened(number, false)?;
        let mut buffer = vec![0; len];
        file.read_exact_at(&mut buffer, offset)?;
        Ok(buffer)
    }

    pub(super) fn has(&self, piece: u64) -> bool {
        let have = self.have.lock().unwrap_or_else(PoisonError::into_inner);
        usize::try_from(piece / 8).ok().and_then(|at| have.get(at)).is_some_and(|byte| byte & bit(piece) != 0)
    }

    pub(super) fn set_has(&self, piece: u64) {
        let mut have = self.have.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(byte) = usize::try_from(piece / 8).ok().and_then(|at| have.get_mut(at)) {
            *byte |= bit(piece);
        }
    }

    /// All of them as a bitfield.
    pub(super) fn bitfield(&self) -> Vec<u8> {
        self.have.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Deletes the folder with all data. Blocks on the file system.
    pub(super) fn delete(&self) -> io::Result<()> {
        let mut open = self.open();
        open.clear();
        self.have.lock().unwrap_or_else(PoisonError::into_inner).fill(0);
        let deleted = std::fs::remove_dir_all(&self.dir);
        self.ledger.give_back(self.bytes.swap(0, Ordering::Relaxed));
        deleted
    }

    fn open(&self) -> MutexGuard<'_, HashMap<usize, Opened>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self, number: usize, make: bool) -> io::Result<Arc<File>> {
        let mut open = self.open();
        if let Some(opened) = open.get(&number) {
            return Ok(Arc::clone(&opened.file));
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(make).mode(0o600);
        options.custom_flags(i32::try_from((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits()).unwrap_or_default());
        let file = options.open(self.dir.join(number.to_string()))?;
        let written = written(&file)?;
        let found = written.iter().map(|word| u64::from(word.count_ones())).sum::<u64>() * GRAIN;
        self.bytes.fetch_add(found, Ordering::Relaxed);
        self.ledger.find(found);
        let file = Arc::new(file);
        open.insert(number, Opened { file: Arc::clone(&file), written });
        Ok(file)
    }

    /// Takes what a write needs out of the quota. May block until there is room, and holds no lock meanwhile.
    fn enter(&self, number: usize, offset: u64, len: u64) -> anyhow::Result<()> {
        for grain in offset / GRAIN..(offset + len).div_ceil(GRAIN) {
            if !self.mark(number, grain, true)? {
                continue;
            }
            if !self.ledger.take(GRAIN, PATIENCE) {
                self.mark(number, grain, false)?;
                anyhow::bail!("the quota of torrent data is used up");
            }
            self.bytes.fetch_add(GRAIN, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Notes whether something is written to a grain; whether that is new.
    fn mark(&self, number: usize, grain: u64, is_written: bool) -> anyhow::Result<bool> {
        let mut open = self.open();
        let written = &mut open.get_mut(&number).context("the file was closed")?.written;
        let (word, bit) = (usize::try_from(grain / 64)?, 1 << (grain % 64));
        if written.len() <= word {
            written.resize(word + 1, 0);
        }
        let was_written = written[word] & bit != 0;
        if was_written != is_written {
            written[word] ^= bit;
        }
        Ok(was_written != is_written)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // What stays on the disk is entered again by who opens it.
        self.ledger.give_back(self.bytes.load(Ordering::Relaxed));
    }
}

const fn bit(piece: u64) -> u8 {
    0x80 >> (piece % 8)
}

/// The grains of a sparse file that hold something.
fn written(file: &File) -> io::Result<Vec<u64>> {
    let len = file.metadata()?.len();
    let mut grains = Vec::new();
    let mut at = 0;
    while at < len {
        // No data until the end is an error.
        let Ok(from) = rustix::fs::seek(file, SeekFrom::Data(at)) else { break };
        let to = rustix::fs::seek(file, SeekFrom::Hole(from))?;
        for grain in from / GRAIN..to.div_ceil(GRAIN) {
            let word = usize::try_from(grain / 64).map_err(io::Error::other)?;
            if grains.len() <= word {
                grains.resize(word + 1, 0);
            }
            grains[word] |= 1 << (grain % 64);
        }
        at = to;
    }
    Ok(grains)
}

/// What librqbit is given as a torrent's storage.
#[derive(Clone, Debug)]
pub(super) struct Storage(pub(super) Arc<Files>);

impl StorageFactory for Storage {
    type Storage = Self;

    fn create(&self, _: &ManagedTorrentShared, _: &TorrentMetadata) -> anyhow::Result<Self> {
        Ok(self.clone())
    }

    /// librqbit keeps bitfields, by which a torrent goes on at once, only where it takes the storage for its own of
    /// files.
    fn is_type_id(&self, type_id: TypeId) -> bool {
        type_id == TypeId::of::<FilesystemStorageFactory>() || type_id == TypeId::of::<Self>()
    }

    fn clone_box(&self) -> BoxStorageFactory {
        self.clone().boxed()
    }
}

impl TorrentStorage for Storage {
    fn init(&mut self, _: &ManagedTorrentShared, _: &TorrentMetadata) -> anyhow::Result<()> {
        Ok(())
    }

    fn pread_exact(&self, file: usize, offset: u64, buffer: &mut [u8]) -> anyhow::Result<()> {
        Ok(self.0.opened(file, false)?.read_exact_at(buffer, offset)?)
    }

    fn pwrite_all(&self, file: usize, offset: u64, bytes: &[u8]) -> anyhow::Result<()> {
        let opened = self.0.opened(file, true)?;
        self.0.enter(file, offset, bytes.len() as u64)?;
        Ok(opened.write_all_at(bytes, offset)?)
    }

    /// The folder is deleted as a whole.
    fn remove_file(&self, _: usize, _: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    fn remove_directory_if_empty(&self, _: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    /// A file that nobody chose has no length yet, and does not need it.
    fn ensure_file_length(&self, file: usize, length: u64) -> anyhow::Result<()> {
        Ok(self.0.opened(file, true)?.set_len(length)?)
    }

    fn take(&self) -> anyhow::Result<Box<dyn TorrentStorage>> {
        Ok(Box::new(self.clone()))
    }

    fn on_piece_completed(&self, piece: ValidPieceIndex) -> anyhow::Result<()> {
        self.0.set_has(u64::from(piece.get()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(quota: u64) -> (Arc<Files>, Arc<Ledger>, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Arc::new(Ledger::new(quota));
        let files = Files::new(dir.path().join("data"), 20, Arc::clone(&ledger)).unwrap();
        (Arc::new(files), ledger, dir)
    }

    #[test]
    fn what_is_written_counts_once() {
        let (files, ledger, _dir) = files(10 * GRAIN);
        let storage = Storage(Arc::clone(&files));
        storage.ensure_file_length(3, 100 * GRAIN).unwrap();
        assert_eq!(ledger.used(), 0, "a hole takes nothing");
        storage.pwrite_all(3, 50 * GRAIN, &[7; 10]).unwrap();
        storage.pwrite_all(3, 50 * GRAIN + 10, &[7; 10]).unwrap();
        assert_eq!((ledger.used(), files.bytes()), (GRAIN, GRAIN));
        storage.pwrite_all(3, GRAIN - 1, &[7; 2]).unwrap();
        assert_eq!(ledger.used(), 3 * GRAIN);
        assert_eq!(files.read(3, 50 * GRAIN, 20).unwrap(), [7; 20]);
        // Somebody else has all but the last of the rest.
        assert!(ledger.take(6 * GRAIN, Duration::ZERO));
        assert!(storage.pwrite_all(3, 60 * GRAIN, &vec![1; 2 * usize::try_from(GRAIN).unwrap()]).is_err());
        assert!(ledger.used() <= 10 * GRAIN);
        files.delete().unwrap();
        assert_eq!(ledger.used(), 6 * GRAIN);
    }

    #[test]
    fn what_is_there_from_before_counts() {
        let (files, ledger, dir) = files(100 * GRAIN);
        let storage = Storage(Arc::clone(&files));
        storage.ensure_file_length(0, 90 * GRAIN).unwrap();
        storage.pwrite_all(0, 80 * GRAIN, &[7; 10]).unwrap();
        drop((files, storage));
        assert_eq!(ledger.used(), 0);
        let files = Files::new(dir.path().join("data"), 20, Arc::clone(&ledger)).unwrap();
        // A file system may have larger pages.
        assert!((GRAIN..=16 * GRAIN).contains(&ledger.used()), "{}", ledger.used());
        assert_eq!(files.bytes(), ledger.used());
    }

    #[test]
    fn pieces_are_counted_from_the_highest_bit() {
        let (files, ..) = files(1);
        for piece in [0, 9, 19] {
            assert!(!files.has(piece));
            files.set_has(piece);
            assert!(files.has(piece));
        }
        assert_eq!(files.bitfield(), [0x80, 0x40, 0x10]);
        files.set_has(1000);
        assert!(!files.has(1000));
    }
}
