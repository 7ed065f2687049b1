//! Questions to fontconfig, and its answers. Pure.

use std::path::PathBuf;

use protocol::{Error, ErrorKind};

use super::Place;

/// What an answer has, a line each.
pub(super) const FORMAT: &str = "%{file}\n%{index}\n%{charset}\n";
/// Characters of a family's name; OpenType has no more than a few dozen.
const LONGEST: usize = 128;

/// A font that a script names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The family, as the script has it.
    pub family: String,
    pub bold: bool,
    pub italic: bool,
    /// A character that it must have.
    pub character: Option<char>,
}

impl Wanted {
    pub(super) fn check(&self) -> Result<(), Error> {
        check(&self.family)
    }

    /// As fontconfig reads it.
    pub(super) fn pattern(&self) -> String {
        let mut pattern = String::new();
        for character in self.family.chars() {
            if matches!(character, '\\' | '-' | ':' | ',') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        // Without outlines nothing can be scaled.
        pattern.push_str(":outline=true");
        if self.bold {
            pattern.push_str(":bold");
        }
        if self.italic {
            pattern.push_str(":italic");
        }
        if let Some(character) = self.character {
            pattern.push_str(&format!(":charset={:x}", u32::from(character)));
        }
        pattern
    }
}

/// Whether it can be a family's name.
pub(super) fn check(name: &str) -> Result<(), Error> {
    if name.trim().is_empty() || name.chars().count() > LONGEST || name.chars().any(char::is_control) {
        return Err(Error::new(ErrorKind::InvalidRequest, "this is not a font family's name"));
    }
    Ok(())
}

/// The place in an answer; none if the font lacks the character, since fontconfig always answers with something.
pub(super) fn answer(text: &str, wanted: &Wanted) -> Option<Place> {
    let mut lines = text.lines();
    let file = PathBuf::from(lines.next().filter(|file| file.starts_with('/'))?);
    // Named instances of variable fonts are in the upper half.
    let face = lines.next()?.parse::<u32>().ok()? & 0xFFFF;
    let set = lines.next().unwrap_or_default();
    let has =
        wanted.character.is_none_or(|character| ranges(set).any(|(from, to)| (from..=to).contains(&character.into())));
    has.then_some(Place { file, face })
}

/// `20-7e a0 …`, hexadecimal.
fn ranges(set: &str) -> impl Iterator<Item = (u32, u32)> {
    set.split_ascii_whitespace().filter_map(|range| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        Some((u32::from_str_radix(from, 16).ok()?, u32::from_str_radix(to, 16).ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(family: &str, character: Option<char>) -> Wanted {
        Wanted { family: family.into(), bold: false, italic: false, character }
    }

    #[test]
    fn names_are_quoted_so_that_they_remain_names() {
        assert_eq!(wanted("Foo-Bar: a,b\\", None).pattern(), "Foo\\-Bar\\: a\\,b\\\\:outline=true");
        let all = Wanted { bold: true, italic: true, ..wanted("Foo", Some('א')) };
        assert_eq!(all.pattern(), "Foo:outline=true:bold:italic:charset=5d0");
        assert!(wanted("Foo", None).check().is_ok());
        for nonsense in ["", "  ", "a\nb", &"x".repeat(129)] {
            assert_eq!(wanted(nonsense, None).check().unwrap_err().kind, ErrorKind::InvalidRequest);
        }
    }

    #[test]
    fn a_font_without_the_character_is_no_answer() {
        let text = "/usr/share/fonts/a.ttc\n65538\n20-7e a0 5d0-5ea\n";
        let place = Some(Place { file: "/usr/share/fonts/a.ttc".into(), face: 2 });
        assert_eq!(answer(text, &wanted("x", None)), place);
        assert_eq!(answer(text, &wanted("x", Some('א'))), place);
        assert_eq!(answer(text, &wanted("x", Some('あ'))), None);
        assert_eq!(answer("", &wanted("x", None)), None);
        assert_eq!(answer("relative\n0\n20\n", &wanted("x", None)), None);
    }
}
