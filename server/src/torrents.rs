//! `.torrent` files that a page sends along.

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use protocol::{Error, ErrorKind, LARGEST_TORRENT_FILE};
use streaming::Matinee;

use crate::{body, guard, status::Failure};

/// `POST /torrents`: the body is a `.torrent` file. Nothing is downloaded for it until it is opened.
pub async fn upload(State(matinee): State<Matinee>, request: Request) -> Result<Response, Failure> {
    guard::own_site(&request)?;
    let place = matinee.take_place();
    // Also what is not wanted is let in before the answer, but not kept.
    let most = if place.is_ok() { LARGEST_TORRENT_FILE } else { 0 };
    let bytes = body::whole(request.into_body(), most).await;
    let _place = place?;
    let bytes = bytes?.ok_or_else(|| {
        let message = format!(
            "a .torrent file of more than {} MiB is not taken; use its magnet link",
            LARGEST_TORRENT_FILE >> 20
        );
        Error::new(ErrorKind::TooLarge, message)
    })?;
    Ok(Json(matinee.add_torrent_file(bytes).await?).into_response())
}
