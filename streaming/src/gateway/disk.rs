//! A source that is a file under the media folder.

use std::{fs::File, io, os::unix::fs::FileExt as _, path::PathBuf, sync::Arc};

use bytes::Bytes;
use protocol::{Error, ErrorKind};
use tokio::task::spawn_blocking;

pub(super) struct Disk {
    file: Arc<File>,
    pub(super) len: u64,
}

impl Disk {
    /// `path` is canonical, as [`crate::source::Source::File`] has it.
    pub(super) async fn open(path: PathBuf) -> Result<Self, Error> {
        let opened = spawn_blocking(move || {
            // Something may have been put in its place since the link was read: a symbolic link out, or a pipe.
            if path.canonicalize()? != path || !path.metadata()?.is_file() {
                return Err(io::ErrorKind::NotFound.into());
            }
            let file = File::open(path)?;
            let len = file.metadata()?.len();
            Ok((file, len))
        });
        match opened.await.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok((_, 0)) => Err(Error::new(ErrorKind::NotAVideo, "the file is empty; choose another one")),
            Ok((file, len)) => Ok(Self { file: Arc::new(file), len }),
            Err(error) => Err(unreadable(&error)),
        }
    }

    /// At most `max` bytes, fewer only at the file's end.
    pub(super) async fn read(&self, offset: u64, max: usize) -> Result<Bytes, Error> {
        let max = max.min(usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX));
        let bytes = read_at(Arc::clone(&self.file), offset, max).await.map_err(|error| unreadable(&error))?;
        if bytes.len() < max {
            return Err(Error::new(
                ErrorKind::SourceUnreachable,
                "the file became shorter while it was being read; open it again",
            ));
        }
        Ok(bytes)
    }
}

fn unreadable(error: &io::Error) -> Error {
    let message = match error.kind() {
        io::ErrorKind::NotFound => "the file is not in the media folder any more; choose another one",
        io::ErrorKind::PermissionDenied => {
            "the server may not read this file; ask who runs it to change the file's permissions"
        }
        _ => "the file cannot be read from its disk; choose another one",
    };
    tracing::debug!(%error, "a file of the media folder");
    Error::new(ErrorKind::SourceUnreachable, message)
}

/// Reads up to `max` bytes, away from the runtime's threads; fewer only at the file's end.
pub(super) async fn read_at(file: Arc<File>, offset: u64, max: usize) -> io::Result<Bytes> {
    let read = spawn_blocking(move || {
        let mut buffer = vec![0; max];
        let mut have = 0;
        while have < max {
            match file.read_at(&mut buffer[have..], offset + have as u64) {
                Ok(0) => break,
                Ok(count) => have += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        buffer.truncate(have);
        Ok(Bytes::from(buffer))
    });
    read.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
