//! The layer in front of everything: who has not logged in gets to the form and no further.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use protocol::{Error, ErrorKind, VIEWER_HEADER};

use super::{
    Login, PATH, attempts, basic, cookie,
    next::to_login,
    routes::{LOGOUT, busy, too_many, wait_in_header},
    verify::Refusal,
};
use crate::{connection::Peer, status::Failure};

/// What the form needs, and what tells that the server is alive.
const OPEN: [&str; 5] = [PATH, LOGOUT, "/healthz", "/pkg/matinee.css", "/favicon.svg"];

/// Where no pages are: who is refused there is told so, not sent to the form.
const NO_PAGES: [&str; 6] = ["/api/", "/hls/", "/subtitles/", "/fonts/", "/torrents", "/pkg/"];

/// Where players without a page are.
const PLAYLISTS: &str = "/hls/";

/// Lets through who has a good cookie, or says the password as HTTP Basic.
pub async fn gate(State(login): State<Login>, request: Request, next: Next) -> Response {
    if OPEN.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    if !cookie::sent(request.headers()).any(|cookie| login.is_good(cookie)) {
        let Some(password) = basic::password(request.headers()) else { return refused(&request) };
        match login.verify_again(address(&request), password).await {
            Ok(()) => {}
            Err(Refusal::Wrong) => return refused(&request),
            Err(Refusal::TooMany(wait)) => {
                let error = Error::new(ErrorKind::RateLimited, too_many(wait));
                return wait_in_header(Failure(error).into_response(), wait);
            }
            Err(Refusal::Busy) => return busy(),
        }
    }
    let mut response = next.run(request).await;
    keep_private(&mut response);
    response
}

/// Whom a request comes from.
pub(super) fn address(request: &Request) -> IpAddr {
    Peer::ip(request.extensions()).unwrap_or(attempts::UNKNOWN)
}

fn refused(request: &Request) -> Response {
    if is_for_page(request) {
        let here = request.uri().path_and_query().map_or("/", |here| here.as_str());
        return see_other(&to_login(here));
    }
    let message = "this server has a password; log in on its page, or say it with HTTP Basic";
    let mut response = Failure(Error::new(ErrorKind::Unauthorized, message)).into_response();
    if is_player(request.uri().path(), request.headers()) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(basic::CHALLENGE));
    }
    response
}

/// Whether a person would see the answer.
fn is_for_page(request: &Request) -> bool {
    let path = request.uri().path();
    let accepts = request.headers().get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    matches!(*request.method(), Method::GET | Method::HEAD)
        && !NO_PAGES.iter().any(|prefix| path.starts_with(prefix))
        && accepts.flat_map(|value| value.split(',')).any(|kind| kind.trim_start().starts_with("text/html"))
}

/// The page's own requests have a viewer's token: its browser would ask for the password in a window of its own.
fn is_player(path: &str, headers: &HeaderMap) -> bool {
    path.starts_with(PLAYLISTS) && !headers.contains_key(VIEWER_HEADER)
}

pub(super) fn see_other(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    let no_store = HeaderValue::from_static("no-store");
    (StatusCode::SEE_OTHER, [(header::LOCATION, to), (header::CACHE_CONTROL, no_store)]).into_response()
}

/// What one who has logged in may have, a cache on the way must not give to others.
fn keep_private(response: &mut Response) {
    let Some(caching) = response.headers().get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok()) else {
        return;
    };
    if let Some(rest) = caching.strip_prefix("public")
        && let Ok(private) = HeaderValue::from_str(&format!("private{rest}"))
    {
        response.headers_mut().insert(header::CACHE_CONTROL, private);
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(method: Method, path: &str, accept: Option<&str>) -> Request {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(accept) = accept {
            request = request.header(header::ACCEPT, accept);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn pages_are_told_from_calls() {
        let html = Some("application/xhtml+xml, text/html;q=0.9,*/*;q=0.8");
        assert!(is_for_page(&request(Method::GET, "/", html)));
        assert!(is_for_page(&request(Method::HEAD, "/watch/abc", html)));
        assert!(is_for_page(&request(Method::GET, "/nowhere", html)));
        assert!(!is_for_page(&request(Method::GET, "/", None)));
        assert!(!is_for_page(&request(Method::GET, "/", Some("application/json"))));
        assert!(!is_for_page(&request(Method::POST, "/", html)));
        for path in
            ["/api/open", "/hls/a/master.m3u8", "/subtitles/a", "/fonts/system", "/torrents", "/pkg/matinee.wasm"]
        {
            assert!(!is_for_page(&request(Method::GET, path, html)), "{path}");
        }
    }

    #[test]
    fn only_players_are_asked_by_basic() {
        let mut headers = HeaderMap::new();
        assert!(is_player("/hls/a/master.m3u8", &headers));
        assert!(!is_player("/api/open", &headers) && !is_player("/", &headers));
        headers.insert(VIEWER_HEADER, "token".parse().unwrap());
        assert!(!is_player("/hls/a/master.m3u8", &headers));
    }

    #[test]
    fn what_was_public_is_for_one_browser() {
        let cached = |value: &'static str| {
            let mut response = ([(header::CACHE_CONTROL, value)], "").into_response();
            keep_private(&mut response);
            response.headers()[header::CACHE_CONTROL].clone()
        };
        assert_eq!(cached("public, max-age=31536000, immutable"), "private, max-age=31536000, immutable");
        assert_eq!(cached("no-store"), "no-store");
    }
}
