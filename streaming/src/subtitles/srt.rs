//! SubRip's text as ASS' text. Pure.

/// Tags become overrides, what is no tag stays. What would be an override by chance is not one.
pub(super) fn to_ass(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(['<', '{', '\r', '\n']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = if let Some((override_tag, length)) = tag(rest) {
            out.push_str(&override_tag);
            length
        } else if rest.starts_with("\r\n") {
            out.push_str("\\N");
            2
        } else if rest.starts_with(['\r', '\n']) {
            out.push_str("\\N");
            1
        } else if rest.starts_with("{\\an") {
            // The one override that SubRip files have come to use: where the line stands.
            out.push_str("{\\an");
            4
        } else {
            // A brace or an angle that begins nothing.
            out.push_str(if rest.starts_with('{') { "\\{" } else { "<" });
            1
        };
        rest = &rest[taken..];
    }
    out.push_str(rest);
    out
}

/// The override for a tag at the beginning of `text`, and the tag's length in bytes.
fn tag(text: &str) -> Option<(String, usize)> {
    // Longer ones are text in angle brackets.
    const LONGEST: usize = 120;
    let inside = text.strip_prefix('<')?;
    let end = inside.bytes().take(LONGEST).position(|byte| byte == b'>')?;
    let (name, attributes) = match inside[..end].split_once(char::is_whitespace) {
        Some((name, attributes)) => (name, attributes),
        None => (&inside[..end], ""),
    };
    let replaced = match name.to_ascii_lowercase().as_str() {
        "i" | "em" => "{\\i1}".into(),
        "/i" | "/em" => "{\\i0}".into(),
        "b" | "strong" => "{\\b1}".into(),
        "/b" | "/strong" => "{\\b0}".into(),
        "u" => "{\\u1}".into(),
        "/u" => "{\\u0}".into(),
        "s" | "strike" => "{\\s1}".into(),
        "/s" | "/strike" => "{\\s0}".into(),
        "br" | "br/" => "\\N".into(),
        "font" => colour(attributes).map(|[r, g, b]| format!("{{\\c&H{b:02X}{g:02X}{r:02X}&}}")).unwrap_or_default(),
        "/font" => "{\\c}".into(),
        "p" | "/p" | "span" | "/span" | "div" | "/div" => String::new(),
        _ => return None,
    };
    Some((replaced, 1 + end + 1))
}

/// `color="#rrggbb"` or one of HTML's first sixteen names.
fn colour(attributes: &str) -> Option<[u8; 3]> {
    let lower = attributes.to_ascii_lowercase();
    let value = lower.split_once("color")?.1.trim_start().strip_prefix('=')?.trim_start();
    let value = value.trim_start_matches(['"', '\'']).split(['"', '\'', ' ', '>']).next()?;
    if let Some(hex) = value.strip_prefix('#').filter(|hex| hex.len() == 6) {
        let number = u32::from_str_radix(hex, 16).ok()?;
        let [_, r, g, b] = number.to_be_bytes();
        return Some([r, g, b]);
    }
    Some(match value {
        "black" => [0, 0, 0],
        "silver" => [192, 192, 192],
        "gray" | "grey" => [128, 128, 128],
        "white" => [255, 255, 255],
        "maroon" => [128, 0, 0],
        "red" => [255, 0, 0],
        "purple" => [128, 0, 128],
        "fuchsia" | "magenta" => [255, 0, 255],
        "green" => [0, 128, 0],
        "lime" => [0, 255, 0],
        "olive" => [128, 128, 0],
        "yellow" => [255, 255, 0],
        "navy" => [0, 0, 128],
        "blue" => [0, 0, 255],
        "teal" => [0, 128, 128],
        "aqua" | "cyan" => [0, 255, 255],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_become_overrides_and_the_rest_stays() {
        for (text, wanted) in [
            ("plain", "plain"),
            ("<b>a</b> <I>b</I>\nc", "{\\b1}a{\\b0} {\\i1}b{\\i0}\\Nc"),
            ("a\r\nb\rc", "a\\Nb\\Nc"),
            ("<font color=\"#ff8000\">x</font>", "{\\c&H0080FF&}x{\\c}"),
            ("<font face=Arial color=red>x", "{\\c&H0000FF&}x"),
            ("<font size=12>x</font>", "x{\\c}"),
            ("3 < 4 > 2 <3", "3 < 4 > 2 <3"),
            ("{brace} {\\an8}top", "\\{brace} {\\an8}top"),
            ("<unknown>", "<unknown>"),
            ("ünï<i>çødé", "ünï{\\i1}çødé"),
        ] {
            assert_eq!(to_ass(text), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "\\PC{0,80}", tags in "[<>{}ibfont/ =\"#]{0,60}") {
            let _ = (to_ass(&text), to_ass(&tags));
            let plain: String = text.chars().filter(|c| !"<{\r\n".contains(*c)).collect();
            prop_assert_eq!(to_ass(&plain), plain);
        }
    }
}
