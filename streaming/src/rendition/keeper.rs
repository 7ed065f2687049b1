//! The task that owns a rendition's heads.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use protocol::{Error, ErrorKind, Reach};
use tokio::sync::{mpsc, watch};

use super::{
    Ask, Spec, Surroundings, Wanted,
    heads::{Head, Heads},
    waiters::Waiters,
};
use crate::{
    head::{Cutter, Grid, HeadEnd, HeadEvent, HeadRun, News, Order, audio_command, video_command},
    process::Command,
    scheduler::{HeadId, HeadView, Pace, Serve, cut_short, pace, serve},
    store::RenditionSpace,
    time::{SegmentTable, gop_frames},
};

/// A segment whose heads failed so often is given up; the next request for it begins anew.
const TRIES: u32 = 3;

/// Segments behind the lowest reader that players keep or ask for again after a small step back.
const BEHIND: u32 = 15;

/// Numbers heads and renditions; none is used twice by one server.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

pub(super) struct Keeper {
    number: u64,
    spec: Spec,
    around: Surroundings,
    space: RenditionSpace,
    table: watch::Sender<Arc<SegmentTable>>,
    heads: Heads,
    waiters: Waiters,
    /// How often heads failed that should have made this segment.
    failures: HashMap<u32, u32>,
    news: mpsc::Sender<News>,
    inbox: mpsc::Receiver<News>,
}

