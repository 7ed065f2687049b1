//! The task that owns a rendition's heads.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use protocol::{Error, ErrorKind};
use tokio::sync::{mpsc, watch};

use super::{Ask, Spec, Surroundings, Wanted, heads::Heads, waiters::Waiters};
use crate::{
    head::{HeadEvent, News},
    scheduler::{HeadId, Pace, Serve, pace, serve},
    store::RenditionSpace,
    time::{SegmentTable, film_frames},
};

/// Segments behind the lowest reader that players keep or ask for again after a small step back.
const BEHIND: u32 = 15;

/// Numbers heads and renditions; none is used twice by one server.
pub(super) static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// A number for a head of another kind, by which the gateway tells it from all others.
pub fn next_head() -> HeadId {
    NUMBERS.fetch_add(1, Relaxed)
}

pub(super) struct Keeper {
    pub(super) number: u64,
    pub(super) spec: Spec,
    pub(super) around: Surroundings,
    pub(super) space: RenditionSpace,
    pub(super) table: watch::Sender<Arc<SegmentTable>>,
    pub(super) strain: watch::Sender<Option<f64>>,
    pub(super) heads: Heads,
    pub(super) waiters: Waiters,
    /// How often heads failed that should have made this segment.
    pub(super) failures: HashMap<u32, u32>,
    /// A head failed once, so that nothing is taken for granted any more.
    pub(super) has_failed: bool,
    pub(super) news: mpsc::Sender<News>,
    inbox: mpsc::Receiver<News>,
}

impl Keeper {
    pub(super) fn new(
        spec: Spec,
        around: Surroundings,
        space: RenditionSpace,
        table: watch::Sender<Arc<SegmentTable>>,
        strain: watch::Sender<Option<f64>>,
    ) -> Self {
        // A head that finds the channel full waits: a segment is in the store before it is told of.
        let (news, inbox) = mpsc::channel(8);
        Self {
            number: NUMBERS.fetch_add(1, Relaxed),
            spec,
            around,
            space,
            table,
            strain,
            heads: Heads::default(),
            waiters: Waiters::default(),
            failures: HashMap::new(),
            has_failed: false,
            news,
            inbox,
        }
    }

    /// Runs until the last handle is dropped or the film's tasks are cancelled, and then until its heads are gone.
    pub(super) async fn run(mut self, mut asks: mpsc::Receiver<Ask>) {
        let token = self.around.tasks.token().clone();
        let mut length = self.around.length.subscribe();
        loop {
            let idle = self.waiters.next_idle(self.around.limits.head_idle, Instant::now());
            tokio::select! {
                () = token.cancelled() => break,
                ask = asks.recv() => match ask {
                    Some(ask) => self.take(ask).await,
                    None => break,
                },
                Some(news) = self.inbox.recv() => self.hear(news),
                Ok(()) = length.changed() => {
                    let seconds = *length.borrow_and_update();
                    self.shorten_to(seconds);
                }
                () = sleep_until(idle), if idle.is_some() && !self.heads.is_empty() => {}
            }
            self.set_paces();
        }
        drop(asks);
        self.end_all().await;
    }

    async fn take(&mut self, Ask { wanted, reader, reply }: Ask) {
        match (wanted, reply) {
            (Wanted::Segment(n), None) => self.waiters.seen(reader, n, Instant::now()),
            (Wanted::Init, None) => {}
            (Wanted::Init, Some(reply)) => {
                match self.space.init().or_else(|| self.around.inits.get(&self.spec.order)) {
                    Some(init) => drop(reply.send(Ok(init))),
                    None => {
                        self.waiters.wait_init(reply);
                        self.schedule_init();
                    }
                }
            }
            (Wanted::Segment(n), Some(reply)) if n >= self.table().len() => drop(reply.send(Err(past_the_end()))),
            (Wanted::Segment(n), Some(reply)) => {
                self.waiters.seen(reader, n, Instant::now());
                match self.space.get(n).await {
                    Some(bytes) => drop(reply.send(Ok(bytes))),
                    None => {
                        self.waiters.wait(reader, n, reply);
                        // Where the reader was before is known to be over first, so that its head can make room.
                        self.set_paces();
                        self.schedule(n);
                    }
                }
            }
        }
    }

