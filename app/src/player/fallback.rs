//! What is tried when a film whose picture or sound is copied, or that a graphics card encodes, turns out not to be
//! playable. Pure.

use protocol::{AudioMode, ErrorKind, MasterQuery, PlanView, Quality, TrackId, VideoMode};

/// What has been tried, for as long as the page stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fallback {
    asked_again: u8,
    encode: bool,
    software: bool,
    encode_sound: bool,
}

/// Who found that the film cannot be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Witness {
    Server,
    Browser,
}

/// What of the film is passed on as it is, or made in another way that may fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Copied {
    pub(crate) picture: bool,
    pub(crate) sound: bool,
    /// A graphics card encodes the picture, for which the processor can stand in.
    pub(crate) on_card: bool,
}

impl Fallback {
    /// The picture may turn out not to be copyable, and so may the sound tracks that are listened to.
    const TIMES: u8 = 4;

    /// Whether loading the master again is worth it after playing has ended with an error of this kind. The next query
    /// asks for [`Fallback::video`].
    pub(crate) fn helps(&mut self, kind: ErrorKind, witness: Witness, copied: Copied) -> bool {
        if kind != ErrorKind::Unplayable {
            return false;
        }
        match witness {
            // It knows by now that it has to encode, and does so for the same query.
            Witness::Server if copied != Copied::default() && self.asked_again < Self::TIMES => {
                self.asked_again += 1;
                true
            }
            // The server cannot know, so it has to be told.
            Witness::Browser if copied.picture && !self.encode => {
                self.encode = true;
                true
            }
            Witness::Browser if copied.on_card && !self.software => {
                self.software = true;
                true
            }
            // Browsers do not say which of the two they failed on. It was the sound at least; the picture, which is much
            // dearer to encode, gets another chance.
            Witness::Browser if copied.sound && !self.encode_sound => {
                *self = Self { encode_sound: true, asked_again: self.asked_again, ..Self::default() };
                true
            }
            _ => false,
        }
    }

    /// Whether sound is not to be passed on as it is either.
    pub(crate) fn encodes_sound(self) -> bool {
        self.encode_sound
    }

    /// What the server is told about how to make the picture.
    pub(crate) fn video(self) -> Option<VideoMode> {
        if self.software { Some(VideoMode::Software) } else { self.encode.then_some(VideoMode::Encode) }
    }
}

/// What is copied for this query and audio track. The plan may be of a query before it.
pub(crate) fn copied(query: &MasterQuery, plan: Option<&PlanView>, audio: Option<TrackId>) -> Copied {
    let tracks = plan.into_iter().flat_map(|plan| &plan.audio);
    let sound = tracks.into_iter().any(|track| Some(track.track) == audio && track.mode == AudioMode::Copy);
    let picture = is_picture_copied(query, plan);
    let on_card = !picture && plan.is_some_and(|plan| plan.encoder.is_some());
    Copied { picture, sound, on_card }
}

fn is_picture_copied(query: &MasterQuery, plan: Option<&PlanView>) -> bool {
    let original = query.quality.unwrap_or_default() == Quality::Original;
    let bare = query.burn.as_deref().is_none_or(|burn| burn == "none");
    let planned = plan.and_then(|plan| plan.video.as_ref()).is_some_and(|video| video.mode == VideoMode::Copy);
    query.video.is_none_or(|video| video == VideoMode::Copy) && original && bare && planned
}

#[cfg(test)]
mod tests {
    use protocol::{AudioPlan, EncoderKind, VideoPlan};

    use super::*;

    const NOTHING: Copied = Copied { picture: false, sound: false, on_card: false };
    const PICTURE: Copied = Copied { picture: true, ..NOTHING };
    const SOUND: Copied = Copied { sound: true, ..NOTHING };

    #[test]
    fn the_browsers_refusal_asks_for_encoding_once() {
        let mut fallback = Fallback::default();
        assert_eq!(fallback.video(), None);
        assert!(fallback.helps(ErrorKind::Unplayable, Witness::Browser, PICTURE));
        assert_eq!(fallback.video(), Some(VideoMode::Encode));
        assert!(!fallback.helps(ErrorKind::Unplayable, Witness::Browser, NOTHING));
        assert!(!fallback.helps(ErrorKind::Unplayable, Witness::Browser, PICTURE));
    }

