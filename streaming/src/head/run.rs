//! Running a head: one task owns the child, reads it, and puts the segments into the store.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use protocol::Error;
use tokio::{
    io::AsyncReadExt as _,
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{Cut, CutError, Cutter};
use crate::{
    fmp4::{Event, FragmentReader},
    gateway::Feed,
    process::{Child, ChildStdout, Command, Exit, Spawner},
    scheduler::HeadId,
    store::{RenditionSpace, StoreError},
};

/// How often a silent head's source is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How long a tool may take to end after it has closed its output.
const LAST_BREATH: Duration = Duration::from_secs(5);

/// What a head that encodes a film's picture from its beginning may take, in time and in bytes of the film, before it has
/// decoded anything. A film that can be played has a picture within its first few MB; one of noise is told before the viewer
/// has waited for 25 s, and is not read through.
const FIRST_FRAME: Duration = Duration::from_secs(18);
const FIRST_BYTES: u64 = 16 << 20;

/// Bytes taken from the pipe at a time.
const READ: usize = 256 * 1024;

/// What a rendition hears from its heads.
#[derive(Debug)]
pub struct News {
    pub head: HeadId,
    pub event: HeadEvent,
}

#[derive(Debug)]
pub enum HeadEvent {
    /// The init segment is in the store.
    Init(Bytes),
    /// A segment is in the store.
    Made { segment: u32, bytes: Bytes },
    /// The head is gone; nothing comes after this.
    Ended(HeadEnd),
}

/// Why a head ended.
#[derive(Clone, Debug, PartialEq)]
pub enum HeadEnd {
    /// It made all that was ordered.
    Finished,
    /// The source ended before the table does, after this many frames of the rendition.
    FilmEnded { frames: u64 },
    /// It was told to stop.
    Stopped,
    /// It did not get an encoder's place.
    AtCapacity(Error),
    /// The store could not take a segment.
    Store(Error),
    /// The source's frames are such that they can't be copied after all: why, in words for a viewer. `log` says where.
    NotCopyable { why: &'static str, log: String },
    /// It has read the film's beginning and could decode nothing of it. For the log.
    Undecodable(String),
    /// The tool failed, or wrote something else than was ordered. For the log.
    Failed(String),
}

/// All that one run of a head needs.
#[derive(Debug)]
pub struct HeadRun {
    pub id: HeadId,
    pub command: Command,
    pub cutter: Cutter,
    pub space: RenditionSpace,
    pub feed: Feed,
    pub spawner: Spawner,
    /// How long it may write nothing while it is read from.
    pub silence: Duration,
    /// Whether it encodes a picture from the film's beginning, where there should be one soon.
    pub from_start: bool,
    /// True while the head is not to be read from.
    pub hold: watch::Receiver<bool>,
    pub stop: CancellationToken,
    pub news: mpsc::Sender<News>,
}

impl HeadRun {
    /// Runs the head to its end. The child is gone when this returns.
    pub async fn run(mut self) -> HeadEnd {
        let mut child = match self.spawner.spawn(self.command.clone()).await {
            Ok(child) => child,
            Err(error) => return HeadEnd::Failed(error.to_string()),
        };
        let stop = self.stop.clone();
        let read = match child.take_stdout() {
            Some(mut stdout) => stop.run_until_cancelled(self.read(&mut stdout)).await,
            None => Some(Err(HeadEnd::Failed("its output could not be had".into()))),
        };
        match read {
            None => {
                child.end().await;
                HeadEnd::Stopped
            }
            Some(Err(end)) => {
                child.end().await;
                with_stderr(end, &child)
            }
            Some(Ok(())) => self.conclude(&mut child).await,
        }
    }

    /// Reads until the output ends or all that was ordered has been cut.
    async fn read(&mut self, stdout: &mut ChildStdout) -> Result<(), HeadEnd> {
        let mut reader = FragmentReader::new();
        let mut buffer = BytesMut::with_capacity(READ);
        let mut begun = !self.from_start;
        while !self.cutter.is_done() {
            // The owner going away cancels `stop`, so a closed channel needs no answer here.
            let _ = self.hold.wait_for(|hold| !hold).await;
            buffer.clear();
            match self.next(stdout, &mut buffer, begun).await? {
                0 if reader.is_at_boundary() => return Ok(()),
                0 => return Err(HeadEnd::Failed("its output ends within a box".into())),
                _ => begun = true,
            }
            let events = reader.push(&buffer).map_err(|error| HeadEnd::Failed(error.to_string()))?;
            for event in events {
                self.take(event).await?;
            }
        }
        Ok(())
    }

    /// The next bytes of the output; 0 at its end. `begun`: there have been some, or need not be soon.
    ///
    /// mpv tries a source that the gateway has given up again and again, for 20 s and more. Nobody who waits for the
    /// head would be told of it so long, hence the looks at the source while the head is silent.
    async fn next(&self, stdout: &mut ChildStdout, buffer: &mut BytesMut, begun: bool) -> Result<usize, HeadEnd> {
        let (since, starved) = (Instant::now(), self.feed.starved(self.id));
        loop {
            match timeout(LOOK, stdout.read_buf(buffer)).await {
                Ok(Ok(count)) => return Ok(count),
                Ok(Err(error)) => return Err(HeadEnd::Failed(format!("its output could not be read: {error}"))),
                Err(_) => {}
            }
            if let Some(failure) = self.feed.failure_of(self.id) {
                return Err(source_failed(&failure));
            }
            let fed = self.feed.fed(self.id);
            if !begun && fed >= FIRST_BYTES && since.elapsed() >= FIRST_FRAME {
                return Err(HeadEnd::Undecodable(format!("it decoded nothing of {fed} bytes")));
            }
            // A source may be late in several places in turn, each of them within what the gateway bears.
            let waited = self.feed.starved(self.id).saturating_sub(starved);
            if since.elapsed().saturating_sub(waited) >= self.silence {
                return Err(HeadEnd::Failed(format!("it wrote nothing for {} s", self.silence.as_secs())));
            }
        }
    }

    async fn take(&mut self, event: Event) -> Result<(), HeadEnd> {
        match event {
            Event::Init(init) => {
                let init = self.cutter.init(init);
                self.space.put_init(init.clone()).await.map_err(store_end)?;
                self.tell(HeadEvent::Init(init)).await;
            }
            Event::Fragment(fragment) => {
                let cuts = self.cutter.push(&fragment).map_err(|error| refused(&error))?;
                for cut in cuts {
                    self.publish(cut).await?;
                }
            }
        }
        Ok(())
    }

    async fn publish(&self, Cut { segment, bytes }: Cut) -> Result<(), HeadEnd> {
        // A tool takes a failed source for the film's end, and an audio head would fill the rest with silence.
        if let Some(failure) = self.feed.failure_of(self.id) {
            return Err(source_failed(&failure));
        }
        self.space.put(segment, bytes.clone()).await.map_err(store_end)?;
        self.tell(HeadEvent::Made { segment, bytes }).await;
        Ok(())
    }

    async fn tell(&self, event: HeadEvent) {
        // A rendition that is gone has cancelled `stop`; what it would have heard is of no use to anybody.
        let _ = self.news.send(News { head: self.id, event }).await;
    }

    /// The output has ended, or all that was ordered is there: what does that mean?
    ///
    /// Exit code 0 alone proves nothing (a killed source ends in it too), but a failure's code is believed.
    async fn conclude(mut self, child: &mut Child) -> HeadEnd {
        if self.cutter.is_done() {
            child.end().await;
            return HeadEnd::Finished;
        }
        let exit = tokio::select! {
            exit = timeout(LAST_BREATH, child.wait()) => exit.ok(),
            () = self.stop.cancelled() => None,
        };
        match exit {
            Some(Exit::Code(0)) => {}
            Some(exit) => return with_stderr(HeadEnd::Failed(format!("it ended with {exit:?}")), child),
            None => {
                child.end().await;
                return if self.stop.is_cancelled() {
                    HeadEnd::Stopped
                } else {
                    HeadEnd::Failed(format!("it did not end {} s after its output", LAST_BREATH.as_secs()))
                };
            }
        }
        // One that made nothing has not seen the film's end: it could not seek there, or not decode what it found.
        if self.cutter.is_empty() {
            return with_stderr(HeadEnd::Failed("it made nothing".into()), child);
        }
        let ending = match self.cutter.finish() {
            Ok(ending) => ending,
            Err(error) => return with_stderr(refused(&error), child),
        };
        for cut in ending.cuts {
            if let Err(end) = self.publish(cut).await {
                return end;
            }
        }
        ending.early_at.map_or(HeadEnd::Finished, |frames| HeadEnd::FilmEnded { frames })
    }
}

fn refused(error: &CutError) -> HeadEnd {
    let log = error.to_string();
    match error.why_not_copied() {
        Some(why) => HeadEnd::NotCopyable { why, log },
        None => HeadEnd::Failed(log),
    }
}

fn source_failed(error: &Error) -> HeadEnd {
    HeadEnd::Failed(format!("its source failed: {error}"))
}

fn with_stderr(end: HeadEnd, child: &Child) -> HeadEnd {
    match end {
        HeadEnd::Failed(why) => HeadEnd::Failed(with_tail(why, child)),
        HeadEnd::Undecodable(why) => HeadEnd::Undecodable(with_tail(why, child)),
        other => other,
    }
}

fn with_tail(why: String, child: &Child) -> String {
    let tail = child.stderr_tail();
    let tail = tail.trim();
    if tail.is_empty() { why } else { format!("{why}: {tail}") }
}

fn store_end(error: StoreError) -> HeadEnd {
    HeadEnd::Store(error.into())
}
