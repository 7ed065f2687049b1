//! Starting a head: its command, its task, and its place among the rendition's heads.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Surroundings,
    gauge::Gauge,
    heads::Head,
    keeper::{Keeper, NUMBERS},
};
use crate::{
    encoder::{Encoder, Preset, Run},
    head::{
        Cutter, FrameCutter, Grid, HeadEnd, HeadEvent, HeadRun, KeyframeCutter, Keys, Look, News, Order, VideoOrder,
        VideoTools, audio_command, audio_copy_command, video_command, video_copy_command,
    },
    process::Command,
    scheduler::{HeadId, HeadView, cut_short},
    time::{SegmentTable, gop_frames},
};

/// How long a head that is being read from may write nothing. A stalled source is given up by the gateway long before, so
/// this ends a tool that hangs by itself.
const SILENCE: Duration = Duration::from_secs(60);

/// The same for a graphics card, whose driver may hang, and for which the processor can stand in. Still longer than the
/// gateway waits for a source.
const CARD_SILENCE: Duration = Duration::from_secs(30);

/// How much earlier than its segment a head that decodes begins to read, in seconds; less than a head's own lead is no harm.
const LEAD_S: f64 = 0.25;

/// What is read for a head before it reads itself, in bytes, and how long that place is kept for it.
const AHEAD_OF_HEAD: u64 = 1 << 20;
const STAYS: Duration = Duration::from_secs(2);
const PREFETCH_LIMIT: Duration = Duration::from_secs(30);

/// A picture that begins later than this, in seconds, may be far into the file.
const SOON_S: f64 = 5.0;

impl Keeper {
    /// Starts a head for the segments `first..end`, and takes them from the heads that would have made them.
    ///
    /// `faster`: the preset of encoded video, where it is not the one that has proved best.
    pub(super) fn start_head(&mut self, table: &Arc<SegmentTable>, first: u32, end: u32, faster: Option<Preset>) {
        cut_short(self.heads.iter_mut().map(|head| &mut head.view), first);
        let id: HeadId = NUMBERS.fetch_add(1, Relaxed);
        let (hold, held) = watch::channel(false);
        let stop = self.around.tasks.token().child_token();
        let pulse = self.around.slots.pulse();
        let preset = faster.unwrap_or_else(|| match &self.spec.order {
            Order::Video(order) => self.around.speeds.preset(order.work, Instant::now()),
            _ => Preset::FIRST,
        });
        let (command, cutter) = self.command(id, table, first, end, preset);
        let (rendition, at_s) = (self.spec.id, table.start_s(first));
        match &self.spec.order {
            Order::Video(VideoOrder { encoder: Encoder { hardware: None, .. }, .. }) => {
                tracing::info!(head = id, %rendition, first, end, at_s, preset = preset.name(), "head starts");
            }
            _ => tracing::info!(head = id, %rendition, first, end, at_s, "head starts"),
        }
        let run = HeadRun {
            id,
            command,
            cutter,
            space: self.space.clone(),
            feed: self.around.feed.clone(),
            spawner: self.around.spawner.clone(),
            from_start: first == 0 && self.picture_soon(),
            silence: if self.spec.order.is_on_card() { CARD_SILENCE } else { SILENCE },
            hold: held,
            stop: stop.clone(),
            news: self.news.clone(),
        };
        self.prefetch(at_s, &stop);
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
        let gauge = Gauge::default();
        self.heads.push(Head {
            view,
            first,
            ordered_end: end,
            hold,
            stop,
            pulse,
            preset,
            gauge,
            strain: None,
            reason: None,
        });
    }

    /// Has the source's server asked for a head's first bytes while its program starts, which takes it a tenth of a second
    /// and mpv more. A film's beginning is read anyhow when it is opened.
    fn prefetch(&self, at_s: f64, stop: &CancellationToken) {
        let lead_s = if self.spec.order.is_copy() { 0.0 } else { LEAD_S };
        let Some(from) = self.around.moments.place(at_s - lead_s).filter(|_| at_s > 0.0) else { return };
        let (feed, stop) = (self.around.feed.clone(), stop.clone());
        self.around.tasks.spawn("prefetch", async move {
            let prefetched = timeout(PREFETCH_LIMIT, feed.prefetch(from, AHEAD_OF_HEAD, STAYS));
            stop.run_until_cancelled_owned(prefetched).await
        });
    }

    /// Whether it is a picture that is encoded and begins within the film's first seconds, as far as is known.
    fn picture_soon(&self) -> bool {
        matches!(&self.spec.order, Order::Video(order) if order.starts_s.is_none_or(|starts_s| starts_s < SOON_S))
    }

    /// Enough for nearly all films whose container lists its tracks, until a head has failed.
    fn look(&self) -> Look {
        if self.around.lists_tracks && !self.has_failed { Look::Quick } else { Look::Thorough }
    }

    /// How far back a picture's head for this segment looks for a keyframe where a seek finds none: the last one may have
    /// missed it.
    fn search(&self, first: u32) -> Look {
        if self.failures.contains_key(&first) { Look::Thorough } else { Look::Quick }
    }

    fn command(
        &self,
        head: HeadId,
        table: &Arc<SegmentTable>,
        first: u32,
        end: u32,
        preset: Preset,
    ) -> (Command, Cutter) {
        let Surroundings { feed, mpv, ffmpeg, .. } = &self.around;
        let url = feed.url_for(head);
        let (first_frame, end_frame) = (table.first_frame(first), table.first_frame(end));
        let frames = |zero_ticks| {
            let grid = Grid { zero_ticks, frame_ticks: table.frame_ticks() };
            FrameCutter::new(Arc::clone(table), grid, first, end)
        };
        match &self.spec.order {
            Order::Video(order) => {
                let run = Run { gop: gop_frames(order.rate, first), preset };
                let command = video_command(
                    VideoTools { mpv, ffmpeg },
                    &url,
                    order,
                    first_frame..end_frame,
                    run,
                    self.search(first),
                );
                (command, Cutter::Frames(frames(order.output_zero_ticks())))
            }
            Order::Audio(order) => {
                (audio_command(ffmpeg, &url, order, first_frame, end_frame, self.look()), Cutter::Frames(frames(0)))
            }
            Order::VideoCopy(order) => {
                let keys = Keys {
                    zero: order.zero_ticks,
                    first: order.first_ticks,
                    frame: order.frame_ticks,
                    last: order.last_keys.clone(),
                    may_be_open: order.hevc,
                };
                let cutter = KeyframeCutter::new(Arc::clone(table), keys, first, end);
                (video_copy_command(ffmpeg, &url, order, first, first_frame, self.look()), Cutter::Keyframes(cutter))
            }
            Order::AudioCopy(order) => {
                let cutter = frames(order.zero_ticks()).copied(order.phase);
                (audio_copy_command(ffmpeg, &url, order, first, first_frame, self.look()), Cutter::Frames(cutter))
            }
        }
    }
}
