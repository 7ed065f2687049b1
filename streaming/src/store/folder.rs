//! The store's files in the folder of its process.

use std::io::{self, Read as _, Write as _};

use super::{ledger::FileId, place::Place};
use crate::owned_folder::{Kind, OwnedFolder};

pub(super) const SEGMENTS: Kind = Kind { owner: "the segment store", is_file: is_file_name };

/// The folder of this process.
pub(super) struct Folder {
    owned: OwnedFolder,
    #[cfg(test)]
    pub(super) gauge: tests::Gauge,
}

impl Folder {
    /// Makes and locks a folder with a name of its own, for this user alone.
    pub(super) fn create(place: &Place) -> io::Result<Self> {
        Ok(Self {
            owned: OwnedFolder::create(place.dir(), SEGMENTS)?,
            #[cfg(test)]
            gauge: tests::Gauge::default(),
        })
    }

    /// Writes a new file in one go. What a failure leaves is for [`Folder::delete`].
    pub(super) fn write(&self, file: FileId, bytes: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        self.gauge.add(bytes.len());
        self.owned.create_file(&file.name())?.write_all(bytes)
    }

    /// Reads a file that must have `length` bytes.
    pub(super) fn read(&self, file: FileId, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        self.owned.open_file(&file.name())?.take(length + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == length {
            Ok(bytes)
        } else {
            Err(io::Error::other("the file has another length than was written"))
        }
    }

    /// Deletes a file; one that is not there is no failure.
    pub(super) fn delete(&self, file: FileId) -> io::Result<()> {
        #[cfg(test)]
        let length = self.owned.open_file(&file.name()).and_then(|file| file.metadata()).map_or(0, |file| file.len());
        self.owned.delete_file(&file.name())?;
        #[cfg(test)]
        self.gauge.remove(length);
        Ok(())
    }

    /// Removes the folder with what the store wrote, then gives up its lock. Twice is harmless.
    pub(super) fn remove(&self) -> io::Result<()> {
        self.owned.remove()
    }
}

/// `<serial>.m4s`.
fn is_file_name(name: &[u8]) -> bool {
    name.strip_suffix(b".m4s").is_some_and(|serial| !serial.is_empty() && serial.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    /// The bytes in the folder, and the most that there ever were: a scan from outside is not atomic.
    #[derive(Default)]
    pub(in super::super) struct Gauge {
        now: AtomicI64,
        peak: AtomicI64,
    }

    impl Gauge {
        pub(super) fn add(&self, bytes: usize) {
            let bytes = i64::try_from(bytes).unwrap();
            let now = self.now.fetch_add(bytes, Ordering::SeqCst) + bytes;
            self.peak.fetch_max(now, Ordering::SeqCst);
        }

        pub(super) fn remove(&self, bytes: u64) {
            let bytes = i64::try_from(bytes).unwrap();
            self.now.fetch_sub(bytes, Ordering::SeqCst);
        }

        pub(in super::super) fn now(&self) -> u64 {
            self.now.load(Ordering::SeqCst).try_into().unwrap()
        }

        pub(in super::super) fn peak(&self) -> u64 {
            self.peak.load(Ordering::SeqCst).try_into().unwrap()
        }
    }

    #[test]
    fn the_store_s_files_are_known_by_their_names() {
        assert!(is_file_name(FileId(7).name().as_bytes()));
        assert!(is_file_name(b"0.m4s") && is_file_name(b"123.m4s"));
        for name in [&b".m4s"[..], b"lock", b"1.m4s.txt", b"-1.m4s", b"../1.m4s"] {
            assert!(!is_file_name(name));
        }
    }

    #[test]
    fn a_file_is_read_in_the_length_that_was_written() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::create(&Place::open(temp.path()).unwrap()).unwrap();
        folder.write(FileId(7), b"seven").unwrap();
        assert_eq!(folder.read(FileId(7), 5).unwrap(), b"seven");
        assert!(folder.read(FileId(7), 4).is_err());
        assert!(folder.read(FileId(7), 6).is_err());
        assert!(folder.write(FileId(7), b"again").is_err());
        folder.delete(FileId(7)).unwrap();
        folder.delete(FileId(7)).unwrap();
        assert!(folder.read(FileId(7), 5).is_err());
        folder.remove().unwrap();
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
    }
}
