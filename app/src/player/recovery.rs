//! What is tried before a fault is shown. Pure.

use std::time::Duration;

use protocol::{Error, ErrorKind};

use super::Fault;

/// Tries since the last segment that arrived.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Recovery {
    network_tries: u32,
    media_tries: u32,
    /// Where it was loaded anew last, in seconds of the film.
    reloaded_at_s: f64,
}

/// What to do about a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// hls.js deals with it itself.
    Ignore,
    /// hls.js deals with it itself by asking again until the server has a place.
    AwaitPlace,
    /// Ask again after a while.
    RetryAfter(Duration),
    /// Load the film anew where it is.
    Reload,
    /// Show it.
    GiveUp(Error),
    /// Show it if nothing is left to play; otherwise hls.js asks again meanwhile, and the answer may be another.
    GiveUpIfDry(Error),
    /// Show it once what is buffered has been played: only a part of the film cannot be made.
    GiveUpWhenDry(Error),
}

impl Recovery {
    /// With hls.js' own six tries in front of each, about two minutes of a server that is away.
    const NETWORK_TRIES: u32 = 8;
    const MEDIA_TRIES: u32 = 2;
    const RESET_TRIES: u32 = 8;
    /// Trouble this far from the last is another one, in seconds of the film.
    const SAME_PLACE_S: f64 = 30.0;

    /// What to do about a fault while the player is at `position_s` of the film.
    pub(crate) fn step(&mut self, fault: Fault, position_s: f64) -> Step {
        // Some answers do not change however often one asks, so they end what hls.js would go on trying.
        if let Fault::Network { told: Some(error), .. } = &fault
            && matches!(
                error.kind,
                ErrorKind::UnknownSession
                    | ErrorKind::NotAVideo
                    | ErrorKind::ToolMissing
                    | ErrorKind::StoreFull
                    | ErrorKind::InvalidRequest
            )
        {
            return Step::GiveUp(error.clone());
        }
        match fault {
            // A damaged part of the film. Its first segment is asked for long before it is due.
            Fault::Network { told: Some(error), fatal, .. } if error.kind == ErrorKind::Unplayable => {
                if fatal {
                    Step::GiveUpWhenDry(error)
                } else {
                    Step::GiveUpIfDry(error)
                }
            }
            Fault::Network { fatal: false, told: Some(error), .. } if error.kind == ErrorKind::AtCapacity => {
                Step::AwaitPlace
            }
            // hls.js would build its buffers anew for ever, each time there is something new to decode, and now and
            // then it loads nothing more after that.
            Fault::Media { ref details, .. } if details == Fault::DECODER => {
                self.reload(fault, position_s, Self::MEDIA_TRIES)
            }
            // A browser may throw away what a page has buffered, and the film is not at fault; but not every browser
            // has words for a decoder that failed.
            Fault::Media { ref details, .. } if details == Fault::RESET => {
                self.reload(fault, position_s, Self::RESET_TRIES)
            }
            Fault::Network { fatal: false, .. }
            | Fault::Media { fatal: false, .. }
            | Fault::Other { fatal: false, .. } => Step::Ignore,
            // hls.js has asked for a minute by then: the viewer decides. A refused master comes here at once.
            Fault::Network { told: Some(error), .. } if error.kind == ErrorKind::AtCapacity => Step::GiveUp(error),
            Fault::Network { .. } if self.network_tries < Self::NETWORK_TRIES => {
                self.network_tries += 1;
                Step::RetryAfter(Duration::from_secs((1 << (self.network_tries - 1)).min(15)))
            }
            // Loading anew does not teach the browser a codec.
            Fault::Media { ref details, .. } if details == "manifestIncompatibleCodecsError" => {
                Step::GiveUp(fault.into_error())
            }
            Fault::Media { .. } => self.reload(fault, position_s, Self::MEDIA_TRIES),
            fault => Step::GiveUp(fault.into_error()),
        }
    }

    /// Loads the film anew, unless that has been tried here often enough.
    fn reload(&mut self, fault: Fault, position_s: f64, tries: u32) -> Step {
        if (position_s - self.reloaded_at_s).abs() > Self::SAME_PLACE_S {
            self.media_tries = 0;
        }
        if self.media_tries >= tries {
            return Step::GiveUp(fault.into_error());
        }
        self.media_tries += 1;
        self.reloaded_at_s = position_s;
        Step::Reload
    }