    #[test]
    fn the_picture_is_encoded_first_then_the_sound_alone_and_then_both() {
        let mut fallback = Fallback::default();
        let made = |fallback: Fallback| (fallback.video(), fallback.encodes_sound());
        let both = Copied { picture: true, ..SOUND };
        let steps =
            [(both, Some(VideoMode::Encode), false), (SOUND, None, true), (PICTURE, Some(VideoMode::Encode), true)];
        for (copied, video, sound) in steps {
            assert!(fallback.helps(ErrorKind::Unplayable, Witness::Browser, copied));
            assert_eq!(made(fallback), (video, sound));
        }
        assert!(!fallback.helps(ErrorKind::Unplayable, Witness::Browser, NOTHING));
    }

    #[test]
    fn a_picture_of_a_card_that_the_browser_fails_on_is_asked_of_the_processor() {
        let mut fallback = Fallback::default();
        let of_card = Copied { on_card: true, ..SOUND };
        assert!(fallback.helps(ErrorKind::Unplayable, Witness::Browser, of_card) && !fallback.encodes_sound());
        assert_eq!(fallback.video(), Some(VideoMode::Software));
        assert!(fallback.helps(ErrorKind::Unplayable, Witness::Browser, SOUND) && fallback.encodes_sound());
        assert_eq!(fallback.video(), None, "the card was not at fault");
    }

    #[test]
    fn the_servers_refusal_asks_the_same_once_more_for_each_track_but_not_for_ever() {
        let mut fallback = Fallback::default();
        for copied in [PICTURE, SOUND, SOUND, PICTURE] {
            assert!(fallback.helps(ErrorKind::Unplayable, Witness::Server, copied));
        }
        assert_eq!(fallback.video(), None);
        assert!(!fallback.helps(ErrorKind::Unplayable, Witness::Server, PICTURE));
    }

    #[test]
    fn other_trouble_and_what_is_encoded_are_shown() {
        let mut fallback = Fallback::default();
        assert!(!fallback.helps(ErrorKind::AtCapacity, Witness::Server, PICTURE));
        assert!(!fallback.helps(ErrorKind::Unplayable, Witness::Server, NOTHING));
        assert!(fallback.helps(ErrorKind::Unplayable, Witness::Server, PICTURE), "nothing has been tried before");
    }

    #[test]
    fn a_query_that_needs_encoding_is_not_copied_whatever_an_older_plan_says() {
        let plan = |mode| PlanView {
            video: Some(VideoPlan { track: TrackId::video(0), mode, why: None, height: 1080 }),
            audio: vec![AudioPlan { track: TrackId::audio(1), mode: AudioMode::Copy, why: None, channels: 2 }],
            audio_track: None,
            burn: None,
            readable: Vec::new(),
            qualities: Vec::new(),
            encoder: None,
        };
        let of_copy = plan(VideoMode::Copy);
        let bare = MasterQuery { burn: Some("none".into()), ..MasterQuery::default() };
        assert_eq!(copied(&bare, Some(&of_copy), None), PICTURE);
        assert_eq!(copied(&bare, Some(&of_copy), Some(TrackId::audio(0))), PICTURE);
        assert_eq!(copied(&bare, Some(&plan(VideoMode::Encode)), Some(TrackId::audio(1))), SOUND);
        assert_eq!(copied(&bare, None, Some(TrackId::audio(1))), NOTHING);
        for query in [
            MasterQuery { burn: Some("s0".into()), ..bare.clone() },
            MasterQuery { quality: Some(Quality::P720), ..bare.clone() },
            MasterQuery { video: Some(VideoMode::Encode), ..bare },
        ] {
            assert_eq!(copied(&query, Some(&of_copy), None), NOTHING, "{query:?}");
            let with_card = PlanView { encoder: Some(EncoderKind::Nvenc), ..of_copy.clone() };
            assert_eq!(copied(&query, Some(&with_card), None), Copied { on_card: true, ..NOTHING }, "{query:?}");
        }
    }
}
