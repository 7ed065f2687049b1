//! The folder of one server process, and the sweeping up of dead servers' folders.
//!
//! `<dir>/<pid>-<random>/lock` is locked as long as the process lives. A folder whose lock can be taken belongs to
//! nobody any more. In a folder, only files that the store could have written are deleted.

use std::{
    ffi::CString,
    fs::File,
    io::{self, Read as _, Write as _},
    os::fd::OwnedFd,
    sync::Mutex,
};

use rustix::{
    fs::{AtFlags, Dir, Mode, OFlags},
    io::Errno,
};

use super::{ledger::FileId, place::Place};

const LOCK: &str = "lock";

/// How often another name is tried when a sweeping server takes a folder away before it is locked.
const ATTEMPTS: u32 = 16;

/// The folder of this process.
pub(super) struct Folder {
    /// The directory that it is in.
    parent: OwnedFd,
    name: String,
    dir: OwnedFd,
    /// Held until the folder is removed; then none.
    lock: Mutex<Option<File>>,
    #[cfg(test)]
    pub(super) gauge: tests::Gauge,
}

impl Folder {
    /// Makes and locks a folder with a name of its own, for this user alone.
    pub(super) fn create(place: &Place) -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            let name = format!("{}-{:016x}", std::process::id(), rand::random::<u64>());
            match rustix::fs::mkdirat(place.dir(), &name, Mode::RWXU) {
                Err(Errno::EXIST) => continue,
                made => made?,
            }
            if let Some((dir, lock)) = claim(place.dir(), &name)? {
                return Ok(Self {
                    parent: place.dir().try_clone()?,
                    name,
                    dir,
                    lock: Mutex::new(Some(lock)),
                    #[cfg(test)]
                    gauge: tests::Gauge::default(),
                });
            }
        }
        Err(io::Error::other("other servers keep sweeping the new folder away"))
    }

    /// Writes a new file in one go. What a failure leaves is for [`Folder::delete`].
    pub(super) fn write(&self, file: FileId, bytes: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        self.gauge.add(bytes.len());
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.dir, file.name(), flags, Mode::RUSR | Mode::WUSR)?;
        File::from(fd).write_all(bytes)
    }

    /// Reads a file that must have `length` bytes.
    pub(super) fn read(&self, file: FileId, length: u64) -> io::Result<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.dir, file.name(), flags, Mode::empty())?;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        File::from(fd).take(length + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == length {
            Ok(bytes)
        } else {
            Err(io::Error::other("the file has another length than was written"))
        }
    }

    /// Deletes a file; one that is not there is no failure.
    pub(super) fn delete(&self, file: FileId) -> io::Result<()> {
        #[cfg(test)]
        let length =
            rustix::fs::statat(&self.dir, file.name(), AtFlags::SYMLINK_NOFOLLOW).map_or(0, |stat| stat.st_size);
        tolerate(rustix::fs::unlinkat(&self.dir, file.name(), AtFlags::empty()))?;
        #[cfg(test)]
        self.gauge.remove(length);
        Ok(())
    }

    /// Removes the folder with what the store wrote, then gives up its lock. Twice is harmless.
    pub(super) fn remove(&self) -> io::Result<()> {
        let mut lock = self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if lock.is_some() {
            remove(&self.parent, &self.name, &self.dir)?;
            *lock = None;
        }
        Ok(())
    }
}

impl Drop for Folder {
    /// The last defence, for a store that was not closed.
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(%error, "the store's folder cannot be removed; the next start tries again");
        }
    }
}

/// Removes the folders of servers that are no more; how many.
///
/// Trouble with one of them is logged and keeps nobody from starting.
pub(super) fn sweep(place: &Place) -> usize {
    let names = match names(place.dir()) {
        Ok(names) => names,
        Err(error) => {
            tracing::warn!(%error, "the store cannot look for what earlier servers left");
            return 0;
        }
    };
    let mut swept = 0;
    for name in names.iter().filter_map(|name| name.to_str().ok()).filter(|name| is_folder_name(name)) {
        match sweep_one(place.dir(), name) {
            Ok(true) => swept += 1,
            Ok(false) => {}
            Err(error) => tracing::warn!(folder = name, %error, "what an earlier server left cannot be removed"),
        }
    }
    swept
}

