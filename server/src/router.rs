//! The whole route list.

use std::time::Instant;

use app::{App, shell};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::{Next, from_fn_with_state, map_response},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use http_body_util::Limited;
use leptos::{config::LeptosOptions, context::provide_context};
use leptos_axum::{LeptosRoutes as _, generate_route_list, handle_server_fns_with_context};
use protocol::{Error, ErrorKind};
use streaming::Matinee;

use crate::{
    backend::backend,
    bring, events,
    guard::{self, KnownHosts},
    hls,
    login::{self, Login},
    player::languages,
    status::{self, Failure},
    subtitles, torrents,
};

/// Bytes of a call's body.
const LARGEST_CALL: usize = 64 * 1024;

#[derive(Clone, Debug)]
pub struct AppState {
    pub matinee: Matinee,
    pub leptos: LeptosOptions,
}

impl axum::extract::FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}

impl axum::extract::FromRef<AppState> for Matinee {
    fn from_ref(state: &AppState) -> Self {
        state.matinee.clone()
    }
}

/// Everything that the server answers; with a `login`, to who has logged in.
///
/// The outermost layer is the host's: a name that an attacker's DNS points here gets no form. Then the login, in front
/// of all calls.
pub fn router(state: AppState, known: KnownHosts, login: Option<Login>) -> Router {
    let streams = Router::new()
        .route("/hls/{session}/master.m3u8", get(hls::master))
        .route("/hls/{session}/{rendition}/{file}", get(hls::file))
        .route("/subtitles/{session}/{track}/header", get(subtitles::header))
        .route("/subtitles/{session}/{track}/events", get(subtitles::events))
        .route("/subtitles/{session}/{track}/cues", get(subtitles::cues))
        .route("/subtitles/{session}/{track}/pictures", get(subtitles::pictures))
        .route("/subtitles/{session}", post(bring::upload))
        .route("/torrents", post(torrents::upload))
        .route("/api/events/{session}", get(events::stream))
        .route("/fonts/system", get(subtitles::system_font))
        .route("/fonts/{session}", get(subtitles::fonts))
        .route("/fonts/{session}/{number}", get(subtitles::font));
    let matinee = state.matinee.clone();
    let pages = Router::new()
        .leptos_routes_with_context(
            &state,
            generate_route_list(App),
            move || provide_context(backend(matinee.clone(), Vec::new(), Instant::now())),
            {
                let leptos = state.leptos.clone();
                move || shell(leptos.clone())
            },
        )
        .fallback(leptos_axum::file_and_error_handler::<AppState, _>(shell));
    let mut all = Router::new()
        .merge(pages)
        .merge(streams)
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(from_fn_with_state(state.matinee.clone(), calls));
    if let Some(login) = login {
        all = all.merge(login::routes(login.clone())).layer(from_fn_with_state(login, login::gate));
    }
    all.layer(map_response(guarded)).layer(from_fn_with_state(known, guard::host)).with_state(state)
}

/// Answers all calls, in front of the routes: leptos registers its server functions as routes of their own, which
/// would pass by the checks and the error policy.
async fn calls(State(matinee): State<Matinee>, request: Request, next: Next) -> Response {
    let received = Instant::now();
    let path = request.uri().path();
    if !path.starts_with("/api/") || path.starts_with(events::PREFIX) {
        return next.run(request).await;
    }
    match guard::call(&request) {
        Err(error) => Failure(error).into_response(),
        Ok(()) => status::of_call(call(matinee, request, received).await).await,
    }
}

/// A server function, with the domain and its caller's languages as context.
async fn call(matinee: Matinee, request: Request, received: Instant) -> Response {
    if !leptos::server_fn::axum::server_fn_paths().any(|(known, _)| known == request.uri().path()) {
        return Failure(Error::new(ErrorKind::NotFound, "there is no such call; see the HTTP contract"))
            .into_response();
    }
    let languages = languages(request.headers());
    let mut request = request.map(|body| Body::new(Limited::new(body, LARGEST_CALL)));
    // One that says it takes HTML would be answered with a redirection, errors included.
    request.headers_mut().remove(header::ACCEPT);
    handle_server_fns_with_context(
        move || provide_context(backend(matinee.clone(), languages.clone(), received)),
        request,
    )
    .await
    .into_response()
}

/// What no page of another site may do with ours, and what the browser may not guess.
async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    response
}
