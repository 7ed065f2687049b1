//! ASS' text as the text of a WebVTT cue: what is said, slanted, bold or underlined, and roughly where. Pure.

/// What a cue shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Cue {
    /// Without an empty line, which would end the cue.
    pub(super) text: String,
    /// As on a keyboard's number pad, where the text says it: ASS' `\an`.
    alignment: Option<u8>,
}

impl Cue {
    /// Behind the cue's times. Where nothing is said players put a cue at the bottom's middle, as ASS does.
    pub(super) fn settings(&self) -> String {
        let Some(alignment) = self.alignment else { return String::new() };
        let line = match alignment {
            7..=9 => " line:0",
            4..=6 => " line:50%",
            _ => "",
        };
        let align = match alignment % 3 {
            1 => " position:0% align:left",
            0 => " position:100% align:right",
            _ => "",
        };
        format!("{line}{align}")
    }
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Look {
    italic: bool,
    bold: bool,
    underlined: bool,
}

impl Look {
    const fn tags(self) -> [(bool, &'static str, &'static str); 3] {
        [(self.bold, "<b>", "</b>"), (self.italic, "<i>", "</i>"), (self.underlined, "<u>", "</u>")]
    }
}

/// The cue of an event's text; none where no text is left.
pub(super) fn cue(text: &str) -> Option<Cue> {
    let mut writer = Writer::default();
    let (mut look, mut drawing, mut alignment) = (Look::default(), false, None);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        // Like libass: without its end it is no block of overrides.
        if let Some((block, after)) = rest.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
            overrides(block, &mut look, &mut drawing, &mut alignment);
            rest = after;
            continue;
        }
        let (shown, length) = match rest.as_bytes() {
            [b'\\', b'N' | b'n', ..] => ('\n', 2),
            [b'\\', b'h', ..] => (' ', 2),
            [b'\\', brace @ (b'{' | b'}'), ..] => (char::from(*brace), 2),
            _ => (c, c.len_utf8()),
        };
        if !drawing {
            writer.push(shown, look);
        }
        rest = &rest[length..];
    }
    let text = writer.finish();
    (!text.is_empty()).then_some(Cue { text, alignment })
}

/// Takes in the tags between two braces. What stands between them besides is a comment.
fn overrides(block: &str, look: &mut Look, drawing: &mut bool, alignment: &mut Option<u8>) {
    for tag in outside_parentheses(block).split('\\').skip(1) {
        let tag = tag.trim_end();
        let digits = tag.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tag.len());
        let (name, value) = (&tag[..digits], tag[digits..].trim().parse::<i32>().ok());
        match name {
            "i" => look.italic = value == Some(1),
            // A weight, too.
            "b" => look.bold = value.is_some_and(|weight| weight == 1 || weight >= 600),
            "u" => look.underlined = value == Some(1),
            "p" => *drawing = value.is_some_and(|scale| scale > 0),
            // The first one counts, for the whole event.
            "an" => {
                *alignment = alignment.or(value.and_then(|at| u8::try_from(at).ok()).filter(|at| (1..=9).contains(at)));
            }
            "a" => *alignment = alignment.or(value.and_then(old_alignment)),
            // To the style, or to another; its name may be anything.
            _ if name.starts_with('r') => *look = Look::default(),
            _ => {}
        }
    }
}

/// What tags like `\t(0,500,\fs20)` have between their parentheses is not in force by itself.
fn outside_parentheses(block: &str) -> String {
    let mut depth = 0_usize;
    let outside = |c: &char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    };
    block.chars().filter(outside).collect()
}

/// SSA's: 1 to 3 at the bottom, 4 more at the top, 8 more in the middle.
fn old_alignment(value: i32) -> Option<u8> {
    Some(match value {
        1..=3 => value as u8,
        5..=7 => value as u8 + 2,
        9..=11 => value as u8 - 5,
        _ => return None,
    })
}

/// Writes a cue's text so that each tag is closed, and no line is empty.
#[derive(Debug, Default)]
struct Writer {
    text: String,
    /// The tags that are open.
    open: Look,
    /// Breaks and spaces that are written only if something follows.
    breaks: bool,
    spaces: usize,
}

