//! Text out of a file, made fit to be shown.

/// Characters of a title or a name; longer ones are cut.
pub(super) const LINE: usize = 200;

/// One line without control characters and without the marks that reverse the direction of the text around them, at
/// most `max` characters long; `None` when nothing is left.
pub(super) fn shown(text: &str, max: usize) -> Option<String> {
    let printable = text.chars().take(max * 4).filter(|c| !is_mark(*c)).map(|c| if c.is_control() { ' ' } else { c });
    let spaced: String = printable.collect();
    let line: String = spaced.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(max).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// A file's name, with what could make it a path replaced. It is for showing only all the same.
pub(super) fn file_name(text: &str) -> Option<String> {
    let name = shown(text, LINE)?.replace(['/', '\\', ':'], "_");
    let name = name.trim_start_matches('.').trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Embeddings, overrides and isolates of direction, and the invisible byte order mark.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_shown_is_one_plain_line() {
        assert_eq!(shown("  A\tfilm\r\n\u{1b}[31mred\0 ", LINE).as_deref(), Some("A film [31mred"));
        assert_eq!(shown("gpj.\u{202e}exe", LINE).as_deref(), Some("gpj.exe"));
        assert_eq!(shown("\u{202e}\n\0", LINE), None);
        assert_eq!(shown(&"ü".repeat(5000), LINE).unwrap().chars().count(), LINE);
    }

    #[test]
    fn a_name_is_no_path() {
        assert_eq!(file_name("../../etc/passwd").as_deref(), Some("_.._etc_passwd"));
        assert_eq!(file_name("C:\\fonts\\a.ttf").as_deref(), Some("C__fonts_a.ttf"));
        assert_eq!(file_name(".."), None);
        assert_eq!(file_name("DejaVu Sans.ttf").as_deref(), Some("DejaVu Sans.ttf"));
    }

    proptest! {
        #[test]
        fn whatever_it_was(text in any::<String>()) {
            if let Some(name) = file_name(&text) {
                prop_assert!(!name.is_empty() && name.chars().count() <= LINE);
                prop_assert!(!name.contains(['/', '\\', '\0', '\n']) && !name.starts_with('.'));
            }
        }
    }
}
