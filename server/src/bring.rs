//! Subtitles that a viewer's page sends along.

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    response::{IntoResponse as _, Response},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use protocol::{Error, ErrorKind, LARGEST_SUBTITLES};
use serde::Deserialize;
use streaming::{Matinee, Player, subtitles::outside::too_large};

use crate::{guard, player::From, status::Failure};

/// How long a file may take to come in: five megabytes over half a megabit a second.
const PATIENCE: Duration = Duration::from_secs(90);
/// A client that is answered before it has sent all takes that for a broken connection, so this much is let in and
/// dropped.
const DROPPED: usize = 64 << 20;

#[derive(Debug, Deserialize)]
pub struct Named {
    name: String,
}

/// `POST /subtitles/{session}?name=`: the body is a file, which is there for all viewers from then on.
pub async fn upload(
    State(matinee): State<Matinee>,
    Path(session): Path<String>,
    named: Result<Query<Named>, QueryRejection>,
    From(player): From,
    request: Request,
) -> Result<Response, Failure> {
    guard::own_site(&request)?;
    let Player::Viewer(viewer) = player else {
        let message = "a file is taken from viewers alone; send the viewer's token in the header matinee-viewer";
        return Err(Error::new(ErrorKind::Unauthorized, message).into());
    };
    let Query(Named { name }) =
        named.map_err(|_| Error::new(ErrorKind::InvalidRequest, "a file needs its name, as name="))?;
    let bringing = matinee.bring(session.parse()?, viewer);
    // Also what is not wanted is let in before the answer, but not kept.
    let most = if bringing.is_ok() { LARGEST_SUBTITLES } else { 0 };
    let bytes = tokio::time::timeout(PATIENCE, whole(request.into_body(), most)).await.unwrap_or_else(|_| {
        let message = format!("the file did not come within {} s; try again", PATIENCE.as_secs());
        Err(Error::new(ErrorKind::InvalidRequest, message))
    });
    Ok(Json(bringing?.file(&name, bytes?).await?).into_response())
}

/// A body of at most so many bytes.
async fn whole(mut body: Body, most: usize) -> Result<Bytes, Error> {
    let (mut kept, mut length) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let broken = |_| Error::new(ErrorKind::InvalidRequest, "the file broke off on its way; try again");
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        length += data.len();
        if length > DROPPED {
            break;
        }
        if length <= most {
            kept.extend_from_slice(&data);
        }
    }
    if length > most { Err(too_large()) } else { Ok(kept.freeze()) }
}
