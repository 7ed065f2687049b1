//! Times as text: `00:10:00.016000000` in a file's tags, `3:20` in a sentence.

use super::fields::MAX_TIME_S;

/// Seconds from `hours:minutes:seconds`, as mkvmerge and ffmpeg write durations.
pub(super) fn parse(text: &str) -> Option<f64> {
    let mut parts = text.trim().splitn(3, ':');
    let hours: u32 = parts.next()?.parse().ok()?;
    let minutes: u32 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next()?.parse().ok()?;
    if minutes >= 60 || !(0.0..60.0).contains(&seconds) {
        return None;
    }
    let total = f64::from(hours) * 3600.0 + f64::from(minutes) * 60.0 + seconds;
    (total <= MAX_TIME_S).then_some(total)
}

/// `3:20` or `1:02:05`, rounded down.
pub(super) fn show(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
    let whole = seconds.clamp(0.0, MAX_TIME_S) as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        assert_eq!(parse("00:10:00.016000000"), Some(600.016));
        assert_eq!(parse("01:00:00"), Some(3600.0));
        assert_eq!(parse("99:59:59.999").map(f64::floor), Some(359_999.0));
        for bad in ["", "10", "1:2", "00:60:00", "00:00:60", "00:00:-1", "00:00:NaN", "4000000000:00:00", "-1:00:00"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_shown() {
        assert_eq!([0.0, 200.9, 3725.0, -1.0, f64::NAN].map(show), ["0:00", "3:20", "1:02:05", "0:00", "0:00"]);
        assert_eq!(show(f64::INFINITY), "100:00:00");
    }
}
