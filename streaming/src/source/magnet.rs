//! Magnet links, and the hash that names a torrent.

use std::{fmt, net::SocketAddr, str::FromStr};

use protocol::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use url::Url;

use super::printable;

/// Trackers and peers of one link that are taken; real links have a dozen.
const MOST: usize = 64;

/// The SHA-1 of a torrent's info dictionary, which names it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InfoHash(pub [u8; 20]);

impl fmt::Display for InfoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::hex(&self.0))
    }
}

impl fmt::Debug for InfoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InfoHash({self})")
    }
}

/// The text is neither 40 hexadecimal nor 32 base32 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoHash;

impl FromStr for InfoHash {
    type Err = NoHash;

    /// Reads 40 hexadecimal digits, or 32 of base32 as older links have them.
    fn from_str(text: &str) -> Result<Self, NoHash> {
        let bits = match text.len() {
            40 => 4,
            32 => 5,
            _ => return Err(NoHash),
        };
        let mut hash = [0; 20];
        let (mut held, mut count, mut at) = (0_u32, 0, 0);
        for c in text.chars() {
            let digit = match (bits, c) {
                (4, c) => c.to_digit(16),
                (_, 'a'..='z') => Some(c as u32 - u32::from(b'a')),
                (_, 'A'..='Z') => Some(c as u32 - u32::from(b'A')),
                (_, '2'..='7') => Some(c as u32 - u32::from(b'2') + 26),
                _ => None,
            };
            held = held << bits | digit.ok_or(NoHash)?;
            count += bits;
            if count >= 8 {
                count -= 8;
                hash[at] = u8::try_from(held >> count & 0xff).map_err(|_| NoHash)?;
                at += 1;
            }
        }
        Ok(Self(hash))
    }
}

/// What a magnet link says. Trackers may hold a user's key, so it is not shown whole.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Magnet {
    pub hash: InfoHash,
    /// What its maker calls it, for showing only.
    pub name: Option<String>,
    /// Addresses of `http`, `https` or `udp`.
    pub trackers: Vec<Url>,
    /// Who has it, as the link says (`x.pe`).
    pub peers: Vec<SocketAddr>,
}

impl fmt::Debug for Magnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Magnet({})", self.hash)
    }
}

impl From<InfoHash> for Magnet {
    fn from(hash: InfoHash) -> Self {
        Self { hash, name: None, trackers: Vec::new(), peers: Vec::new() }
    }
}

impl Magnet {
    /// Reads a link that begins with `magnet:`.
    ///
    /// # Errors
    ///
    /// `invalid_source` where it names no torrent, or one of BitTorrent v2 alone.
    pub fn read(url: &Url) -> Result<Self, Error> {
        let (mut hash, mut second) = (None, false);
        let (mut name, mut trackers, mut peers) = (None, Vec::new(), Vec::new());
        for (key, value) in url.query_pairs() {
            // Keys may be numbered where there are several: `tr.1`.
            match key.split_once('.').map_or(&*key, |(key, _)| key) {
                "xt" => match value.strip_prefix("urn:btih:") {
                    Some(digits) => hash = hash.or(digits.parse::<InfoHash>().ok()),
                    None => second |= value.starts_with("urn:btmh:"),
                },
                "dn" => name = Some(printable(&value)).filter(|name| !name.is_empty()),
                "tr" if trackers.len() < MOST => trackers.extend(tracker(&value)),
                "x" if key == "x.pe" && peers.len() < MOST => peers.extend(value.parse::<SocketAddr>()),
                _ => {}
            }
        }
        let Some(hash) = hash else {
            let message = if second {
                "this magnet link names its torrent in BitTorrent v2's way alone, which cannot be played yet; look for one with urn:btih:"
            } else {
                "this magnet link names no torrent; it must have xt=urn:btih: and 40 digits"
            };
            return Err(Error::new(ErrorKind::InvalidSource, message));
        };
        Ok(Self { hash, name, trackers, peers })
    }
}

/// A tracker's address, if it is one that can be asked.
pub(crate) fn tracker(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https" | "udp") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "cfe1119f124881ca70f7306f32e292194c88c195";

    fn read(text: &str) -> Result<Magnet, Error> {
        Magnet::read(&Url::parse(text).unwrap())
    }

    #[test]
    fn a_hash_has_two_spellings() {
        let hash: InfoHash = HEX.parse().unwrap();
        assert_eq!(hash.to_string(), HEX);
        assert_eq!("Z7QRDHYSJCA4U4HXGBXTFYUSDFGIRQMV".parse(), Ok(hash));
        assert_eq!("z7qrdhysjca4u4hxgbxtfyusdfgirqmv".parse(), Ok(hash));
        assert_eq!(HEX.to_uppercase().parse(), Ok(hash));
        for bad in
            ["", "cfe1", &HEX[1..], &format!("{}g", &HEX[1..]), "17QRDHYSJCA4U4HXGBXTFYUSDFGIRQMV", "ééééééééééééééééé"]
        {
            assert_eq!(bad.parse::<InfoHash>(), Err(NoHash), "{bad}");
        }
    }

    #[test]
    fn a_link_is_read() {
        let magnet = read(&format!(
            "magnet:?xt=urn:btih:{HEX}&dn=My%20Film%00.mkv&tr=http%3A%2F%2Ft.example%2Fkey%2Fannounce&tr.1=udp%3A%2F%2Ft.example%3A1337\
             &tr=javascript%3Aalert(1)&x.pe=127.0.0.1:4000&x.pe=%5B%3A%3A1%5D:4001&x.pe=nonsense&so=1-9999999999&ws=http%3A%2F%2Fw"
        ))
        .unwrap();
        assert_eq!(magnet.hash.to_string(), HEX);
        assert_eq!(magnet.name.as_deref(), Some("My Film.mkv"));
        assert_eq!(magnet.trackers.len(), 2);
        assert_eq!(magnet.peers, ["127.0.0.1:4000".parse().unwrap(), "[::1]:4001".parse().unwrap()]);
        assert!(!format!("{magnet:?}").contains("key"), "a tracker's key is shown");
    }

    #[test]
    fn what_names_no_torrent_is_refused() {
        for (text, word) in [
            ("magnet:?dn=x", "names no torrent"),
            ("magnet:?xt=urn:btih:123", "names no torrent"),
            ("magnet:?xt=urn:sha1:ABC", "names no torrent"),
            ("magnet:?xt=urn:btmh:1220caf1", "v2"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidSource);
            assert!(error.message.contains(word), "{text}: {}", error.message);
        }
        // The first version is enough.
        assert!(read(&format!("magnet:?xt=urn:btmh:1220caf1&xt=urn:btih:{HEX}")).is_ok());
    }

    #[test]
    fn a_link_is_bounded() {
        let many = "&x.pe=127.0.0.1:1&tr=udp%3A%2F%2Ft%3A1".repeat(10_000);
        let magnet = read(&format!("magnet:?xt=urn:btih:{HEX}{many}")).unwrap();
        assert_eq!((magnet.peers.len(), magnet.trackers.len()), (MOST, MOST));
    }
}
