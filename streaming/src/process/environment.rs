//! The whole environment of every child.

use std::{ffi::OsString, path::PathBuf};

/// Passed on: where programs and fonts are, and which of several graphics cards or drivers is to be used. None of these
/// changes what a program does with a film.
const KEPT: [&str; 7] = [
    "PATH",
    "FONTCONFIG_FILE",
    "FONTCONFIG_PATH",
    "LIBVA_DRIVER_NAME",
    "LIBVA_DRIVERS_PATH",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
];

/// What children get instead of ours: nothing that changes what they do.
///
/// `HOME` leads nowhere, so no configuration is read. Subtitles are drawn with the system's fonts: fontconfig reads
/// `/etc/fonts` and its system cache, and where that cache is missing or stale and we are not root it writes one
/// below `XDG_CACHE_HOME`; without that it would scan all fonts at every start of mpv.
pub(super) fn environment(get: impl Fn(&str) -> Option<OsString>) -> Vec<(&'static str, OsString)> {
    let mut all = vec![("HOME", OsString::from("/nonexistent")), ("LANG", OsString::from("C.UTF-8"))];
    for name in KEPT {
        all.extend(get(name).map(|value| (name, value)));
    }
    let cache =
        get("XDG_CACHE_HOME").or_else(|| get("HOME").map(|home| PathBuf::from(home).join(".cache").into_os_string()));
    all.extend(cache.map(|cache| ("XDG_CACHE_HOME", cache)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(ours: &[(&str, &str)], name: &str) -> Option<String> {
        let get = |wanted: &str| ours.iter().find(|(n, _)| *n == wanted).map(|(_, v)| OsString::from(v));
        environment(get).into_iter().find(|(n, _)| *n == name).map(|(_, v)| v.into_string().unwrap())
    }

    #[test]
    fn home_leads_nowhere_but_the_font_cache_is_kept() {
        let ours = [("HOME", "/home/a"), ("PATH", "/bin"), ("LD_PRELOAD", "/evil.so"), ("http_proxy", "http://proxy")];
        assert_eq!(value(&ours, "HOME").unwrap(), "/nonexistent");
        assert_eq!(value(&ours, "PATH").unwrap(), "/bin");
        assert_eq!(value(&ours, "XDG_CACHE_HOME").unwrap(), "/home/a/.cache");
        assert_eq!(value(&ours, "LD_PRELOAD"), None);
        assert_eq!(value(&ours, "http_proxy"), None);
        assert_eq!(value(&[("HOME", "/home/a"), ("XDG_CACHE_HOME", "/c")], "XDG_CACHE_HOME").unwrap(), "/c");
    }
}
