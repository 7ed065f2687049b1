//! Films made by hand, byte by byte, and what strangers may make of them.

mod matroska;
mod mp4;

use std::sync::Mutex;

use super::*;

/// Reads a file's index, and the ranges that were read for it.
fn look(kind: IndexKind, bytes: &[u8], size: Option<u64>) -> (Result<Index, NoIndex>, Vec<(u64, usize)>) {
    let reads = Mutex::new(Vec::new());
    let read = |at: u64, length: usize| {
        assert!(length <= 4 * 1024 * 1024);
        reads.lock().unwrap().push((at, length));
        let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
        std::future::ready(Ok(Bytes::copy_from_slice(&rest[..length.min(rest.len())])))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let index = runtime.block_on(super::read(kind, size, &read)).unwrap();
    (index, reads.into_inner().unwrap())
}

fn index(kind: IndexKind, bytes: &[u8]) -> Result<Index, NoIndex> {
    look(kind, bytes, Some(bytes.len() as u64)).0
}

fn times(track: &VideoIndex) -> Vec<f64> {
    track.keyframes.iter().map(|keyframe| keyframe.time_s).collect()
}

fn offsets(track: &VideoIndex) -> Vec<u64> {
    track.keyframes.iter().map(|keyframe| keyframe.offset).collect()
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let read = |_, _| std::future::ready(Err(Error::new(protocol::ErrorKind::SourceTimeout, "too slow")));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for kind in [IndexKind::Matroska, IndexKind::Mp4] {
        let error = runtime.block_on(super::read(kind, None, &read)).unwrap_err();
        assert_eq!(error.kind, protocol::ErrorKind::SourceTimeout);
    }
}
