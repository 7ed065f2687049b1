//! Playlists and segments.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use protocol::{Error, MasterQuery, PlanView, RenditionId, SessionId, ViewerToken};
use sha2::{Digest as _, Sha256};

use super::Matinee;
use crate::{film::Film, playlist, rendition::ReaderId, session::Reader};

/// How long a request waits for the film's preparation.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// Who asks: a page with its viewer's token, or a player known by its address and name.
#[derive(Clone, Debug)]
pub enum Player {
    Viewer(ViewerToken),
    Anonymous(String),
}

impl Player {
    /// The same player is the same reader of a rendition, whichever connection it uses.
    fn reader(&self) -> ReaderId {
        let text = match self {
            Self::Viewer(token) => &token.0,
            Self::Anonymous(key) => key,
        };
        let hash = Sha256::digest(text);
        let mut number = [0; 8];
        number.copy_from_slice(&hash[..8]);
        // Zero is the server itself.
        ReaderId(u64::from_be_bytes(number).max(1))
    }
}

impl Matinee {
    /// The master playlist for one viewer's choice; waits until the film is ready.
    ///
    /// # Errors
    ///
    /// `unknown_session`, why the film cannot be played, `not_found` for a track that is not there.
    pub async fn master(
        &self,
        session: SessionId,
        query: &MasterQuery,
        languages: &[String],
        player: &Player,
    ) -> Result<String, Error> {
        let film = self.film(session, player).await?;
        let plan = film.plan(query, languages)?;
        Ok(playlist::master(&plan.master))
    }

    /// How the film is made playable for one viewer's browser and choice, and why; waits until the film is ready.
    ///
    /// # Errors
    ///
    /// As [`Matinee::master`].
    pub async fn plan(&self, session: SessionId, query: &MasterQuery, languages: &[String]) -> Result<PlanView, Error> {
        let film = self.ready_film(session).await?;
        let plan = film.plan(query, languages)?;
        // Who asks first begins at the beginning.
        if film.is_untouched() {
            film.warm(&plan);
        }
        Ok(plan.view)
    }

    /// The full-length playlist of a rendition.
    ///
    /// # Errors
    ///
    /// As [`Matinee::master`].
    pub async fn media_playlist(&self, session: SessionId, id: RenditionId, player: &Player) -> Result<String, Error> {
        let film = self.film(session, player).await?;
        Ok(match id {
            RenditionId::Subtitles { subtitles } => playlist::subtitles(&film.vtt_table(subtitles)?),
            _ => playlist::media(&film.rendition(id)?.table()),
        })
    }

    /// The init segment of a rendition.
    ///
    /// # Errors
    ///
    /// As [`Matinee::master`], and what kept it from being made.
    pub async fn init(&self, session: SessionId, id: RenditionId, player: &Player) -> Result<Bytes, Error> {
        self.film(session, player).await?.rendition(id)?.init(player.reader()).await
    }

    /// One segment of a rendition; waits until it is made.
    ///
    /// # Errors
    ///
    /// As [`Matinee::init`].
    pub async fn segment(&self, session: SessionId, id: RenditionId, n: u32, player: &Player) -> Result<Bytes, Error> {
        let film = self.film(session, player).await?;
        match id {
            RenditionId::Subtitles { subtitles } => film.vtt_segment(subtitles, n).await,
            _ => film.rendition(id)?.segment(n, player.reader()).await,
        }
    }

    /// The film of a session that is awake, for a request that is no sign of life.
    pub(super) async fn ready_film(&self, session: SessionId) -> Result<Arc<Film>, Error> {
        match self.inner.screenings.screen(session) {
            Some(screen) => screen.ready(READY_LIMIT).await,
            None => {
                self.registry().view(Instant::now(), session).and_then(|view| Err(view.error.unwrap_or_else(asleep)))
            }
        }
    }

    /// The session's film, for a player whose request is a sign of life.
    async fn film(&self, session: SessionId, player: &Player) -> Result<Arc<Film>, Error> {
        let reader = match player {
            Player::Viewer(token) => Reader::Viewer(token),
            Player::Anonymous(key) => Reader::Anonymous(key),
        };
        let outcome = self.registry().touch(Instant::now(), session, reader)?;
        if outcome.joined {
            tracing::info!(%session, "anonymous player joined");
        }
        self.wake(session, outcome.woken);
        self.inner.bell.notify_one();
        match self.inner.screenings.screen(session) {
            Some(screen) => screen.ready(READY_LIMIT).await,
            None => {
                self.registry().view(Instant::now(), session).and_then(|view| Err(view.error.unwrap_or_else(asleep)))
            }
        }
    }
}

fn asleep() -> Error {
    Error::new(protocol::ErrorKind::UnknownSession, "this session is asleep; open its page again")
}
