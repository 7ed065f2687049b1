//! A file's bytes with one clock throughout.

use super::packets::{self, Layout};
use crate::gateway::Rewrite;

/// From where on in the file time stamps are moved, and by how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Where a packet begins.
    pub(super) at: u64,
    pub(super) by: i64,
}

/// Moves the time stamps of a file's parts so that each goes on where the one before it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneClock {
    pub(super) layout: Layout,
    /// In order. What is before the first stays as it is.
    pub(super) parts: Vec<Part>,
}

impl OneClock {
    /// How many times the clock begins anew or jumps.
    #[must_use]
    pub fn joints(&self) -> usize {
        self.parts.len()
    }
}

impl Rewrite for OneClock {
    fn to_find(&self) -> usize {
        self.layout.to_find()
    }

    fn rewrite(&self, at: u64, bytes: &mut [u8]) -> usize {
        let inside = |part: &Part| usize::try_from(part.at.checked_sub(at)?).ok().filter(|at| *at < bytes.len());
        let known: Vec<_> = self.parts.iter().filter_map(inside).collect();
        let found = self.layout.packets(bytes, &known);
        let end = found.last().map_or(0, |last| last.end);
        for packet in found {
            let place = at + packet.start as u64;
            let before = self.parts.partition_point(|part| part.at <= place);
            let Some(part) = before.checked_sub(1).map(|last| self.parts[last]) else { continue };
            let packet = &mut bytes[packet];
            if let Some(clock) = self.layout.clock(packet) {
                packets::write_clock(packet, clock, part.by);
            }
            for stamps in self.layout.stamps(packet) {
                for stamp in [Some(stamps.presented), stamps.decoded].into_iter().flatten() {
                    packets::write(packet, stamp, part.by);
                }
            }
        }
        end
    }
}
