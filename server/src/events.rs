//! A session's event channel: server-sent events over one long answer.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::{ConnectInfo, Path, Request, State},
    http::{HeaderName, HeaderValue, header},
    response::{
        IntoResponse as _, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures_util::stream;
use protocol::{Error, ErrorKind, Event};
use streaming::{Matinee, Player};

use crate::{connection::Peer, guard, player::From, status::Failure};

/// Where event channels are, among calls that are something else.
pub const PREFIX: &str = "/api/events/";

/// A comment that often, so that nobody on the way takes the channel for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Where a listener's earlier channel ended.
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// Tells nginx not to hold events back.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// `GET /api/events/{session}`, for viewers alone: the token comes in the header `matinee-viewer`, since addresses stand
/// in the logs of proxies. `EventSource` can't send headers, so the page reads the stream with `fetch`.
pub async fn stream(
    State(matinee): State<Matinee>,
    Path(session): Path<String>,
    From(player): From,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Result<Response, Failure> {
    guard::own_site(&request)?;
    let Player::Viewer(viewer) = player else {
        let message = "events are for viewers alone; send the viewer's token in the header matinee-viewer";
        return Err(Error::new(ErrorKind::Unauthorized, message).into());
    };
    let known = request.headers().get(LAST_EVENT).and_then(|id| id.to_str().ok()?.parse().ok());
    let channel = matinee.listen(session.parse()?, &viewer, known)?;
    peer.must_answer();
    let events = stream::unfold(channel, |mut channel| async {
        let event = channel.next().await?;
        Some((Ok::<_, Infallible>(written(&event)), channel))
    });
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(UNBUFFERED, HeaderValue::from_static("no"));
    Ok(response)
}

/// The event's one line of data; a playhead's revision is its id.
fn written(event: &Event) -> sse::Event {
    let written = match serde_json::to_string(event) {
        Ok(json) => sse::Event::default().data(json),
        // Not possible: its types have only names for keys. A comment does no harm.
        Err(_) => sse::Event::default().comment(""),
    };
    match event {
        Event::Playhead(view) => written.id(view.revision.to_string()),
        Event::Viewers(_) | Event::Session(_) | Event::Message(_) | Event::End(_) => written,
    }
}
