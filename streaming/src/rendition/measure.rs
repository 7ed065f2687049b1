//! What follows from how fast a head is: another preset, or words for who watches.

use std::time::Instant;

use super::keeper::Keeper;
use crate::{
    head::{Order, VideoOrder},
    scheduler::{HeadId, ReaderView},
};

/// Who has less than this ahead, in seconds of film, is soon where nothing has been made.
const CLOSE_S: f64 = 15.0;

impl Keeper {
    /// This head has made this segment.
    ///
    /// Nothing is done as long as those who watch have enough ahead of them: a moment's load passes. One that falls behind
    /// them ends here, where nothing of its work is lost, and one with a faster preset goes on:
    /// their init segments are the same.
    pub(super) fn measure(&mut self, id: HeadId, segment: u32) {
        let Order::Video(VideoOrder { encoder, work, .. }) = &self.spec.order else { return };
        let (in_software, work) = (encoder.hardware.is_none(), *work);
        let table = self.table();
        let (now, starved) = (Instant::now(), self.around.feed.starved(id));
        let Some(head) = self.heads.get_mut(id).filter(|head| head.reason.is_none()) else { return };
        let Some(speed) = head.gauge.made(now, table.duration_s(segment), starved) else { return };
        let (next, end, preset) = (head.view.next, head.view.end, head.preset);
        let faster = if in_software { self.around.speeds.note(work, preset, speed, now) } else { None };
        tracing::debug!(head = id, speed, preset = preset.name(), "measured");
        let readers = self.waiters.views(now);
        let close = |reader: &ReaderView| {
            let is_behind = reader.segment <= next && table.start_s(next) - table.start_s(reader.segment) < CLOSE_S;
            is_behind || reader.waiting && (next..end).contains(&reader.segment)
        };
        let is_close = readers.iter().any(close);
        head.strain = (is_close && speed < 1.0).then_some(speed);
        match faster.filter(|_| is_close) {
            Some(faster) if next < end => {
                let (from, to) = (preset.name(), faster.name());
                tracing::info!(head = id, rendition = %self.spec.id, speed, from, to, "too slow for who watches");
                head.end("a head with a faster preset goes on from here");
                self.start_head(&table, next, end, Some(faster));
            }
            _ => {}
        }
    }

    pub(super) fn tell_strain(&self) {
        let strain = self.heads.strain();
        self.strain.send_if_modified(|told| std::mem::replace(told, strain) != strain);
    }
}
