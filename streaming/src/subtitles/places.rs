//! Where a track's events are: as the index has it, or as a walk through the clusters finds it.

use std::{borrow::Cow, future::Future, sync::Arc};

use bytes::Bytes;
use protocol::Error;

use super::{
    event::{AT_ONE_TIME, first_number},
    walk::{LOOK_BACK_S, Need, Walk, Walked},
};
use crate::keyframes::{Encoding, EventPlace, SubtitleIndex};

#[derive(Debug)]
pub(super) enum Places {
    /// By time.
    Told(Vec<EventPlace>),
    Walked(Arc<Walk>),
}

/// What is known around a moment.
pub(super) struct Around<'a> {
    /// By time; those before the moment too.
    pub(super) places: Cow<'a, [EventPlace]>,
    /// What is shown after this may not have been told before, in seconds of film time.
    pub(super) from_s: f64,
    /// All that begins from here on is among them; of what began before, some may be.
    pub(super) since_s: f64,
    /// And all that begins before this.
    pub(super) until_s: f64,
    /// All that was to be looked for before the moment has been.
    pub(super) complete: bool,
}

impl Places {
    /// None for a track that is stored in a way that can't be read, and for one that is neither in the index nor looked for
    /// by `walk`.
    pub(super) fn new(index: &SubtitleIndex, walk: Option<&Arc<Walk>>) -> Option<Self> {
        if index.encoding == Encoding::Unknown {
            return None;
        }
        match walk.filter(|walk| walk.is_for(index.number)) {
            Some(walk) => Some(Self::Walked(Arc::clone(walk))),
            None => (!index.events.is_empty()).then(|| Self::Told(index.events.clone())),
        }
    }

    /// Where the events of `track` are that are shown between two moments of film time, and those near them.
    pub(super) async fn around<R, F>(
        &self,
        read: &R,
        track: u64,
        (from_s, until_s): (f64, f64),
        need: Need,
    ) -> Result<Around<'_>, Error>
    where
        R: Fn(u64, usize) -> F + Sync,
        F: Future<Output = Result<Bytes, Error>> + Send,
    {
        match self {
            Self::Told(places) => {
                let places = Cow::Borrowed(&places[..]);
                Ok(Around { places, from_s, since_s: f64::NEG_INFINITY, until_s, complete: true })
            }
            Self::Walked(walk) => {
                let Walked { since_s, until_s, complete } = walk.through(read, from_s, until_s, need).await?;
                // The answer before may have had no time to look back.
                let from_s = from_s - LOOK_BACK_S;
                Ok(Around { places: Cow::Owned(walk.places(track)), from_s, since_s, until_s, complete })
            }
        }
    }
}

/// A number for each event of a list by time, which stays its own when more of the film is known: in the order of time, as
/// scripts have it. Two of one time that are found one after the other may get the same.
pub(super) fn numbers(places: &[EventPlace]) -> impl Iterator<Item = u64> {
    let mut before = None;
    places.iter().map(move |place| {
        let count = match before {
            Some((time, count)) if time == place.time => count + 1,
            _ => 0,
        };
        before = Some((place.time, count));
        // With a tick finer than milliseconds some have to get another number, as they do when two are alike.
        first_number(place.time) + count.min(AT_ONE_TIME - 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_by_time_and_are_not_those_of_neighbours() {
        let at = |time| EventPlace { time, duration: None, cluster: 0, inside: None };
        let places = [at(-5), at(0), at(40), at(40), at(41)];
        assert_eq!(numbers(&places).collect::<Vec<_>>(), [0, 0, 320, 321, 328]);
        assert_eq!(numbers(&places[3..]).collect::<Vec<_>>(), [320, 328]);
    }
}
