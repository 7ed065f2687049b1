//! What the host does with a session, and what viewers say in it.

use std::time::Instant;

use protocol::{Error, HostChange, HostKey, Say, SessionId};

use super::{Matinee, reaper};
use crate::session::secrets;

impl Matinee {
    /// Does to a session what its host wants.
    ///
    /// # Errors
    ///
    /// `unknown_session`; `forbidden` with another key; `not_found` for a viewer who is not there; `invalid_request`.
    pub fn change_as_host(&self, session: SessionId, key: &HostKey, change: &HostChange) -> Result<(), Error> {
        let mut registry = self.registry();
        let ended = match change {
            HostChange::Rename { title } => registry.entitle(session, key, title).map(|()| None),
            HostChange::List { listed } => registry.show_in_list(session, key, *listed).map(|()| None),
            HostChange::Remove { viewer } => registry.remove(Instant::now(), session, key, viewer),
            HostChange::HandOver { viewer } => {
                registry.hand_over(session, key, viewer, secrets::new_host_key()).map(|()| None)
            }
        }?;
        drop(registry);
        if let Some(ended) = ended {
            reaper::act_on(&self.inner, &ended);
        }
        self.inner.remember.now();
        self.inner.bell.notify_one();
        Ok(())
    }

    /// Says something to all who watch.
    ///
    /// # Errors
    ///
    /// `unknown_session`; `forbidden` for who does not watch; `invalid_request`; `rate_limited`.
    pub fn say(&self, say: &Say) -> Result<(), Error> {
        self.registry().say(Instant::now(), say)?;
        self.inner.bell.notify_one();
        Ok(())
    }
}
