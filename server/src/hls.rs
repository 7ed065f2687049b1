//! Playlists and segments over HTTP. A handler asks and awaits; it never touches a head.

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use protocol::{Error, ErrorKind, MasterQuery, RenditionId, SessionId};
use streaming::Matinee;

use crate::{
    player::{From, languages},
    status::Failure,
};

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
const MP4: &str = "video/mp4";
const WEBVTT: &str = "text/vtt; charset=utf-8";

/// A session's segments never change: they are made of the same source by the same rules.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// `GET /hls/{session}/master.m3u8`.
pub async fn master(
    State(matinee): State<Matinee>,
    Path(session): Path<String>,
    query: Result<Query<MasterQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    From(player): From,
) -> Result<Response, Failure> {
    let Query(query) = query.map_err(|_| {
        Error::new(ErrorKind::InvalidRequest, "the master playlist takes video=copy or encode, audio=a1, burn=s0 or none, quality=original, 1080, 720 or 480, and caps=")
    })?;
    let playlist = matinee.master(session.parse()?, &query, &languages(&headers), &player).await?;
    Ok(answer(PLAYLIST, "no-store", playlist))
}

/// `GET /hls/{session}/{rendition}/{file}`: the media playlist, the init segment or a segment; of subtitles, `12.vtt`.
pub async fn file(
    State(matinee): State<Matinee>,
    Path((session, rendition, file)): Path<(String, String, String)>,
    headers: HeaderMap,
    From(player): From,
) -> Result<Response, Failure> {
    let session: SessionId = session.parse()?;
    let id: RenditionId = rendition.parse()?;
    let (suffix, content_type) = match id {
        RenditionId::Subtitles { .. } => (".vtt", WEBVTT),
        _ => (".m4s", MP4),
    };
    let bytes = match file.as_str() {
        "index.m3u8" => {
            let playlist = matinee.media_playlist(session, id, &player).await?;
            return Ok(answer(PLAYLIST, "no-store", playlist));
        }
        "init.mp4" => matinee.init(session, id, &player).await?,
        name => matinee.segment(session, id, segment_number(name, suffix)?, &player).await?,
    };
    Ok(immutable(&headers, session, &rendition, &file, content_type, bytes))
}

/// `12.m4s` and nothing that only looks like it.
fn segment_number(name: &str, suffix: &str) -> Result<u32, Failure> {
    let number = name.strip_suffix(suffix).filter(|digits| {
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && (*digits == "0" || !digits.starts_with('0'))
    });
    number.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        Failure(Error::new(ErrorKind::NotFound, "there is no such file; load the master playlist again"))
    })
}

fn answer(content_type: &'static str, caching: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

fn immutable(
    request: &HeaderMap,
    session: SessionId,
    rendition: &str,
    file: &str,
    content_type: &'static str,
    bytes: Bytes,
) -> Response {
    let tag = HeaderValue::from_str(&format!("\"{session}-{rendition}-{file}\"")).ok();
    let known = tag.is_some() && request.get(header::IF_NONE_MATCH) == tag.as_ref();
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { answer(content_type, IMMUTABLE, bytes) };
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_have_one_name_each() {
        assert!(matches!(segment_number("0.m4s", ".m4s"), Ok(0)));
        assert!(matches!(segment_number("4711.m4s", ".m4s"), Ok(4711)));
        for bad in
            ["", ".m4s", "00.m4s", "01.m4s", "+1.m4s", "-1.m4s", "1.mp4", "1.m4s.m4s", "4294967296.m4s", "../1.m4s"]
        {
            assert!(segment_number(bad, ".m4s").is_err(), "{bad}");
        }
        assert!(matches!(segment_number("7.vtt", ".vtt"), Ok(7)));
        assert!(segment_number("7.m4s", ".vtt").is_err() && segment_number("7.vtt", ".m4s").is_err());
    }
}
