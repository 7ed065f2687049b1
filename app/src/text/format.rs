//! Times, ages, sizes and counts.

/// Seconds as `m:ss`, or `h:mm:ss` from an hour on.
pub(crate) fn clock(seconds: f64) -> String {
    let whole = if seconds.is_finite() { seconds.max(0.0) as u64 } else { 0 };
    let (h, m, s) = (whole / 3600, whole / 60 % 60, whole % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
}

/// How long ago `then` was. Both are milliseconds since the Unix epoch; clocks of two machines may differ, so
/// what lies in the future is called now.
pub(crate) fn age(then: u64, now: u64) -> String {
    let minutes = now.saturating_sub(then) / 60_000;
    let some = |n: u64, unit: &str| if n == 1 { format!("1 {unit} ago") } else { format!("{n} {unit}s ago") };
    match minutes {
        0 => "just now".into(),
        1..60 => some(minutes, "minute"),
        60..1440 => some(minutes / 60, "hour"),
        _ => some(minutes / 1440, "day"),
    }
}

/// A number of bytes with a binary unit.
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1024.0;
    let mut unit = 0;
    // From 1023.95 on one decimal would read 1024.0.
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let tenths = format!("{value:.1}");
    let figure = if value >= 100.0 { format!("{value:.0}") } else { tenths.trim_end_matches(".0").to_owned() };
    format!("{figure} {}", UNITS[unit])
}

/// How many watch.
pub(crate) fn watching(viewers: u32) -> String {
    match viewers {
        0 => "nobody is watching".into(),
        n => format!("{n} watching"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_show_hours_only_when_there_are_some() {
        for (seconds, text) in [(0.0, "0:00"), (59.99, "0:59"), (61.0, "1:01"), (3599.0, "59:59"), (3661.0, "1:01:01")]
        {
            assert_eq!(clock(seconds), text);
        }
        assert_eq!(clock(-3.0), "0:00");
        assert_eq!(clock(f64::NAN), "0:00");
        assert_eq!(clock(f64::INFINITY), "0:00");
    }

    #[test]
    fn ages_use_the_largest_whole_unit() {
        let minute = 60_000;
        for (ms, text) in [
            (0, "just now"),
            (minute - 1, "just now"),
            (minute, "1 minute ago"),
            (12 * minute, "12 minutes ago"),
            (60 * minute, "1 hour ago"),
            (49 * 60 * minute, "2 days ago"),
        ] {
            assert_eq!(age(1_000, 1_000 + ms), text);
        }
        assert_eq!(age(5_000, 1_000), "just now");
    }

    #[test]
    fn sizes_stay_short() {
        for (n, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (512 << 20, "512 MiB"),
            (1 << 30, "1 GiB"),
            ((1 << 30) - 1, "1 GiB"),
        ] {
            assert_eq!(bytes(n), text);
        }
    }

    #[test]
    fn counts_of_viewers_are_words() {
        assert_eq!(watching(0), "nobody is watching");
        assert_eq!(watching(1), "1 watching");
    }
}
