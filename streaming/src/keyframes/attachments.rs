//! Where the files are that are attached to a Matroska film: its fonts and covers. Names are those of RFC 9559.

use std::future::Future;

use bytes::Bytes;
use protocol::Error;

use super::{
    NoIndex,
    file::{Failure, File},
    matroska::attachments_place,
};
use crate::ebml::element;

const ATTACHMENTS: u32 = 0x1941_A469;
const ATTACHED_FILE: u32 = 0x61A7;
const FILE_DATA: u32 = 0x465C;

/// More than any film has.
const MAX_FILES: usize = 512;
/// Name, description, type, number, content, and what else one may have.
const MAX_FIELDS: usize = 32;
/// Bytes that an element's beginning has at most.
const HEADER: usize = 16;

/// An attached file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub offset: u64,
    /// Bytes.
    pub size: u64,
}

/// In the file's order. Only their places are read, not what is in them.
pub(super) async fn attachments<R, F>(file: &File<'_, R>) -> Result<Vec<Attachment>, Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let Some(place) = attachments_place(file).await? else { return Ok(Vec::new()) };
    let (mut at, end) = inside(file, place, ATTACHMENTS).await?;
    let mut found = Vec::new();
    for _ in 0..2 * MAX_FILES {
        if at >= end || found.len() >= MAX_FILES {
            break;
        }
        let Ok((start, next)) = inside(file, at, ATTACHED_FILE).await else {
            // A checksum or a void.
            at = skip(file, at).await?;
            continue;
        };
        found.extend(content(file, start, next).await?);
        at = next;
    }
    Ok(found)
}

/// The content of an attached file whose fields stand between two places.
async fn content<R, F>(file: &File<'_, R>, mut at: u64, end: u64) -> Result<Option<Attachment>, Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    for _ in 0..MAX_FIELDS {
        if at >= end {
            break;
        }
        if let Ok((offset, next)) = inside(file, at, FILE_DATA).await {
            return Ok(Some(Attachment { offset, size: next - offset }));
        }
        at = skip(file, at).await?;
    }
    Ok(None)
}

/// Where the content of such an element begins and ends; it must be of this kind.
async fn inside<R, F>(file: &File<'_, R>, at: u64, id: u32) -> Result<(u64, u64), Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let bytes = file.some(at, HEADER).await?;
    let found = element(&bytes, 0).filter(|found| found.id == id).ok_or(NoIndex::Malformed)?;
    let start = at + found.start as u64;
    let end = found.size.and_then(|size| start.checked_add(size)).filter(|end| file.reaches(*end));
    Ok((start, end.ok_or(NoIndex::Malformed)?))
}

/// What follows the element at a place.
async fn skip<R, F>(file: &File<'_, R>, at: u64) -> Result<u64, Failure>
where
    R: Fn(u64, usize) -> F + Sync,
    F: Future<Output = Result<Bytes, Error>> + Send,
{
    let bytes = file.some(at, HEADER).await?;
    let found = element(&bytes, 0).ok_or(NoIndex::Malformed)?;
    let length = found.size.and_then(|size| size.checked_add(found.start as u64)).ok_or(NoIndex::Malformed)?;
    at.checked_add(length).filter(|next| file.reaches(*next)).ok_or_else(|| NoIndex::Malformed.into())
}
