//! Trackers that are asked over HTTP, each as an address of the gateway.
//!
//! Whoever asks them takes whatever they answer, and follows them anywhere. So the gateway asks, by the rules for films' links:
//! none leads to this server itself, and an answer has a bound in bytes and time.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use axum::{
    extract::{Path, RawQuery, State},
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header};
use lru::LruCache;
use tokio::time::timeout;
use url::Url;

use super::{Gateway, Shared};
use crate::source::hex;

/// An answer names some hundred peers, of six or eighteen bytes each.
const LARGEST: usize = 256 * 1024;
const LIMIT: Duration = Duration::from_secs(15);
/// Addresses that are remembered, those asked longest ago given up first.
pub(super) const MOST: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// Trackers by the secret part of their address here.
pub(super) type Trackers = LruCache<String, Url>;

impl Gateway {
    /// The address under which the gateway asks a tracker.
    #[must_use]
    pub fn relay(&self, tracker: &Url) -> Url {
        let token = hex(&rand::random::<[u8; 16]>());
        let text = format!("http://127.0.0.1:{}/tracker/{token}", self.shared.port);
        self.shared.trackers().put(token, tracker.clone());
        // It is one that we have just written.
        Url::parse(&text).unwrap_or_else(|_| tracker.clone())
    }
}

pub(super) async fn ask(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(mut tracker) = shared.trackers().get(&token).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let own = tracker.query().map(str::to_owned);
    let both: Vec<_> = own.into_iter().chain(query).filter(|part| !part.is_empty()).collect();
    tracker.set_query(Some(&both.join("&")));
    match timeout(LIMIT, Gateway { shared }.whole_link(&tracker, LARGEST)).await {
        Ok(Ok(Some(answer))) => ([(header::CONTENT_TYPE, "text/plain")], answer).into_response(),
        told => {
            tracing::debug!(host = tracker.host_str(), failed = ?told.map(|told| told.err()), "a tracker does not answer");
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}
