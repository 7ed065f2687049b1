//! Whether a password is the right one, at a bounded price.

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use subtle::ConstantTimeEq as _;
use tokio::{
    sync::Semaphore,
    task::{JoinError, spawn_blocking},
};

use super::{
    attempts::Attempts,
    cookie,
    keys::{Keys, MacKey, Salt},
    salt,
};
use crate::settings::Password;

/// Requests that wait for their turn at argon2, and how long. One is at work, so that the limit of wrong ones is exact
/// and encoders keep their cores.
const WAITING: usize = 32;
const PATIENCE: Duration = Duration::from_secs(10);

/// Why nobody can log in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error("no key could be made of the password ({0}); choose another with --password")]
    Key(argon2::Error),
    #[error("no key was made of the password")]
    Ended(#[from] JoinError),
}

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Wrong,
    /// Too many wrong ones came from this address; another is looked at after this time.
    TooMany(Duration),
    /// Too many are being looked at.
    Busy,
}

/// The server's password, without the password. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Login(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    keys: Keys,
    attempts: Mutex<Attempts>,
    places: Arc<Semaphore>,
    turn: Arc<Semaphore>,
    /// The right password once it was said, as an HMAC with a key that ends with this process: players say it with
    /// every segment.
    recalled: OnceLock<[u8; 32]>,
    recall: MacKey,
}

impl Login {
    /// Makes the keys and drops the password. The salt is kept in `dir`; where that fails, logins end with this server.
    ///
    /// # Errors
    ///
    /// When argon2 refuses.
    pub async fn new(password: Password, dir: PathBuf) -> Result<Self, LoginError> {
        let made = spawn_blocking(move || {
            let salt = salt::of(&dir).unwrap_or_else(|error| {
                tracing::warn!(%error, "the salt of logins is not written down; they will end with this server");
                rand::random::<Salt>()
            });
            Keys::derive(password.bytes(), salt)
        });
        let keys = made.await?.map_err(LoginError::Key)?;
        Ok(Self(Arc::new(Inner {
            keys,
            attempts: Mutex::default(),
            places: Arc::new(Semaphore::new(WAITING)),
            turn: Arc::new(Semaphore::new(1)),
            recalled: OnceLock::new(),
            recall: MacKey::random(),
        })))
    }

    /// Whether it is the right one; counted against `from` if not.
    pub(super) async fn verify(&self, from: IpAddr, password: Vec<u8>) -> Result<(), Refusal> {
        self.0.may_try(from)?;
        let place = Arc::clone(&self.0.places).try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.0.turn).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Refusal::Busy) };
        let inner = Arc::clone(&self.0);
        // The turn ends and the failure counts there, whether or not somebody still waits for the answer.
        let verified = spawn_blocking(move || {
            let _held = (place, turn);
            inner.verify(from, &password)
        });
        verified.await.unwrap_or(Err(Refusal::Busy))
    }

    /// The same for a password that comes with every request.
    pub(super) async fn verify_again(&self, from: IpAddr, password: Vec<u8>) -> Result<(), Refusal> {
        let mac = self.0.recall.mac(&password);
        if self.0.recalled.get().is_some_and(|known| known.ct_eq(&mac).into()) {
            return Ok(());
        }
        self.verify(from, password).await?;
        // There is one right password, so it does not matter who was first.
        let _ = self.0.recalled.set(mac);
        Ok(())
    }

    pub(super) fn issue(&self) -> String {
        cookie::issue(&self.0.keys.cookies, now_s())
    }

    pub(super) fn is_good(&self, cookie: &str) -> bool {
        cookie::is_good(&self.0.keys.cookies, cookie, now_s())
    }
}

impl Inner {
    fn verify(&self, from: IpAddr, password: &[u8]) -> Result<(), Refusal> {
        // Others of this address may have failed while it waited.
        self.may_try(from)?;
        if self.keys.are_of(password) {
            return Ok(());
        }
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.failed(from, Instant::now());
        tracing::warn!(%from, "a wrong password");
        Err(Refusal::Wrong)
    }

    fn may_try(&self, from: IpAddr) -> Result<(), Refusal> {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.wait(from, Instant::now()).map_or(Ok(()), |wait| Err(Refusal::TooMany(wait)))
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn login(dir: &tempfile::TempDir) -> Login {
        Login::new("open sesame".parse().unwrap(), dir.path().to_owned()).await.unwrap()
    }

    #[tokio::test]
    async fn what_comes_at_once_is_counted_too() {
        let dir = tempfile::tempdir().unwrap();
        let login = login(&dir).await;
        let from = "192.0.2.1".parse().unwrap();
        let tries = (0..12).map(|_| login.verify(from, b"wrong".to_vec()));
        let verdicts = futures_util::future::join_all(tries).await;
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == Err(Refusal::Wrong)).count(), 5);
        assert_eq!(verdicts.iter().filter(|verdict| matches!(verdict, Err(Refusal::TooMany(_)))).count(), 7);
        let refused = login.verify(from, b"open sesame".to_vec()).await;
        assert!(matches!(refused, Err(Refusal::TooMany(_))), "the right one too, or it could be found: {refused:?}");
        assert_eq!(login.verify("192.0.2.2".parse().unwrap(), b"open sesame".to_vec()).await, Ok(()));
    }

    #[tokio::test]
    async fn a_password_that_was_right_is_right_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let login = login(&dir).await;
        let from = "192.0.2.1".parse().unwrap();
        assert_eq!(login.verify_again(from, b"wrong".to_vec()).await, Err(Refusal::Wrong));
        assert_eq!(login.verify_again(from, b"open sesame".to_vec()).await, Ok(()));
        // Nobody gets a turn any more.
        login.0.turn.close();
        assert_eq!(login.verify_again(from, b"open sesame".to_vec()).await, Ok(()));
        assert_eq!(login.verify_again(from, b"open sesame!".to_vec()).await, Err(Refusal::Busy));
    }

    #[tokio::test]
    async fn more_than_can_wait_are_sent_away() {
        let dir = tempfile::tempdir().unwrap();
        let login = login(&dir).await;
        let _all = Arc::clone(&login.0.places).try_acquire_many_owned(u32::try_from(WAITING).unwrap()).unwrap();
        assert_eq!(login.verify("::1".parse().unwrap(), b"open sesame".to_vec()).await, Err(Refusal::Busy));
    }
}
