//! What hls.js reports, as types.

use protocol::{Error, ErrorKind};
use serde::Deserialize;

/// Something that happened in the player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The master playlist is there.
    Parsed,
    /// A segment is in the buffer: whatever was wrong is over.
    Buffered,
    Fault(Fault),
}

/// What went wrong in the player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A request failed; `told` is what our server said about it.
    Network { status: Option<u16>, told: Option<Error>, details: String, fatal: bool },
    /// The browser could not decode or buffer.
    Media { details: String, fatal: bool },
    /// Anything else: hls.js itself, its worker, an unreadable playlist.
    Other { details: String, fatal: bool },
}

impl Fault {
    /// The details of a media fault that is the decoder's.
    pub(crate) const DECODER: &str = "decoderError";
    /// The details of a media fault that has cost the buffers.
    pub(crate) const RESET: &str = "mediaSourceRequiresReset";

    /// The fault in words, for the case that nothing has helped.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Network { told: Some(error), .. } => error,
            Self::Network { status: Some(404), .. } => {
                Error::new(ErrorKind::UnknownSession, "the server does not know this session any more")
            }
            Self::Network { status: Some(503), .. } => {
                Error::new(ErrorKind::AtCapacity, "the server could not make the next part in time")
            }
            Self::Network { status: Some(status), details, .. } => Error::new(
                ErrorKind::Internal,
                format!("a request for the film failed with status {status} ({details})"),
            ),
            Self::Network { status: None, details, .. } => {
                Error::new(ErrorKind::Internal, format!("the server cannot be reached ({details})"))
            }
            Self::Media { details, .. } => {
                Error::new(ErrorKind::Unplayable, format!("this browser could not decode the film ({details})"))
            }
            Self::Other { details, .. } => Error::new(ErrorKind::Internal, format!("the player stopped ({details})")),
        }
    }
}

/// A fault as `js/hls.js` tells it.
#[derive(Deserialize)]
struct Account {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    details: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    fatal: bool,
    status: Option<u16>,
    #[serde(default)]
    body: String,
}

/// Reads an event of `js/hls.js`; none for one that is not known.
pub(super) fn event(name: &str, account: &str) -> Option<Event> {
    match name {
        "parsed" => Some(Event::Parsed),
        "buffered" => Some(Event::Buffered),
        "fault" => Some(Event::Fault(fault(account))),
        _ => None,
    }
}

fn fault(account: &str) -> Fault {
    let Ok(Account { kind, details, reason, fatal, status, body }) = serde_json::from_str(account) else {
        return Fault::Other { details: "an error without an account".into(), fatal: true };
    };
    match kind.as_str() {
        "networkError" => Fault::Network { status, told: serde_json::from_str(&body).ok(), details, fatal },
        // hls.js tells a failed decoder like a buffer that the browser threw away, but for the words: its own, or those
        // with which Chromium refuses to add to a failed element's buffer.
        "mediaError" if details == Fault::RESET && reason.contains("HTMLMediaElement") => {
            Fault::Media { details: Fault::DECODER.into(), fatal }
        }
        "mediaError" => Fault::Media { details, fatal },
        _ => Fault::Other { details, fatal },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_server_said() {
        let account = r#"{"type":"networkError","details":"fragLoadError","fatal":true,"status":503,
            "body":"{\"kind\":\"at_capacity\",\"message\":\"all encoders are busy\"}"}"#;
        let Some(Event::Fault(fault)) = event("fault", account) else { panic!("no fault") };
        assert_eq!(fault.into_error(), Error::new(ErrorKind::AtCapacity, "all encoders are busy"));
    }

    #[test]
    fn a_body_that_is_not_ours_leaves_the_status() {
        let account =
            r#"{"type":"networkError","details":"manifestLoadError","fatal":true,"status":404,"body":"<html>"}"#;
        let Some(Event::Fault(fault)) = event("fault", account) else { panic!("no fault") };
        assert_eq!(fault.into_error().kind, ErrorKind::UnknownSession);
    }

    #[test]
    fn media_errors_and_nonsense_are_told_apart() {
        let media =
            event("fault", r#"{"type":"mediaError","details":"bufferStalledError","fatal":false,"status":null}"#);
        assert_eq!(media, Some(Event::Fault(Fault::Media { details: "bufferStalledError".into(), fatal: false })));
        let decoder = event(
            "fault",
            r#"{"type":"mediaError","details":"mediaSourceRequiresReset","fatal":false,
            "reason":"MediaSource closed while media attached with HTMLMediaElement Error: PIPELINE_ERROR_DECODE"}"#,
        );
        assert_eq!(decoder, Some(Event::Fault(Fault::Media { details: Fault::DECODER.into(), fatal: false })));
        let refused = event(
            "fault",
            r#"{"type":"mediaError","details":"mediaSourceRequiresReset","fatal":false,
            "reason":"Failed to execute 'appendBuffer': The HTMLMediaElement.error attribute is not null."}"#,
        );
        assert_eq!(refused, decoder);
        let thrown_away =
            event("fault", r#"{"type":"mediaError","details":"mediaSourceRequiresReset","reason":"closed"}"#);
        let Some(Event::Fault(fault)) = thrown_away else { panic!("no fault") };
        assert_eq!(fault, Fault::Media { details: Fault::RESET.into(), fatal: false });
        assert!(matches!(event("fault", "?"), Some(Event::Fault(Fault::Other { fatal: true, .. }))));
        assert_eq!(event("levelLoaded", ""), None);
    }
}
