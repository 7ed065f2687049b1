//! Short runs: a program's whole output within a time and a size.

use std::{io, time::Duration};

use tokio::{io::AsyncReadExt as _, time::timeout};

use super::{Child, Command, Exit, SpawnError, Spawner};

/// What a program wrote and how it ended.
#[derive(Clone, Debug)]
pub struct Output {
    pub exit: Exit,
    pub stdout: Vec<u8>,
    /// The last 8 KiB of it.
    pub stderr: String,
}

/// Why there is no [`Output`]. The child is gone in every case.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    #[error("{label} did not end within {} s", limit.as_secs_f32())]
    TimedOut { label: &'static str, limit: Duration },
    #[error("{label} wrote more than {max} bytes")]
    TooLong { label: &'static str, max: usize },
    #[error("could not read what {label} wrote")]
    Read { label: &'static str, source: io::Error },
}

/// Runs a program to its end, which must come within `limit`, and returns its output, at most `max_stdout` bytes.
///
/// # Errors
/// When it cannot be started, takes longer or writes more; then it is ended first.
pub async fn output(
    spawner: &Spawner,
    command: Command,
    limit: Duration,
    max_stdout: usize,
) -> Result<Output, OutputError> {
    let label = command.label;
    let mut child = spawner.spawn(command).await?;
    let result = timeout(limit, read(&mut child, max_stdout)).await;
    let result = result.unwrap_or(Err(OutputError::TimedOut { label, limit }));
    child.end().await;
    result
}

async fn read(child: &mut Child, max: usize) -> Result<Output, OutputError> {
    let label = child.label();
    let mut stdout = Vec::new();
    if let Some(pipe) = child.take_stdout() {
        let one_more = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
        let read = pipe.take(one_more).read_to_end(&mut stdout).await;
        read.map_err(|source| OutputError::Read { label, source })?;
        if stdout.len() > max {
            return Err(OutputError::TooLong { label, max });
        }
    }
    let exit = child.wait().await;
    Ok(Output { exit, stdout, stderr: child.stderr_tail() })
}
