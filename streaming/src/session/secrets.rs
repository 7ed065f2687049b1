//! Ids and keys: how they are made, and what is kept of them.

use std::fmt::Write as _;

use protocol::{HostKey, PublicViewerId, SessionId, ViewerToken};
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

/// A new session's id.
#[must_use]
pub fn new_session_id() -> SessionId {
    SessionId(Uuid::new_v4())
}

/// A new host key: 256 bits from the thread's cryptographic generator, in hexadecimal.
#[must_use]
pub fn new_host_key() -> HostKey {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    HostKey(hex(&bytes))
}

/// What is kept of a host key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostKeyHash([u8; 32]);

impl HostKeyHash {
    #[must_use]
    pub fn of(key: &HostKey) -> Self {
        Self(digest(&[b"matinee host", key.0.as_bytes()]))
    }

    /// Compares in constant time.
    #[must_use]
    pub fn is_of(&self, key: &HostKey) -> bool {
        self.0.ct_eq(&Self::of(key).0).into()
    }
}

/// What is kept of a viewer: a hash of the session's id and the viewer's token, so that no answer can give the token
/// away and nobody is recognised from one session to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct ViewerKey([u8; 32]);

impl ViewerKey {
    pub(super) fn of_token(session: SessionId, token: &ViewerToken) -> Self {
        Self(digest(&[b"matinee viewer", session.0.as_bytes(), token.0.as_bytes()]))
    }

    /// Of what an anonymous player is recognised by, its address and user agent.
    pub(super) fn of_player(session: SessionId, traits: &str) -> Self {
        Self(digest(&[b"matinee player", session.0.as_bytes(), traits.as_bytes()]))
    }

    /// The name that the others see. Not for [`ViewerKey::of_player`]: an address has few enough bits to be guessed.
    pub(super) fn public_id(self) -> PublicViewerId {
        PublicViewerId(hex(&self.0[..8]))
    }
}

/// SHA-256 over parts, each after its length, so that parts cannot run into each other.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_keys_are_long_random_and_recognised_by_their_hash() {
        let (key, other) = (new_host_key(), new_host_key());
        assert_eq!(key.0.len(), 64);
        assert!(key.0.bytes().all(|b| b.is_ascii_hexdigit()));
        assert_ne!(key, other);
        let hash = HostKeyHash::of(&key);
        assert!(hash.is_of(&key));
        assert!(!hash.is_of(&other));
        assert!(!hash.is_of(&HostKey(String::new())));
        assert!(!format!("{hash:?}").contains(&key.0));
    }

    #[test]
    fn session_ids_are_random() {
        assert_ne!(new_session_id(), new_session_id());
        assert_eq!(new_session_id().0.get_version_num(), 4);
    }

    #[test]
    fn public_ids_say_who_is_who_and_nothing_more() {
        let (session, elsewhere) = (new_session_id(), new_session_id());
        let token = ViewerToken("0123456789abcdef".into());
        let other = ViewerToken("0123456789abcdeg".into());
        let id = ViewerKey::of_token(session, &token).public_id();
        assert_eq!(id, ViewerKey::of_token(session, &token).public_id());
        assert_eq!(id.0.len(), 16);
        assert_ne!(id, ViewerKey::of_token(session, &other).public_id());
        assert_ne!(id, ViewerKey::of_token(elsewhere, &token).public_id());
        assert_ne!(ViewerKey::of_player(session, &token.0), ViewerKey::of_token(session, &token));
    }

    #[test]
    fn the_digest_is_sha_256_and_parts_do_not_run_together() {
        assert_eq!(hex(&digest(&[])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
    }
}
