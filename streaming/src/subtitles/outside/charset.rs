//! A file's bytes as text. Subtitle files seldom say how they are encoded.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How much is looked at for UTF-16 that does not say so, in bytes.
const LOOKED_AT: usize = 4096;

/// By the byte order mark, else as UTF-8 where it is that, else in the encoding that looks likeliest.
pub(super) fn text(bytes: &[u8]) -> String {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return decoded(encoding, &bytes[length..]);
    }
    if let Some(encoding) = utf_16(bytes) {
        return decoded(encoding, bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // Cut off in the middle of a character.
        Err(error) if error.error_len().is_none() => decoded(UTF_8, bytes),
        Err(_) => {
            let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
            detector.feed(bytes, true);
            decoded(detector.guess(None, Utf8Detection::Deny), bytes)
        }
    }
}

fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> String {
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// Numbers, arrows and line ends have a zero in every character, whatever the language: a quarter of the file or more.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let pairs = bytes[..bytes.len().min(LOOKED_AT)].chunks_exact(2);
    let count = pairs.len();
    let (first, second) = pairs
        .fold((0, 0), |(first, second), pair| (first + usize::from(pair[0] == 0), second + usize::from(pair[1] == 0)));
    match (first * 4 > count, second * 4 > count) {
        (true, false) => Some(UTF_16BE),
        (false, true) => Some(UTF_16LE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{BIG5, GBK, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1256};

    use super::*;

    fn utf_16_of(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn unicode_is_known_with_and_without_a_mark() {
        let text_of_file = "1\r\n00:00:01,000 --> 00:00:02,000\r\nПривет, 世界 🦀\r\n";
        let mut all = vec![text_of_file.as_bytes().to_vec(), [b"\xEF\xBB\xBF", text_of_file.as_bytes()].concat()];
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            all.push(utf_16_of(text_of_file, to_bytes));
            all.push(utf_16_of(&format!("\u{feff}{text_of_file}"), to_bytes));
        }
        for bytes in all {
            assert_eq!(text(&bytes), text_of_file, "{:?}", &bytes[..4]);
        }
        let cut = &text_of_file.as_bytes()[..text_of_file.len() - 4];
        assert!(text(cut).contains("Привет, 世界"), "{}", text(cut));
    }

    #[test]
    fn older_encodings_are_told_from_each_other() {
        for (encoding, spoken) in [
            (WINDOWS_1251, "Я не знаю, что тебе сказать. Мы встретимся завтра утром."),
            (WINDOWS_1250, "Příliš žluťoučký kůň úpěl ďábelské ódy, řekl jsem mu včera."),
            (WINDOWS_1252, "Où êtes-vous allé ? C’était déjà l’été, et nous étions là."),
            (WINDOWS_1256, "لا أعرف ماذا أقول لك. سنلتقي غدا في الصباح."),
            (SHIFT_JIS, "何を言えばいいのか分かりません。明日の朝に会いましょう。"),
            (GBK, "我不知道该对你说什么。我们明天早上见面吧。"),
            (BIG5, "我不知道該對你說什麼。我們明天早上見面吧。"),
        ] {
            let file = format!("1\r\n00:00:01,000 --> 00:00:02,000\r\n{spoken}\r\n");
            let (bytes, _, lost) = encoding.encode(&file);
            assert!(!lost);
            assert_eq!(text(&bytes), file, "{}", encoding.name());
        }
    }
}
