//! Subtitles that the page draws itself: scripts, events, fonts. A browser's worker asks for them too, without its viewer's
//! token, so they are no sign of life.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use protocol::{Error, ErrorKind};
use serde::Deserialize;
use streaming::{
    Matinee,
    fonts::Wanted,
    subtitles::{Events, plain_cues},
};

use crate::status::Failure;

/// A film's script and fonts do not change while its session stands.
const KEPT: &str = "private, max-age=86400, immutable";
const KEPT_A_WHILE: &str = "private, max-age=600";

/// How far an answer reaches, in seconds: not always as far as it was asked for.
const UNTIL: HeaderName = HeaderName::from_static("matinee-until");

/// The stretch of a film, in seconds.
#[derive(Debug, Deserialize)]
pub struct Stretch {
    from: f64,
    until: f64,
}

fn given(stretch: Asked) -> Result<Stretch, Error> {
    stretch
        .map(|Query(stretch)| stretch)
        .map_err(|_| Error::new(ErrorKind::InvalidRequest, "events are asked for from= and until= in seconds"))
}

/// `GET /subtitles/{session}/{track}/header`: an ASS script without its events.
pub async fn header(
    State(matinee): State<Matinee>,
    Path((session, track)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let header = matinee.subtitle_header(session.parse()?, track.parse()?).await?;
    Ok(kept("text/plain; charset=utf-8", header))
}

type Track = Path<(String, String)>;
type Asked = Result<Query<Stretch>, QueryRejection>;

/// `GET /subtitles/{session}/{track}/events?from=&until=`: those that are shown in this stretch of the film, and the moment
/// that the answer reaches.
pub async fn events(State(matinee): State<Matinee>, track: Track, stretch: Asked) -> Result<Response, Failure> {
    let events = asked(&matinee, track, stretch).await?;
    Ok((reaches(events.until_s), Json(events.events)).into_response())
}

/// `GET /subtitles/{session}/{track}/cues?from=&until=`: the same as what a browser can show by itself.
pub async fn cues(State(matinee): State<Matinee>, track: Track, stretch: Asked) -> Result<Response, Failure> {
    let events = asked(&matinee, track, stretch).await?;
    Ok((reaches(events.until_s), Json(plain_cues(&events.events))).into_response())
}

async fn asked(matinee: &Matinee, Path((session, track)): Track, stretch: Asked) -> Result<Events, Failure> {
    let Stretch { from, until } = given(stretch)?;
    Ok(matinee.subtitle_events(session.parse()?, track.parse()?, from, until).await?)
}

fn reaches(until_s: f64) -> [(HeaderName, String); 1] {
    [(UNTIL, until_s.to_string())]
}

/// `GET /subtitles/{session}/{track}/pictures?from=&until=`: a SUP file of what is drawn in this stretch of the film, and
/// the moment that it reaches.
pub async fn pictures(
    State(matinee): State<Matinee>,
    Path((session, track)): Track,
    stretch: Asked,
) -> Result<Response, Failure> {
    let Stretch { from, until } = given(stretch)?;
    let pictures = matinee.subtitle_pictures(session.parse()?, track.parse()?, from, until).await?;
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    Ok((kind, reaches(pictures.until_s), pictures.sup).into_response())
}

/// `GET /fonts/{session}`: the numbers of the attached fonts.
pub async fn fonts(State(matinee): State<Matinee>, Path(session): Path<String>) -> Result<Response, Failure> {
    Ok(Json(matinee.fonts(session.parse()?).await?).into_response())
}

/// A font that a script names.
#[derive(Debug, Deserialize)]
pub struct Named {
    family: String,
    /// The family name that the font gets.
    name: Option<String>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    italic: bool,
    character: Option<char>,
}

/// `GET /fonts/system?family=&name=&bold=&italic=&character=`: what this server has for a font that a film does not bring along.
pub async fn system_font(
    State(matinee): State<Matinee>,
    named: Result<Query<Named>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(Named { family, name, bold, italic, character }) =
        named.map_err(|_| Error::new(ErrorKind::InvalidRequest, "a font is asked for with its family= name"))?;
    let name = name.unwrap_or_else(|| family.clone());
    let font = matinee.system_font(&Wanted { family, bold, italic, character }, &name).await?;
    // Another may be installed.
    Ok(with_headers("font/sfnt", KEPT_A_WHILE, font))
}

/// `GET /fonts/{session}/{number}`.
pub async fn font(
    State(matinee): State<Matinee>,
    Path((session, number)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let number = number.parse().map_err(|_| Error::new(ErrorKind::NotFound, "fonts have numbers"))?;
    let font = matinee.font(session.parse()?, number).await?;
    Ok(kept("font/sfnt", font))
}

fn kept(content_type: &'static str, body: impl axum::response::IntoResponse) -> Response {
    with_headers(content_type, KEPT, body)
}

fn with_headers(content_type: &'static str, cache: &'static str, body: impl axum::response::IntoResponse) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}
