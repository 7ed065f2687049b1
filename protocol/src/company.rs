//! What the viewers of a session are to each other: the host's part, and what they say.

use serde::{Deserialize, Serialize};

use crate::{PublicViewerId, SessionId, ViewerToken};

/// Colours by which viewers are told apart; [`crate::ViewerView::colour`] is below it.
pub const COLOURS: u8 = 8;

/// Characters of a title that a host gives, at most.
pub const LONGEST_TITLE: usize = 120;

/// Characters of a message, at most.
pub const LONGEST_TEXT: usize = 300;

/// Texts that are kept of a session, and as many reactions; an answer has so many of both at most.
pub const MESSAGES_KEPT: usize = 50;

/// `change` of `POST /api/host`: `{"kind": "rename", "title": "Friday's film"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HostChange {
    /// 1 to [`LONGEST_TITLE`] shown characters. What is found out about the film later does not replace it.
    Rename { title: String },
    /// Whether the session stands in `POST /api/sessions`.
    List { listed: bool },
    /// The viewer is sent away and not let in again.
    Remove { viewer: PublicViewerId },
    /// The viewer is the host from its next heartbeats on, and the sender no longer.
    HandOver { viewer: PublicViewerId },
}

/// `POST /api/say`: either a text or a reaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Say {
    pub session: SessionId,
    pub viewer: ViewerToken,
    /// 1 to [`LONGEST_TEXT`] shown characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<Reaction>,
}

/// What somebody said: `{"number": 1700000000000, "from": "…", "name": "Ada", "colour": 0, "sent_ms": …, "position_s":
/// 83.5, "text": "Look!"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Grows from message to message, over restarts of the server too. Exact as a JSON number.
    pub number: u64,
    pub from: PublicViewerId,
    /// The sender's name and colour as they were then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub colour: u8,
    /// Server time in milliseconds.
    pub sent_ms: f64,
    /// Where the sender was in the film, in seconds.
    pub position_s: f64,
    #[serde(flatten)]
    pub said: Said,
}

/// `"text": "Look!"` or `"reaction": "👏"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    Text(String),
    Reaction(Reaction),
}

/// The reactions that there are. In JSON each is its emoji.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reaction {
    #[serde(rename = "👏")]
    Applause,
    #[serde(rename = "❤️", alias = "❤")]
    Heart,
    #[serde(rename = "😂")]
    Laughter,
    #[serde(rename = "😮")]
    Surprise,
    #[serde(rename = "😢")]
    Tears,
    #[serde(rename = "🔥")]
    Fire,
}

impl Reaction {
    pub const ALL: [Self; 6] = [Self::Applause, Self::Heart, Self::Laughter, Self::Surprise, Self::Tears, Self::Fire];

    /// The emoji.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applause => "👏",
            Self::Heart => "❤️",
            Self::Laughter => "😂",
            Self::Surprise => "😮",
            Self::Tears => "😢",
            Self::Fire => "🔥",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_travel_as_a_kind_and_its_fields() {
        let viewer = PublicViewerId("ab12".into());
        for (change, json) in [
            (HostChange::Rename { title: "Friday".into() }, r#"{"kind":"rename","title":"Friday"}"#),
            (HostChange::List { listed: false }, r#"{"kind":"list","listed":false}"#),
            (HostChange::Remove { viewer: viewer.clone() }, r#"{"kind":"remove","viewer":"ab12"}"#),
            (HostChange::HandOver { viewer }, r#"{"kind":"hand_over","viewer":"ab12"}"#),
        ] {
            assert_eq!(serde_json::to_string(&change).unwrap(), json);
            assert_eq!(serde_json::from_str::<HostChange>(json).unwrap(), change);
        }
        assert!(serde_json::from_str::<HostChange>(r#"{"kind":"remove"}"#).is_err());
    }

    #[test]
    fn what_is_said_is_a_field_of_its_message() {
        let message = |said| Message {
            number: 1_700_000_000_000,
            from: PublicViewerId("ab12".into()),
            name: None,
            colour: 3,
            sent_ms: 1.5,
            position_s: 83.5,
            said,
        };
        for (said, end) in
            [(Said::Text("Hi".into()), r#""text":"Hi"}"#), (Said::Reaction(Reaction::Heart), r#""reaction":"❤️"}"#)]
        {
            let message = message(said);
            let json = serde_json::to_string(&message).unwrap();
            assert!(
                json.starts_with(r#"{"number":1700000000000,"from":"ab12","colour":3,"#) && json.ends_with(end),
                "{json}"
            );
            assert_eq!(serde_json::from_str::<Message>(&json).unwrap(), message);
        }
    }

    #[test]
    fn a_reaction_is_its_emoji_and_no_other() {
        for reaction in Reaction::ALL {
            let json = serde_json::to_string(&reaction).unwrap();
            assert_eq!(json, format!("\"{}\"", reaction.as_str()));
            assert_eq!(serde_json::from_str::<Reaction>(&json).unwrap(), reaction);
        }
        assert_eq!(serde_json::from_str::<Reaction>("\"❤\"").unwrap(), Reaction::Heart);
        assert!(serde_json::from_str::<Reaction>("\"💩\"").is_err());
    }
}
