//! What an init segment says of itself.

use mp4_atom::{Codec, DecodeMaybe as _, Ftyp, Moov};

/// The init segment does not say which codec its track has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the init segment does not say which codec it has: {0}")]
pub struct InitError(String);

/// The track's codec as RFC 6381 names it: `avc1.640029`, `mp4a.40.2`.
///
/// # Errors
///
/// When it is not an init segment of one H.264 or AAC track.
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
        [Codec::Mp4a(mp4a)] => match &mp4a.esds.es_desc.dec_config.dec_specific {
            Some(specific) => Ok(format!("mp4a.40.{}", specific.profile)),
            None => Err(error(&"its AAC has no configuration")),
        },
        other => Err(error(&format!("{other:?}"))),
    }
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
