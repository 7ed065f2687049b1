//! Files that a page sends along.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use protocol::{Error, ErrorKind};

/// How long a file may take to come in: five megabytes over half a megabit a second.
const PATIENCE: Duration = Duration::from_secs(90);
/// A client that is answered before it has sent all takes that for a broken connection, so this much is let in and
/// dropped.
const DROPPED: usize = 64 << 20;

/// A body of at most so many bytes; none if it has more.
///
/// # Errors
///
/// `invalid_request` when it breaks off or takes too long.
pub async fn whole(body: Body, most: usize) -> Result<Option<Bytes>, Error> {
    tokio::time::timeout(PATIENCE, read(body, most)).await.unwrap_or_else(|_| {
        let message = format!("the file did not come within {} s; try again", PATIENCE.as_secs());
        Err(Error::new(ErrorKind::InvalidRequest, message))
    })
}

async fn read(mut body: Body, most: usize) -> Result<Option<Bytes>, Error> {
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
    Ok((length <= most).then(|| kept.freeze()))
}