fn sweep_one(parent: &OwnedFd, name: &str) -> io::Result<bool> {
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
    remove(parent, name, &dir)?;
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

/// Deletes the store's files in a folder, its lock as the last, and the folder. One with other things in it is left.
fn remove(parent: &OwnedFd, name: &str, dir: &OwnedFd) -> io::Result<()> {
    let names = names(dir)?;
    let (ours, others): (Vec<_>, Vec<_>) =
        names.iter().filter(|name| name.as_bytes() != LOCK.as_bytes()).partition(|name| is_file_name(name.to_bytes()));
    for name in ours {
        tolerate(rustix::fs::unlinkat(dir, name, AtFlags::empty()))?;
    }
    if !others.is_empty() {
        return Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, "there are files in it that are not the store's"));
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

/// `<serial>.m4s`.
fn is_file_name(name: &[u8]) -> bool {
    name.strip_suffix(b".m4s").is_some_and(|serial| !serial.is_empty() && serial.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
pub(super) mod tests {
    use std::{
        os::unix::fs::{PermissionsExt as _, symlink},
        path::PathBuf,
        sync::atomic::{AtomicI64, Ordering},
    };

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

        pub(super) fn remove(&self, bytes: i64) {
            self.now.fetch_sub(bytes, Ordering::SeqCst);
        }

        pub(in super::super) fn now(&self) -> u64 {
            self.now.load(Ordering::SeqCst).try_into().unwrap()
        }

        pub(in super::super) fn peak(&self) -> u64 {
            self.peak.load(Ordering::SeqCst).try_into().unwrap()
        }
    }

    fn path(place: &Place, folder: &Folder) -> PathBuf {
        place.path().join(&folder.name)
    }

    #[test]
    fn names_are_told_apart() {
        for name in ["1-0123456789abcdef", "4194304-ffffffffffffffff"] {
            assert!(is_folder_name(name), "{name}");
        }
        for name in
            ["", "-", "1-", "1-0123456789ABCDEF", "a-0123456789abcdef", "-0123456789abcdef", "1-0123456789abcde", "1"]
        {
            assert!(!is_folder_name(name), "{name}");
        }
        assert!(is_file_name(b"0.m4s") && is_file_name(b"123.m4s"));
        for name in [&b".m4s"[..], b"lock", b"1.m4s.txt", b"-1.m4s", b"../1.m4s"] {
            assert!(!is_file_name(name));
        }
    }

    #[test]
    fn a_folder_is_private_and_goes_when_it_is_removed() {
        let temp = tempfile::tempdir().unwrap();
        let place = Place::open(temp.path()).unwrap();
        let folder = Folder::create(&place).unwrap();
        let path = path(&place, &folder);
        assert!(is_folder_name(&folder.name));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        folder.write(FileId(7), b"seven").unwrap();
        assert_eq!(path.join("7.m4s").metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(folder.read(FileId(7), 5).unwrap(), b"seven");
        assert!(folder.read(FileId(7), 4).is_err());
        assert!(folder.read(FileId(7), 6).is_err());
        assert!(folder.write(FileId(7), b"again").is_err());
        folder.remove().unwrap();
        assert!(!path.exists());
        folder.remove().unwrap();
    }

    #[test]
    fn dropping_removes_the_folder_too() {
        let temp = tempfile::tempdir().unwrap();
        let place = Place::open(temp.path()).unwrap();
        let folder = Folder::create(&place).unwrap();
        folder.write(FileId(0), b"x").unwrap();
        drop(folder);
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_sweep_keeps_locked_folders_and_removes_unlocked_ones() {
        let temp = tempfile::tempdir().unwrap();
        let place = Place::open(temp.path()).unwrap();
        let alive = Folder::create(&place).unwrap();
        alive.write(FileId(1), b"mine").unwrap();
        let dead = temp.path().join("12345-0123456789abcdef");
        std::fs::create_dir(&dead).unwrap();
        std::fs::write(dead.join(LOCK), "").unwrap();
        std::fs::write(dead.join("3.m4s"), "left").unwrap();
        let half_made = temp.path().join("12346-0123456789abcdef");
        std::fs::create_dir(&half_made).unwrap();

        assert_eq!(sweep(&place), 2);
        assert!(!dead.exists() && !half_made.exists());
        assert_eq!(alive.read(FileId(1), 4).unwrap(), b"mine");
        assert_eq!(sweep(&place), 0);
    }

    #[test]
    fn a_sweep_touches_nothing_that_is_not_ours() {
        let temp = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join(LOCK), "").unwrap();
        std::fs::write(outside.path().join("1.m4s"), "precious").unwrap();
        let place = Place::open(temp.path()).unwrap();
        // A link that has a folder's name, another program's folder, a file, and a folder of ours with a guest.
        symlink(outside.path(), temp.path().join("1-0123456789abcdef")).unwrap();
        let other = temp.path().join("someone");
        std::fs::create_dir(&other).unwrap();
        std::fs::write(other.join("1.m4s"), "precious").unwrap();
        std::fs::write(temp.path().join("2-0123456789abcdef"), "precious").unwrap();
        let guest = temp.path().join("3-0123456789abcdef");
        std::fs::create_dir(&guest).unwrap();
        std::fs::write(guest.join(LOCK), "").unwrap();
        std::fs::write(guest.join("notes.txt"), "precious").unwrap();
        // A folder without a lock but with files: nobody can say whose it is.
        let lockless = temp.path().join("4-0123456789abcdef");
        std::fs::create_dir(&lockless).unwrap();
        std::fs::write(lockless.join("1.m4s"), "precious").unwrap();
        // A link in the place of a lock and of a segment is deleted as a link or left, never followed.
        let linked = temp.path().join("5-0123456789abcdef");
        std::fs::create_dir(&linked).unwrap();
        std::fs::write(linked.join(LOCK), "").unwrap();
        symlink(outside.path().join("1.m4s"), linked.join("1.m4s")).unwrap();

        assert_eq!(sweep(&place), 1);
        assert!(!linked.exists());
        for kept in [outside.path().join("1.m4s"), other.join("1.m4s"), guest.join("notes.txt"), lockless.join("1.m4s")]
        {
            assert_eq!(std::fs::read_to_string(&kept).unwrap(), "precious", "{}", kept.display());
        }
        assert_eq!(std::fs::read_to_string(temp.path().join("2-0123456789abcdef")).unwrap(), "precious");
    }

    #[test]
    fn a_folder_that_was_swapped_leads_nowhere_else() {
        let temp = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let place = Place::open(temp.path()).unwrap();
        let folder = Folder::create(&place).unwrap();
        let path = path(&place, &folder);
        std::fs::rename(&path, temp.path().join("moved")).unwrap();
        symlink(outside.path(), &path).unwrap();
        std::fs::write(outside.path().join("1.m4s"), "precious").unwrap();

        folder.write(FileId(1), b"ours").unwrap();
        folder.delete(FileId(1)).unwrap();
        assert!(folder.remove().is_err(), "a link is not a folder to remove");
        assert_eq!(std::fs::read_to_string(outside.path().join("1.m4s")).unwrap(), "precious");
    }

    #[test]
    fn many_servers_start_at_once() {
        let temp = tempfile::tempdir().unwrap();
        let folders: Vec<Folder> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let place = Place::open(temp.path()).unwrap();
                        (0..8)
                            .map(|_| {
                                sweep(&place);
                                Folder::create(&place).unwrap()
                            })
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            starts.into_iter().flat_map(|start| start.join().unwrap()).collect()
        });
        for folder in &folders {
            folder.write(FileId(1), b"x").unwrap();
        }
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 64);
    }
}
