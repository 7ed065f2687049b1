//! Where the store's folders are: the directory, what file system it is on, what budget that allows.

use std::{
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::fs::{FsWord, StatFs};

use super::StoreError;
use crate::owned_folder::open_place;

/// Bytes: the budget where nothing else is said.
pub const DEFAULT_BUDGET: u64 = 1 << 30;

/// Bytes: less is refused. A few streams need about this much to hold what their players read ahead.
pub const MIN_BUDGET: u64 = 64 << 20;

/// `TMPFS_MAGIC` of `statfs(2)`.
const TMPFS: FsWord = 0x0102_1994;

/// `/dev/shm/matinee` where `/dev/shm` is a tmpfs, else `matinee` in the system's temporary folder.
pub(super) fn default_dir() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if rustix::fs::statfs(memory).is_ok_and(|stat| stat.f_type == TMPFS) {
        memory.join("matinee")
    } else {
        std::env::temp_dir().join("matinee")
    }
}

/// The budget that is used: the one asked for, or else by the size of the file system (0: unknown). All in bytes.
pub(super) fn budget(asked: Option<u64>, total: u64) -> Result<u64, StoreError> {
    match asked {
        Some(budget) if budget < MIN_BUDGET => Err(StoreError::BudgetTooSmall { budget }),
        Some(budget) if total > 0 && budget > total => Err(StoreError::BudgetTooLarge { budget, total }),
        Some(budget) => Ok(budget),
        None if total == 0 => Ok(DEFAULT_BUDGET),
        None if total / 4 < MIN_BUDGET => Err(StoreError::PlaceTooSmall { total }),
        None => Ok(DEFAULT_BUDGET.min(total / 4)),
    }
}

/// A directory in which each server process has its own folder.
pub(super) struct Place {
    path: PathBuf,
    dir: OwnedFd,
    tmpfs: bool,
    total: u64,
}

impl Place {
    /// Opens the directory, making it for this user alone if it is not there.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        Self::try_open(path).map_err(|source| StoreError::Folder { dir: path.to_owned(), source })
    }

    fn try_open(path: &Path) -> io::Result<Self> {
        let dir = open_place(path)?;
        let path = path.canonicalize()?;
        let stat = rustix::fs::fstatfs(&dir)?;
        Ok(Self { path, dir, tmpfs: stat.f_type == TMPFS, total: total(&stat) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn dir(&self) -> &OwnedFd {
        &self.dir
    }

    pub(super) const fn on_tmpfs(&self) -> bool {
        self.tmpfs
    }

    /// Bytes of the whole file system, used or not; 0 where it does not tell.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// What to do when this is not a tmpfs. 4 GiB because the default budget is a quarter of the file system.
    pub(super) fn advice(&self, place: &str, argument: &str) -> Option<String> {
        (!self.tmpfs).then(|| {
            format!(
                "segments are written to a disk, which wears it out and is slower; mount a tmpfs on {place} and start \
                 the server again: sudo mount -t tmpfs -o size=4G tmpfs {argument}"
            )
        })
    }
}

fn total(stat: &StatFs) -> u64 {
    u64::try_from(stat.f_bsize).unwrap_or(0).saturating_mul(stat.f_blocks)
}

/// Bytes in words.
pub(super) fn human(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let Some((unit, name)) = UNITS.into_iter().find(|&(unit, _)| bytes >= unit) else {
        return format!("{bytes} bytes");
    };
    let tenths = bytes / (unit / 10).max(1);
    if bytes.is_multiple_of(unit) || tenths >= 1000 {
        format!("{} {name}", bytes / unit)
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    const GIB: u64 = 1 << 30;
    const MIB: u64 = 1 << 20;

    #[test]
    fn the_budget_follows_the_file_system() {
        assert_eq!(budget(None, 0).unwrap(), GIB);
        assert_eq!(budget(None, 24 * GIB).unwrap(), GIB);
        assert_eq!(budget(None, 4 * GIB).unwrap(), GIB);
        assert_eq!(budget(None, 2 * GIB).unwrap(), 512 * MIB);
        assert_eq!(budget(None, 256 * MIB).unwrap(), 64 * MIB);
        assert_eq!(budget(Some(MIN_BUDGET), 24 * GIB).unwrap(), MIN_BUDGET);
        assert_eq!(budget(Some(3 * GIB), 0).unwrap(), 3 * GIB);
    }

    #[test]
    fn a_budget_that_cannot_work_is_refused_in_words() {
        let small = budget(Some(MIN_BUDGET - 1), 0).unwrap_err();
        assert!(matches!(small, StoreError::BudgetTooSmall { .. }));
        assert!(small.to_string().contains("--store-budget"), "{small}");
        // A container's /dev/shm.
        let place = budget(None, 64 * MIB).unwrap_err();
        assert!(matches!(place, StoreError::PlaceTooSmall { .. }));
        assert!(place.to_string().contains("64 MiB") && place.to_string().contains("--store-dir"), "{place}");
        assert!(matches!(budget(Some(2 * GIB), GIB), Err(StoreError::BudgetTooLarge { .. })));
    }

    #[test]
    fn bytes_are_said_in_words() {
        for (bytes, words) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1 KiB"),
            (1536 * 1024, "1.5 MiB"),
            (MIB - 1, "1023 KiB"),
            (200 * MIB + 5, "200 MiB"),
            (GIB, "1 GiB"),
        ] {
            assert_eq!(human(bytes), words);
        }
    }

    #[test]
    fn the_directory_is_made_for_this_user_alone_and_links_are_resolved() {
        let temp = tempfile::tempdir().unwrap();
        let place = Place::open(&temp.path().join("a/b")).unwrap();
        assert_eq!(place.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
        symlink(place.path(), temp.path().join("link")).unwrap();
        assert_eq!(Place::open(&temp.path().join("link")).unwrap().path(), place.path());
    }

    #[test]
    fn a_file_in_its_place_is_refused_with_the_flag_to_use() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("file");
        std::fs::write(&path, "").unwrap();
        let error = Place::open(&path).err().unwrap();
        assert!(error.to_string().contains("--store-dir") && error.to_string().contains("file"), "{error}");
    }

    #[test]
    fn advice_is_given_away_from_tmpfs_only() {
        let place = |tmpfs| Place { tmpfs, ..Place::open(&std::env::temp_dir()).unwrap() };
        assert_eq!(place(true).advice("x", "x"), None);
        assert!(place(false).advice("x", "/mnt/x").unwrap().ends_with("mount -t tmpfs -o size=4G tmpfs /mnt/x"));
    }

    #[test]
    fn the_default_is_in_memory_where_there_is_some() {
        let shm_is_tmpfs = std::fs::read_to_string("/proc/mounts").unwrap().contains(" /dev/shm tmpfs ");
        assert_eq!(default_dir().starts_with("/dev/shm"), shm_is_tmpfs);
        assert!(default_dir().ends_with("matinee"));
    }
}
