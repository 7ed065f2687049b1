//! What an init segment says of itself.

use mp4_atom::{Codec, DecodeMaybe as _, Ftyp, Hvcc, Moov};

/// The init segment does not say which codec its track has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the init segment does not say which codec it has: {0}")]
pub struct InitError(String);

/// The track's codec as RFC 6381 names it: `avc1.640029`, `mp4a.40.2`.
///
/// # Errors
///
/// When it is not an init segment of one track of H.264, HEVC, AV1, VP9 or AAC.
pub fn codec_string(init: &[u8]) -> Result<String, InitError> {
    let error = |why: &dyn ToString| InitError(why.to_string());
    let mut rest = init;
    let _: Option<Ftyp> = Ftyp::decode_maybe(&mut rest).map_err(|why| error(&why))?;
    let moov = Moov::decode_maybe(&mut rest).map_err(|why| error(&why))?.ok_or_else(|| error(&"it ends early"))?;
    let [trak] = moov.trak.as_slice() else { return Err(error(&"it has not exactly one track")) };
    match trak.mdia.minf.stbl.stsd.codecs.as_slice() {
        [Codec::Avc1(avc1)] => Ok(format!(
            "avc1.{:02x}{:02x}{:02x}",
            avc1.avcc.avc_profile_indication, avc1.avcc.profile_compatibility, avc1.avcc.avc_level_indication
        )),
        [Codec::Hvc1(hvc1)] => Ok(hevc(&hvc1.hvcc)),
        [Codec::Av01(av01)] => {
            let av1c = &av01.av1c;
            let tier = if av1c.seq_tier_0 { 'H' } else { 'M' };
            let bits = [8, 10, 12][usize::from(av1c.high_bitdepth) + usize::from(av1c.twelve_bit)];
            Ok(format!("av01.{}.{:02}{tier}.{bits:02}", av1c.seq_profile, av1c.seq_level_idx_0))
        }
        [Codec::Vp09(vp09)] => {
            Ok(format!("vp09.{:02}.{:02}.{:02}", vp09.vpcc.profile, vp09.vpcc.level, vp09.vpcc.bit_depth))
        }
        [Codec::Mp4a(mp4a)] => match &mp4a.esds.es_desc.dec_config.dec_specific {
            Some(specific) => Ok(format!("mp4a.40.{}", specific.profile)),
            None => Err(error(&"its AAC has no configuration")),
        },
        other => Err(error(&format!("{other:?}"))),
    }
}

fn hevc(hvcc: &Hvcc) -> String {
    hevc_name(
        (hvcc.general_profile_space, hvcc.general_profile_idc),
        hvcc.general_tier_flag,
        hvcc.general_profile_compatibility_flags,
        hvcc.general_constraint_indicator_flags,
        hvcc.general_level_idc,
    )
}

/// HEVC's name as ISO 14496-15, annex E, has it, from the fields of the decoder's configuration record: profile space and
/// profile, whether the tier is high, compatibility and constraint flags, level.
#[must_use]
pub fn hevc_name(
    (space, profile): (u8, u8),
    high: bool,
    compatible: [u8; 4],
    constraints: [u8; 6],
    level: u8,
) -> String {
    let space = ["", "A", "B", "C"][usize::from(space & 3)];
    let compatible = u32::from_be_bytes(compatible).reverse_bits();
    let tier = if high { 'H' } else { 'L' };
    let mut name = format!("hvc1.{space}{profile}.{compatible:x}.{tier}{level}");
    let used = constraints.iter().rposition(|flags| *flags != 0).map_or(0, |last| last + 1);
    for flags in &constraints[..used] {
        name.push_str(&format!(".{flags:x}"));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_has_no_codec() {
        assert!(codec_string(b"").is_err());
        assert!(codec_string(b"<!doctype html>").is_err());
    }
}
