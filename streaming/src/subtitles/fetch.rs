//! Getting a block from where the index has it.

use std::{
    future::Future,
    sync::atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use protocol::Error;

use super::block::{Block, Found, MAX_EVENT, block};
use crate::keyframes::EventPlace;

/// Bytes of a cluster's own header: four of its id and one to eight of its length.
const HEADERS: std::ops::RangeInclusive<usize> = 5..=12;

/// What is known of a film's clusters.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    /// Bytes of the last one's header, zero at first; a muxer writes most of them alike.
    header: AtomicUsize,
}

/// The block of `track` at a place; none if there is no such. `first` bytes are read at first, and more where it is longer.
///
/// A place counts from the end of its cluster's header, whose length the index does not tell. The header may be far from
/// the block, so it is not read: there are eight lengths it can have, and with one of them the block is found.
pub(super) async fn stored<R, F>(
    read: &R,
    place: &EventPlace,
    track: u64,
    first: usize,
    clusters: &Clusters,
) -> Result<Option<Block>, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let at = place.inside.and_then(|inside| place.cluster.checked_add(inside));
    let Some(at) = at.filter(|at| *at < u64::MAX - 16) else { return Ok(None) };
    let shortest = *HEADERS.start();
    let bytes = read(at + shortest as u64, first + HEADERS.count()).await?;
    let mut longer = Vec::new();
    let last = clusters.header.load(Ordering::Relaxed);
    for header in Some(last).filter(|last| *last > 0).into_iter().chain(HEADERS) {
        match block(bytes.get(header - shortest..).unwrap_or_default()) {
            Found::Block(found) if found.track == track => {
                clusters.header.store(header, Ordering::Relaxed);
                return Ok(Some(found));
            }
            Found::Needs(length) => longer.push((header, length)),
            _ => {}
        }
    }
    for (header, length) in longer {
        let bytes = read(at + header as u64, length.min(MAX_EVENT)).await?;
        if let Found::Block(found) = block(&bytes)
            && found.track == track
        {
            clusters.header.store(header, Ordering::Relaxed);
            return Ok(Some(found));
        }
    }
    Ok(None)
}
