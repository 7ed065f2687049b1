//! One way to start a task: it has a name, a span and a cancellation token, and shutdown joins it.

use std::{future::Future, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};
use tracing::Instrument as _;

/// A group of tasks that ends together. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Tasks {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A group whose token is cancelled with this one's, and whose tasks this one's [`Tasks::join`] awaits too.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { tracker: self.tracker.clone(), token: self.token.child_token() }
    }

    /// The token that asks this group's tasks to end.
    #[must_use]
    pub const fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Starts a task that is dropped at its next await when the group is cancelled.
    pub fn spawn<F>(&self, name: &'static str, task: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let token = self.token.clone();
        self.start(name, async move { token.run_until_cancelled_owned(task).await })
    }

    /// Starts a task that looks at [`Tasks::token`] itself, because it has something to put in order at its end.
    pub fn spawn_tidy<F>(&self, name: &'static str, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.start(name, task)
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where tasks are started")]
    fn start<F>(&self, name: &'static str, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(self.tracker.track_future(task.instrument(tracing::debug_span!("task", name))))
    }

    /// Counts as a task until it is dropped: for work of other threads that [`Tasks::join`] must await.
    pub fn hold(&self) -> TaskTrackerToken {
        self.tracker.token()
    }

    /// How many tasks are alive in this group and its relatives.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.tracker.len()
    }

    /// Cancels the group and waits until its tasks are gone; false if some still were there after `limit`.
    pub async fn join(&self, limit: Duration) -> bool {
        self.token.cancel();
        self.tracker.close();
        tokio::time::timeout(limit, self.tracker.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn join_ends_every_task() {
        let tasks = Tasks::new();
        tasks.spawn("waits for ever", std::future::pending::<()>());
        let child = tasks.child();
        let token = child.token().clone();
        child.spawn_tidy("waits for the token", async move { token.cancelled().await });
        assert_eq!(tasks.alive(), 2);
        assert!(tasks.join(Duration::from_secs(5)).await);
        assert_eq!(tasks.alive(), 0);
    }
}
