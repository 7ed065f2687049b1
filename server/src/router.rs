//! The whole route list.

use app::{App, shell};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::{from_fn, from_fn_with_state, map_response},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use leptos::{config::LeptosOptions, context::provide_context};
use leptos_axum::{LeptosRoutes as _, generate_route_list, handle_server_fns_with_context};
use protocol::{Error, ErrorKind};
use streaming::Matinee;

use crate::{
    backend::backend,
    guard::{self, KnownHosts},
    hls,
    player::languages,
    status::{self, Failure},
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

/// Everything that the server answers.
pub fn router(state: AppState, known: KnownHosts) -> Router {
    let calls = Router::new()
        .route("/api/{*call}", post(call).fallback(no_such_call))
        .layer(from_fn(status::of_calls))
        .layer(DefaultBodyLimit::max(LARGEST_CALL))
        .layer(from_fn(guard::calls));
    let streams = Router::new()
        .route("/hls/{session}/master.m3u8", get(hls::master))
        .route("/hls/{session}/{rendition}/{file}", get(hls::file));
    let matinee = state.matinee.clone();
    let pages = Router::new()
        .leptos_routes_with_context(
            &state,
            generate_route_list(App),
            move || provide_context(backend(matinee.clone(), Vec::new())),
            {
                let leptos = state.leptos.clone();
                move || shell(leptos.clone())
            },
        )
        .fallback(leptos_axum::file_and_error_handler::<AppState, _>(shell));
    Router::new()
        .merge(pages)
        .merge(calls)
        .merge(streams)
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(map_response(guarded))
        .layer(from_fn_with_state(known, guard::host))
        .with_state(state)
}

/// A server function, with the domain and its caller's languages as context.
async fn call(State(matinee): State<Matinee>, mut request: Request) -> Response {
    let languages = languages(request.headers());
    // One that says it takes HTML would be answered with a redirection, errors included.
    request.headers_mut().remove(header::ACCEPT);
    if !is_call(request.uri().path()) {
        return Failure(Error::new(ErrorKind::NotFound, "there is no such call; see the HTTP contract"))
            .into_response();
    }
    handle_server_fns_with_context(move || provide_context(backend(matinee.clone(), languages.clone())), request)
        .await
        .into_response()
}

fn is_call(path: &str) -> bool {
    leptos::server_fn::axum::server_fn_paths().any(|(known, _)| known == path)
}

async fn no_such_call() -> Failure {
    Error::new(ErrorKind::InvalidRequest, "calls are POST requests with a JSON body").into()
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
