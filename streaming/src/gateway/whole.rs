//! A small file, read whole in one go: by the rules for films' links, but without a place in the cache.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use protocol::{Error, ErrorKind};
use tokio::{
    io::AsyncReadExt as _,
    time::{Instant, timeout},
};
use url::Url;

use super::{Gateway, looks_like_html, sentences, upstream::Target};
use crate::source::Source;

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(40);

impl Gateway {
    /// The whole of a source; none if it is larger than `bound` bytes.
    ///
    /// # Errors
    /// `source_unreachable`, `source_timeout`, `not_subtitles` for a web page, `forbidden` for a link to this server.
    pub async fn whole(&self, source: &Source, bound: usize) -> Result<Option<Bytes>, Error> {
        let reading = async {
            match source {
                Source::Url(url) => self.whole_link(url, bound).await,
                Source::Torrent(_) => Err(sentences::no_file()),
                Source::File(path) => {
                    let mut bytes = Vec::new();
                    let file = tokio::fs::File::open(path).await.map_err(|_| unreadable())?;
                    file.take(bound as u64 + 1).read_to_end(&mut bytes).await.map_err(|_| unreadable())?;
                    Ok((bytes.len() <= bound).then(|| bytes.into()))
                }
            }
        };
        let host = || match source {
            Source::Url(url) => sentences::host(url),
            Source::File(_) | Source::Torrent(_) => source.title(),
        };
        timeout(LIMIT, reading).await.unwrap_or_else(|_| Err(sentences::silent(&host(), Some(LIMIT)).error))
    }

    pub(super) async fn whole_link(&self, url: &Url, bound: usize) -> Result<Option<Bytes>, Error> {
        let target = Target::new(url.clone());
        let by = Instant::now() + self.shared.config.place_timeout;
        let mut answer = self.shared.upstream.get(&target, None, by).await.map_err(|failure| failure.error)?;
        if answer.total.is_some_and(|total| total > bound as u64) {
            return Ok(None);
        }
        let mut whole = BytesMut::new();
        while let Some(bytes) = answer.body.chunk().await.map_err(|failure| failure.error)? {
            if whole.len() + bytes.len() > bound {
                return Ok(None);
            }
            whole.extend_from_slice(&bytes);
        }
        if looks_like_html(&whole) {
            return Err(sentences::page_for_subtitles(&target.host()));
        }
        Ok(Some(whole.freeze()))
    }
}

fn unreadable() -> Error {
    Error::new(ErrorKind::SourceUnreachable, "this file in the server's media folder cannot be read; try another")
}
