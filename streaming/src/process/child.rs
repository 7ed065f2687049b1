//! A running program and its end.

use std::{fmt, io, os::unix::process::ExitStatusExt as _, process::ExitStatus, sync::Arc, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    process::{ChildStderr, ChildStdout},
    task::JoinHandle,
    time::timeout,
};

use super::{
    spawner::{Living, Spawner},
    tail::Tail,
};

/// How long a KILLed child may take to be gone; only one that is stuck in the kernel takes so long.
const END_LIMIT: Duration = Duration::from_secs(5);
/// How long the rest of a dead child's standard error may take; it is in the pipe already.
const STDERR_LIMIT: Duration = Duration::from_secs(1);

/// How long a feeder may take to be gone after the child that read it has ended in order.
const FEEDER_LIMIT: Duration = Duration::from_secs(4);

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    /// Killed by this signal.
    Signal(i32),
    /// Nobody knows: it was KILLed and is not gone after five seconds, or its status could not be read.
    Unknown,
}

impl Exit {
    /// Exit code 0, which for ffmpeg and mpv does *not* prove that the output is whole.
    #[must_use]
    pub const fn success(self) -> bool {
        matches!(self, Self::Code(0))
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Unknown,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Unknown => f.write_str("an unknown end"),
        }
    }
}

/// The one owner of a running program. Dropping it kills the program and all that it started; [`Child::end`] does so
/// and waits.
#[derive(Debug)]
pub struct Child {
    label: &'static str,
    pid: Pid,
    /// Until the child has been reaped.
    running: Option<Running>,
    /// The program whose output it reads, until that has been reaped.
    feeder: Option<Running>,
    stdout: Option<ChildStdout>,
    /// Of both.
    stderr: Arc<Tail>,
    /// End with the standard error of the child and its feeder, or with the server.
    drains: Vec<JoinHandle<Option<()>>>,
    exit: Option<Exit>,
    /// Keeps the thread that started the child alive, since its end would kill the child.
    spawner: Spawner,
}

/// A process that has not been reaped.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) process: tokio::process::Child,
    pub(super) _living: Living,
}

impl Child {
    pub(super) fn new(label: &'static str, mut running: Running, spawner: Spawner) -> io::Result<Self> {
        let pid = running.process.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        let pid = pid.ok_or_else(|| io::Error::other("the child has no process id"))?;
        let stdout = running.process.stdout.take();
        let stderr = running.process.stderr.take();
        tracing::debug!(label, pid = pid.as_raw_nonzero().get(), "child started");
        let mut child = Self {
            label,
            pid,
            running: Some(running),
            feeder: None,
            stdout,
            stderr: Arc::default(),
            drains: Vec::new(),
            exit: None,
            spawner,
        };
        child.drain(stderr);
        Ok(child)
    }

    /// Takes over the program whose output it reads.
    pub(super) fn feed(&mut self, mut feeder: Running) {
        let stderr = feeder.process.stderr.take();
        self.drain(stderr);
        self.feeder = Some(feeder);
    }

    fn drain(&mut self, stream: Option<ChildStderr>) {
        let Some(stream) = stream else { return };
        let stderr = Arc::clone(&self.stderr);
        self.drains.push(self.spawner.shared().tasks().spawn("stderr", async move { stderr.fill(stream).await }));
    }

    /// The read end of the child's standard output, once, if it is piped. Dropping it closes the pipe.
    pub const fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.stdout.take()
    }

    /// The process id, which is the id of the process group too.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().cast_unsigned()
    }

    #[must_use]
    pub const fn label(&self) -> &'static str {
        self.label
    }

    /// The last 8 KiB of the child's standard error so far; all of it that matters after [`Child::wait`].
    #[must_use]
    pub fn stderr_tail(&self) -> String {
        self.stderr.text()
    }

    /// Waits for the child to end by itself, without a limit: bound it, and read standard output meanwhile. May be
    /// dropped and called again. A child is as well as its feeder: where it ended in order and the feeder did not, that
    /// is the end.
    pub async fn wait(&mut self) -> Exit {
        if let Some(running) = &mut self.running {
            let exit = running.process.wait().await.map_or(Exit::Unknown, Exit::from);
            self.exit = Some(exit);
            // A feeder that has written all is about to end; any other would write into a closed pipe.
            if let Some(feeder) = &mut self.feeder {
                match timeout(FEEDER_LIMIT, feeder.process.wait()).await {
                    Ok(fed) if exit.success() => self.exit = Some(fed.map_or(Exit::Unknown, Exit::from)),
                    Err(_) if exit.success() => self.exit = Some(Exit::Unknown),
                    _ => {}
                }
            }
            self.running = None;
            // What the child left behind in its group. The group's number can't have gone to somebody else: numbers
            // are given out in turn, and no process had the time to go round.
            self.kill_group();
            if let Some(mut feeder) = self.feeder.take() {
                let _ = timeout(END_LIMIT, feeder.process.wait()).await;
            }
            tracing::debug!(label = self.label, pid = self.pid(), %exit, "child ended");
        }
        while let Some(drain) = self.drains.last_mut() {
            // A process that left the group may hold standard error open for ever.
            if timeout(STDERR_LIMIT, &mut *drain).await.is_err() {
                drain.abort();
            }
            self.drains.pop();
        }
        self.exit.unwrap_or(Exit::Unknown)
    }

    /// Closes the read end unless it was taken, KILLs the group and waits for the end, five seconds at most. Harmless
    /// when the child has already ended, and when called again.
    pub async fn end(&mut self) -> Exit {
        self.stdout = None;
        if self.running.is_some() {
            self.kill_group();
        }
        match timeout(END_LIMIT, self.wait()).await {
            Ok(exit) => exit,
            Err(_) => {
                tracing::error!(label = self.label, pid = self.pid(), "killed child is not gone after 5 s");
                self.exit.unwrap_or(Exit::Unknown)
            }
        }
    }

    fn kill_group(&self) {
        // The only failure is that nobody is left in it.
        let _ = kill_process_group(self.pid, Signal::KILL);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.kill_group();
            tracing::debug!(label = self.label, pid = self.pid(), "child dropped and killed");
            self.spawner.shared().reap(running, END_LIMIT);
            if let Some(feeder) = self.feeder.take() {
                self.spawner.shared().reap(feeder, END_LIMIT);
            }
        }
    }
}
