//! The packets of a rendition, in ticks: by our reader segment by segment, and by ffprobe.

use bytes::Bytes;
use streaming::fmp4::{Event, FragmentReader};

use super::media::tool;

/// One frame of one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) pts: i64,
    pub(crate) ticks: i64,
}

/// The packets of each segment, as our own reader finds them.
pub(crate) fn by_segment(init: &Bytes, segments: &[Bytes]) -> Vec<Vec<Packet>> {
    segments.iter().map(|segment| packets(init, segment)).collect()
}

/// The packets of one segment.
pub(crate) fn packets(init: &Bytes, segment: &Bytes) -> Vec<Packet> {
    decoded(init, segment).into_iter().map(|(_, packet)| packet).collect()
}

/// The packets of one segment, each behind the time at which it is decoded.
pub(crate) fn decoded(init: &Bytes, segment: &Bytes) -> Vec<(i64, Packet)> {
    let mut reader = FragmentReader::new();
    reader.push(init).unwrap();
    let (delay, mut packets) = (delay(init), Vec::new());
    for event in reader.push(segment).unwrap() {
        let Event::Fragment(fragment) = event else { panic!("a segment holds an init segment") };
        let mut at = fragment.decode_time;
        for sample in &fragment.samples {
            let pts = at + i64::from(sample.composition) - delay;
            let packet = Packet { pts, ticks: i64::from(sample.duration) };
            packets.push((at, packet));
            at += i64::from(sample.duration);
        }
    }
    assert!(reader.is_at_boundary(), "a segment ends within a box");
    packets
}

/// What the init segment's edit list takes off presentation times, in ticks.
fn delay(init: &Bytes) -> i64 {
    // In `elst` of version 0, behind the count of edits and the first one's duration.
    let Some(at) = init.windows(4).position(|name| name == b"elst").map(|at| at + 16) else { return 0 };
    u32::from_be_bytes(init[at..at + 4].try_into().unwrap()).into()
}

/// Ticks a second, by the init segment.
pub(crate) fn timescale(init: &Bytes) -> u32 {
    // In `mdhd`, whose times are of four bytes each in its version 0 and of eight in its version 1.
    let at = init.windows(4).position(|name| name == b"mdhd").unwrap() + 4;
    let at = at + if init[at] == 0 { 12 } else { 20 };
    u32::from_be_bytes(init[at..at + 4].try_into().unwrap())
}

/// One file of an init segment and segments.
pub(crate) fn joined(init: &Bytes, segments: &[Bytes]) -> Vec<u8> {
    std::iter::once(init).chain(segments).flat_map(|part| part.iter().copied()).collect()
}

/// The presentation times in a whole rendition as ffprobe finds them, in ticks of `timescale`. It has nothing to say
/// about it.
pub(crate) async fn by_ffprobe(file: Vec<u8>, timescale: u32) -> Vec<i64> {
    let shown = tokio::task::spawn_blocking(move || {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rendition.mp4");
        std::fs::write(&path, file).unwrap();
        let entries = "stream=time_base:packet=pts";
        tool(
            "ffprobe",
            &["-v", "warning", "-show_packets", "-show_entries", entries, "-of", "json", path.to_str().unwrap()],
        )
    })
    .await
    .unwrap();
    assert!(shown.status.success() && shown.stderr.is_empty(), "{}", String::from_utf8_lossy(&shown.stderr));
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["streams"][0]["time_base"].as_str().unwrap(), format!("1/{timescale}"));
    shown["packets"].as_array().unwrap().iter().map(|packet| packet["pts"].as_i64().unwrap()).collect()
}
