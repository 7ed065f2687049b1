//! The folder of one server process, and the sweeping up of dead servers' folders.
//!
//! `<place>/<pid>-<random>/lock` is locked as long as the process lives. A folder whose lock can be taken belongs to
//! nobody any more. In a folder, only files that its [`Kind`] knows are deleted.
//!
//! Everything is done relative to open directories, so that nobody who renames or links things on the way can lead a
//! write or a deletion elsewhere.

#[cfg(test)]
mod tests;

use std::{
    ffi::CString,
    fs::{DirBuilder, File},
    io,
    os::{fd::OwnedFd, unix::fs::DirBuilderExt as _},
    path::Path,
    sync::{PoisonError, RwLock},
};

use rustix::{
    fs::{AtFlags, Dir, Mode, OFlags},
    io::Errno,
};

const LOCK: &str = "lock";

/// How often another name is tried when a sweeping server takes a folder away before it is locked.
const ATTEMPTS: u32 = 16;

/// Whose folders they are.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// For the log.
    pub(crate) owner: &'static str,
    /// Whether a file of this name could be the owner's, so that it may be deleted.
    pub(crate) is_file: fn(&[u8]) -> bool,
}

/// The folder of this process. Blocks on the file system.
pub(crate) struct OwnedFolder {
    /// The directory that it is in.
    parent: OwnedFd,
    name: String,
    dir: OwnedFd,
    kind: Kind,
    /// Held until the folder is removed; then none. Who makes a file reads it, so that none is made in a folder that
    /// is being removed.
    lock: RwLock<Option<File>>,
}

impl OwnedFolder {
    /// Makes and locks a folder with a name of its own, for this user alone.
    pub(crate) fn create(place: &OwnedFd, kind: Kind) -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            let name = format!("{}-{:016x}", std::process::id(), rand::random::<u64>());
            match rustix::fs::mkdirat(place, &name, Mode::RWXU) {
                Err(Errno::EXIST) => continue,
                made => made?,
            }
            if let Some((dir, lock)) = claim(place, &name)? {
                return Ok(Self { parent: place.try_clone()?, name, dir, kind, lock: RwLock::new(Some(lock)) });
            }
        }
        Err(io::Error::other("other servers keep sweeping the new folder away"))
    }

    /// Makes a file, for this user alone, to read and to write.
    pub(crate) fn create_file(&self, name: &str) -> io::Result<File> {
        let lock = self.lock.read().unwrap_or_else(PoisonError::into_inner);
        if lock.is_none() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the folder is removed already"));
        }
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.dir, name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    /// Opens a file to read it.
    pub(crate) fn open_file(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.dir, name, flags, Mode::empty())?.into())
    }

    /// Deletes a file; one that is not there is no failure.
    pub(crate) fn delete_file(&self, name: &str) -> io::Result<()> {
        tolerate(rustix::fs::unlinkat(&self.dir, name, AtFlags::empty()))
    }

    /// Removes the folder with its owner's files, then gives up its lock. Twice is harmless.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let mut lock = self.lock.write().unwrap_or_else(PoisonError::into_inner);
        if lock.is_some() {
            remove(&self.parent, &self.name, &self.dir, self.kind)?;
            *lock = None;
        }
        Ok(())
    }
}

impl Drop for OwnedFolder {
    /// The last defence, for an owner that did not end in order.
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(owner = self.kind.owner, %error, "a folder cannot be removed; the next start tries again");
        }
    }
}

