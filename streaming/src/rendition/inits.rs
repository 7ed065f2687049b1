//! Init segments that renditions of one film share.
//!
//! The encoder's settings alone decide what stands in an init segment of encoded video. So a viewer who changes the
//! subtitles in the middle of the film need not wait for a head at its start to bring the same bytes again.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::{
    encoder::Work,
    head::{Order, VideoOrder},
};

/// The init segments of a film's encoded videos. Cheap to clone; each video track has at most one for each quality, and as many
/// again where a graphics card encodes.
#[derive(Clone, Debug, Default)]
pub struct Inits {
    known: Arc<Mutex<Vec<(VideoOrder, Bytes)>>>,
}

impl Inits {
    pub(super) fn keep(&self, order: &Order, init: &Bytes) {
        let Some(order) = settings(order) else { return };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|(settings, _)| *settings == order) {
            known.push((order, init.clone()));
        }
    }

    pub(super) fn get(&self, order: &Order) -> Option<Bytes> {
        let order = settings(order)?;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(settings, _)| *settings == order).map(|(_, init)| init.clone())
    }
}

/// What decides the init segment: all of the order but what is drawn into the picture.
fn settings(order: &Order) -> Option<VideoOrder> {
    match order {
        Order::Video(order) => Some(VideoOrder { burn: None, work: Work::default(), ..order.clone() }),
        // A head of the others brings its own at once, and its track's language may stand in it.
        Order::Audio(_) | Order::VideoCopy(_) | Order::AudioCopy(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use protocol::{DynamicRange, FrameRate};

    use super::*;
    use crate::{
        encoder::{Encoder, Work},
        head::{Deinterlace, Shape},
    };

    fn order(video: u16, burn: Option<u16>) -> Order {
        Order::Video(VideoOrder {
            video,
            burn,
            rate: FrameRate { num: 25, den: 1 },
            shape: Shape { width: 1280, height: 720, sample_aspect: (1, 1) },
            scale: None,
            deinterlace: Deinterlace::None,
            range: DynamicRange::Standard,
            rgb: false,
            seeks_by_time: false,
            encoder: Encoder { hardware: None, level: 40, max_bit_rate: 8_000_000 },
            work: Work::default(),
            zero_s: 0.0,
            starts_s: None,
            ends_s: 60.0,
        })
    }

    #[test]
    fn subtitles_do_not_matter_and_the_track_does() {
        let inits = Inits::default();
        let init = Bytes::from_static(b"init");
        inits.keep(&order(0, Some(1)), &init);
        assert_eq!(inits.get(&order(0, None)), Some(init));
        assert_eq!(inits.get(&order(1, Some(1))), None);
    }
}
