//! What a file's name tells of the subtitles in it.

use protocol::known_language;

use crate::source::printable;

/// Characters of a name that are shown.
const LONGEST: usize = 120;

/// `film.pt-BR.forced.srt`, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Without folders, and without what could disturb the text around it.
    pub label: String,
    /// As BCP 47 tag.
    pub language: Option<String>,
    pub forced: bool,
    pub hearing_impaired: bool,
}

impl Name {
    #[must_use]
    pub fn read(name: &str) -> Self {
        let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let label: String = printable(file).chars().take(LONGEST).collect();
        let mut parts: Vec<&str> = label.split('.').map(str::trim).collect();
        if parts.last().is_some_and(|last| is_extension(last)) {
            parts.pop();
        }
        let (mut forced, mut hearing_impaired) = (false, false);
        let mut language = None;
        // The first part is the film's name at least.
        for (at, part) in parts.iter().enumerate().skip(1).rev() {
            let named_before = at > 1 && language_of(parts[at - 1]).is_some();
            match part.to_ascii_lowercase().as_str() {
                "forced" => forced = true,
                "sdh" | "cc" => hearing_impaired = true,
                // Hindi, unless another language stands before it.
                "hi" if named_before => hearing_impaired = true,
                "default" | "full" => {}
                _ => {
                    language = language_of(part);
                    break;
                }
            }
        }
        Self {
            label: if label.is_empty() { "Subtitles".to_owned() } else { label },
            language,
            forced,
            hearing_impaired,
        }
    }
}

fn is_extension(part: &str) -> bool {
    ["srt", "vtt", "ass", "ssa", "txt"].iter().any(|extension| part.eq_ignore_ascii_case(extension))
}

/// A code; words of titles that look like one begin with a capital.
fn language_of(part: &str) -> Option<String> {
    part.starts_with(|first: char| first.is_ascii_lowercase()).then(|| known_language(part)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_language_and_purpose() {
        for (name, language, forced, hearing_impaired) in [
            ("film.en.srt", Some("en"), false, false),
            ("The.Film.2020.pt-BR.forced.ass", Some("pt-br"), true, false),
            ("film.eng.sdh.srt", Some("en"), false, true),
            ("film.de.hi.vtt", Some("de"), false, true),
            ("film.hi.srt", Some("hi"), false, false),
            ("Let.It.Be.srt", None, false, false),
            ("en.srt", None, false, false),
            ("film.1080p.x264.SRT", None, false, false),
            ("film", None, false, false),
        ] {
            let wanted = Name { label: name.into(), language: language.map(str::to_owned), forced, hearing_impaired };
            assert_eq!(Name::read(name), wanted);
        }
    }

    #[test]
    fn labels_are_harmless() {
        assert_eq!(Name::read("C:\\a/b\\film\u{202e}\n.srt").label, "film.srt");
        assert_eq!(Name::read("../").label, "Subtitles");
        assert_eq!(Name::read(&"é".repeat(500)).label.chars().count(), LONGEST);
    }
}
