//! The form's two ends: `GET /login`, `POST /login`, and `POST /logout`.

use std::time::Duration;

use axum::{
    Router,
    body::Bytes,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
    routing::{get, post},
};
use http_body_util::{BodyExt as _, Limited};
use protocol::{Error, ErrorKind};
use serde::Deserialize;
use url::form_urlencoded;

use super::{
    Login, PATH, cookie,
    gate::{address, see_other},
    next::local,
    page,
    verify::Refusal,
};
use crate::{guard, status::Failure};

pub(super) const LOGOUT: &str = "/logout";

/// Bytes of a form, and how long it may take to come in.
const LARGEST_FORM: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// The page has no script and nothing of other sites.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'self'";

/// For a server with a password.
pub fn routes<S: Clone + Send + Sync + 'static>(login: Login) -> Router<S> {
    Router::new().route(PATH, get(form).post(submit)).route(LOGOUT, post(logout)).with_state(login)
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    next: String,
}

async fn form(State(login): State<Login>, asked: Result<Query<Asked>, QueryRejection>, headers: HeaderMap) -> Response {
    let Query(Asked { next }) = asked.unwrap_or_default();
    let next = local(&next);
    if cookie::sent(&headers).any(|cookie| login.is_good(cookie)) {
        return answer(StatusCode::OK, page::inside(next));
    }
    answer(StatusCode::OK, page::form(next, None))
}

async fn submit(State(login): State<Login>, request: Request) -> Response {
    if let Err(error) = guard::own_site(&request) {
        return Failure(error).into_response();
    }
    let (from, secure) = (address(&request), is_secure(request.headers()));
    let Some(body) = read(request).await else {
        let message = "the form could not be read; open /login and try again";
        return Failure(Error::new(ErrorKind::InvalidRequest, message)).into_response();
    };
    let field = |name| form_urlencoded::parse(&body).find(|(key, _)| key == name).map(|(_, value)| value);
    let next = field("next").unwrap_or_default();
    let next = local(&next);
    let password = field("password").unwrap_or_default().into_owned().into_bytes();
    match login.verify(from, password).await {
        Ok(()) => with_cookie(see_other(next), &cookie::set(&login.issue(), secure)),
        Err(Refusal::Wrong) => answer(
            StatusCode::UNAUTHORIZED,
            page::form(next, Some("This is not the password. Check upper and lower case, then try again.")),
        ),
        Err(Refusal::TooMany(wait)) => {
            let words = format!("Too many wrong passwords came from your address. Try again in {} s.", seconds(wait));
            wait_in_header(answer(StatusCode::TOO_MANY_REQUESTS, page::form(next, Some(&words))), wait)
        }
        Err(Refusal::Busy) => busy(),
    }
}

async fn logout(request: Request) -> Response {
    match guard::own_site(&request) {
        Ok(()) => with_cookie(see_other(PATH), &cookie::clear(is_secure(request.headers()))),
        Err(error) => Failure(error).into_response(),
    }
}

async fn read(request: Request) -> Option<Bytes> {
    let whole = Limited::new(request.into_body(), LARGEST_FORM).collect();
    Some(tokio::time::timeout(PATIENCE, whole).await.ok()?.ok()?.to_bytes())
}

/// As far as is known: a proxy says so. Who lies about it loses their own cookie.
fn is_secure(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"))
}

fn answer(status: StatusCode, page: String) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (status, headers, Html(page)).into_response()
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

pub(super) fn too_many(wait: Duration) -> String {
    format!("too many wrong passwords came from this address; try again in {} s", seconds(wait))
}

pub(super) fn busy() -> Response {
    Failure(Error::new(ErrorKind::AtCapacity, "too many passwords are being looked at; try again in a moment"))
        .into_response()
}

pub(super) fn wait_in_header(mut response: Response, wait: Duration) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, seconds(wait).into());
    response
}

/// Rounded up: then it is surely over.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
