//! Picking fields out of ffprobe's JSON: whatever is missing, of another type or absurd is simply not there.

use protocol::FrameRate;
use serde_json::Value;

use super::words;

/// Longer than any film and any gap before one: a hundred hours, in seconds.
pub(super) const MAX_TIME_S: f64 = 360_000.0;
/// No film has more frames a second; time bases that ffmpeg takes for rates do (90000, 1000).
const MAX_RATE: f64 = 480.0;

pub(super) fn text<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    of.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// An integer, which ffprobe writes as a number or as a string.
pub(super) fn integer(of: &Value, name: &str) -> Option<i64> {
    let value = of.get(name)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// A time in seconds, at most [`MAX_TIME_S`] either way.
pub(super) fn seconds(of: &Value, name: &str) -> Option<f64> {
    let value = of.get(name)?;
    let seconds = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    (seconds.is_finite() && seconds.abs() <= MAX_TIME_S).then_some(seconds)
}

/// A frame rate that is written `24000/1001`.
pub(super) fn rate(of: &Value, name: &str) -> Option<FrameRate> {
    let (num, den) = text(of, name)?.split_once('/')?;
    let rate = FrameRate { num: num.parse().ok()?, den: den.parse().ok()? };
    (rate.num > 0 && rate.den > 0 && rate.as_f64() <= MAX_RATE && rate.as_f64() >= 0.01).then_some(rate)
}

/// A ratio that is written `8:9`.
pub(super) fn ratio(of: &Value, name: &str) -> Option<(u32, u32)> {
    let (a, b) = text(of, name)?.split_once(':')?;
    let (a, b): (u32, u32) = (a.parse().ok()?, b.parse().ok()?);
    (a > 0 && b > 0 && a / b < 100 && b / a < 100).then_some((a, b))
}

pub(super) fn disposition(of: &Value, name: &str) -> bool {
    of.get("disposition").and_then(|flags| integer(flags, name)).is_some_and(|flag| flag != 0)
}

/// The tag of that name, however it is capitalised.
pub(super) fn tag<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    let tags = of.get("tags")?.as_object()?;
    tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1.as_str()
}

/// A tag that is shown to people.
pub(super) fn shown_tag(of: &Value, name: &str) -> Option<String> {
    words::shown(tag(of, name)?, words::LINE)
}

/// `DURATION`, which older versions of mkvmerge call `DURATION-eng`, in seconds.
pub(super) fn duration_tag(of: &Value) -> Option<f64> {
    let tags = of.get("tags")?.as_object()?;
    let is_duration = |key: &str| {
        let key = key.to_ascii_uppercase();
        key == "DURATION" || key.starts_with("DURATION-")
    };
    tags.iter().filter(|(key, _)| is_duration(key)).find_map(|(_, value)| super::clock::parse(value.as_str()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hostile_numbers_are_not_there() {
        let of = json!({"a": "NaN", "b": "inf", "c": "1e300", "d": -1e9, "e": [1], "f": null, "g": "12.5", "h": -0.02});
        for name in ["a", "b", "c", "d", "e", "f", "missing"] {
            assert_eq!(seconds(&of, name), None, "{name}");
        }
        assert_eq!(seconds(&of, "g"), Some(12.5));
        assert_eq!(seconds(&of, "h"), Some(-0.02));
        let of = json!({"a": "99999999999999999999", "b": 1e30, "c": "7", "d": -8});
        assert_eq!(["a", "b", "c", "d"].map(|name| integer(&of, name)), [None, None, Some(7), Some(-8)]);
        assert_eq!(integer(&json!([1]), "a"), None);
    }

    #[test]
    fn rates_and_ratios() {
        let of = json!({"film": "24000/1001", "none": "0/0", "base": "90000/1", "slow": "1/4000000000", "x": "25",
            "minus": "-25/1", "pal": "16:15", "zero": "0:1", "wild": "4294967295:1"});
        assert_eq!(rate(&of, "film"), Some(FrameRate { num: 24000, den: 1001 }));
        for name in ["none", "base", "slow", "x", "minus", "missing"] {
            assert_eq!(rate(&of, name), None, "{name}");
        }
        assert_eq!(ratio(&of, "pal"), Some((16, 15)));
        assert_eq!((ratio(&of, "zero"), ratio(&of, "wild")), (None, None));
    }

    #[test]
    fn tags_are_found_however_they_are_written() {
        let of = json!({"tags": {"TITLE": "Film\u{7}", "DURATION-eng": "00:00:02.500000000", "number": 3}});
        assert_eq!(shown_tag(&of, "title").as_deref(), Some("Film"));
        assert_eq!(duration_tag(&of), Some(2.5));
        assert_eq!(tag(&of, "number"), None);
        assert_eq!(duration_tag(&json!({"tags": {"DURATION": "soon"}})), None);
        assert_eq!(duration_tag(&json!({"tags": []})), None);
    }
}
