//! A WebVTT cue's text as ASS' text. Pure.

/// Tags of slanted, bold and underlined text become overrides; classes, voices, rubies and times go. `settings` are what
/// stands behind the cue's times: a cue that is put at the top stays there.
pub(super) fn to_ass(text: &str, settings: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    if settings.split_ascii_whitespace().any(is_top) {
        out.push_str("{\\an8}");
    }
    let mut rest = text.trim_matches(['\r', '\n']);
    while let Some(at) = rest.find(['<', '{', '&', '\r', '\n']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (written, length) = if let Some((tag, length)) = tag(rest) {
            (tag, length)
        } else if let Some(known) = NAMED.iter().find(|(name, _)| rest.starts_with(name)) {
            (known.1, known.0.len())
        } else if rest.starts_with("\r\n") {
            ("\\N", 2)
        } else {
            (
                if rest.starts_with('{') {
                    "\\{"
                } else if rest.starts_with(['\r', '\n']) {
                    "\\N"
                } else {
                    &rest[..1]
                },
                1,
            )
        };
        out.push_str(written);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// Characters by their names.
const NAMED: [(&str, &str); 6] =
    [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\u{a0}"), ("&lrm;", "\u{200e}"), ("&rlm;", "\u{200f}")];

/// A line number from the top, or a share of the picture's height in its upper third.
fn is_top(setting: &str) -> bool {
    let Some(line) = setting.strip_prefix("line:").and_then(|line| line.split(',').next()) else { return false };
    match line.strip_suffix('%') {
        Some(share) => share.parse().is_ok_and(|share: f64| (0.0..34.0).contains(&share)),
        None => line.parse().is_ok_and(|line: i32| (0..5).contains(&line)),
    }
}

/// The override for a tag at the beginning of `text`, and the tag's length in bytes.
fn tag(text: &str) -> Option<(&'static str, usize)> {
    let inside = text.strip_prefix('<')?;
    let end = inside.find('>')?;
    let name = inside[..end].split(['.', ' ', '\t', '\n']).next().unwrap_or_default();
    let written = match name {
        "i" => "{\\i1}",
        "/i" => "{\\i0}",
        "b" => "{\\b1}",
        "/b" => "{\\b0}",
        "u" => "{\\u1}",
        "/u" => "{\\u0}",
        _ => "",
    };
    Some((written, 1 + end + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_become_overrides_and_names_characters() {
        for (text, settings, wanted) in [
            ("plain", "", "plain"),
            ("<i.loud>a</i> <b>b</b>\n<u>c</u>", "align:start", "{\\i1}a{\\i0} {\\b1}b{\\b0}\\N{\\u1}c{\\u0}"),
            ("<v Anna><c.red>a</c> <00:00:01.000>b", "", "a b"),
            ("a &lt; b &amp;amp; &unknown; &", "", "a < b &amp; &unknown; &"),
            ("{not one} < 3", "", "\\{not one} < 3"),
            ("a\r\nb\n", "line:0", "{\\an8}a\\Nb"),
            ("a", "position:10% line:10%,start", "{\\an8}a"),
            ("a", "line:-1", "a"),
            ("a", "line:90%", "a"),
        ] {
            assert_eq!(to_ass(text, settings), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "[<>&;{}ibu/.\n\rlt ünï]{0,60}", settings in "[line:0-9%,. ]{0,20}") {
            let ass = to_ass(&text, &settings);
            prop_assert!(!ass.contains('\n') && !ass.contains('\r'));
        }
    }
}
