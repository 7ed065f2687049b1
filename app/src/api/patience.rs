//! A bound on how long the page waits for an answer.

use std::{future::Future, time::Duration};

use futures_util::{
    future::{Either, select},
    pin_mut,
};
use gloo_timers::future::sleep;
use protocol::{Error, ErrorKind};

use super::ApiError;

/// The answer of `call`, or an error when it takes longer than `limit`. In the browser only.
pub(crate) async fn within<T>(limit: Duration, call: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    let timer = sleep(limit);
    pin_mut!(call, timer);
    match select(call, timer).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => Err(Error::new(
            ErrorKind::Internal,
            format!("the server has not answered for {} s; check the connection, then try again", limit.as_secs()),
        )
        .into()),
    }
}
