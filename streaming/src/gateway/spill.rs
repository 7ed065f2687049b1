//! A source whose server sends it from the start only: it is read once, into a file, and served from there.

use std::{io, os::unix::fs::FileExt as _, sync::Arc, time::Duration};

use bytes::Bytes;
use protocol::{Error, ErrorKind};
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Instant, sleep, timeout},
};

use super::{
    GatewayConfig,
    disk::read_at,
    sentences::{self, Again, Failure},
    spill_folder::{SpillFile, SpillFolder},
    upstream::{Answer, Target, Upstream, Validator},
};

/// A request this far ahead of what has been read is waited for; one further ahead is turned down at once.
pub(super) const SOON: u64 = 8 * 1024 * 1024;

pub(super) struct Spill {
    pub(super) target: Target,
    validator: Validator,
    upstream: Arc<Upstream>,
    config: Arc<GatewayConfig>,
    file: SpillFile,
    progress: watch::Sender<Progress>,
}

/// How far the file has been read.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// Bytes from the start.
    pub(super) have: u64,
    /// The file's length, as announced or as found out.
    pub(super) len: Option<u64>,
    pub(super) complete: bool,
    /// Why it will not be read any further.
    pub(super) failed: Option<Error>,
}

impl Spill {
    pub(super) async fn create(
        target: Target,
        answer: &Answer,
        folder: Arc<SpillFolder>,
        upstream: Arc<Upstream>,
        config: Arc<GatewayConfig>,
    ) -> Result<Self, Error> {
        let created = spawn_blocking(move || SpillFile::create(folder)).await;
        let file = created.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| unwritable(&error))?;
        let progress = watch::Sender::new(Progress { len: answer.total, ..Progress::default() });
        let validator = answer.validator.clone();
        Ok(Self { target, validator, upstream, config, file, progress })
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// Deletes the file; who still reads it, reads on.
    pub(super) fn remove(&self) {
        self.file.delete();
    }

    /// Up to `max` bytes at an offset, as soon as the first of them is there; none at the end of the file. Waits as
    /// long as the download goes on, which has bounds of its own.
    pub(super) async fn read(&self, offset: u64, max: usize) -> Result<Bytes, Error> {
        let mut progress = self.progress.subscribe();
        let now = progress
            .wait_for(|now| now.have > offset || now.complete || now.failed.is_some())
            .await
            .map_err(|_| sentences::closed())?
            .clone();
        let there = usize::try_from(now.have.saturating_sub(offset)).unwrap_or(usize::MAX).min(max);
        match now.failed {
            _ if there > 0 => read_at(self.file.open(), offset, there).await.map_err(|error| unwritable(&error)),
            Some(error) => Err(error),
            None => Ok(Bytes::new()),
        }
    }

    /// Waits until a byte is there, for at most `patience` and only if it will be there soon.
    pub(super) async fn reaches(&self, offset: u64, patience: Duration) -> Reached {
        let mut progress = self.progress.subscribe();
        let now = progress.borrow().clone();
        if now.len.is_some_and(|len| offset >= len) || (now.failed.is_none() && offset > now.have + SOON) {
            return Reached::Beyond;
        }
        let settled = progress.wait_for(|now| now.have > offset || now.complete || now.failed.is_some());
        match timeout(patience, settled).await.map(|now| now.map(|now| now.clone())) {
            Ok(Ok(now)) if now.have > offset => Reached::There,
            Ok(Ok(Progress { failed: Some(error), .. })) => Reached::Failed(error),
            Ok(Ok(_)) => Reached::Beyond,
            Ok(Err(_)) => Reached::Failed(sentences::closed()),
            Err(_) => Reached::NotYet,
        }
    }

    /// Reads the whole file; `early` came out of the answer's body already.
    pub(super) async fn download(self: Arc<Self>, answer: Answer, early: Bytes) {
        let end = self.fill(answer, early).await;
        self.progress.send_modify(|progress| match end {
            Ok(()) => {
                progress.len = Some(progress.have);
                progress.complete = true;
            }
            Err(error) => {
                tracing::warn!(have = progress.have, %error, "a source that cannot be read in parts broke off");
                progress.failed = Some(error);
            }
        });
    }

