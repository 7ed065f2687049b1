//! A source whose server answers range requests: its blocks come into the cache as they are asked for.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use protocol::Error;
use tokio::{sync::watch, time::timeout};

use super::{
    GatewayConfig,
    cache::{BLOCK, BlockCache},
    sentences::{self, Again, Failure},
    traffic::{Start, Step, Traffic},
    upstream::{Answer, Target, Upstream, Validator},
};
use crate::tasks::Tasks;

/// What counts as progress: a connection that brought less has not made good for the failure before it.
const PROGRESS: u64 = 64 * 1024;
/// For this long after a place could not be read, a new request for it is tried once only.
const BURNT: Duration = Duration::from_secs(10);

pub(super) struct Remote {
    feed: u64,
    pub(super) len: u64,
    pub(super) target: Target,
    validator: Validator,
    upstream: Arc<Upstream>,
    cache: Arc<BlockCache>,
    config: Arc<GatewayConfig>,
    tasks: Tasks,
    /// Sent whenever a fetcher may have to decide anew.
    changed: watch::Sender<()>,
    state: Mutex<State>,
    me: Weak<Remote>,
}

struct State {
    traffic: Traffic,
    /// The block that could not be read last.
    burnt: Option<(u64, Instant)>,
    /// What a fetcher struggles with, until one makes a block again. A tool may give up before a fetcher does.
    trouble: Option<(Error, Instant)>,
    /// Set when the file has changed.
    dead: Option<Error>,
}

/// What a remote source is made of.
pub(super) struct Parts {
    pub(super) feed: u64,
    pub(super) target: Target,
    pub(super) upstream: Arc<Upstream>,
    pub(super) cache: Arc<BlockCache>,
    pub(super) config: Arc<GatewayConfig>,
    pub(super) tasks: Tasks,
}

/// A reader's registration; it ends with this.
pub(super) struct Ticket {
    id: u64,
    glance: bool,
    remote: Weak<Remote>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(remote) = self.remote.upgrade() {
            remote.lock().traffic.leave(self.id);
            remote.changed.send_replace(());
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // The feed's end has forgotten the blocks already, but a fetcher may have been about to put in another.
        self.cache.forget(self.feed);
    }
}

impl Remote {
    /// Goes on with an answer whose body begins at byte 0; `early` was read from it already.
    pub(super) fn new(parts: Parts, len: u64, answer: Answer, early: Bytes) -> Arc<Self> {
        let Parts { feed, target, upstream, cache, config, tasks } = parts;
        // One source must not push its own unread blocks out of a small cache.
        let ahead = config.ahead_bytes.min(config.cache_bytes / 8).div_ceil(BLOCK).max(1);
        let traffic = Traffic::new(len.div_ceil(BLOCK), ahead);
        let remote = Arc::new_cyclic(|me| Self {
            feed,
            len,
            target,
            validator: answer.validator.clone(),
            upstream,
            cache,
            config,
            tasks,
            changed: watch::Sender::new(()),
            state: Mutex::new(State { traffic, burnt: None, trouble: None, dead: None }),
            me: Weak::clone(me),
        });
        let start = remote.lock().traffic.start(0, false);
        remote.launch(start, Some((answer, early)), false);
        remote
    }

    pub(super) fn dead(&self) -> Option<Error> {
        self.lock().dead.clone()
    }

    pub(super) fn trouble(&self) -> Option<(Error, Instant)> {
        self.lock().trouble.clone()
    }

    /// `glance`: it wants a few bytes and nothing behind them, so that an upstream is asked for no more than their block.
    pub(super) fn enter(&self, glance: bool) -> Ticket {
        Ticket { id: self.lock().traffic.enter(), glance, remote: Weak::clone(&self.me) }
    }

