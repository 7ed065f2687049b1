//! What a server calls the file that it sends: the `Content-Disposition` header (RFC 6266).

use http::HeaderValue;

use crate::source::{percent_decoded, printable};

/// The file's name, without folders and fit to be shown.
pub(super) fn file_name(header: &HeaderValue) -> Option<String> {
    // Servers put names into it as they are, in UTF-8, whatever the standard says.
    let text = String::from_utf8_lossy(header.as_bytes());
    let parts = split(&text);
    let value = |name: &str| {
        let mut named = parts.iter().filter_map(|part| part.split_once('='));
        named.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let extended = value("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let (_language, name) = rest.split_once('\'')?;
        charset.eq_ignore_ascii_case("utf-8").then(|| percent_decoded(name))
    });
    let name = extended.or_else(|| value("filename").map(unquoted))?;
    let name = printable(name.rsplit(['/', '\\']).next().unwrap_or_default());
    (!name.is_empty()).then_some(name)
}

/// The header's parts: a semicolon within quotes divides nothing.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut escaped = false;
    inner
        .chars()
        .filter(|&c| {
            escaped = c == '\\' && !escaped;
            !escaped
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Option<String> {
        file_name(&HeaderValue::from_bytes(text.as_bytes()).unwrap())
    }

    #[test]
    fn names_as_servers_give_them() {
        for (header, name) in [
            ("inline; filename=Film.mkv", "Film.mkv"),
            ("attachment; filename=\"A Film; part 1 (2026).mkv\"; size=5", "A Film; part 1 (2026).mkv"),
            ("inline; FileName=\"A \\\"Film\\\".mkv\"", "A \"Film\".mkv"),
            ("inline; filename=\"_.mkv\"; filename*=UTF-8\'de\'Gr%C3%BC%C3%9Fe+1&2.mkv", "Grüße+1&2.mkv"),
            ("inline; filename=\"a.mkv\"; filename*=latin9\'\'b.mkv", "a.mkv"),
            ("inline; filename=\"Grüße.mkv\"", "Grüße.mkv"),
            ("inline; filename=\"Folder/../Film.mkv\"", "Film.mkv"),
            ("inline; filename=\"C:\\\\Films\\\\Film.mkv\"", "Film.mkv"),
        ] {
            assert_eq!(of(header).as_deref(), Some(name), "{header}");
        }
        for header in
            ["inline", "", "inline; filename=", "inline; filename=\"\"", "inline; filename=\"a/\"", "filename"]
        {
            assert_eq!(of(header), None, "{header}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(32..=126u8, 0..80)) {
            let _ = of(&format!("inline; filename{}", String::from_utf8_lossy(&bytes)));
        }
    }
}