    /// A server that cannot go on from the middle is waited for longer than another would be: to break off costs all that
    /// comes after. Whoever reads meanwhile has limits of their own.
    async fn fill(&self, mut answer: Answer, early: Bytes) -> Result<(), Error> {
        answer.body.be_patient(self.config.open_timeout);
        let mut answer = Some(answer);
        self.append(early).await?;
        let (mut failures, mut stalls, mut since) = (0, 0, 0);
        // Whether the file's length is not known, and what came last ended where a part of it does.
        let mut in_parts = false;
        loop {
            let failure = match &mut answer {
                Some(open) => match open.body.chunk().await {
                    Ok(Some(bytes)) => {
                        self.append(bytes).await?;
                        continue;
                    }
                    Ok(None) if self.is_whole(open) => return Ok(()),
                    // A part that is there as announced: what comes after it is asked for.
                    Ok(None) if open.range.is_some_and(|range| range.last + 1 == self.progress().have) => {
                        (answer, in_parts) = (None, true);
                        continue;
                    }
                    Ok(None) => sentences::broken(&self.target.host()),
                    Err(failure) => failure,
                },
                None => match self.resume().await {
                    Ok(mut resumed) => {
                        resumed.body.be_patient(self.config.open_timeout);
                        self.progress.send_modify(|progress| progress.len = progress.len.or(resumed.total));
                        answer = Some(resumed);
                        continue;
                    }
                    // The last part was the last.
                    Err(failure) if failure.again == Again::OutOfRange && in_parts => return Ok(()),
                    Err(failure) if failure.again == Again::OutOfRange => {
                        return Err(sentences::cannot_resume(&self.target.host()).error);
                    }
                    Err(failure) => failure,
                },
            };
            (answer, in_parts) = (None, false);
            let have = self.progress.borrow().have;
            if have > since {
                (failures, stalls, since) = (0, 0, have);
            }
            failures += 1;
            stalls += u32::from(failure.again == Again::Stalled);
            if !failure.again.is_passing() || failures >= self.config.tries || stalls >= 2 {
                return Err(failure.error);
            }
            sleep(self.config.backoff * 2u32.saturating_pow(failures - 1)).await;
        }
    }

    /// Whether an answer's end, which came properly, is the end of the file.
    fn is_whole(&self, answer: &Answer) -> bool {
        let progress = self.progress.borrow();
        progress.len.map_or(answer.range.is_none(), |len| progress.have >= len)
    }

    /// Many servers that do not answer the first request with a part can still go on from the middle.
    async fn resume(&self) -> Result<Answer, Failure> {
        let have = self.progress.borrow().have;
        let host = self.target.host();
        let by = Instant::now() + self.config.open_timeout;
        let answer = self.upstream.get(&self.target, Some(have), by).await?;
        if !self.validator.agrees(&answer.validator) {
            return Err(sentences::changed(&host));
        }
        if answer.range.is_none() && have > 0 {
            return Err(sentences::cannot_resume(&host));
        }
        Ok(answer)
    }

    async fn append(&self, mut bytes: Bytes) -> Result<(), Error> {
        let (have, len) = {
            let progress = self.progress.borrow();
            (progress.have, progress.len)
        };
        if let Some(left) = len.and_then(|len| usize::try_from(len - have.min(len)).ok()) {
            bytes.truncate(left);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let count = bytes.len() as u64;
        let folder = self.file.folder();
        if !folder.take(count) {
            return Err(sentences::too_large(&self.target.host(), folder.bound()));
        }
        let file = self.file.open();
        let written = spawn_blocking(move || file.write_all_at(&bytes, have)).await;
        let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
        // What was taken is given back when this is dropped, by what `have` says.
        if let Err(error) = written {
            folder.give_back(count);
            return Err(unwritable(&error));
        }
        self.progress.send_modify(|progress| progress.have += count);
        Ok(())
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        self.remove();
        self.file.folder().give_back(self.progress.borrow().have);
    }
}

/// Whether a byte can be had.
#[derive(Debug)]
pub(super) enum Reached {
    There,
    /// It is past the end, or too far ahead of what has been read.
    Beyond,
    /// It should have been there by now.
    NotYet,
    Failed(Error),
}

fn unwritable(error: &io::Error) -> Error {
    tracing::warn!(%error, "the spill folder");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::new(
            ErrorKind::StoreFull,
            "the link's server sends whole files only, and the disk of the data folder is full; free some space there",
        ),
        _ => Error::new(
            ErrorKind::Internal,
            "the link's server sends whole files only, and the data folder cannot be used for it; ask who runs the server",
        ),
    }
}
