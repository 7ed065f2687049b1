//! What a browser can decode, as it affirmed it itself.
//!
//! A capability is a codec as RFC 6381 writes it, in the form that `MediaSource.isTypeSupported` is asked. One of a
//! codec's family stands for what is below it: who decodes High profile at level 5.2 decodes Main at 4.0 too.

use std::{collections::BTreeSet, fmt, str::FromStr};

/// What a page asks its browser: the codec, and the MIME type under which it is asked.
///
/// Of a family the weaker ones come first. Profile High 10 of H.264 and HEVC are decoded by few browsers.
pub const CANDIDATES: [(&str, &str); 22] = [
    ("avc1.42e01e", "video/mp4"),
    ("avc1.4d4028", "video/mp4"),
    ("avc1.640028", "video/mp4"),
    ("avc1.64002a", "video/mp4"),
    ("avc1.640033", "video/mp4"),
    ("avc1.640034", "video/mp4"),
    ("avc1.64003e", "video/mp4"),
    ("avc1.6e0033", "video/mp4"),
    ("hvc1.1.6.L123.b0", "video/mp4"),
    ("hvc1.1.6.L153.b0", "video/mp4"),
    ("hvc1.2.4.L123.b0", "video/mp4"),
    ("hvc1.2.4.L153.b0", "video/mp4"),
    ("av01.0.13M.08", "video/mp4"),
    ("av01.0.13M.10", "video/mp4"),
    ("vp09.00.51.08", "video/mp4"),
    ("vp09.02.51.10", "video/mp4"),
    ("mp4a.40.2", "audio/mp4"),
    ("opus", "audio/mp4"),
    ("flac", "audio/mp4"),
    ("ac-3", "audio/mp4"),
    ("ec-3", "audio/mp4"),
    ("mp3", "audio/mp4"),
];

/// More than any browser has; what a query lists beyond them is passed over.
const MOST: usize = 64;

/// The codecs that a browser affirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    codecs: BTreeSet<String>,
}

impl Default for Capabilities {
    /// Of a player that says nothing: 8-bit H.264 and AAC.
    fn default() -> Self {
        Self::of(["avc1.640034", "mp4a.40.2"])
    }
}

impl Capabilities {
    #[must_use]
    pub fn of<'a>(codecs: impl IntoIterator<Item = &'a str>) -> Self {
        let codecs = codecs.into_iter().map(str::trim).filter(|codec| !codec.is_empty()).take(MOST);
        Self { codecs: codecs.map(str::to_ascii_lowercase).collect() }
    }

    /// The same without any codec of sound: of a browser that failed on one that it affirmed. AAC as the server encodes it is
    /// given to each.
    #[must_use]
    pub fn without_sound(&self) -> Self {
        let is_sound =
            |codec: &String| CANDIDATES.iter().any(|(name, kind)| kind.starts_with("audio/") && name == codec);
        Self { codecs: self.codecs.iter().filter(|codec| !is_sound(codec)).cloned().collect() }
    }

    /// H.264 of this profile (`profile_idc`: 66, 77, 100, 110, …) and level (41 is 4.1).
    #[must_use]
    pub fn decodes_h264(&self, profile: u8, level: u8) -> bool {
        self.codecs.iter().any(|codec| {
            let Some((own_profile, own_level)) = codec.strip_prefix("avc1.").and_then(h264) else { return false };
            let covers = match own_profile {
                // Extended (88) is in none of them, nor are the intra-only and the scalable ones.
                66 => profile == 66,
                77 => matches!(profile, 66 | 77),
                100 => matches!(profile, 66 | 77 | 100),
                110 => matches!(profile, 66 | 77 | 100 | 110),
                own => profile == own,
            };
            covers && level <= own_level
        })
    }

    /// HEVC of the Main profile, or Main 10 for ten bits, at a level as HEVC counts them (thirty times the number).
    #[must_use]
    pub fn decodes_hevc(&self, bits: u8, level: u16) -> bool {
        self.codecs.iter().any(|codec| {
            let parts: Vec<_> = codec.split('.').collect();
            let [kind, profile, _, tier_level, ..] = parts.as_slice() else { return false };
            let own_bits = match *profile {
                "1" => 8,
                "2" => 10,
                _ => return false,
            };
            let own_level = tier_level.get(1..).and_then(|level| level.parse::<u16>().ok()).unwrap_or(0);
            matches!(*kind, "hvc1" | "hev1") && bits <= own_bits && level <= own_level
        })
    }

    /// AV1 of the Main profile.
    #[must_use]
    pub fn decodes_av1(&self, bits: u8) -> bool {
        self.bits_of("av01.0.") >= Some(bits)
    }

    /// VP9 of profile 0, or 2 for ten bits.
    #[must_use]
    pub fn decodes_vp9(&self, bits: u8) -> bool {
        self.bits_of("vp09.") >= Some(bits)
    }

    /// A codec of sound, by its RFC 6381 name.
    #[must_use]
    pub fn decodes_audio(&self, codec: &str) -> bool {
        self.codecs.contains(codec)
    }

    /// The most bits that any codec with this beginning has in its fourth part.
    fn bits_of(&self, family: &str) -> Option<u8> {
        let of_family = self.codecs.iter().filter(|codec| codec.starts_with(family));
        of_family.filter_map(|codec| codec.split('.').nth(3)?.parse().ok()).max()
    }
}