impl Keeper {
    pub(super) fn new(
        spec: Spec,
        around: Surroundings,
        space: RenditionSpace,
        table: watch::Sender<Arc<SegmentTable>>,
    ) -> Self {
        // A head that finds the channel full waits: a segment is in the store before it is told of.
        let (news, inbox) = mpsc::channel(8);
        Self {
            number: NUMBERS.fetch_add(1, Relaxed),
            spec,
            around,
            space,
            table,
            heads: Heads::default(),
            waiters: Waiters::default(),
            failures: HashMap::new(),
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
                }
                self.failures.remove(&segment);
                self.waiters.answer(segment, &Ok(bytes));
            }
            HeadEvent::Ended(end) => {
                if let Some(head) = self.heads.remove(id) {
                    self.ended(&head, end);
                }
            }
        }
    }

    fn ended(&mut self, head: &Head, end: HeadEnd) {
        let next = head.view.next;
        let reason = head.reason.as_deref().unwrap_or("");
        match &end {
            HeadEnd::Failed(why) => {
                tracing::warn!(head = head.view.id, rendition = %self.spec.id, segment = next, %why, "head failed");
            }
            end => {
                tracing::info!(head = head.view.id, rendition = %self.spec.id, segment = next, ?end, reason, "head ended");
            }
        }
        match end {
            HeadEnd::Finished | HeadEnd::Stopped => {}
            // Where nothing can be read yet, a tool sees an end or nothing at all.
            HeadEnd::FilmEnded { .. } | HeadEnd::Failed(_) if self.around.feed.reach() == Reach::AsRead => {
                let failure = self.around.feed.failure_of(head.view.id).unwrap_or_else(not_read_yet);
                return self.give_up(&failure);
            }
            HeadEnd::FilmEnded { frames } => match self.around.feed.failure_of(head.view.id) {
                // A source that failed looks like a film that ended.
                Some(fault) => return self.give_up(&fault),
                None => self.film_ended(frames),
            },
            HeadEnd::AtCapacity(error) | HeadEnd::Store(error) => return self.give_up(&error),
            HeadEnd::Failed(_) => {
                if let Some(failure) = self.around.feed.failure_of(head.view.id) {
                    return self.give_up(&failure);
                }
                let failures = self.failures.entry(next).or_default();
                *failures += 1;
                if *failures >= TRIES {
                    self.failures.remove(&next);
                    return self.give_up(&Error::new(
                        ErrorKind::Unplayable,
                        "this part of the film could not be made into something a browser plays; try another place, \
                         or see the server's log",
                    ));
                }
            }
        }
        self.schedule_all();
    }

    /// Those who wait, and whom no other head serves, are told why they wait in vain.
    fn give_up(&mut self, error: &Error) {
        let served = self.heads.views();
        for segment in self.waiters.wanted() {
            if !served.iter().any(|head| head.will_make(segment)) {
                self.waiters.answer(segment, &Err(error.clone()));
            }
        }
        if served.is_empty() {
            self.waiters.answer_init(&Err(error.clone()));
        }
    }

    /// The source ended after so many frames: no request waits for what will never come.
    fn film_ended(&mut self, frames: u64) {
        let table = self.table();
        if frames >= table.total_frames() {
            return;
        }
        let shorter = table.truncated_to(frames);
        let length_s = shorter.total_s();
        tracing::warn!(rendition = %self.spec.id, promised_s = table.total_s(), length_s, "the film ends early");
        self.set_table(shorter);
        self.around.length.send_if_modified(|length| {
            let shorter = length_s < *length;
            if shorter {
                *length = length_s;
            }
            shorter
        });
    }

    fn shorten_to(&mut self, seconds: f64) {
        let table = self.table();
        let frames = crate::time::film_frames(table.timescale(), table.frame_ticks(), seconds);
        if frames < table.total_frames() {
            self.set_table(table.truncated_to(frames));
        }
    }

    fn set_table(&mut self, table: SegmentTable) {
        let len = table.len();
        self.table.send_replace(Arc::new(table));
        for segment in self.waiters.wanted() {
            if segment >= len {
                self.waiters.answer(segment, &Err(past_the_end()));
            }
        }
    }

    fn table(&self) -> Arc<SegmentTable> {
        Arc::clone(&self.table.borrow())
    }

    fn schedule_all(&mut self) {
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
            Serve::Start { first, end } => self.start_head(&table, first, end),
        }
    }

    fn start_head(&mut self, table: &Arc<SegmentTable>, first: u32, end: u32) {
        cut_short(self.heads.iter_mut().map(|head| &mut head.view), first);
        let id: HeadId = NUMBERS.fetch_add(1, Relaxed);
        let (hold, held) = watch::channel(false);
        let stop = self.around.tasks.token().child_token();
        let pulse = self.around.slots.pulse();
        let (command, grid) = self.command(id, table, first, end);
        tracing::info!(head = id, rendition = %self.spec.id, first, end, at_s = table.start_s(first), "head starts");
        let run = HeadRun {
            id,
            command,
            cutter: Cutter::new(Arc::clone(table), grid, first, end),
            first_frame: table.first_frame(first),
            space: self.space.clone(),
            feed: self.around.feed.clone(),
            spawner: self.around.spawner.clone(),
            hold: held,
            stop: stop.clone(),
            news: self.news.clone(),
        };
        let slot = matches!(self.spec.order, Order::Video(_)).then(|| (self.around.slots.clone(), Arc::clone(&pulse)));
        let (news, number, token) = (self.news.clone(), self.number, stop.clone());
        self.around.tasks.spawn_tidy("head", async move {
            let run = AssertUnwindSafe(run.run()).catch_unwind();
            // A head that panics ends as any other, so that nobody waits for it.
            let run = async { run.await.unwrap_or_else(|_| HeadEnd::Failed("its task panicked".into())) };
            let ended = match slot {
                None => run.await,
                Some((slots, pulse)) => match slots.acquire(id, number, pulse, token).await {
                    // The place is given back when the child is gone.
                    Ok(_slot) => run.await,
                    Err(error) => HeadEnd::AtCapacity(error),
                },
            };
            let _ = news.send(News { head: id, event: HeadEvent::Ended(ended) }).await;
        });
        let view = HeadView { id, next: first, end };
        self.heads.push(Head { view, ordered_end: end, hold, stop, pulse, reason: None });
    }

    fn command(&self, head: HeadId, table: &SegmentTable, first: u32, end: u32) -> (Command, Grid) {
        let url = self.around.feed.url_for(head);
        let (first_frame, end_frame) = (table.first_frame(first), table.first_frame(end));
        let grid = |zero_ticks| Grid { zero_ticks, frame_ticks: table.frame_ticks() };
        match &self.spec.order {
            Order::Video(order) => {
                let gop = gop_frames(order.rate, first);
                (video_command(&self.around.mpv, &url, order, first_frame, end_frame, gop), grid(order.zero_ticks()))
            }
            Order::Audio(order) => (audio_command(&self.around.ffmpeg, &url, order, first_frame, end_frame), grid(0)),
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
                Pace::Hold => head.set_held(true),
                Pace::Stop(reason) => head.end(reason.to_string()),
            }
        }
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

fn not_read_yet() -> Error {
    Error::new(
        ErrorKind::SourceTimeout,
        "this film's server cannot seek, and has not been read as far as this; go back, or wait until it has",
    )
}

fn past_the_end() -> Error {
    Error::new(ErrorKind::NotFound, "the film ends before this segment; load the playlist again")
}

async fn sleep_until(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at.into()).await;
    }
}
