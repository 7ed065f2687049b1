//! A call's error as it crosses the network.

use std::fmt;

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use protocol::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

/// A [`protocol::Error`], whose JSON is the whole body of a failed call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiError(pub Error);

impl ApiError {
    /// Whether trying again later is worth it without asking anybody: the network failed or the server did.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Internal | ErrorKind::RateLimited)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ApiError {}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        use ServerFnErrorErr as E;
        let (kind, message) = match value {
            E::Args(what) | E::MissingArg(what) => (ErrorKind::InvalidRequest, unreadable(&what)),
            // The server reads requests, the browser reads answers.
            E::Deserialization(what) if cfg!(feature = "ssr") => (ErrorKind::InvalidRequest, unreadable(&what)),
            E::Deserialization(_) => (
                ErrorKind::Internal,
                "the server's answer could not be read; reload the page, it may be of another version".into(),
            ),
            E::Request(_) | E::UnsupportedRequestMethod(_) => {
                (ErrorKind::Internal, "the server cannot be reached; check the connection, then try again".into())
            }
            other => (ErrorKind::Internal, format!("{other}; try again")),
        };
        Self(Error::new(kind, message))
    }
}

fn unreadable(what: &str) -> String {
    format!("the request could not be read: {what}; see the HTTP contract for its fields")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_of_a_failed_call_is_the_error_alone() {
        let error = ApiError(Error::new(ErrorKind::AtCapacity, "four films are running; try again later"));
        let body = error.ser();
        assert_eq!(&body[..], br#"{"kind":"at_capacity","message":"four films are running; try again later"}"#);
        assert_eq!(ApiError::de(body), error);
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn a_request_that_cannot_be_read_is_the_callers_fault() {
        let error = ApiError::from_server_fn_error(ServerFnErrorErr::Deserialization("eof".into()));
        assert_eq!(error.0.kind, ErrorKind::InvalidRequest);
        assert!(!error.is_passing());
    }

    #[test]
    fn an_unreachable_server_is_worth_another_try() {
        let error = ApiError::from_server_fn_error(ServerFnErrorErr::Request("failed to fetch".into()));
        assert!(error.is_passing());
        assert!(error.0.message.contains("cannot be reached"));
    }
}
