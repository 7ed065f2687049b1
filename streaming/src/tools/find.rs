//! Where a program is.

use std::{
    ffi::OsStr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// Configured places of the programs. What is left out is looked for on `PATH`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolPaths {
    pub ffmpeg: Option<PathBuf>,
    pub ffprobe: Option<PathBuf>,
    pub mpv: Option<PathBuf>,
}

/// fontconfig's `fc-match`, if it is installed. Without it subtitles are drawn in one font of our own.
#[must_use]
pub fn fontconfig() -> Option<PathBuf> {
    on_path("fc-match", &std::env::var_os("PATH").unwrap_or_default())
}

/// The first executable file of that name in the folders of `path`, which is written like `PATH`. Relative folders
/// are passed over: what is run must not depend on where the server was started.
pub(super) fn on_path(name: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).filter(|folder| folder.is_absolute()).map(|f| f.join(name)).find(|f| is_executable(f))
}

/// Whether it is a file that somebody may execute.
pub(super) fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_first_executable_on_path_is_found() {
        let (empty, data, program) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(data.path().join("mpv"), "only data").unwrap();
        fs::write(program.path().join("mpv"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(program.path().join("mpv"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(program.path().join("ffmpeg")).unwrap();
        let path = std::env::join_paths([Path::new("."), empty.path(), data.path(), program.path()]).unwrap();
        assert_eq!(on_path("mpv", &path).unwrap(), program.path().join("mpv"));
        assert_eq!(on_path("ffmpeg", &path), None);
    }
}
