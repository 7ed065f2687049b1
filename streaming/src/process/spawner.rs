//! The thread that starts every child.

use std::{
    fmt, io,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Signal, getpid, getppid, set_parent_process_death_signal},
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::task_tracker::TaskTrackerToken,
};

use super::{Child, Command, Stdout, child::Running, environment::environment};
use crate::tasks::Tasks;

/// Requests that wait for the thread; a start takes about a millisecond.
const QUEUE: usize = 64;

/// Starts programs. Cheap to clone.
///
/// Children are told to die with the thread that started them (`PR_SET_PDEATHSIG` is about the thread, not the
/// process), and the runtime's threads come and go. So one thread of our own starts them all. It lives as long as any
/// clone of the spawner and any [`Child`].
#[derive(Clone)]
pub struct Spawner {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    requests: mpsc::Sender<Request>,
    runtime: Handle,
    tasks: Tasks,
    /// Children that have been started and not yet been reaped.
    living: Arc<AtomicUsize>,
    /// Cancelled by the thread as its last act.
    ended: CancellationToken,
}

/// A wish for a child. It holds the spawner, so that the thread does not end with a request in its queue.
struct Request {
    command: Command,
    spawner: Spawner,
    reply: oneshot::Sender<Result<Child, SpawnError>>,
    /// Until the child is its asker's, or is about to be reaped: whoever asked may end before, and shutdown must not
    /// overlook it.
    held: TaskTrackerToken,
}

/// Why a program could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    #[error("could not start {label}")]
    Start { label: &'static str, source: io::Error },
    #[error("could not start {label}: the server is shutting down")]
    Stopped { label: &'static str },
}

impl Spawner {
    /// Starts the thread. The children's standard error is drained by tasks of `tasks`. To be called inside a
    /// runtime, which then drives the children.
    ///
    /// # Errors
    /// When the system allows no further thread.
    pub fn start(tasks: &Tasks) -> io::Result<Self> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let ended = CancellationToken::new();
        let runtime = Handle::current();
        let guard = ended.clone().drop_guard();
        std::thread::Builder::new().name("spawner".into()).spawn({
            let runtime = runtime.clone();
            move || serve(queue, &runtime, guard)
        })?;
        let shared = Shared { requests, runtime, tasks: tasks.clone(), living: Arc::new(AtomicUsize::new(0)), ended };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Starts a program.
    ///
    /// # Errors
    /// When the system cannot start it.
    pub async fn spawn(&self, command: Command) -> Result<Child, SpawnError> {
        let label = command.label;
        let (reply, answer) = oneshot::channel();
        let request = Request { command, spawner: self.clone(), reply, held: self.shared.tasks.hold() };
        self.shared.requests.send(request).await.map_err(|_| SpawnError::Stopped { label })?;
        answer.await.map_err(|_| SpawnError::Stopped { label })?
    }

    /// How many children have been started and not yet been reaped.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.shared.living.load(Ordering::Acquire)
    }

    /// Gives this handle up and waits for the thread's end; false if it is still there after `limit`, because there
    /// are other clones or children.
    pub async fn stop(self, limit: Duration) -> bool {
        let ended = self.shared.ended.clone();
        drop(self);
        tokio::time::timeout(limit, ended.cancelled()).await.is_ok()
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Shared {
    pub(super) const fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Awaits the end of a child that has been KILLed and whose owner is gone. Also works outside the runtime.
    pub(super) fn reap(&self, mut running: Running, limit: Duration) {
        let _entered = self.runtime.enter();
        self.tasks.spawn_tidy("reap", async move {
            // One that is stuck in the kernel stays with tokio's queue of orphans.
            let _ = tokio::time::timeout(limit, running.process.wait()).await;
        });
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawner").field("alive", &self.alive()).finish_non_exhaustive()
    }
}

/// One child in [`Spawner::alive`].
#[derive(Debug)]
pub(super) struct Living(Arc<AtomicUsize>);

impl Living {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn serve(mut queue: mpsc::Receiver<Request>, runtime: &Handle, ended: DropGuard) {
    let _entered = runtime.enter();
    while let Some(Request { command, spawner, reply, held }) = queue.blocking_recv() {
        let label = command.label;
        let child = start(&command, spawner).map_err(|source| SpawnError::Start { label, source });
        // Whoever asked may have gone: then the child is dropped here, and so killed.
        drop(reply.send(child));
        drop(held);
    }
    drop(ended);
}

fn start(command: &Command, spawner: Spawner) -> io::Result<Child> {
    let Some(feeder) = &command.feeder else {
        let running = launch(command, &spawner, Stdio::null(), None, 0)?;
        return Child::new(command.label, running, spawner);
    };
    let (read, write) = io::pipe()?;
    // The group is the reader's: while the child is not reaped, its feeder can join it.
    let running = launch(command, &spawner, read.into(), None, 0)?;
    let group = running.process.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or(0);
    let fed = launch(feeder, &spawner, Stdio::null(), Some(write.into()), group);
    // Dropped on the way out of an error, and so killed.
    let mut child = Child::new(command.label, running, spawner)?;
    child.feed(fed?);
    Ok(child)
}

/// Starts one program, in the process group `group`, 0 for one of its own.
fn launch(
    command: &Command,
    spawner: &Spawner,
    stdin: Stdio,
    stdout: Option<Stdio>,
    group: i32,
) -> io::Result<Running> {
    #[expect(clippy::disallowed_methods, reason = "the one place where programs are started")]
    let mut process = tokio::process::Command::new(&command.program);
    process
        .args(&command.args)
        .env_clear()
        .envs(environment(|name| std::env::var_os(name)))
        .current_dir("/")
        .process_group(group)
        .stdin(stdin)
        .stdout(stdout.unwrap_or_else(|| match command.stdout {
            Stdout::Piped => Stdio::piped(),
            Stdout::Null => Stdio::null(),
        }))
        .stderr(Stdio::piped());
    let us = getpid();
    let die_with_us = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // We may have died between fork and the line above; then nobody would kill this child any more.
        if getppid() == Some(us) { Ok(()) } else { Err(Errno::SRCH.into()) }
    };
    #[expect(unsafe_code, reason = "the closure runs between fork and exec")]
    // SAFETY: it makes two system calls and neither allocates nor locks, so it is safe after fork in a program
    // with threads.
    unsafe {
        process.pre_exec(die_with_us)
    };
    let process = process.spawn()?;
    let living = Living::new(&spawner.shared.living);
    Ok(Running { process, _living: living })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shutdown falls between the wish for a child and its start, which takes a millisecond on a thread of its own.
    #[tokio::test]
    async fn shutdown_waits_for_a_child_that_is_being_started_for_nobody() {
        for _ in 0..20 {
            let tasks = Tasks::new();
            let spawner = Spawner::start(&tasks).unwrap();
            let asker = spawner.clone();
            let sleeper = Command::new("sleep", "/bin/sleep").args(["1000"]);
            tasks.spawn("asks and is gone", async move { asker.spawn(sleeper).await.map(drop) });
            tokio::task::yield_now().await;
            assert!(tasks.join(Duration::from_secs(20)).await);
            assert_eq!(Arc::strong_count(&spawner.shared), 1, "neither the wish nor the child is on its way");
            assert_eq!(spawner.alive(), 0);
        }
    }
}
