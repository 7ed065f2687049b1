//! What can go wrong with the store.

use std::{io, path::PathBuf};

use protocol::{Error, ErrorKind};

use super::place::{MIN_BUDGET, human};

/// The errors of opening are for the operator and name the folder; the others name no path.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the segment store cannot use {dir}; make it a folder that this user can write to, or choose another with --store-dir", dir = .dir.display())]
    Folder { dir: PathBuf, source: io::Error },
    #[error("a store budget of {} is too small, it takes at least {}; set --store-budget", human(*.budget), human(MIN_BUDGET))]
    BudgetTooSmall { budget: u64 },
    #[error(
        "the file system of the segment store has {} and a quarter of that is less than the {} that it takes at least; \
         make it larger, choose another with --store-dir, or set --store-budget",
        human(*.total), human(MIN_BUDGET)
    )]
    PlaceTooSmall { total: u64 },
    #[error(
        "a store budget of {} is more than the {} that the store's file system has; \
         lower --store-budget or choose a larger file system with --store-dir",
        human(*.budget), human(*.total)
    )]
    BudgetTooLarge { budget: u64, total: u64 },
    #[error(
        "the segment store is full: {} more do not fit into its {} while all the rest is in use; \
         try again in a moment, or raise --store-budget",
        human(*.bytes), human(*.budget)
    )]
    Full { bytes: u64, budget: u64 },
    #[error("the file system of the segment store is full; free some of its space or choose another with --store-dir")]
    NoSpace,
    #[error("{what} failed")]
    Io { what: &'static str, source: io::Error },
    #[error("the segment store is closed because the server is shutting down")]
    Closed,
}

impl StoreError {
    /// Tells a full file system from other failures to write.
    pub(super) fn of_write(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Io { what: "writing a segment", source },
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let kind = match error {
            StoreError::Full { .. } | StoreError::NoSpace => ErrorKind::StoreFull,
            _ => ErrorKind::Internal,
        };
        let message = match error {
            // These are said at start, where no viewer is; should one ask nevertheless, the folder stays unnamed.
            StoreError::Folder { .. } => "the segment store cannot use its folder; see the server's log".into(),
            StoreError::Io { what, .. } => format!("{what} failed; see the server's log"),
            other => other.to_string(),
        };
        Self::new(kind, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_system_is_told_from_other_failures() {
        let write = |errno: rustix::io::Errno| StoreError::of_write(errno.into());
        assert!(matches!(write(rustix::io::Errno::NOSPC), StoreError::NoSpace));
        assert!(matches!(write(rustix::io::Errno::DQUOT), StoreError::NoSpace));
        assert!(matches!(write(rustix::io::Errno::IO), StoreError::Io { .. }));
    }

    #[test]
    fn viewers_get_a_kind_and_no_path() {
        let full: Error = StoreError::Full { bytes: 3 << 20, budget: 64 << 20 }.into();
        assert_eq!(full.kind, ErrorKind::StoreFull);
        assert!(full.message.contains("3 MiB") && full.message.contains("64 MiB"), "{}", full.message);
        assert_eq!(Error::from(StoreError::NoSpace).kind, ErrorKind::StoreFull);
        let secret = || io::Error::other("/dev/shm/secret");
        for error in [
            StoreError::Folder { dir: "/dev/shm/secret".into(), source: secret() },
            StoreError::Io { what: "writing a segment", source: secret() },
        ] {
            let error = Error::from(error);
            assert_eq!(error.kind, ErrorKind::Internal);
            assert!(!error.message.contains("secret"), "{}", error.message);
        }
    }
}
