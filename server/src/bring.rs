//! Subtitles that a viewer's page sends along.

use axum::{
    Json,
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    response::{IntoResponse as _, Response},
};
use protocol::{Error, ErrorKind, LARGEST_SUBTITLES};
use serde::Deserialize;
use streaming::{Matinee, Player, subtitles::outside::too_large};

use crate::{body, guard, player::From, status::Failure};

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
    let bytes = body::whole(request.into_body(), most).await;
    let bringing = bringing?;
    let bytes = bytes?.ok_or_else(too_large)?;
    Ok(Json(bringing.file(&name, bytes).await?).into_response())
}
