//! Subtitles that a browser draws itself, and the fonts for them.

use bytes::Bytes;
use protocol::{Error, ErrorKind, SessionId, TrackId, TrackKind};

use super::Matinee;
use crate::{
    fonts::Wanted,
    subtitles::{Events, PicturesRead},
};

/// The longest stretch of events that is asked for at once, in seconds.
const LONGEST_S: f64 = 120.0;

fn check(from_s: f64, until_s: f64) -> Result<(), Error> {
    if from_s.is_finite() && from_s >= 0.0 && until_s > from_s && until_s - from_s <= LONGEST_S {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidRequest,
        format!("events are asked for from= and until= in seconds, at most {LONGEST_S} s apart"),
    ))
}

impl Matinee {
    /// The header of a subtitle track's ASS script, with its styles; one of our own for plain text.
    ///
    /// # Errors
    ///
    /// `unknown_session`; `not_found` for a track that is not there or whose events can't be read by themselves.
    pub async fn subtitle_header(&self, session: SessionId, track: TrackId) -> Result<String, Error> {
        if track.kind == TrackKind::Outside {
            return Ok(self.registry().outside(session, track.order)?.header().to_owned());
        }
        self.ready_film(session).await?.subtitle_header(track).await
    }

    /// The events that are shown between two moments, in seconds of film time, also those that began before.
    ///
    /// # Errors
    ///
    /// As [`Matinee::subtitle_header`]; `invalid_request` for moments that are no stretch of a film; what the source's
    /// server answers.
    pub async fn subtitle_events(
        &self,
        session: SessionId,
        track: TrackId,
        from_s: f64,
        until_s: f64,
    ) -> Result<Events, Error> {
        check(from_s, until_s)?;
        if track.kind == TrackKind::Outside {
            let subtitles = self.registry().outside(session, track.order)?;
            return Ok(subtitles.between(from_s, until_s));
        }
        self.ready_film(session).await?.subtitle_events(track, from_s, until_s).await
    }

    /// The pictures that are shown between two moments, in seconds of film time, as a SUP file. It may end earlier, which
    /// it says.
    ///
    /// # Errors
    ///
    /// As [`Matinee::subtitle_events`].
    pub async fn subtitle_pictures(
        &self,
        session: SessionId,
        track: TrackId,
        from_s: f64,
        until_s: f64,
    ) -> Result<PicturesRead, Error> {
        check(from_s, until_s)?;
        self.ready_film(session).await?.subtitle_pictures(track, from_s, until_s).await
    }

    /// The numbers of the fonts among the files attached to the film.
    ///
    /// # Errors
    ///
    /// `unknown_session`; what the source's server answers.
    pub async fn fonts(&self, session: SessionId) -> Result<Vec<usize>, Error> {
        self.ready_film(session).await?.fonts().await
    }

    /// A font that is attached to the film, by its number among the attached files.
    ///
    /// # Errors
    ///
    /// `unknown_session`; `not_found` for what is not there or no font; what the source's server answers.
    pub async fn font(&self, session: SessionId, number: usize) -> Result<Bytes, Error> {
        self.ready_film(session).await?.font(number).await
    }

    /// A font of this computer for what a film names and does not bring along, as mpv would choose it, under the family
    /// name `name`.
    ///
    /// # Errors
    ///
    /// `not_found`; `invalid_request` for a name that is none.
    pub async fn system_font(&self, wanted: &Wanted, name: &str) -> Result<Bytes, Error> {
        self.inner.fonts.find(wanted, name).await
    }
}