/// Opens a directory for the folders, making it for this user alone if it is not there.
pub(crate) fn open_place(path: &Path) -> io::Result<OwnedFd> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    Ok(rustix::fs::open(path, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Removes the folders of servers that are no more.
///
/// Trouble with one of them is logged and keeps nobody from starting.
pub(crate) fn sweep(place: &OwnedFd, kind: Kind) {
    let swept = sweep_all(place, kind);
    if swept > 0 {
        tracing::info!(owner = kind.owner, folders = swept, "swept up what earlier servers left");
    }
}

/// The same; how many they were.
fn sweep_all(place: &OwnedFd, kind: Kind) -> usize {
    let owner = kind.owner;
    let names = match names(place) {
        Ok(names) => names,
        Err(error) => {
            tracing::warn!(owner, %error, "what earlier servers left cannot be looked for");
            return 0;
        }
    };
    let mut swept = 0;
    for name in names.iter().filter_map(|name| name.to_str().ok()).filter(|name| is_folder_name(name)) {
        match sweep_one(place, name, kind) {
            Ok(true) => swept += 1,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(owner, folder = name, %error, "what an earlier server left cannot be removed");
            }
        }
    }
    swept
}

fn sweep_one(parent: &OwnedFd, name: &str, kind: Kind) -> io::Result<bool> {
    let dir = match open_dir(parent, name) {
        // Somebody else swept it, or it is no folder of ours.
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(false),
        dir => dir?,
    };
    let lock = match open_lock(&dir, OFlags::empty()) {
        Err(Errno::NOENT) => {
            // It is being made or removed this moment, or its server died between two steps of that. An empty one
            // can go: a server whose new folder goes takes another name.
            return match rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR) {
                Err(Errno::NOENT | Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
                removed => Ok(removed.map(|()| true)?),
            };
        }
        lock => File::from(lock?),
    };
    if !take(&lock)? {
        return Ok(false);
    }
    remove(parent, name, &dir, kind)?;
    Ok(true)
}

/// Locks a folder that was just made; none if a sweeping server was faster.
fn claim(parent: &OwnedFd, name: &str) -> io::Result<Option<(OwnedFd, File)>> {
    let dir = match open_dir(parent, name) {
        Err(Errno::NOENT) => return Ok(None),
        dir => dir?,
    };
    let lock = match open_lock(&dir, OFlags::CREATE) {
        Err(Errno::NOENT) => return Ok(None),
        lock => File::from(lock?),
    };
    // A lock on a file that a sweep has deleted meanwhile protects nothing.
    let ours = take(&lock)? && rustix::fs::fstat(&lock)?.st_nlink > 0;
    Ok(ours.then_some((dir, lock)))
}

fn take(lock: &File) -> io::Result<bool> {
    match lock.try_lock() {
        Ok(()) => Ok(true),
        Err(std::fs::TryLockError::WouldBlock) => Ok(false),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

fn open_dir(parent: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}

fn open_lock(dir: &OwnedFd, extra: OFlags) -> Result<OwnedFd, Errno> {
    // NONBLOCK because opening a pipe of that name would wait for its other end.
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | extra;
    rustix::fs::openat(dir, LOCK, flags, Mode::RUSR | Mode::WUSR)
}

/// Deletes the owner's files in a folder, its lock as the last, and the folder. One with other things in it is left.
fn remove(parent: &OwnedFd, name: &str, dir: &OwnedFd, kind: Kind) -> io::Result<()> {
    let names = names(dir)?;
    let (ours, others): (Vec<_>, Vec<_>) = names
        .iter()
        .filter(|name| name.as_bytes() != LOCK.as_bytes())
        .partition(|name| (kind.is_file)(name.to_bytes()));
    for name in ours {
        tolerate(rustix::fs::unlinkat(dir, name, AtFlags::empty()))?;
    }
    if !others.is_empty() {
        return Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, "there are files in it that are not ours"));
    }
    tolerate(rustix::fs::unlinkat(dir, LOCK, AtFlags::empty()))?;
    tolerate(rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR))
}

fn tolerate(outcome: Result<(), Errno>) -> io::Result<()> {
    match outcome {
        Err(Errno::NOENT) => Ok(()),
        outcome => Ok(outcome?),
    }
}

fn names(dir: &OwnedFd) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}

/// `<pid>-<16 hexadecimal digits>`.
fn is_folder_name(name: &str) -> bool {
    name.split_once('-').is_some_and(|(pid, random)| {
        !pid.is_empty()
            && pid.bytes().all(|b| b.is_ascii_digit())
            && random.len() == 16
            && random.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}
