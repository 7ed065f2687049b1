//! HTTP Basic, for players that have no page to log in with.

use axum::http::{HeaderMap, header};
use base64::{Engine as _, prelude::BASE64_STANDARD};

/// What a player is asked for.
pub(super) const CHALLENGE: &str = "Basic realm=\"Matinee\", charset=\"UTF-8\"";

/// The password that a request says, whatever the user's name.
pub(super) fn password(headers: &HeaderMap) -> Option<Vec<u8>> {
    let (scheme, told) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let told = BASE64_STANDARD.decode(told.trim()).ok()?;
    let colon = told.iter().position(|b| *b == b':')?;
    Some(told[colon + 1..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Option<Vec<u8>> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        password(&headers)
    }

    #[test]
    fn any_user_s_password_is_read() {
        // "ada:a:b", ":open sesame", "ada:"
        assert_eq!(of("Basic YWRhOmE6Yg==").unwrap(), b"a:b");
        assert_eq!(of("basic  Om9wZW4gc2VzYW1l").unwrap(), b"open sesame");
        assert_eq!(of("Basic YWRhOg==").unwrap(), b"");
        for none in ["Basic", "Basic ???", "Bearer YWRhOmE6Yg==", "Basic YWRh", ""] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(password(&HeaderMap::new()), None);
    }
}