    /// One block, from the cache or from the upstream.
    pub(super) async fn block(&self, ticket: &Ticket, block: u64) -> Result<Bytes, Error> {
        let waited = {
            let mut state = self.lock();
            if let Some(error) = &state.dead {
                return Err(error.clone());
            }
            state.traffic.reads(ticket.id, block);
            // Looked at under the same lock under which blocks are put in, so that none is missed and then awaited.
            match self.cache.get(self.feed, block) {
                Some(bytes) => Ok(bytes),
                None => Err(state.traffic.waits(block, ticket.glance)),
            }
        };
        self.settle();
        match waited {
            Ok(bytes) => Ok(bytes),
            // A fetcher gives up earlier; this bounds the wait for a free connection.
            Err(answer) => match timeout(self.patience(), answer).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(sentences::closed()),
                Err(_) => Err(sentences::silent(&self.target.host(), Some(self.patience())).error),
            },
        }
    }

    fn patience(&self) -> Duration {
        let config = &self.config;
        2 * (config.place_timeout + config.stall_timeout + config.backoff * 2u32.saturating_pow(config.tries))
    }

    fn block_len(&self, block: u64) -> usize {
        // At most BLOCK, so it fits.
        usize::try_from(self.len.saturating_sub(block * BLOCK).min(BLOCK)).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the fetchers that are needed, and lets those that pause look again.
    fn settle(&self) {
        self.start_needed();
        self.changed.send_replace(());
    }

    fn start_needed(&self) {
        let (starts, burnt) = {
            let mut state = self.lock();
            (state.traffic.assign(), state.burnt)
        };
        for start in starts {
            let burnt = burnt.is_some_and(|(block, when)| block == start.block && when.elapsed() < BURNT);
            self.launch(start, None, burnt);
        }
    }

    fn launch(&self, start: Start, opened: Option<(Answer, Bytes)>, burnt: bool) {
        let Some(remote) = self.me.upgrade() else { return };
        let Start { id, block, glance, stop } = start;
        let tries = if burnt { 1 } else { self.config.tries };
        self.tasks.spawn("fetcher", async move {
            let changed = remote.changed.subscribe();
            let fetch = Fetch { changed, remote, id, block, glance, tries, part: BytesMut::new() };
            stop.run_until_cancelled_owned(fetch.run(opened)).await
        });
    }
}

/// One upstream connection at work, and those that take its place when it breaks.
struct Fetch {
    remote: Arc<Remote>,
    id: u64,
    block: u64,
    /// Only this block is asked for.
    glance: bool,
    tries: u32,
    /// What there is of the block.
    part: BytesMut,
    changed: watch::Receiver<()>,
}

impl Fetch {
    async fn run(mut self, opened: Option<(Answer, Bytes)>) {
        let (mut answer, mut rest) = opened.map_or((None, Bytes::new()), |(answer, rest)| (Some(answer), rest));
        let (mut failures, mut stalls, mut since) = (0, 0, self.at());
        let limit = self.remote.config.place_timeout;
        // When the wait for the byte that is wanted next began, over however many connections.
        let mut waits = None;
        loop {
            match self.step() {
                Step::End => return self.end(),
                // A block that was begun is finished, so that what there is of it is not fetched again later.
                Step::Pause if self.part.is_empty() => {
                    // Somebody may have waited for this connection.
                    self.remote.start_needed();
                    if timeout(self.remote.config.idle_timeout, self.changed.changed()).await.is_err() {
                        return self.end();
                    }
                    waits = None;
                    continue;
                }
                Step::Run | Step::Pause => {}
            }
            if rest.is_empty() {
                let by = *waits.get_or_insert_with(Instant::now) + limit;
                match self.more(&mut answer, by).await {
                    Ok(bytes) => (rest, waits) = (bytes, None),
                    Err(failure) => {
                        answer = None;
                        self.remote.lock().trouble = Some((failure.error.clone(), Instant::now()));
                        if self.at() - since >= PROGRESS {
                            (failures, stalls) = (0, 0);
                        }
                        since = self.at();
                        failures += 1;
                        stalls += u32::from(failure.again == Again::Stalled);
                        let pause = self.remote.config.backoff * 2u32.saturating_pow(failures - 1);
                        let spent = Instant::now() + pause >= by;
                        if !failure.again.is_passing() || failures >= self.tries || stalls >= 2 || spent {
                            return self.fail(failure);
                        }
                        tracing::debug!(feed = self.remote.feed, at = since, error = %failure.error, "the upstream is tried again");
                        tokio::time::sleep(pause).await;
                        continue;
                    }
                }
            }
            self.take(&mut rest);
        }
    }

