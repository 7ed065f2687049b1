//! What the host can do beside closing the session, and who is the host.

use std::{collections::VecDeque, time::Instant};

use protocol::{Error, ErrorKind, HostKey, PublicViewerId, SessionId};
use serde::{Deserialize, Serialize};

use super::{
    Registry,
    screening::{Ended, Screening},
    secrets::{HostKeyHash, ViewerKey},
    words::clean_title,
};

/// Removed viewers who are known of one session; beyond it the one who was removed first could come again.
const MOST_REMOVED: usize = 1000;

/// A session that is being handed over, until the viewer shows its new key. It outlives the server: the new host may have
/// shown it, and the old one have forgotten the old key, right before the end of the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct HandOver {
    viewer: ViewerKey,
    hash: HostKeyHash,
    /// The key itself, as long as it may have to be told; it is kept in memory alone.
    #[serde(skip)]
    key: Option<HostKey>,
}

impl<R> Registry<R> {
    /// Gives a session the title that its host wants.
    ///
    /// # Errors
    ///
    /// `unknown_session`, `forbidden` with another key, `invalid_request` for a title out of bounds.
    pub fn entitle(&mut self, session: SessionId, key: &HostKey, title: &str) -> Result<(), Error> {
        let screening = self.hosted(session, key)?;
        screening.title = clean_title(title)?;
        screening.titled = true;
        screening.changes += 1;
        Ok(())
    }

    /// Puts a session into the list of sessions, or takes it out, as its host wants.
    ///
    /// # Errors
    ///
    /// `unknown_session`, `forbidden` with another key.
    pub fn show_in_list(&mut self, session: SessionId, key: &HostKey, listed: bool) -> Result<(), Error> {
        let screening = self.hosted(session, key)?;
        screening.changes += u64::from(screening.listed != listed);
        screening.listed = listed;
        Ok(())
    }

    /// Leaves a session out of the list of sessions from the beginning on.
    pub fn keep_private(&mut self, session: SessionId) {
        if let Some(screening) = self.sessions.get_mut(&session) {
            screening.listed = false;
        }
    }

    /// Sends a viewer away and does not let it in again.
    ///
    /// # Errors
    ///
    /// `unknown_session`, `forbidden` with another key, `not_found` for who is not there, `invalid_request` for the host.
    pub fn remove(
        &mut self,
        now: Instant,
        session: SessionId,
        key: &HostKey,
        viewer: &PublicViewerId,
    ) -> Result<Option<Ended>, Error> {
        let now_ms = self.clock.ms(now);
        let screening = self.hosted(session, key)?;
        let (viewer, is_host) = screening.viewers.find(viewer).map(|(key, it)| (key, it.host)).ok_or_else(not_there)?;
        if is_host {
            let message = "the host can't be removed; hand the session over or close it";
            return Err(Error::new(ErrorKind::InvalidRequest, message));
        }
        if screening.removed.len() >= MOST_REMOVED {
            screening.removed.pop_front();
        }
        screening.removed.push_back(viewer);
        Ok(screening
            .dismiss(now, now_ms, viewer)
            .map(|gone| Ended::viewer(session, gone, "the host removed the viewer")))
    }

    /// Makes a viewer the host, as soon as its page has taken the new key.
    ///
    /// # Errors
    ///
    /// `unknown_session`, `forbidden` with another key, `not_found` for who is not there, `invalid_request` for a player
    /// that could take no key and for the host itself.
    pub fn hand_over(
        &mut self,
        session: SessionId,
        key: &HostKey,
        viewer: &PublicViewerId,
        new: HostKey,
    ) -> Result<(), Error> {
        let screening = self.hosted(session, key)?;
        let (viewer, found) = screening.viewers.find(viewer).ok_or_else(not_there)?;
        let invalid = |message: &str| Err(Error::new(ErrorKind::InvalidRequest, message));
        if found.anonymous {
            return invalid("a player without the page can't be the host; choose somebody who has it open");
        }
        if found.host {
            return invalid("this viewer is the host already");
        }
        screening.handing_over = Some(HandOver { viewer, hash: HostKeyHash::of(&new), key: Some(new) });
        Ok(())
    }

    /// Whether the host has removed a viewer from a session.
    pub(super) fn check_not_removed(&self, session: SessionId, viewer: ViewerKey) -> Result<(), Error> {
        self.known(session)?.check_not_removed(viewer)
    }

    fn hosted(&mut self, session: SessionId, key: &HostKey) -> Result<&mut Screening<R>, Error> {
        let screening = self.known_mut(session)?;
        if !screening.host.is_of(key) {
            let message = "this is not the key of the session's host; ask the host to do it";
            return Err(Error::new(ErrorKind::Forbidden, message));
        }
        Ok(screening)
    }
}

impl<R> Screening<R> {
    /// # Errors
    ///
    /// `forbidden` for whom the host has removed.
    pub(super) fn check_not_removed(&self, viewer: ViewerKey) -> Result<(), Error> {
        if self.has_removed(viewer) {
            return Err(Error::removed());
        }
        Ok(())
    }

    pub(super) fn has_removed(&self, viewer: ViewerKey) -> bool {
        self.removed.contains(&viewer)
    }

    /// Makes the viewer the host who shows the key that was made for it, as a heartbeat brought it. Whether it did.
    pub(super) fn take_over(&mut self, viewer: ViewerKey, key: Option<&HostKey>) -> bool {
        let pending = self.handing_over.as_ref().filter(|pending| pending.viewer == viewer);
        let hash = pending.map(|pending| &pending.hash).filter(|hash| key.is_some_and(|key| hash.is_of(key)));
        let Some(hash) = hash.cloned() else { return false };
        self.host = hash;
        self.handing_over = None;
        self.viewers.unset_hosts();
        true
    }

    /// Looks at the key that came with a viewer's heartbeat. Whether it is the host's, and the key that this viewer is to
    /// have from now on.
    pub(super) fn recognise(&mut self, viewer: ViewerKey, key: Option<&HostKey>) -> (bool, Option<HostKey>) {
        let host = key.is_some_and(|key| self.host.is_of(key));
        self.viewers.set_host(viewer, host);
        let pending = self.handing_over.as_ref().filter(|pending| pending.viewer == viewer);
        (host, pending.and_then(|pending| pending.key.clone()))
    }

    /// Whom it was to be handed over to may have gone.
    pub(super) fn keep_or_drop_handover(&mut self) {
        let viewers = &self.viewers;
        self.handing_over.take_if(|pending| !viewers.contains(pending.viewer));
    }
}

fn not_there() -> Error {
    Error::new(ErrorKind::NotFound, "this viewer is not there (any more)")
}

/// Whom the host removed, those who were removed first at the front.
pub(super) type Removed = VecDeque<ViewerKey>;
