//! Text that is not UTF-8, though Matroska wants it to be. Pure but for what it remembers of a track.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};

/// Tells a track's encoding by all of its text that has been read so far: one event is short.
pub(super) struct Charset(Mutex<EncodingDetector>);

impl Default for Charset {
    fn default() -> Self {
        Self(Mutex::new(EncodingDetector::new(Iso2022JpDetection::Allow)))
    }
}

impl fmt::Debug for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Charset")
    }
}

impl Charset {
    /// As it is where it is UTF-8, else in the encoding that looks likeliest.
    pub(super) fn text(&self, bytes: &[u8]) -> String {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return text.to_owned();
        }
        let mut detector = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        detector.feed(bytes, false);
        detector.guess(None, Utf8Detection::Deny).decode_without_bom_handling(bytes).0.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{SHIFT_JIS, WINDOWS_1251};

    use super::*;

    #[test]
    fn a_track_s_encoding_is_told_by_its_text() {
        for (encoding, lines) in [
            (WINDOWS_1251, ["Здравствуйте, как поживаете?", "Спасибо, хорошо. А вы?", "Да"]),
            (SHIFT_JIS, ["こんにちは、お元気ですか。", "はい、元気です。ありがとう。", "はい"]),
        ] {
            let charset = Charset::default();
            for line in lines {
                let (bytes, _, _) = encoding.encode(line);
                assert_eq!(charset.text(&bytes), line);
            }
        }
        let charset = Charset::default();
        assert_eq!(charset.text("ünï".as_bytes()), "ünï");
        assert_eq!(charset.text(b"d\xE9j\xE0 vu"), "déjà vu");
    }
}
