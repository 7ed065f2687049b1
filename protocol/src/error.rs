//! What can go wrong, as the page and other clients see it.

use serde::{Deserialize, Serialize};

/// The kind of an [`Error`], from which the HTTP status follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    InvalidRequest,
    InvalidSource,
    Unauthorized,
    Forbidden,
    UnknownSession,
    NotFound,
    TooLarge,
    NotAVideo,
    NotSubtitles,
    Unplayable,
    RateLimited,
    Internal,
    SourceUnreachable,
    AtCapacity,
    ToolMissing,
    SourceTimeout,
    StoreFull,
}

impl ErrorKind {
    /// The HTTP status that goes with this kind.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::InvalidSource => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::UnknownSession | Self::NotFound => 404,
            Self::TooLarge => 413,
            Self::NotAVideo | Self::NotSubtitles | Self::Unplayable => 422,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::SourceUnreachable => 502,
            Self::AtCapacity | Self::ToolMissing => 503,
            Self::SourceTimeout => 504,
            Self::StoreFull => 507,
        }
    }
}

/// An error as it crosses the network: `{"kind": "...", "message": "..."}`.
///
/// The message says what was tried, what came back and what to do; it never carries a server path, nor the
/// credentials of a link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Error {
    pub kind: ErrorKind,
    pub message: String,
}

impl Error {
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What a viewer is told whom the host has removed: `forbidden`, for good.
    #[must_use]
    pub fn removed() -> Self {
        Self::new(ErrorKind::Forbidden, "the host has removed you from this screening")
    }

    /// Whether it is [`Self::removed`], and not what else may be forbidden.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        *self == Self::removed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn travels_as_kind_and_message() {
        let error = Error::new(ErrorKind::NotAVideo, "the link leads to a web page");
        let json = serde_json::to_value(&error).unwrap();
        assert_eq!(json, serde_json::json!({"kind": "not_a_video", "message": "the link leads to a web page"}));
        assert_eq!(serde_json::from_value::<Error>(json).unwrap(), error);
    }
}
