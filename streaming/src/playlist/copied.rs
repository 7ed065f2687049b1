//! The codec of copied video, as `CODECS` has it and as a browser is asked for it.

use protocol::{Capabilities, VideoTrack};

use crate::fmp4::hevc_name;

/// A codec that a browser may be able to decode, and what of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    H264 { profile: u8, level: u8 },
    Hevc { bits: u8, level: u16 },
    Av1 { bits: u8 },
    Vp9 { bits: u8 },
}

/// A copied track's codec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedCodec {
    /// As RFC 6381 has it: `avc1.640028`.
    pub name: String,
    need: Need,
}

impl CopiedCodec {
    /// Codecs that some browser decodes, as ffprobe names them.
    pub const KNOWN: [&'static str; 4] = ["h264", "hevc", "av1", "vp9"];

    /// Of a track with this configuration record (`avcC`, `hvcC`, `av1C`); none for a codec that no browser decodes,
    /// or a record that cannot be read.
    #[must_use]
    pub fn of(track: &VideoTrack, config: Option<&[u8]>) -> Option<Self> {
        match track.codec.as_str() {
            "h264" => avc(config?),
            "hevc" => hevc(config?),
            "av1" => av1(config?),
            "vp9" => vp9(track),
            _ => None,
        }
    }

    /// Whether a browser with these capabilities decodes it.
    #[must_use]
    pub fn is_decoded_by(&self, capabilities: &Capabilities) -> bool {
        match self.need {
            Need::H264 { profile, level } => capabilities.decodes_h264(profile, level),
            Need::Hevc { bits, level } => capabilities.decodes_hevc(bits, level),
            Need::Av1 { bits } => capabilities.decodes_av1(bits),
            Need::Vp9 { bits } => capabilities.decodes_vp9(bits),
        }
    }

    #[must_use]
    pub const fn is_hevc(&self) -> bool {
        matches!(self.need, Need::Hevc { .. })
    }
}

/// ISO 14496-15, 5.3.3.1: version, profile, constraints, level.
fn avc(config: &[u8]) -> Option<CopiedCodec> {
    let &[1, profile, constraints, level, ..] = config else { return None };
    let name = format!("avc1.{profile:02x}{constraints:02x}{level:02x}");
    Some(CopiedCodec { name, need: Need::H264 { profile, level } })
}

/// ISO 14496-15, 8.3.3.1.
fn hevc(config: &[u8]) -> Option<CopiedCodec> {
    let &[_, kind, p0, p1, p2, p3, c0, c1, c2, c3, c4, c5, level, ..] = config else { return None };
    let (space, high, profile) = (kind >> 6, kind >> 5 & 1 == 1, kind & 31);
    let name = hevc_name((space, profile), high, [p0, p1, p2, p3], [c0, c1, c2, c3, c4, c5], level);
    let bits = match profile {
        1 | 3 => 8,
        2 => 10,
        // Range extensions and others are decoded nowhere.
        _ => u8::MAX,
    };
    Some(CopiedCodec { name, need: Need::Hevc { bits, level: level.into() } })
}

/// AV1 in ISOBMFF, 2.3.3 and 5 for the name.
fn av1(config: &[u8]) -> Option<CopiedCodec> {
    let &[0x81, profile_level, flags, ..] = config else { return None };
    let (profile, level) = (profile_level >> 5, profile_level & 31);
    let tier = if flags & 0x80 == 0 { 'M' } else { 'H' };
    let bits = match (flags & 0x40, flags & 0x20) {
        (0, _) => 8,
        (_, 0) => 10,
        _ => 12,
    };
    let need = if profile == 0 { Need::Av1 { bits } } else { Need::Av1 { bits: u8::MAX } };
    Some(CopiedCodec { name: format!("av01.{profile}.{level:02}{tier}.{bits:02}"), need })
}

/// Levels of VP9 with their most luma samples a second and a frame.
const VP9_LEVELS: [(u8, f64, f64); 10] = [
    (10, 829_440.0, 36_864.0),
    (11, 2_764_800.0, 73_728.0),
    (20, 4_608_000.0, 122_880.0),
    (21, 9_216_000.0, 245_760.0),
    (30, 20_736_000.0, 552_960.0),
    (31, 36_864_000.0, 983_040.0),
    (40, 83_558_400.0, 2_228_224.0),
    (41, 160_432_128.0, 2_228_224.0),
    (50, 311_951_360.0, 8_912_896.0),
    (51, 588_251_136.0, 8_912_896.0),
];

/// VP9 in Matroska has no record, so the level is the one that its size and rate need.
fn vp9(track: &VideoTrack) -> Option<CopiedCodec> {
    let bits = track.bit_depth.unwrap_or(8);
    let profile = match (track.profile.as_deref(), bits) {
        (Some("Profile 0") | None, 8) => 0,
        (Some("Profile 2"), 10) => 2,
        _ => return None,
    };
    let frame = f64::from(track.width) * f64::from(track.height);
    let rate = frame * track.frame_rate.map_or(30.0, protocol::FrameRate::as_f64);
    let fits = |level: &&(u8, f64, f64)| rate <= level.1 && frame <= level.2;
    let level = VP9_LEVELS.iter().find(fits).map_or(52, |level| level.0);
    Some(CopiedCodec { name: format!("vp09.{profile:02}.{level}.{bits:02}"), need: Need::Vp9 { bits } })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_those_of_the_records() {
        let name = |codec: Option<CopiedCodec>| codec.unwrap().name;
        assert_eq!(name(avc(&[1, 0x64, 0, 0x29, 0xff, 0xe1])), "avc1.640029");
        // Main at level 3.1, progressive, frames only.
        let main = [1, 0x01, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93, 0xf0];
        assert_eq!(name(hevc(&main)), "hvc1.1.6.L93.b0");
        let main10 = hevc(&[1, 0x22, 0x20, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 150]).unwrap();
        assert_eq!((main10.name.as_str(), main10.need), ("hvc1.2.4.H150.90", Need::Hevc { bits: 10, level: 150 }));
        let deep = av1(&[0x81, 0x08, 0x4c, 0]).unwrap();
        assert_eq!((deep.name.as_str(), deep.need), ("av01.0.08M.10", Need::Av1 { bits: 10 }));
        assert!(avc(&[0, 0x64, 0, 0x29]).is_none() && hevc(&[1]).is_none() && av1(&[]).is_none());
    }

    proptest! {
        #[test]
        fn records_of_strangers_never_panic(config in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (avc(&config), hevc(&config), av1(&config));
        }
    }
}
