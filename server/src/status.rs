//! Errors as HTTP answers: the kind gives the status, the body is `{"kind", "message"}`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt as _, Limited};
use protocol::{Error, ErrorKind};

/// The header by which a server function marks its answer as an error.
const FAILED_CALL: &str = "serverfnerror";

/// An error's body is a sentence or two.
const LARGEST_ERROR: usize = 64 * 1024;

/// Seconds after which a player may ask again for what there was no room for.
const RETRY_AFTER: &str = "2";

/// A [`protocol::Error`] as an answer.
#[derive(Debug)]
pub struct Failure(pub Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (status(self.0.kind), Json(&self.0)).into_response();
        finish(&mut response, self.0.kind);
        response
    }
}

fn status(kind: ErrorKind) -> StatusCode {
    StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn finish(response: &mut Response, kind: ErrorKind) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if matches!(kind, ErrorKind::AtCapacity | ErrorKind::RateLimited) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    }
}

/// Gives a failed server function the status of its error's kind: the function itself answers 500 for all of them.
pub async fn of_call(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if response.headers_mut().remove(FAILED_CALL).is_none() && response.status().is_success() {
        return response;
    }
    let body = Limited::new(response.into_body(), LARGEST_ERROR).collect().await;
    let error = body.ok().and_then(|body| serde_json::from_slice(&body.to_bytes()).ok());
    Failure(
        error.unwrap_or_else(|| Error::new(ErrorKind::Internal, "the call failed inside the server; its log says why")),
    )
    .into_response()
}
