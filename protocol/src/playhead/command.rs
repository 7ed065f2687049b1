//! What steers the shared playhead, and who may.

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, PublicViewerId};

/// The rates at which a film can be played together.
pub const RATES: std::ops::RangeInclusive<f64> = 0.5..=2.0;

/// How far from the shared position a pause may say that the film was stopped, in seconds. A round trip and a click are
/// well within; beyond it the sender was not where the others are.
const PAUSED_NEARBY_S: f64 = 2.0;

/// What a viewer asks for: `{"kind": "seek", "position_s": 83.5, "revision": 7}`.
///
/// Commands that cross each other do not fight. The last to reach the server wins, whatever revision it was made against,
/// since each names a state and not a change: of two seeks the later stands, of two pauses or plays the second finds its
/// work done and changes nothing. The revision is there for two finer things: a command that the same viewer sends
/// again against the same revision is a retry and changes nothing, and a pause tells where the film stopped only to those
/// who have seen the same seeks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    #[serde(flatten)]
    pub steer: Steer,
    /// The revision that the viewer saw. Absent (curl): the newest, and never a retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
}

/// The commands. Positions are film time in seconds; those outside the film are moved to its nearer end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Steer {
    /// At the film's end it begins anew, as a video element does.
    Play,
    Pause {
        /// Where the sender's picture stands, so that it need not jump by the time that the command was on its way.
        /// Taken within 2 s of the shared position and from the newest revision, else passed over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position_s: Option<f64>,
    },
    Seek {
        position_s: f64,
    },
    /// From 0.5 to 2.
    Rate {
        rate: f64,
    },
    /// The host's alone.
    Rules(Rules),
}

/// Who may steer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Steering {
    #[default]
    Everybody,
    HostOnly,
}

/// What the host has chosen for the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    #[serde(default)]
    pub steering: Steering,
    /// A play or a seek waits until everybody has the picture, 10 s at most.
    #[serde(default)]
    pub wait_for_everybody: bool,
}

/// Who sends a command, as the server has made sure of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steerer {
    pub viewer: PublicViewerId,
    /// The host key came with the command and was right.
    pub host: bool,
}

impl Command {
    #[must_use]
    pub const fn play() -> Self {
        Self { steer: Steer::Play, revision: None }
    }

    #[must_use]
    pub const fn pause() -> Self {
        Self { steer: Steer::Pause { position_s: None }, revision: None }
    }

    #[must_use]
    pub const fn pause_at(position_s: f64) -> Self {
        Self { steer: Steer::Pause { position_s: Some(position_s) }, revision: None }
    }

    #[must_use]
    pub const fn seek(position_s: f64) -> Self {
        Self { steer: Steer::Seek { position_s }, revision: None }
    }

    #[must_use]
    pub const fn rate(rate: f64) -> Self {
        Self { steer: Steer::Rate { rate }, revision: None }
    }

    #[must_use]
    pub const fn rules(rules: Rules) -> Self {
        Self { steer: Steer::Rules(rules), revision: None }
    }

    /// The same command, made by a viewer who saw this revision.
    #[must_use]
    pub const fn on(self, revision: u64) -> Self {
        Self { revision: Some(revision), ..self }
    }

    /// # Errors
    ///
    /// `forbidden` for who may not steer, `invalid_request` for a figure that is none or out of range.
    pub(super) fn check(&self, rules: Rules, who: &Steerer) -> Result<(), Error> {
        let forbidden = |message: &str| Err(Error::new(ErrorKind::Forbidden, message));
        match self.steer {
            _ if who.host => {}
            Steer::Rules(_) => return forbidden("only the host sets the rules; send the host key"),
            _ if rules.steering == Steering::HostOnly => {
                return forbidden("only the host steers this session; ask the host, or watch on your own");
            }
            _ => {}
        }
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidRequest, message));
        match self.steer {
            Steer::Seek { position_s } | Steer::Pause { position_s: Some(position_s) } if !position_s.is_finite() => {
                invalid("position_s is no number; send seconds of film time".to_owned())
            }
            Steer::Rate { rate } if !RATES.contains(&rate) => {
                invalid(format!("the rate {rate} is out of range; send one from {} to {}", RATES.start(), RATES.end()))
            }
            _ => Ok(()),
        }
    }

    /// Where a pause leaves the film that is at `shared_s` and at `revision` on the server.
    pub(super) fn pauses_at(&self, told_s: Option<f64>, shared_s: f64, revision: u64) -> f64 {
        let newest = self.revision.is_none_or(|seen| seen == revision);
        told_s.filter(|told_s| newest && (told_s - shared_s).abs() <= PAUSED_NEARBY_S).unwrap_or(shared_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_travel_as_a_kind_and_its_figures() {
        for (command, json) in [
            (Command::play(), r#"{"kind":"play"}"#),
            (Command::pause(), r#"{"kind":"pause"}"#),
            (Command::pause_at(1.5).on(3), r#"{"kind":"pause","position_s":1.5,"revision":3}"#),
            (Command::seek(83.5).on(7), r#"{"kind":"seek","position_s":83.5,"revision":7}"#),
            (Command::rate(1.25), r#"{"kind":"rate","rate":1.25}"#),
            (
                Command::rules(Rules { steering: Steering::HostOnly, wait_for_everybody: true }),
                r#"{"kind":"rules","steering":"host_only","wait_for_everybody":true}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&command).unwrap(), json);
            assert_eq!(serde_json::from_str::<Command>(json).unwrap(), command);
        }
        assert!(serde_json::from_str::<Command>(r#"{"kind":"seek"}"#).is_err());
    }
}