    /// The byte that is wanted next.
    fn at(&self) -> u64 {
        self.block * BLOCK + self.part.len() as u64
    }

    fn step(&mut self) -> Step {
        self.changed.borrow_and_update();
        let mut state = self.remote.lock();
        let cached = self.remote.cache.contains(self.remote.feed, self.block);
        state.traffic.step(self.id, cached)
    }

    /// Reads on, over a new connection if there is none or the old one is at its end.
    async fn more(&self, answer: &mut Option<Answer>, by: Instant) -> Result<Bytes, Failure> {
        let remote = &self.remote;
        loop {
            let open = match answer {
                Some(open) => open,
                None => answer.insert(self.connect(by).await?),
            };
            if let Some(bytes) = open.body.chunk().await? {
                if !bytes.is_empty() {
                    return Ok(bytes);
                }
                continue;
            }
            // Some servers send less than was asked for at a time, and say so.
            let honest = open.range.is_some_and(|range| range.last + 1 == self.at() && range.last + 1 < remote.len);
            *answer = None;
            if !honest {
                return Err(sentences::broken(&remote.target.host()));
            }
        }
    }

    async fn connect(&self, by: Instant) -> Result<Answer, Failure> {
        let (remote, at) = (&self.remote, self.at());
        let host = || remote.target.host();
        let last = self.glance.then(|| ((self.block + 1) * BLOCK).min(remote.len) - 1);
        let answer = match remote.upstream.get_until(&remote.target, Some(at), last, by.into()).await {
            Ok(answer) => answer,
            Err(failure) if failure.again == Again::OutOfRange => {
                return Err(sentences::cut_short(&host(), at, remote.len));
            }
            Err(failure) => return Err(failure),
        };
        if !remote.validator.agrees(&answer.validator) {
            return Err(sentences::changed(&host()));
        }
        if answer.range.is_none() && at > 0 {
            return Err(sentences::bad_range(&host()));
        }
        Ok(answer)
    }

    /// Moves bytes into the block, and the block into the cache when it is whole.
    fn take(&mut self, rest: &mut Bytes) {
        let whole = self.remote.block_len(self.block);
        if self.part.capacity() < whole {
            self.part.reserve(whole - self.part.len());
        }
        let count = rest.len().min(whole - self.part.len());
        self.part.extend_from_slice(&rest.split_to(count));
        if self.part.len() < whole {
            return;
        }
        let bytes = std::mem::take(&mut self.part).freeze();
        {
            let mut state = self.remote.lock();
            self.remote.cache.insert(self.remote.feed, self.block, bytes.clone());
            state.trouble = None;
            state.traffic.made(self.id, self.block, &bytes);
        }
        self.block += 1;
        self.remote.settle();
    }

    fn end(self) {
        self.remote.lock().traffic.ended(self.id);
        self.remote.settle();
    }

    fn fail(self, failure: Failure) {
        tracing::warn!(feed = self.remote.feed, at = self.at(), error = %failure.error, "the upstream failed");
        {
            let mut state = self.remote.lock();
            state.burnt = Some((self.block, Instant::now()));
            if failure.again == Again::Changed {
                state.traffic.all_failed(&failure.error);
                state.dead = Some(failure.error);
            } else {
                state.traffic.failed(self.id, &failure.error);
            }
        }
        self.remote.settle();
    }
}
