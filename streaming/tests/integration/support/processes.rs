//! The processes on this machine that were started as one of some programs.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use rustix::process::{Pid, Signal, kill_process};

/// A folder with links to the real tools. What is started through it can be told from all other processes.
pub(crate) struct Bin {
    dir: PathBuf,
}

impl Bin {
    pub(crate) fn new(dir: PathBuf) -> Self {
        fs::create_dir(&dir).unwrap();
        for name in ["ffmpeg", "ffprobe", "mpv"] {
            let path = std::env::var_os("PATH").unwrap();
            let real = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
            std::os::unix::fs::symlink(real.unwrap_or_else(|| panic!("{name} is missing")), dir.join(name)).unwrap();
        }
        Self { dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The processes of one tool that live now.
    pub(crate) fn running(&self, name: &str) -> Vec<Pid> {
        processes(|program| program == self.path(name))
    }

    /// The processes of all tools that live now.
    pub(crate) fn all(&self) -> Vec<Pid> {
        processes(|program| program.starts_with(&self.dir))
    }
}

/// Ends a process without asking it.
pub(crate) fn kill(pid: Pid) {
    kill_process(pid, Signal::KILL).unwrap();
}

fn processes(is_ours: impl Fn(&Path) -> bool) -> Vec<Pid> {
    let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        // One that is gone meanwhile, or a zombie, has no command line.
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let program = line.split(|&byte| byte == 0).next().unwrap_or_default();
        !program.is_empty() && is_ours(Path::new(OsStr::from_bytes(program)))
    })
    .filter_map(Pid::from_raw)
    .collect()
}
