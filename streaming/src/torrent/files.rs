//! A torrent's data on the disk: files named by their number, in a folder named by the torrent's hash.
//!
//! No name from a torrent becomes a path. Files are sparse, and are made when something is written to them.

use std::{
    collections::HashMap,
    fs::{DirBuilder, File, OpenOptions},
    io,
    num::NonZeroUsize,
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use lru::LruCache;
use rustix::fs::{OFlags, SeekFrom};

use super::ledger::Ledger;

/// What the accounts are kept in: a page of the disk is no larger anywhere, and a chunk of a peer no smaller than a
/// quarter of it.
const GRAIN: u64 = 64 * 1024;
/// Open files of one torrent: a piece may be spread over thousands of small ones.
const OPEN: NonZeroUsize = NonZeroUsize::new(32).unwrap();
/// How long a write waits for room to be made, which takes the keeper some milliseconds unless the disk is slow. Then the
/// torrent stops.
const PATIENCE: Duration = Duration::from_secs(30);

/// The data of one torrent.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    ledger: Arc<Ledger>,
    inner: Mutex<Inner>,
    /// Verified pieces, the first one in the highest bit as BitTorrent's own bitfields have it.
    have: Mutex<Vec<u8>>,
}

#[derive(Debug)]
struct Inner {
    open: LruCache<usize, Arc<File>>,
    /// Which grains of each file something was written to. A file that was never opened is not in it.
    written: HashMap<usize, Vec<u64>>,
    bytes: u64,
}

