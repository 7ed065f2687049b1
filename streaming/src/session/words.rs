//! Names, titles and messages, made safe to be shown.

use protocol::{Error, ErrorKind, LONGEST_TEXT, LONGEST_TITLE};

/// Characters of a name that are shown.
const NAME_LENGTH: usize = 40;

/// A name as it is shown: without what could disturb the text around it, at most 40 characters. Empty where nothing of it
/// is to be seen.
pub(super) fn clean_name(name: &str) -> String {
    let name = clean(name);
    if name.chars().all(is_blank) {
        return String::new();
    }
    name.chars().take(NAME_LENGTH).collect::<String>().trim_end().to_owned()
}

/// A title that a host gives.
///
/// # Errors
///
/// `invalid_request` if nothing is to be seen of it, or too much.
pub(super) fn clean_title(title: &str) -> Result<String, Error> {
    bounded(clean(title), "a title", LONGEST_TITLE)
}

/// What a viewer says, in one line.
///
/// # Errors
///
/// `invalid_request` if nothing is to be seen of it, or too much.
pub(super) fn clean_text(text: &str) -> Result<String, Error> {
    let line: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    bounded(clean(&line), "a message", LONGEST_TEXT)
}

fn bounded(text: String, what: &str, most: usize) -> Result<String, Error> {
    if text.chars().all(is_blank) || text.chars().count() > most {
        return Err(Error::new(ErrorKind::InvalidRequest, format!("{what} has 1 to {most} characters; change it")));
    }
    Ok(text)
}

fn clean(text: &str) -> String {
    let shown: String = text.chars().filter(|&c| !c.is_control() && !turns_text(c)).collect();
    shown.trim().to_owned()
}

/// Characters that are not seen but turn the direction of the text after them, and line separators.
const fn turns_text(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
}

/// Spaces, and characters that are not seen by themselves but belong to what stands around them.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_cleaned() {
        assert_eq!(clean_name("  Ada \n"), "Ada");
        assert_eq!(clean_name("A\u{0}d\u{7}a\u{202e}x\u{2066}"), "Adax");
        assert_eq!(clean_name("<b>Ö</b> 🦀"), "<b>Ö</b> 🦀");
        assert_eq!(clean_name(&"é".repeat(50)).chars().count(), 40);
        assert_eq!(clean_name(&format!("{} {}", "x".repeat(39), "y")), "x".repeat(39));
        assert_eq!(clean_name(" \t"), "");
    }

    #[test]
    fn messages_are_one_line_of_what_can_be_seen() {
        assert_eq!(clean_text(" a\r\nb\u{2028}c\u{202e}\u{7} ").unwrap(), "a  b c");
        assert_eq!(clean_text("👩\u{200d}🚀 ❤\u{fe0f}").unwrap(), "👩\u{200d}🚀 ❤\u{fe0f}");
        assert_eq!(clean_text(&"é".repeat(300)).unwrap().chars().count(), 300);
        for bad in ["", " \n ", "\u{200b}\u{2060}", "\u{202e}", &"é".repeat(301)] {
            assert_eq!(clean_text(bad).unwrap_err().kind, ErrorKind::InvalidRequest, "{bad:?}");
        }
    }

    #[test]
    fn titles_are_not_cut_without_a_word() {
        assert_eq!(clean_title(" Friday\u{0}s film ").unwrap(), "Fridays film");
        assert!(clean_title(&"x".repeat(120)).is_ok());
        let error = clean_title(&"x".repeat(121)).unwrap_err();
        assert_eq!(error.message, "a title has 1 to 120 characters; change it");
        assert!(clean_title("\u{feff}").is_err());
    }
}
