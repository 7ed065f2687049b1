//! Folders on a real file system.

use std::{
    io::{Read as _, Write as _},
    os::unix::fs::{PermissionsExt as _, symlink},
    sync::atomic::{AtomicUsize, Ordering},
};

use super::*;

const KIND: Kind = Kind { owner: "a test", is_file: |name| name.ends_with(b".part") };

fn create(place: &OwnedFd) -> io::Result<OwnedFolder> {
    OwnedFolder::create(place, KIND)
}

fn write(folder: &OwnedFolder, name: &str, text: &str) -> io::Result<()> {
    folder.create_file(name)?.write_all(text.as_bytes())
}

fn read(folder: &OwnedFolder, name: &str) -> String {
    let mut text = String::new();
    folder.open_file(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn folders_names_are_told_apart() {
    for name in ["1-0123456789abcdef", "4194304-ffffffffffffffff"] {
        assert!(is_folder_name(name), "{name}");
    }
    for name in
        ["", "-", "1-", "1-0123456789ABCDEF", "a-0123456789abcdef", "-0123456789abcdef", "1-0123456789abcde", "1"]
    {
        assert!(!is_folder_name(name), "{name}");
    }
}

#[test]
fn a_folder_is_private_and_goes_when_it_is_removed() {
    let temp = tempfile::tempdir().unwrap();
    let place = open_place(&temp.path().join("a/b")).unwrap();
    let folder = create(&place).unwrap();
    let path = temp.path().join("a/b").join(&folder.name);
    assert!(is_folder_name(&folder.name));
    write(&folder, "7.part", "seven").unwrap();
    assert_eq!(read(&folder, "7.part"), "seven");
    assert!(folder.create_file("7.part").is_err());
    for (private, mode) in [(path.parent().unwrap(), 0o700), (&path, 0o700), (&path.join("7.part"), 0o600)] {
        assert_eq!(private.metadata().unwrap().permissions().mode() & 0o777, mode, "{}", private.display());
    }
    folder.remove().unwrap();
    assert!(!path.exists());
    folder.remove().unwrap();
    folder.delete_file("7.part").unwrap();
    assert_eq!(folder.create_file("8.part").unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn dropping_removes_the_folder_too() {
    let temp = tempfile::tempdir().unwrap();
    let folder = create(&open_place(temp.path()).unwrap()).unwrap();
    write(&folder, "0.part", "x").unwrap();
    drop(folder);
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[test]
fn nothing_stays_though_files_are_still_being_made() {
    let temp = tempfile::tempdir().unwrap();
    let folder = create(&open_place(temp.path()).unwrap()).unwrap();
    let made = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for maker in 0..4 {
            let (folder, made) = (&folder, &made);
            scope.spawn(move || {
                for n in 0.. {
                    if folder.create_file(&format!("{maker}-{n}.part")).is_err() {
                        return;
                    }
                    made.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while made.load(Ordering::Relaxed) < 20 {
            std::thread::yield_now();
        }
        folder.remove().unwrap();
    });
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[test]
fn a_sweep_keeps_locked_folders_and_removes_unlocked_ones() {
    let temp = tempfile::tempdir().unwrap();
    let place = open_place(temp.path()).unwrap();
    let alive = create(&place).unwrap();
    write(&alive, "1.part", "mine").unwrap();
    let dead = temp.path().join("12345-0123456789abcdef");
    std::fs::create_dir(&dead).unwrap();
    std::fs::write(dead.join(LOCK), "").unwrap();
    std::fs::write(dead.join("3.part"), "left").unwrap();
    let half_made = temp.path().join("12346-0123456789abcdef");
    std::fs::create_dir(&half_made).unwrap();

    assert_eq!(sweep_all(&place, KIND), 2);
    assert!(!dead.exists() && !half_made.exists());
    assert_eq!(read(&alive, "1.part"), "mine");
    assert_eq!(sweep_all(&place, KIND), 0);
}

#[test]
fn a_sweep_touches_nothing_that_is_not_ours() {
    let temp = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join(LOCK), "").unwrap();
    std::fs::write(outside.path().join("1.part"), "precious").unwrap();
    let place = open_place(temp.path()).unwrap();
    // A link that has a folder's name, another program's folder, a file, and a folder of ours with a guest.
    symlink(outside.path(), temp.path().join("1-0123456789abcdef")).unwrap();
    let other = temp.path().join("someone");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("1.part"), "precious").unwrap();
    std::fs::write(temp.path().join("2-0123456789abcdef"), "precious").unwrap();
    let guest = temp.path().join("3-0123456789abcdef");
    std::fs::create_dir(&guest).unwrap();
    std::fs::write(guest.join(LOCK), "").unwrap();
    std::fs::write(guest.join("notes.txt"), "precious").unwrap();
    // A folder without a lock but with files: nobody can say whose it is.
    let lockless = temp.path().join("4-0123456789abcdef");
    std::fs::create_dir(&lockless).unwrap();
    std::fs::write(lockless.join("1.part"), "precious").unwrap();
    // A link in the place of a file is deleted as a link or left, never followed.
    let linked = temp.path().join("5-0123456789abcdef");
    std::fs::create_dir(&linked).unwrap();
    std::fs::write(linked.join(LOCK), "").unwrap();
    symlink(outside.path().join("1.part"), linked.join("1.part")).unwrap();

    assert_eq!(sweep_all(&place, KIND), 1);
    assert!(!linked.exists());
    for kept in [outside.path().join("1.part"), other.join("1.part"), guest.join("notes.txt"), lockless.join("1.part")]
    {
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), "precious", "{}", kept.display());
    }
    assert_eq!(std::fs::read_to_string(temp.path().join("2-0123456789abcdef")).unwrap(), "precious");
}

#[test]
fn a_folder_that_was_swapped_leads_nowhere_else() {
    let temp = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let place = open_place(temp.path()).unwrap();
    let folder = create(&place).unwrap();
    let path = temp.path().join(&folder.name);
    std::fs::rename(&path, temp.path().join("moved")).unwrap();
    symlink(outside.path(), &path).unwrap();
    std::fs::write(outside.path().join("1.part"), "precious").unwrap();

    write(&folder, "1.part", "ours").unwrap();
    folder.delete_file("1.part").unwrap();
    assert!(folder.remove().is_err(), "a link is not a folder to remove");
    assert_eq!(std::fs::read_to_string(outside.path().join("1.part")).unwrap(), "precious");
}

#[test]
fn many_servers_start_at_once() {
    let temp = tempfile::tempdir().unwrap();
    let folders: Vec<OwnedFolder> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let place = open_place(temp.path()).unwrap();
                    (0..8)
                        .map(|_| {
                            sweep_all(&place, KIND);
                            create(&place).unwrap()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        starts.into_iter().flat_map(|start| start.join().unwrap()).collect()
    });
    for folder in &folders {
        write(folder, "1.part", "x").unwrap();
    }
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 64);
}