    fn hear(&mut self, News { head: id, event }: News) {
        match event {
            HeadEvent::Init(init) => {
                self.around.inits.keep(&self.spec.order, &init);
                self.waiters.answer_init(&Ok(init));
            }
            HeadEvent::Made { segment, bytes } => {
                if let Some(head) = self.heads.get_mut(id) {
                    head.view.next = segment + 1;
                    if self.spec.order.is_on_card() {
                        self.around.encoders.card_worked();
                    }
                }
                self.failures.remove(&segment);
                self.waiters.answer(segment, &Ok(bytes));
                self.measure(id, segment);
            }
            HeadEvent::Ended(end) => {
                if let Some(head) = self.heads.remove(id) {
                    self.ended(&head, end);
                }
            }
        }
    }

    fn shorten_to(&mut self, seconds: f64) {
        let table = self.table();
        let frames = film_frames(table.timescale(), table.frame_ticks(), seconds);
        if frames < table.total_frames() {
            self.set_table(table.truncated_to(frames));
        }
    }

    pub(super) fn set_table(&mut self, table: SegmentTable) {
        let len = table.len();
        self.table.send_replace(Arc::new(table));
        for segment in self.waiters.wanted() {
            if segment >= len {
                self.waiters.answer(segment, &Err(past_the_end()));
            }
        }
    }

    pub(super) fn table(&self) -> Arc<SegmentTable> {
        Arc::clone(&self.table.borrow())
    }

    pub(super) fn schedule_all(&mut self) {
        for segment in self.waiters.wanted() {
            self.schedule(segment);
        }
        self.schedule_init();
    }

    /// Any head brings the init segment; where there is none, the film's first will.
    fn schedule_init(&mut self) {
        if self.waiters.is_waiting_for_init() && self.heads.views().is_empty() && !self.table().is_empty() {
            self.schedule(self.waiters.lowest().unwrap_or(0).min(self.table().len() - 1));
        }
    }

    fn schedule(&mut self, wanted: u32) {
        let table = self.table();
        if wanted >= table.len() {
            return self.waiters.answer(wanted, &Err(past_the_end()));
        }
        let space = &self.space;
        match serve(wanted, &table, |n| space.contains(n), &self.heads.views(), &self.around.limits) {
            Serve::Await(head) => tracing::debug!(head, wanted, "awaited"),
            Serve::Start { first, end } => self.start_head(&table, first, end, None),
        }
    }

    /// Lets each head run, pauses it or ends it, as its readers need it.
    fn set_paces(&mut self) {
        let now = Instant::now();
        self.waiters.tidy(now);
        let readers = self.waiters.views(now);
        let table = self.table();
        let lowest = self.waiters.lowest();
        let waiting_for_init = self.waiters.is_waiting_for_init();
        for head in self.heads.iter_mut().filter(|head| head.reason.is_none()) {
            let foremost =
                readers.iter().filter(|reader| reader.segment <= head.view.next).map(|reader| reader.segment).max();
            let passed = foremost.unwrap_or(head.view.next);
            let ahead_bytes = self.space.bytes(passed..head.view.next);
            let waiting =
                waiting_for_init || readers.iter().any(|reader| reader.waiting && head.view.will_make(reader.segment));
            let idle = self.waiters.idle(head.view.next, now);
            head.pulse.set(waiting, idle.unwrap_or(Duration::from_secs(3600)), &self.around.slots);
            if waiting_for_init {
                head.set_held(false);
                continue;
            }
            if head.view.next >= head.view.end {
                if head.view.end < head.ordered_end {
                    head.end("a newer head goes on from here");
                }
                continue;
            }
            match pace(&head.view, head.is_held(), &readers, ahead_bytes, &table, &self.around.limits) {
                Pace::Run => head.set_held(false),
                Pace::Hold => head.rest(),
                Pace::Yield => head.set_held(true),
                Pace::Stop(reason) => head.end(reason.to_string()),
            }
        }
        self.tell_strain();
        if let Some(lowest) = lowest {
            self.space.set_window(lowest.saturating_sub(BEHIND));
        }
    }

    async fn end_all(mut self) {
        for head in self.heads.iter_mut() {
            head.end("nobody watches the film any more");
        }
        self.waiters.answer_init(&Err(super::going_away()));
        for segment in self.waiters.wanted() {
            self.waiters.answer(segment, &Err(super::going_away()));
        }
        // Each head's own end is bounded, so this is too.
        while !self.heads.is_empty() {
            let Some(news) = self.inbox.recv().await else { return };
            if let News { head, event: HeadEvent::Ended(end) } = news
                && let Some(head) = self.heads.remove(head)
            {
                tracing::info!(head = head.view.id, rendition = %self.spec.id, ?end, reason = head.reason, "head ended");
            }
        }
    }
}

fn past_the_end() -> Error {
    Error::new(ErrorKind::NotFound, "the film ends before this segment; load the playlist again")
}

async fn sleep_until(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at.into()).await;
    }
}
