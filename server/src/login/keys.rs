//! What is kept of the password: keys that argon2id made of it.

use std::fmt;

use argon2::Argon2;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Bytes of an HMAC's key: SHA-256's block, so that any such key is used as it is.
const KEY: usize = 64;
const CHECK: usize = 32;

pub(super) type Salt = [u8; 16];

/// HMAC-SHA256 with one key.
#[derive(Clone)]
pub(super) struct MacKey([u8; KEY]);

impl MacKey {
    /// One that ends with this process.
    pub(super) fn random() -> Self {
        let (a, b): ([u8; KEY / 2], [u8; KEY / 2]) = (rand::random(), rand::random());
        let mut key = [0; KEY];
        key[..KEY / 2].copy_from_slice(&a);
        key[KEY / 2..].copy_from_slice(&b);
        Self(key)
    }

    pub(super) fn mac(&self, text: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new(&self.0.into());
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

/// The keys of one password and salt.
pub(super) struct Keys {
    salt: Salt,
    /// By which the password is known again. It never leaves this struct.
    check: [u8; CHECK],
    pub(super) cookies: MacKey,
}

impl Keys {
    /// Two passes over 19 MiB: argon2id with the crate's defaults, which are OWASP's. For a blocking thread.
    ///
    /// # Errors
    ///
    /// None for passwords below 4 GiB.
    pub(super) fn derive(password: &[u8], salt: Salt) -> Result<Self, argon2::Error> {
        let mut made = [0; KEY + CHECK];
        Argon2::default().hash_password_into(password, &salt, &mut made)?;
        let (mut cookies, mut check) = ([0; KEY], [0; CHECK]);
        cookies.copy_from_slice(&made[..KEY]);
        check.copy_from_slice(&made[KEY..]);
        Ok(Self { salt, check, cookies: MacKey(cookies) })
    }

    /// Whether they are made of this password; takes as long as making them.
    pub(super) fn are_of(&self, password: &[u8]) -> bool {
        Self::derive(password, self.salt).is_ok_and(|made| made.check.ct_eq(&self.check).into())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_know_their_password_alone() {
        let keys = Keys::derive(b"open sesame", [1; 16]).unwrap();
        assert!(keys.are_of(b"open sesame"));
        for wrong in ["open sesam", "open sesame ", "Open sesame", ""] {
            assert!(!keys.are_of(wrong.as_bytes()), "{wrong:?}");
        }
    }

    #[test]
    fn the_same_password_and_salt_make_the_same_keys() {
        let mac = |password: &[u8], salt| Keys::derive(password, salt).unwrap().cookies.mac(b"text");
        assert_eq!(mac(b"open sesame", [1; 16]), mac(b"open sesame", [1; 16]));
        assert_ne!(mac(b"open sesame", [1; 16]), mac(b"open sesame", [2; 16]));
        assert_ne!(mac(b"open sesame", [1; 16]), mac(b"shut sesame", [1; 16]));
    }

    #[test]
    fn a_mac_is_hmac_sha256() {
        // RFC 4231, test case 2, whose key is shorter: HMAC fills it up with zeros.
        let mut key = [0; KEY];
        key[..4].copy_from_slice(b"Jefe");
        let mac = MacKey(key).mac(b"what do ya want for nothing?");
        assert_eq!(mac[..8], [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e]);
    }

    #[test]
    fn nothing_of_them_is_shown() {
        let keys = Keys::derive(b"open sesame", [1; 16]).unwrap();
        assert_eq!(format!("{keys:?} {:?}", keys.cookies), "Keys MacKey");
    }
}
