//! What is tried when a film whose picture is copied turns out not to be playable. Pure.

use protocol::{ErrorKind, MasterQuery, PlanView, Quality, VideoMode};

/// What has been tried, for as long as the page stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fallback {
    asked_again: bool,
    encode: bool,
}

/// Who found that the film cannot be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Witness {
    Server,
    Browser,
}

impl Fallback {
    /// Whether loading the master again is worth it after playing has ended with an error of this kind while the
    /// picture was copied or not. The next query asks for [`Fallback::video`].
    pub(crate) fn helps(&mut self, kind: ErrorKind, witness: Witness, copied: bool) -> bool {
        if kind != ErrorKind::Unplayable || !copied {
            return false;
        }
        let tried = match witness {
            // It knows by now that it has to encode, and does so for the same query.
            Witness::Server => &mut self.asked_again,
            // The server cannot know, so it has to be told.
            Witness::Browser => &mut self.encode,
        };
        !std::mem::replace(tried, true)
    }

    /// What the server is told about how to make the picture.
    pub(crate) fn video(self) -> Option<VideoMode> {
        self.encode.then_some(VideoMode::Encode)
    }
}

/// Whether the picture of this query is copied. The plan may be of a query before it.
pub(crate) fn is_copied(query: &MasterQuery, plan: Option<&PlanView>) -> bool {
    let original = query.quality.unwrap_or_default() == Quality::Original;
    let bare = query.burn.as_deref().is_none_or(|burn| burn == "none");
    let planned = plan.and_then(|plan| plan.video.as_ref()).is_some_and(|video| video.mode == VideoMode::Copy);
    query.video != Some(VideoMode::Encode) && original && bare && planned
}

#[cfg(test)]
mod tests {
    use protocol::{TrackId, VideoPlan};

    use super::*;

    #[test]
    fn the_browsers_refusal_asks_for_encoding_once() {
        let mut fallback = Fallback::default();
        assert_eq!(fallback.video(), None);
        assert!(fallback.helps(ErrorKind::Unplayable, Witness::Browser, true));
        assert_eq!(fallback.video(), Some(VideoMode::Encode));
        assert!(!fallback.helps(ErrorKind::Unplayable, Witness::Browser, false));
        assert!(!fallback.helps(ErrorKind::Unplayable, Witness::Browser, true));
    }

    #[test]
    fn the_servers_refusal_asks_the_same_once_more() {
        let mut fallback = Fallback::default();
        assert!(fallback.helps(ErrorKind::Unplayable, Witness::Server, true));
        assert_eq!(fallback.video(), None);
        assert!(!fallback.helps(ErrorKind::Unplayable, Witness::Server, true));
    }

    #[test]
    fn other_trouble_and_encoded_pictures_are_shown() {
        let mut fallback = Fallback::default();
        assert!(!fallback.helps(ErrorKind::AtCapacity, Witness::Server, true));
        assert!(!fallback.helps(ErrorKind::Unplayable, Witness::Server, false));
        assert!(fallback.helps(ErrorKind::Unplayable, Witness::Server, true), "nothing has been tried before");
    }

    #[test]
    fn a_query_that_needs_encoding_is_not_copied_whatever_an_older_plan_says() {
        let plan = |mode| PlanView {
            video: Some(VideoPlan { track: TrackId::video(0), mode, why: None, height: 1080 }),
            audio: Vec::new(),
            audio_track: None,
            burn: None,
            qualities: Vec::new(),
        };
        let copied = plan(VideoMode::Copy);
        let bare = MasterQuery { burn: Some("none".into()), ..MasterQuery::default() };
        assert!(is_copied(&bare, Some(&copied)));
        assert!(!is_copied(&bare, Some(&plan(VideoMode::Encode))) && !is_copied(&bare, None));
        for query in [
            MasterQuery { burn: Some("s0".into()), ..bare.clone() },
            MasterQuery { quality: Some(Quality::P720), ..bare.clone() },
            MasterQuery { video: Some(VideoMode::Encode), ..bare },
        ] {
            assert!(!is_copied(&query, Some(&copied)), "{query:?}");
        }
    }
}
