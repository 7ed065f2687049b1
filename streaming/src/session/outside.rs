//! The subtitles that viewers brought along: they belong to a session and go with it.

use std::sync::Arc;

use protocol::{Error, ErrorKind, SessionId, SubtitleKind, SubtitleTrack, TrackId, ViewerToken};

use super::{Registry, secrets::ViewerKey};
use crate::subtitles::outside::{Kind, Name, Outside};

/// Tracks of one session.
const MAX_TRACKS: usize = 16;
/// Bytes of all sessions' tracks together.
const MAX_BYTES: usize = 256 << 20;

/// One track.
#[derive(Clone, Debug)]
pub(super) struct Brought {
    pub(super) track: SubtitleTrack,
    subtitles: Arc<Outside>,
}

impl<R> Registry<R> {
    /// Whether a viewer may bring subtitles to a session.
    ///
    /// # Errors
    ///
    /// `unknown_session`; `forbidden` for who does not watch it; `at_capacity` when it has as many as it can have.
    pub fn may_bring(&self, session: SessionId, viewer: &ViewerToken) -> Result<(), Error> {
        let screening = self.known(session)?;
        if !screening.viewers.contains(ViewerKey::of_token(session, viewer)) {
            let message = "only who watches can add subtitles; open this session's page";
            return Err(Error::new(ErrorKind::Forbidden, message));
        }
        if screening.outside.len() >= MAX_TRACKS {
            let message =
                format!("{MAX_TRACKS} files have been added here, and there is no room for more; use one of them");
            return Err(Error::new(ErrorKind::AtCapacity, message));
        }
        Ok(())
    }

    /// Puts subtitles that a viewer brought beside the film's own.
    ///
    /// # Errors
    ///
    /// As [`Registry::may_bring`].
    pub fn bring(
        &mut self,
        session: SessionId,
        viewer: &ViewerToken,
        name: Name,
        subtitles: Arc<Outside>,
    ) -> Result<SubtitleTrack, Error> {
        self.may_bring(session, viewer)?;
        self.add_outside(session, name, subtitles)
    }

    /// Puts subtitles that came with the film beside its own.
    ///
    /// # Errors
    ///
    /// `unknown_session`; `at_capacity`.
    pub fn add_outside(
        &mut self,
        session: SessionId,
        name: Name,
        subtitles: Arc<Outside>,
    ) -> Result<SubtitleTrack, Error> {
        let all = self.sessions.values().flat_map(|screening| &screening.outside);
        if all.map(|brought| brought.subtitles.weight()).sum::<usize>() + subtitles.weight() > MAX_BYTES {
            let message = "this server holds as many added subtitles as it can; try again when other sessions are over";
            return Err(Error::new(ErrorKind::AtCapacity, message));
        }
        let screening = self.known_mut(session)?;
        screening.changes += 1;
        let outside = &mut screening.outside;
        let track = SubtitleTrack {
            track: TrackId::outside(u16::try_from(outside.len()).unwrap_or(u16::MAX)),
            codec: subtitles.kind().codec().to_owned(),
            kind: if subtitles.kind() == Kind::Ass { SubtitleKind::Styled } else { SubtitleKind::Text },
            language: name.language,
            title: Some(name.label),
            default: false,
            forced: name.forced,
            hearing_impaired: name.hearing_impaired,
        };
        outside.push(Brought { track: track.clone(), subtitles });
        Ok(track)
    }

    /// Subtitles that were brought to a session, by the number of their track.
    ///
    /// # Errors
    ///
    /// `unknown_session`, `not_found`.
    pub fn outside(&self, session: SessionId, number: u16) -> Result<Arc<Outside>, Error> {
        let brought = self.known(session)?.outside.get(usize::from(number));
        brought.map(|brought| Arc::clone(&brought.subtitles)).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "nobody added such subtitles to this session; reload its page")
        })
    }
}
