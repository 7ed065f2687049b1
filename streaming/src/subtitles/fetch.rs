//! Getting a block from where the index has it.

use std::{collections::HashMap, future::Future};

use bytes::Bytes;
use protocol::Error;

use super::block::{Block, Found, MAX_EVENT, block};
use crate::{
    ebml::{CLUSTER, element},
    keyframes::EventPlace,
};

/// Bytes of a cluster's own header, and of an element's.
const HEADER: usize = 16;

/// Where the content of the clusters begins that have been looked at, by their own place; none for what is no cluster.
pub(super) type Clusters = HashMap<u64, Option<u64>>;

/// The block of `track` at a place; none if there is no such. `first` bytes are read at first, and more where it is longer.
pub(super) async fn stored<R, F>(
    read: &R,
    place: &EventPlace,
    track: u64,
    first: usize,
    clusters: &mut Clusters,
) -> Result<Option<Block>, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let content = match clusters.get(&place.cluster) {
        Some(content) => *content,
        None => {
            let header = read(place.cluster, HEADER).await?;
            let found = element(&header, 0).filter(|found| found.id == CLUSTER);
            let content = found.map(|found| place.cluster + found.start as u64);
            clusters.insert(place.cluster, content);
            content
        }
    };
    let Some(content) = content else { return Ok(None) };
    let Some(at) = place.inside.and_then(|inside| content.checked_add(inside)) else { return Ok(None) };
    let mut bytes = read(at, first).await?;
    if let Found::Needs(length) = block(&bytes) {
        bytes = read(at, length.min(MAX_EVENT)).await?;
    }
    let Found::Block(found) = block(&bytes) else { return Ok(None) };
    Ok((found.track == track).then_some(found))
}
