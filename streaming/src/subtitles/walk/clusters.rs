//! Going through clusters, element by element. What is not looked for is passed over, but for its first bytes.

use std::future::Future;

use bytes::Bytes;
use protocol::Error;

use super::super::block::{BLOCK, BLOCK_GROUP, Found, MAX_EVENT, SIMPLE_BLOCK, block};
use crate::{
    ebml::{CLUSTER, Element, children, element, unsigned, vint},
    keyframes::EventPlace,
};

const TIMESTAMP: u32 = 0xE7;
/// What a cluster's timestamp may stand behind.
const POSITION: u32 = 0xA7;
const PREVIOUS_SIZE: u32 = 0xAB;
const CRC: u32 = 0xBF;
const VOID: u32 = 0xEC;

/// Bytes that are read at a time: a block of the gateway's.
const PIECE: usize = 256 * 1024;
/// The longest header of an element, and what of a block tells its track.
const HEADER: usize = 12;
const BEGINNING: usize = 40;
/// A stretch ends with the first cluster after so many bytes.
const STRETCH: u64 = 2 << 20;
/// No cluster is longer than this.
const LONGEST: u64 = 64 << 20;
/// Bytes in which a cluster is looked for; a muxer begins one every five megabytes at most.
const LOOKED_THROUGH: u64 = 6 << 20;

/// The beginning of a cluster up to its timestamp.
const LEAST: usize = 64;

/// What was found behind a cluster.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Stretch {
    /// Of which track, and where.
    pub(super) places: Vec<(u64, EventPlace)>,
    /// Where the next cluster begins, and its time in ticks if it was looked at; none at the film's end.
    pub(super) next: Option<(u64, Option<i64>)>,
}

/// The part of the file that is in memory.
struct Piece<'a, R> {
    read: &'a R,
    at: u64,
    bytes: Bytes,
    /// Hardly anything is wanted from here on.
    end: u64,
}

impl<R, F> Piece<'_, R>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    /// The bytes at a place, at least so many of them unless the file ends.
    async fn at(&mut self, at: u64, least: usize) -> Result<&Bytes, Error> {
        let inside = at.checked_sub(self.at).and_then(|inside| usize::try_from(inside).ok());
        let rest = inside.filter(|inside| *inside <= self.bytes.len()).map(|inside| self.bytes.slice(inside..));
        self.bytes = match rest {
            Some(rest) if rest.len() >= least => rest,
            _ => {
                let wanted = usize::try_from(self.end.saturating_sub(at)).unwrap_or(PIECE).min(PIECE);
                (self.read)(at, least.max(wanted)).await?
            }
        };
        self.at = at;
        Ok(&self.bytes)
    }
}

/// Goes on from a cluster at `at` to the next one that begins at `limit` or some megabytes later.
pub(super) async fn stretch<R, F>(read: &R, at: u64, limit: Option<u64>, tracks: &[u64]) -> Result<Stretch, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let mut piece = Piece { read, at, bytes: Bytes::new(), end: limit.unwrap_or(u64::MAX) };
    let mut found = Stretch::default();
    // The cluster that the walk is in: where it and its content begin, and its time.
    let (mut cluster, mut content, mut time) = (at, at, None);
    let mut now = at;
    loop {
        if limit.is_some_and(|limit| now >= limit) {
            found.next = limit.map(|limit| (limit, None));
            return Ok(found);
        }
        let bytes = piece.at(now, HEADER).await?.clone();
        if bytes.is_empty() {
            break;
        }
        let Some(part) = element(&bytes, 0).filter(|_| now - at < LONGEST) else {
            return lost(read, now, limit, found).await;
        };
        let after = part.size.and_then(|size| now.checked_add(part.start as u64)?.checked_add(size));
        match part.id {
            CLUSTER => {
                (cluster, content, time) = (now, now + part.start as u64, None);
                now = content;
                continue;
            }
            TIMESTAMP => {
                let body = piece.at(now, HEADER + 8).await?;
                time = unsigned(part.body(body)).and_then(|time| i64::try_from(time).ok());
                if cluster - at >= STRETCH {
                    found.next = Some((cluster, time));
                    return Ok(found);
                }
            }
            SIMPLE_BLOCK | BLOCK_GROUP => {
                let size = after.map_or(MAX_EVENT, |after| usize::try_from(after - now).unwrap_or(MAX_EVENT));
                let beginning = piece.at(now, size.min(BEGINNING)).await?;
                let wanted = track(&part, beginning).filter(|track| tracks.contains(track) && size <= MAX_EVENT);
                if let (Some(track), Some(time)) = (wanted, time)
                    && let Found::Block(block) = block(piece.at(now, size).await?)
                {
                    let (time, inside) = (time.saturating_add(block.time.into()), Some(now - content));
                    found.places.push((track, EventPlace { time, duration: block.duration, cluster, inside }));
                }
            }
            _ => {}
        }
        let Some(after) = after else { return lost(read, now, limit, found).await };
        now = after;
    }
    // The film's end, unless another known cluster comes after it.
    found.next = limit.map(|limit| (limit, None));
    Ok(found)
}

/// Goes on with the next cluster after what is not understood, or is longer than it should be.
async fn lost<R, F>(read: &R, at: u64, limit: Option<u64>, mut found: Stretch) -> Result<Stretch, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let next = cluster_from(read, at.saturating_add(1), limit.unwrap_or(u64::MAX)).await?;
    found.next = next.map(|(place, time)| (place, Some(time))).or(limit.map(|limit| (limit, None)));
    Ok(found)
}

/// The time of a cluster that begins at a place, in ticks; none if there is none.
pub(super) async fn cluster_at<R, F>(read: &R, at: u64) -> Result<Option<i64>, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    Ok(time(&read(at, LEAST).await?))
}

/// The track of a block, from its beginning.
fn track(part: &Element, bytes: &[u8]) -> Option<u64> {
    let body = part.body(bytes);
    let stored = match part.id {
        SIMPLE_BLOCK => body,
        _ => children(body).find(|child| child.id == BLOCK)?.body,
    };
    vint(stored).map(|(track, _)| track)
}

/// The first cluster that begins at or after `from` and well before `until`: its place and its time in ticks.
pub(super) async fn cluster_from<R, F>(read: &R, from: u64, until: u64) -> Result<Option<(u64, i64)>, Error>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let until = until.min(from.saturating_add(LOOKED_THROUGH));
    let mut at = from;
    while at < until {
        let bytes = read(at, PIECE).await?;
        let id = CLUSTER.to_be_bytes();
        let begins = |n: &usize| bytes[*n..].starts_with(&id);
        let told = (0..bytes.len()).filter(begins).find_map(|n| Some((at + n as u64, time(&bytes[n..])?)));
        if told.is_some() || bytes.len() < PIECE {
            return Ok(told.filter(|(place, _)| *place < until));
        }
        at += (PIECE - LEAST) as u64;
    }
    Ok(None)
}

/// The time of a cluster, if these bytes begin with one.
fn time(bytes: &[u8]) -> Option<i64> {
    let mut at = element(bytes, 0).filter(|part| part.id == CLUSTER)?.start;
    loop {
        let part = element(bytes, at)?;
        match part.id {
            TIMESTAMP if part.end()? <= bytes.len() => return i64::try_from(unsigned(part.body(bytes))?).ok(),
            CRC | VOID | POSITION | PREVIOUS_SIZE => at = part.end()?,
            _ => return None,
        }
    }
}