impl Writer {
    fn push(&mut self, c: char, look: Look) {
        match c {
            '\n' | '\r' => {
                self.breaks |= !self.text.is_empty();
                self.spaces = 0;
                return;
            }
            c if c.is_whitespace() && c != '\u{a0}' => {
                self.spaces += usize::from(!self.breaks && !self.text.is_empty());
                return;
            }
            c if c.is_control() => return,
            _ => {}
        }
        if self.open != look {
            self.close();
        }
        if std::mem::take(&mut self.breaks) {
            self.text.push('\n');
        }
        self.text.extend(std::iter::repeat_n(' ', std::mem::take(&mut self.spaces)));
        if self.open != look {
            self.text.extend(look.tags().into_iter().filter(|tag| tag.0).map(|tag| tag.1));
            self.open = look;
        }
        match c {
            '&' => self.text.push_str("&amp;"),
            '<' => self.text.push_str("&lt;"),
            '>' => self.text.push_str("&gt;"),
            c => self.text.push(c),
        }
    }

    fn close(&mut self) {
        self.text.extend(self.open.tags().into_iter().rev().filter(|tag| tag.0).map(|tag| tag.2));
        self.open = Look::default();
    }

    fn finish(mut self) -> String {
        self.close();
        self.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(ass: &str) -> String {
        cue(ass).map(|cue| cue.text).unwrap_or_default()
    }

    #[test]
    fn what_is_said_stays_and_what_only_looks_goes() {
        for (ass, wanted) in [
            ("plain", "plain"),
            ("{\\i1}a{\\i0} b", "<i>a</i> b"),
            ("{\\b1\\i1}a{\\b0}b", "<b><i>a</i></b><i>b</i>"),
            ("{\\b700}bold{\\b400} not", "<b>bold</b> not"),
            ("{\\u1}a\\Nb", "<u>a\nb</u>"),
            ("{\\i1}a{\\rSign}b", "<i>a</i>b"),
            ("a\\nb\\hc", "a\nb c"),
            ("a\\N\\N b\\N", "a\nb"),
            ("\\N \\Na", "a"),
            ("{\\p1}m 0 0 l 10 0 10 10{\\p0}said", "said"),
            ("{\\pos(10,20)\\fad(1,2)\\fs20\\blur2\\bord3\\alpha&H80&}a", "a"),
            ("{\\t(0,500,\\i1\\p1)}a", "a"),
            ("{\\clip(m 0 0 l 1 1)\\iclip(1,2,3,4)}a", "a"),
            ("{\\k20}ka{\\kf30}ra", "kara"),
            ("{a comment}a", "a"),
            ("a { b", "a { b"),
            ("\\{a\\}", "{a}"),
            ("1 < 2 & 3 --> 4", "1 &lt; 2 &amp; 3 --&gt; 4"),
            ("C:\\dir", "C:\\dir"),
            ("a\r\nb\u{7}", "a\nb"),
            ("{\\i1}", ""),
        ] {
            assert_eq!(text(ass), wanted, "{ass}");
        }
    }

    #[test]
    fn a_place_is_told() {
        for (ass, wanted) in [
            ("a", ""),
            ("{\\an2}a", ""),
            ("{\\an8}a", " line:0"),
            ("{\\an8}{\\an2}a", " line:0"),
            ("{\\an5}a", " line:50%"),
            ("{\\an7}a", " line:0 position:0% align:left"),
            ("{\\an3}a", " position:100% align:right"),
            ("{\\a6}a", " line:0"),
            ("{\\a10}a", " line:50%"),
            ("{\\an0\\a4}a", ""),
        ] {
            assert_eq!(cue(ass).unwrap().settings(), wanted, "{ass}");
        }
        assert_eq!(cue("{\\an8}"), None);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_the_text_of_one_cue(text in "[\\PC\n\r\t]{0,80}", tags in "[{}\\\\()0-9ibuparnNh<>& \n]{0,60}") {
            for ass in [text.clone(), tags.clone(), text + &tags] {
                let Some(cue) = cue(&ass) else { continue };
                prop_assert!(!cue.text.contains("-->") && !cue.text.contains('\r'));
                prop_assert!(cue.text.split('\n').all(|line| !line.is_empty()), "{:?}", cue.text);
                for tag in ["b", "i", "u"] {
                    let count = |what: String| cue.text.matches(&what).count();
                    prop_assert_eq!(count(format!("<{tag}>")), count(format!("</{tag}>")));
                }
                let known = ["<b>", "<i>", "<u>", "</b>", "</i>", "</u>"];
                prop_assert_eq!(cue.text.matches('<').count(), known.iter().map(|tag| cue.text.matches(tag).count()).sum::<usize>());
            }
        }
    }
}