/// Profile and level out of `640028`.
fn h264(hex: &str) -> Option<(u8, u8)> {
    let byte = |from: usize| u8::from_str_radix(hex.get(from..from + 2)?, 16).ok();
    (hex.len() == 6).then_some((byte(0)?, byte(4)?))
}

impl fmt::Display for Capabilities {
    /// As in `caps=`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, codec) in self.codecs.iter().enumerate() {
            write!(f, "{}{codec}", if n == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl FromStr for Capabilities {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::of(text.split(',')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_can_be_left_out() {
        let all = Capabilities::of(CANDIDATES.map(|(codec, _)| codec));
        let silent = all.without_sound();
        assert!(silent.decodes_h264(100, 40) && silent.decodes_hevc(10, 120));
        assert!(["mp4a.40.2", "opus", "flac", "ac-3", "ec-3", "mp3"].iter().all(|codec| !silent.decodes_audio(codec)));
    }

    #[test]
    fn a_stronger_codec_stands_for_weaker_ones() {
        let chromium = Capabilities::of(["avc1.640034", "av01.0.13M.10", "vp09.02.51.10"]);
        assert!(chromium.decodes_h264(66, 30) && chromium.decodes_h264(77, 40) && chromium.decodes_h264(100, 52));
        assert!(!chromium.decodes_h264(110, 41) && !chromium.decodes_h264(100, 60) && !chromium.decodes_h264(88, 30));
        assert!(chromium.decodes_av1(8) && chromium.decodes_av1(10) && !chromium.decodes_av1(12));
        assert!(chromium.decodes_vp9(10) && !chromium.decodes_hevc(8, 93));
        let safari = Capabilities::of(["hvc1.2.4.L153.B0", "avc1.640028"]);
        assert!(safari.decodes_hevc(8, 120) && safari.decodes_hevc(10, 153) && !safari.decodes_hevc(10, 183));
        let old = Capabilities::of(["avc1.4d4028"]);
        assert!(old.decodes_h264(66, 31) && !old.decodes_h264(100, 31));
    }

    #[test]
    fn a_player_that_says_nothing_has_h264_and_aac() {
        let plain = Capabilities::default();
        assert!(plain.decodes_h264(100, 51) && plain.decodes_audio("mp4a.40.2"));
        assert!(!plain.decodes_h264(110, 41) && !plain.decodes_audio("ac-3") && !plain.decodes_av1(8));
    }

    #[test]
    fn reads_as_written_and_nonsense_decodes_nothing() {
        let caps = Capabilities::of(CANDIDATES.map(|(codec, _)| codec));
        assert_eq!(caps.to_string().parse::<Capabilities>().unwrap(), caps);
        for text in ["", ",,", "avc1.", "avc1.zz0028", "avc1.64002é", "hvc1", "hvc1.1.6.L", "av01.0.x", "\u{0}"] {
            let caps: Capabilities = text.parse().unwrap();
            assert!(!caps.decodes_h264(66, 10) && !caps.decodes_hevc(8, 30) && !caps.decodes_av1(8), "{text}");
        }
    }
}
