//! The salt's file, by which the same password makes the same keys after a restart.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use super::keys::Salt;

const FILE: &str = "login-salt";

/// The data folder's salt; makes one if there is none, or none that is whole. Blocks on the file system.
pub(super) fn of(dir: &Path) -> io::Result<Salt> {
    let path = dir.join(FILE);
    match read(&path) {
        Ok(Some(salt)) => return Ok(salt),
        Ok(None) => tracing::warn!("the salt of logins was damaged; everybody has to log in again"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let salt: Salt = rand::random();
    // Under another name first: a server that is killed here leaves no half of a file.
    let made = dir.join(format!("{FILE}-{}", std::process::id()));
    let written = write(&made, &salt).and_then(|()| std::fs::rename(&made, &path));
    if written.is_err() {
        let _ = std::fs::remove_file(&made);
    }
    written.map(|()| salt)
}

fn read(path: &Path) -> io::Result<Option<Salt>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(64).read_to_end(&mut bytes)?;
    Ok(bytes.try_into().ok())
}

fn write(path: &Path, salt: &Salt) -> io::Result<()> {
    // A killed server with this process id may have left one.
    let _ = std::fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(salt)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_keeps_its_salt_for_this_user_alone() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("new");
        let salt = of(&dir).unwrap();
        assert_eq!(of(&dir).unwrap(), salt);
        let mode = std::fs::metadata(dir.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1, "nothing else is left");
        assert_ne!(of(&root.path().join("other")).unwrap(), salt);
    }

    #[test]
    fn a_damaged_one_is_made_anew() {
        let root = tempfile::tempdir().unwrap();
        for damaged in [&b""[..], b"short", &[7; 17]] {
            std::fs::write(root.path().join(FILE), damaged).unwrap();
            let salt = of(root.path()).unwrap();
            assert_eq!(of(root.path()).unwrap(), salt);
        }
    }

    #[test]
    fn where_no_file_can_be_there_is_no_salt() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(of(&file).is_err());
    }
}
