//! What a session's event channel tells.

use serde::{Deserialize, Serialize};

use crate::{Error, Message, SessionState, Stage, SubtitleTrack, ViewerView, playhead::PlayheadView};

/// One event of `GET /api/events/{session}`: the `data` of a server-sent event, `{"playhead": {…}}`.
///
/// Each but [`Self::Message`] says how things are and not what has changed, so one that is missed is made up for by the
/// next of its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Its revision is the event's id.
    Playhead(PlayheadView),
    /// One entry a viewer, the listening one too.
    Viewers(Vec<ViewerView>),
    Session(SessionNews),
    /// Somebody said something. A channel begins with the texts that are kept; one that is too slow misses some.
    Message(Message),
    /// The last one: the channel ends.
    End(EndReason),
}

/// Where a session is in its life, as the event channel tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionNews {
    pub state: SessionState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    pub title: String,
    /// It stands in `POST /api/sessions` while it is awake.
    pub listed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// The subtitles that viewers brought along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<SubtitleTrack>,
}

/// Why an event channel ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The session is over: its host closed it, or it is forgotten.
    Closed,
    /// The viewer has left.
    Left,
    /// The host has removed the viewer.
    Removed,
    /// The server stops. It may come back: try again in a while.
    Stopping,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_told_by_its_one_field() {
        let news = SessionNews {
            state: SessionState::Preparing,
            stage: Some(Stage::Probing),
            error: None,
            title: "Film".into(),
            listed: true,
            duration_s: None,
            outside: vec![],
        };
        for (event, json) in [
            (
                Event::Session(news),
                r#"{"session":{"state":"preparing","stage":"probing","title":"Film","listed":true}}"#,
            ),
            (Event::Viewers(vec![]), r#"{"viewers":[]}"#),
            (Event::End(EndReason::Closed), r#"{"end":"closed"}"#),
        ] {
            assert_eq!(serde_json::to_string(&event).unwrap(), json);
            assert_eq!(serde_json::from_str::<Event>(json).unwrap(), event);
        }
    }
}