    /// A segment arrived.
    pub(crate) fn progress(&mut self) {
        self.network_tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(fatal: bool, told: Option<ErrorKind>) -> Fault {
        Fault::Network {
            status: None,
            told: told.map(|kind| Error::new(kind, "told")),
            details: "fragLoadError".into(),
            fatal,
        }
    }

    #[test]
    fn a_server_that_is_away_is_asked_again_ever_less_often_and_not_for_ever() {
        let mut recovery = Recovery::default();
        let mut waits = Vec::new();
        while let Step::RetryAfter(wait) = recovery.step(network(true, None), 0.0) {
            waits.push(wait.as_secs());
            assert!(waits.len() < 100);
        }
        assert_eq!(waits, [1, 2, 4, 8, 15, 15, 15, 15]);
        recovery.progress();
        assert_eq!(recovery.step(network(true, None), 0.0), Step::RetryAfter(Duration::from_secs(1)));
    }

    #[test]
    fn what_hls_js_is_still_trying_is_left_to_it() {
        let mut recovery = Recovery::default();
        assert_eq!(recovery.step(network(false, None), 0.0), Step::Ignore);
        assert_eq!(recovery.step(network(false, Some(ErrorKind::AtCapacity)), 0.0), Step::AwaitPlace);
    }

    #[test]
    fn answers_that_will_not_change_are_shown_at_once() {
        let mut recovery = Recovery::default();
        assert!(matches!(recovery.step(network(false, Some(ErrorKind::UnknownSession)), 0.0), Step::GiveUp(_)));
        assert!(matches!(recovery.step(network(true, Some(ErrorKind::AtCapacity)), 0.0), Step::GiveUp(_)));
    }

    #[test]
    fn a_damaged_part_ends_playing_only_when_it_is_reached() {
        let mut recovery = Recovery::default();
        let told = |fatal| network(fatal, Some(ErrorKind::Unplayable));
        assert!(matches!(recovery.step(told(false), 0.0), Step::GiveUpIfDry(_)), "it is asked for again");
        assert!(matches!(recovery.step(told(true), 0.0), Step::GiveUpWhenDry(_)));
    }

    #[test]
    fn a_decoder_that_fails_again_and_again_is_given_up() {
        let mut recovery = Recovery::default();
        let fault = || Fault::Media { details: Fault::DECODER.into(), fatal: false };
        assert_eq!(recovery.step(fault(), 5.0), Step::Reload);
        recovery.progress();
        assert_eq!(recovery.step(fault(), 5.0), Step::Reload);
        recovery.progress();
        assert!(matches!(recovery.step(fault(), 5.0), Step::GiveUp(error) if error.kind == ErrorKind::Unplayable));
    }

    #[test]
    fn buffers_that_the_browser_throws_away_are_filled_anew_more_often() {
        let mut recovery = Recovery::default();
        let fault = || Fault::Media { details: Fault::RESET.into(), fatal: false };
        for _ in 0..Recovery::RESET_TRIES {
            assert_eq!(recovery.step(fault(), 5.0), Step::Reload);
        }
        assert!(matches!(recovery.step(fault(), 5.0), Step::GiveUp(_)));
    }

    #[test]
    fn a_codec_that_the_browser_lacks_is_not_tried_again() {
        let fault = Fault::Media { details: "manifestIncompatibleCodecsError".into(), fatal: true };
        let step = Recovery::default().step(fault, 0.0);
        assert!(matches!(step, Step::GiveUp(error) if error.kind == ErrorKind::Unplayable));
    }

    #[test]
    fn the_film_is_loaded_anew_twice_at_one_place() {
        let mut recovery = Recovery::default();
        let fault = || Fault::Media { details: "bufferAppendError".into(), fatal: true };
        assert_eq!(recovery.step(fault(), 5.0), Step::Reload);
        assert_eq!(recovery.step(fault(), 6.0), Step::Reload);
        assert!(matches!(recovery.step(fault(), 6.0), Step::GiveUp(error) if error.kind == ErrorKind::Unplayable));
        assert_eq!(recovery.step(fault(), 600.0), Step::Reload, "an hour's film may have it at several places");
    }
}