impl Files {
    /// Blocks on the file system.
    pub(super) fn new(dir: PathBuf, pieces: usize, ledger: Arc<Ledger>) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        let inner = Inner { open: LruCache::new(OPEN), written: HashMap::new(), bytes: 0 };
        let files = Self { dir, ledger, inner: Mutex::new(inner), have: Mutex::new(vec![0; pieces.div_ceil(8)]) };
        // What is there from before counts from the start.
        for entry in std::fs::read_dir(&files.dir)? {
            if let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
                files.open(number, false)?;
            }
        }
        Ok(files)
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Bytes on the disk, in grains.
    pub(super) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// Those of one file.
    pub(super) fn bytes_of(&self, number: usize) -> u64 {
        self.lock().written.get(&number).map_or(0, |written| count(written))
    }

    /// The files that something was written to.
    pub(super) fn numbers(&self) -> Vec<usize> {
        self.lock().written.keys().copied().collect()
    }

    /// Reads of a file what is known to be there. Blocks on the file system.
    pub(super) fn read(&self, number: usize, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.open(number, false)?.read_exact_at(buffer, offset)
    }

    /// Blocks until there is room for it in the quota.
    ///
    /// # Errors
    ///
    /// Also when there was none in time.
    pub(super) fn write(&self, number: usize, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let file = self.open(number, true)?;
        for grain in offset / GRAIN..(offset + bytes.len() as u64).div_ceil(GRAIN) {
            // No lock is held while it waits.
            if self.mark(number, grain, true) && !self.ledger.take(GRAIN, PATIENCE) {
                self.mark(number, grain, false);
                return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "the quota of torrent data is used up"));
            }
        }
        file.write_all_at(bytes, offset)
    }

    pub(super) fn set_len(&self, number: usize, len: u64) -> io::Result<()> {
        self.open(number, true)?.set_len(len)
    }

    pub(super) fn has(&self, piece: u64) -> bool {
        let have = self.have.lock().unwrap_or_else(PoisonError::into_inner);
        usize::try_from(piece / 8).ok().and_then(|at| have.get(at)).is_some_and(|byte| byte & bit(piece) != 0)
    }

    pub(super) fn set_has(&self, piece: u64, has: bool) {
        let mut have = self.have.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(byte) = usize::try_from(piece / 8).ok().and_then(|at| have.get_mut(at)) {
            if has {
                *byte |= bit(piece);
            } else {
                *byte &= !bit(piece);
            }
        }
    }

    /// All of them as a bitfield. What it says is on the disk before it is, as far as files are open. Blocks on the file
    /// system.
    pub(super) fn bitfield(&self) -> Vec<u8> {
        let bitfield = self.have.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let open: Vec<_> = self.lock().open.iter().map(|(_, file)| Arc::clone(file)).collect();
        for file in open {
            if let Err(why) = file.sync_data() {
                tracing::debug!(%why, "torrent data are not on the disk yet");
            }
        }
        bitfield
    }

    /// Deletes one file. Blocks on the file system.
    pub(super) fn delete_file(&self, number: usize) -> io::Result<()> {
        let mut inner = self.lock();
        inner.open.pop(&number);
        std::fs::remove_file(self.dir.join(number.to_string()))?;
        let freed = inner.written.remove(&number).map_or(0, |written| count(&written));
        inner.bytes -= freed;
        self.ledger.give_back(freed);
        Ok(())
    }

    /// Deletes the folder with all data. Blocks on the file system.
    pub(super) fn delete(&self) -> io::Result<()> {
        let mut inner = self.lock();
        inner.open.clear();
        self.have.lock().unwrap_or_else(PoisonError::into_inner).fill(0);
        std::fs::remove_dir_all(&self.dir)?;
        inner.written.clear();
        self.ledger.give_back(std::mem::take(&mut inner.bytes));
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, number: usize, make: bool) -> io::Result<Arc<File>> {
        let mut inner = self.lock();
        if let Some(file) = inner.open.get(&number) {
            return Ok(Arc::clone(file));
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(make).mode(0o600);
        options.custom_flags(i32::try_from((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits()).unwrap_or_default());
        let file = Arc::new(options.open(self.dir.join(number.to_string()))?);
        if !inner.written.contains_key(&number) {
            let written = written(&file)?;
            let found = count(&written);
            inner.bytes += found;
            inner.written.insert(number, written);
            self.ledger.find(found);
        }
        inner.open.put(number, Arc::clone(&file));
        Ok(file)
    }

    /// Notes whether something is written to a grain; whether that is new.
    fn mark(&self, number: usize, grain: u64, is_written: bool) -> bool {
        let mut inner = self.lock();
        let Ok(word) = usize::try_from(grain / 64) else { return false };
        let bit = 1 << (grain % 64);
        let written = inner.written.entry(number).or_default();
        if written.len() <= word {
            written.resize(word + 1, 0);
        }
        let is_new = (written[word] & bit != 0) != is_written;
        if is_new {
            written[word] ^= bit;
            inner.bytes = if is_written { inner.bytes + GRAIN } else { inner.bytes - GRAIN };
        }
        is_new
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // What stays on the disk is entered again by who opens it.
        let bytes = self.lock().bytes;
        self.ledger.give_back(bytes);
    }
}

const fn bit(piece: u64) -> u8 {
    0x80 >> (piece % 8)
}

fn count(written: &[u64]) -> u64 {
    written.iter().map(|word| u64::from(word.count_ones())).sum::<u64>() * GRAIN
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
        files.set_len(3, 100 * GRAIN).unwrap();
        assert_eq!(ledger.used(), 0, "a hole takes nothing");
        files.write(3, 50 * GRAIN, &[7; 10]).unwrap();
        files.write(3, 50 * GRAIN + 10, &[7; 10]).unwrap();
        assert_eq!((ledger.used(), files.bytes()), (GRAIN, GRAIN));
        files.write(3, GRAIN - 1, &[7; 2]).unwrap();
        assert_eq!(ledger.used(), 3 * GRAIN);
        let mut read = [0; 20];
        files.read(3, 50 * GRAIN, &mut read).unwrap();
        assert_eq!(read, [7; 20]);
        // Somebody else has all but the last of the rest, and gives it back in time.
        assert!(ledger.take(6 * GRAIN, Duration::ZERO));
        let writing = std::thread::spawn({
            let files = Arc::clone(&files);
            move || files.write(3, 60 * GRAIN, &vec![1; 2 * usize::try_from(GRAIN).unwrap()])
        });
        ledger.give_back(6 * GRAIN);
        writing.join().unwrap().unwrap();
        assert_eq!((files.bytes_of(3), files.bytes_of(4)), (5 * GRAIN, 0));
        assert!(ledger.used() <= 10 * GRAIN);
        files.delete().unwrap();
        assert_eq!(ledger.used(), 0);
    }

    #[test]
    fn what_is_there_from_before_counts() {
        let (files, ledger, dir) = files(100 * GRAIN);
        files.set_len(0, 90 * GRAIN).unwrap();
        files.write(0, 80 * GRAIN, &[7; 10]).unwrap();
        drop(files);
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
            files.set_has(piece, true);
            assert!(files.has(piece));
        }
        assert_eq!(files.bitfield(), [0x80, 0x40, 0x10]);
        files.set_has(1000, true);
        assert!(!files.has(1000));
    }

    #[test]
    fn a_file_is_deleted_by_itself() {
        let (files, ledger, _dir) = files(100 * GRAIN);
        // More than are open at the same time.
        for number in 0..100 {
            files.write(number, 0, &[7; 10]).unwrap();
        }
        assert_eq!((ledger.used(), files.numbers().len()), (100 * GRAIN, 100));
        files.delete_file(5).unwrap();
        assert_eq!((ledger.used(), files.bytes()), (99 * GRAIN, 99 * GRAIN));
        assert!(files.read(5, 0, &mut [0; 10]).is_err());
        files.read(6, 0, &mut [0; 10]).unwrap();
    }
}
