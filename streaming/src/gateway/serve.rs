//! The HTTP side: what mpv, ffmpeg and ffprobe see of a feed.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, RawQuery, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, StatusCode, header};
use protocol::Error;

use super::{
    Shared,
    feed::{Backing, Core},
    range::Wanted,
    reader::Reader,
    spill::Reached,
    trackers,
};

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new().route("/{token}", get(serve)).route("/tracker/{token}", get(trackers::ask)).with_state(shared)
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let Some(core) = shared.by_token(&token) else { return StatusCode::NOT_FOUND.into_response() };
    let tool = query.and_then(|query| query.parse().ok()).unwrap_or(0);
    let wanted = Wanted::parse(headers.get(header::RANGE).and_then(|value| value.to_str().ok()));
    let len = core.len();
    let (start, end) = match (wanted, len) {
        (_, Some(len)) => match wanted.within(len) {
            Some(range) => range,
            None => return unsatisfied(Some(len)),
        },
        (Wanted::Whole, None) => (0, u64::MAX),
        (Wanted::From(first, last), None) => (first, last.map_or(u64::MAX, |last| last.saturating_add(1))),
        (Wanted::Last(_), None) => return unsatisfied(None),
    };
    let mut answer = Response::builder()
        // The upstream's own type would only mislead the tools, which look at the bytes.
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::CACHE_CONTROL, "no-store");
    answer = match (wanted, len) {
        (Wanted::Whole, None) => answer,
        (Wanted::Whole, Some(len)) => answer.header(header::ACCEPT_RANGES, "bytes").header(header::CONTENT_LENGTH, len),
        (_, Some(len)) => answer
            .status(StatusCode::PARTIAL_CONTENT)
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::CONTENT_RANGE, format!("bytes {start}-{}/{len}", end - 1))
            .header(header::CONTENT_LENGTH, end - start),
        // RFC 9110 would have `bytes first-last/*`. libavformat takes the star for a length of 0 and is at its end at
        // once; this form it reads as a file of unknown length in which one can seek, and a 416 as a seek that failed.
        // Tried with ffmpeg 5.1 and mpv 0.35.
        (_, None) => answer
            .status(StatusCode::PARTIAL_CONTENT)
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::CONTENT_RANGE, format!("bytes {start}-")),
    };
    if method == Method::HEAD {
        return answer.body(Body::empty()).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    }
    match core.reaches(start).await {
        Reached::There => {}
        // Nobody can have an empty file: this is one whose end was found just now.
        Reached::Beyond => return unsatisfied(len),
        Reached::NotYet => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Reached::Failed(error) => return failed(&core, tool, start, error),
    }
    // The first bytes are awaited before anything is said, so that a dead upstream is an error and not a short body.
    let mut reader = Reader::new(core, tool);
    match reader.next(start, end - start).await {
        Ok(first) => answer
            .body(Body::from_stream(stream::try_unfold(
                Going { reader, first: Some(first), at: start, end },
                Going::next,
            )))
            .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        Err(error) => failed(reader.core(), tool, start, error),
    }
}

fn unsatisfied(len: Option<u64>) -> Response {
    let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    if let Some(value) = len.and_then(|len| format!("bytes */{len}").parse().ok()) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

/// The tools need no words; [`super::Feed::fault`] has them.
fn failed(core: &Core, tool: u64, at: u64, error: Error) -> Response {
    core.set_fault(tool, at, error);
    StatusCode::BAD_GATEWAY.into_response()
}

/// A body: one block at a time, read when the one before it has been sent.
struct Going {
    reader: Reader,
    first: Option<Bytes>,
    at: u64,
    /// `u64::MAX` for the end of a file that nobody knows yet.
    end: u64,
}

impl Going {
    /// An error cuts the body off, which the tools notice by its length or by the missing last chunk.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Error> {
        let bytes = match self.first.take() {
            Some(bytes) => bytes,
            None => self.reader.next(self.at, self.end - self.at).await?,
        };
        self.at += bytes.len() as u64;
        let announced = self.end != u64::MAX && !matches!(self.reader.core().backing, Backing::Spill(_));
        match bytes.is_empty() {
            true if announced && self.at < self.end => Err(super::sentences::closed()),
            true => Ok(None),
            false => Ok(Some((bytes, self))),
        }
    }
}
