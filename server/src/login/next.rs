//! Where to go after a login.

use url::form_urlencoded::byte_serialize;

use super::PATH;

const HOME: &str = "/";

/// Bytes of an address that is gone back to.
const LONGEST: usize = 2000;

/// A place of this site, or its home page for anything else. A browser takes `//host` and `/\host` for another site,
/// and passes over tabs and line breaks within an address.
pub(super) fn local(next: &str) -> &str {
    let rest = next.strip_prefix('/');
    let local = rest.is_some_and(|rest| !rest.starts_with('/'));
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if local && plain && next.len() <= LONGEST { next } else { HOME }
}

/// The address of the form that leads back to `next`.
pub(super) fn to_login(next: &str) -> String {
    match local(next) {
        HOME => PATH.to_owned(),
        next => format!("{PATH}?next={}", byte_serialize(next.as_bytes()).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_this_site_is_kept() {
        for good in ["/", "/watch/abc", "/watch/abc?t=1&x=//y", "/a//b", "/%2F%2Fevil.example", "/..//b"] {
            assert_eq!(local(good), good);
        }
    }

    #[test]
    fn another_site_is_not_gone_to() {
        for bad in [
            "",
            "watch",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/a\\b",
            "/\t/evil.example",
            "/\n/evil.example",
            "\t//evil.example",
            " /",
            "https://evil.example/",
            "https:/evil.example",
            "javascript:alert(1)",
            "/\u{e9}",
            "/a b",
        ] {
            assert_eq!(local(bad), "/", "{bad:?}");
        }
        assert_eq!(local(&format!("/{}", "a".repeat(LONGEST))), "/");
    }

    #[test]
    fn the_form_s_address_leads_back() {
        assert_eq!(to_login("/"), "/login");
        assert_eq!(to_login("//evil.example"), "/login");
        assert_eq!(to_login("/watch/a?b=c&d"), "/login?next=%2Fwatch%2Fa%3Fb%3Dc%26d");
    }
}
