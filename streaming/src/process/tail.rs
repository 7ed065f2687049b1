//! The end of what a child wrote to its standard error.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Bytes that are kept; what a failing tool says last is what matters.
const KEPT: usize = 8 * 1024;

/// The last 8 KiB of a stream.
#[derive(Debug, Default)]
pub(super) struct Tail(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    bytes: VecDeque<u8>,
    cut: bool,
}

impl Tail {
    /// Reads the stream to its end, so that its writer is never blocked.
    pub(super) async fn fill(&self, mut stream: impl AsyncRead + Unpin) {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            self.push(&buffer[..read]);
        }
    }

    fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes.extend(bytes);
        let excess = kept.bytes.len().saturating_sub(KEPT);
        kept.bytes.drain(..excess);
        kept.cut |= excess > 0;
    }

    /// As text; what is not UTF-8 is replaced, and `…` stands for what was left out before.
    pub(super) fn text(&self) -> String {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cut = if kept.cut { "…" } else { "" };
        format!("{cut}{}", String::from_utf8_lossy(kept.bytes.make_contiguous()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_end_is_kept() {
        let tail = Tail::default();
        let mut written = vec![b'x'; 100_000];
        written.extend(b"the last words \xff");
        tail.fill(&written[..]).await;
        let text = tail.text();
        assert!(text.starts_with("…x") && text.ends_with("the last words \u{fffd}"), "{text}");
        assert_eq!(text.chars().count(), KEPT + 1);
    }
}
