//! Open GOPs: frames that are shown before the keyframe they come after, and that need what is before it.
//!
//! A browser that seeks to such a keyframe of H.264 fails on them. MP4's tables tell of them. Matroska has no such
//! table, and looking behind a keyframe further on would cost a request, so what is left is what the encoder wrote of
//! itself into the first frame, which has been read anyway. Others are found when they come out of a head.

/// How much of a file's first frames is looked through, in bytes: sound and fonts may come before the picture.
pub(super) const LOOKED_THROUGH: usize = 64 * 1024;
/// What x264 writes is no longer than this, in bytes.
const LONGEST: usize = 2048;

/// Whether the encoder says in these first bytes of a stream that it was told to open GOPs.
pub(super) fn are_told(bytes: &[u8]) -> bool {
    const ENCODER: &[u8] = b"x264 - core ";
    const OPTION: &[u8] = b" open_gop=1 ";
    let Some(at) = find(bytes, ENCODER) else { return false };
    let said = &bytes[at..bytes.len().min(at + LONGEST)];
    find(said, OPTION).is_some()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoder_s_own_words_count_and_no_others() {
        let said = |option: &str| {
            format!("\0\u{1}x264 - core 164 r3095 - H.264/MPEG-4 AVC codec - options: bframes=3 {option} weightp=1\0")
        };
        assert!(are_told(said("open_gop=1").as_bytes()));
        assert!(!are_told(said("open_gop=0").as_bytes()));
        assert!(!are_told(b"a title with open_gop=1 in it"));
        let far = [said("open_gop=0").as_bytes(), &[b' '; LONGEST], b" open_gop=1 "].concat();
        assert!(!are_told(&far));
        assert!(!are_told(b""));
    }
}
