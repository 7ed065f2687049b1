//! The cookie of who has logged in: when it was issued, and an HMAC over that. Pure; the time is an argument.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use subtle::ConstantTimeEq as _;

use super::keys::MacKey;

const NAME: &str = "matinee-login";

/// How long a login holds.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// `1767225600.<64 hexadecimal digits>`, the time in seconds since the Unix epoch.
pub(super) fn issue(key: &MacKey, now_s: u64) -> String {
    let issued = now_s.to_string();
    let digits: String = key.mac(issued.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{issued}.{digits}")
}

/// Whether this server, with this password, issued it, and not too long ago. A cookie of the future was issued before
/// the clock was put right; it holds no longer than another.
pub(super) fn is_good(key: &MacKey, cookie: &str, now_s: u64) -> bool {
    let Some(issued) = cookie.split_once('.').and_then(|(issued, _)| issued.parse().ok()) else { return false };
    let good: bool = issue(key, issued).as_bytes().ct_eq(cookie.as_bytes()).into();
    good && now_s.abs_diff(issued) < LIFETIME.as_secs()
}

/// The cookies of that name. There may be several: another program under the same host name can set one, too.
pub(super) fn sent(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    // More than a few are no browser's.
    pairs.filter(|(name, _)| *name == NAME).map(|(_, value)| value).take(4)
}

/// A value for `Set-Cookie`. `secure`: the page came by https, so the cookie shall never go by anything else.
pub(super) fn set(value: &str, secure: bool) -> String {
    with(value, LIFETIME, secure)
}

/// The same, to have it forgotten.
pub(super) fn clear(secure: bool) -> String {
    with("", Duration::ZERO, secure)
}

fn with(value: &str, age: Duration, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{NAME}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", age.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_767_225_600;

    #[test]
    fn a_login_holds_for_thirty_days() {
        let key = MacKey::random();
        let cookie = issue(&key, NOW);
        let days = |n: u64| n * 24 * 3600;
        assert!(is_good(&key, &cookie, NOW) && is_good(&key, &cookie, NOW + days(30) - 1));
        assert!(!is_good(&key, &cookie, NOW + days(30)));
        assert!(is_good(&key, &cookie, NOW - days(1)), "the clock was put right");
        assert!(!is_good(&key, &cookie, NOW - days(30)));
    }

    #[test]
    fn a_forged_one_is_none() {
        let key = MacKey::random();
        let cookie = issue(&key, NOW);
        let (issued, mac) = cookie.split_once('.').unwrap();
        let mut other = mac.to_owned();
        other.replace_range(..1, if mac.starts_with('0') { "1" } else { "0" });
        for forged in [
            String::new(),
            ".".into(),
            issued.into(),
            format!("{issued}."),
            format!("{}.{mac}", NOW + 1),
            format!("+{cookie}"),
            format!("0{cookie}"),
            format!("{issued}.{other}"),
            format!("{issued}.{}", &mac[1..]),
            format!("{cookie}0"),
            format!("{cookie}.{mac}"),
            format!("99999999999999999999999.{mac}"),
        ] {
            assert!(!is_good(&key, &forged, NOW), "{forged}");
        }
        assert!(!is_good(&MacKey::random(), &cookie, NOW), "another password's");
    }

    #[test]
    fn it_is_found_among_others() {
        let mut headers = HeaderMap::new();
        assert_eq!(sent(&headers).count(), 0);
        headers.append(header::COOKIE, "a=b; matinee-login=1.2;matinee-login-x=3".parse().unwrap());
        headers.append(header::COOKIE, "matinee-login=4.5".parse().unwrap());
        assert_eq!(sent(&headers).collect::<Vec<_>>(), ["1.2", "4.5"]);
    }

    #[test]
    fn scripts_and_other_sites_do_not_get_it() {
        let set = set("1.2", true);
        assert_eq!(set, "matinee-login=1.2; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(clear(false), "matinee-login=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }
}
