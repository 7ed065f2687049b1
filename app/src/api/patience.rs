//! A bound on how long the page waits for an answer.

use std::{future::Future, time::Duration};

use futures_util::{
    future::{Either, select},
    pin_mut,
};
use gloo_timers::future::sleep;
use protocol::{Error, ErrorKind};

use super::ApiError;
use crate::browser::log_in;

/// The answer of `call`, or an error when it takes longer than `limit`. Who is not logged in any more is led to the form:
/// a login ends after some weeks, and with another password. In the browser only.
pub(crate) async fn within<T>(limit: Duration, call: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    let timer = sleep(limit);
    pin_mut!(call, timer);
    match select(call, timer).await {
        Either::Left((answer, _)) => {
            if answer.as_ref().is_err_and(|error| error.0.kind == ErrorKind::Unauthorized) {
                log_in();
            }
            answer
        }
        Either::Right(_) => Err(Error::new(
            ErrorKind::Internal,
            format!("the server has not answered for {} s; check the connection, then try again", limit.as_secs()),
        )
        .into()),
    }
}
