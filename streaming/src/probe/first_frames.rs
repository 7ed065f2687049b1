//! The first frames of each track, which ffprobe lists beside the streams.

use serde_json::Value;

use super::fields;

/// By how much frames of one length may differ, in seconds: Matroska rounds to milliseconds.
const ROUNDING_S: f64 = 0.0011;

/// When a stream's first frame begins, and how long each lasts, in seconds; `None` where they differ.
pub(super) fn first_frames(probed: &Value, stream: &Value) -> Option<(f64, f64)> {
    let number = fields::integer(stream, "index")?;
    let packets = probed.get("packets").and_then(Value::as_array)?;
    let own = packets.iter().filter(|packet| fields::integer(packet, "stream_index") == Some(number));
    let times: Option<Vec<(f64, f64)>> = own
        .map(|packet| Some((fields::seconds(packet, "pts_time")?, fields::seconds(packet, "duration_time")?)))
        .collect();
    let times = times?;
    let first = times.iter().map(|time| time.0).reduce(f64::min)?;
    let (shortest, longest) =
        (times.iter().map(|time| time.1).reduce(f64::min)?, times.iter().map(|time| time.1).reduce(f64::max)?);
    (longest - shortest <= ROUNDING_S && shortest > 0.0).then_some((first, longest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn frames_of_one_length_have_a_beginning() {
        let packet =
            |stream, pts, duration| json!({"stream_index": stream, "pts_time": pts, "duration_time": duration});
        let probed = json!({"packets": [
            packet(0, "0.0", "0.041"), packet(1, "-0.021", "0.021"), packet(1, "0.000", "0.022"), packet(2, "0.0", "0.02"),
            packet(2, "0.02", "0.06"),
        ]});
        assert_eq!(first_frames(&probed, &json!({"index": 1})), Some((-0.021, 0.022)));
        assert_eq!(first_frames(&probed, &json!({"index": 2})), None);
        assert_eq!(first_frames(&probed, &json!({"index": 3})), None);
        assert_eq!(first_frames(&json!({}), &json!({})), None);
    }
}
