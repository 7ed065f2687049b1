//! A small reader of Matroska's structure: enough of it to see where a file should end and when its last frames are.
//!
//! Element ids and their meaning are those of RFC 9559. Pure functions over bytes that may be anything: they never
//! panic, and their work grows with the number of bytes only.

use std::collections::BTreeMap;

use crate::ebml::{
    CLUSTER, EBML, INFO, SEGMENT, TIMESTAMP_SCALE, TRACK_ENTRY, TRACK_NUMBER, TRACK_TYPE, TRACKS, children, element,
    unsigned, vint,
};

const DOC_TYPE: u32 = 0x4282;
const MUXING_APP: u32 = 0x4D80;
const TIMESTAMP: u32 = 0xE7;
const SIMPLE_BLOCK: u32 = 0xA3;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;
/// What else may stand in a cluster: silent tracks, position, previous size, encrypted block, CRC-32, void.
const OTHERS_IN_CLUSTER: [u32; 6] = [0x5854, 0xA7, 0xAB, 0xAF, 0xBF, 0xEC];

/// What the first bytes of a file tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) webm: bool,
    /// Bytes that the file must have to be whole; `None` for one that was written without knowing.
    pub(super) whole: Option<u64>,
    /// Nanoseconds of a tick.
    pub(super) tick_ns: u64,
    /// The program that wrote the file: `Lavf59.27.100`, `libebml v1.4.4 + libmatroska v1.7.1`, …
    pub(super) muxer: Option<String>,
    /// The video tracks' numbers, in the file's order.
    pub(super) video: Vec<u64>,
    pub(super) audio: Vec<u64>,
}

/// Reads the beginning of a file; `None` if it is not a Matroska file's.
pub(super) fn head(bytes: &[u8]) -> Option<Head> {
    let ebml = element(bytes, 0).filter(|e| e.id == EBML)?;
    let webm = children(ebml.body(bytes)).any(|e| e.id == DOC_TYPE && e.text().is_some_and(|t| t == "webm"));
    let mut head = Head { webm, tick_ns: 1_000_000, ..Head::default() };
    let Some(segment) = element(bytes, ebml.end()?).filter(|e| e.id == SEGMENT) else { return Some(head) };
    head.whole = segment.size.and_then(|size| u64::try_from(segment.start).ok()?.checked_add(size));
    for child in children(segment.body(bytes)) {
        match child.id {
            INFO => read_info(child.body, &mut head),
            TRACKS => read_tracks(child.body, &mut head),
            CLUSTER => break,
            _ => {}
        }
    }
    Some(head)
}

fn read_info(info: &[u8], head: &mut Head) {
    for child in children(info) {
        match child.id {
            TIMESTAMP_SCALE => head.tick_ns = child.number().filter(|ns| *ns > 0).unwrap_or(head.tick_ns),
            MUXING_APP => head.muxer = child.text(),
            _ => {}
        }
    }
}

fn read_tracks(tracks: &[u8], head: &mut Head) {
    for track in children(tracks).filter(|e| e.id == TRACK_ENTRY) {
        let field = |id| children(track.body).find(|e| e.id == id).and_then(|e| e.number());
        match (field(TRACK_TYPE), field(TRACK_NUMBER)) {
            (Some(1), Some(number)) => head.video.push(number),
            (Some(2), Some(number)) => head.audio.push(number),
            _ => {}
        }
    }
}

/// The latest frame of each track, by track number, in ticks, among the clusters that begin in `bytes`, which is some
/// stretch of a file. Frames that are cut off at the end of `bytes` don't count.
pub(super) fn last_frames(bytes: &[u8]) -> BTreeMap<u64, i64> {
    let mut last = BTreeMap::new();
    let mut at = 0;
    while let Some(found) = find(bytes, at) {
        // Whatever was walked through is not looked at again, so that hostile bytes don't cost more than others.
        at = walk_cluster(bytes, found, &mut last).unwrap_or(found + 1).max(found + 1);
    }
    last
}

/// The next place that looks like a cluster's beginning.
fn find(bytes: &[u8], from: usize) -> Option<usize> {
    let id = CLUSTER.to_be_bytes();
    bytes.get(from..)?.windows(id.len()).position(|w| w == id).map(|found| from + found)
}

/// Reads the cluster at `at` and returns where it stopped; `None` if there is no cluster.
fn walk_cluster(bytes: &[u8], at: usize, last: &mut BTreeMap<u64, i64>) -> Option<usize> {
    let cluster = element(bytes, at)?;
    let end = cluster.end().unwrap_or(bytes.len()).min(bytes.len());
    let mut timestamp = None;
    let mut at = cluster.start;
    while at < end {
        let Some(child) = element(bytes, at) else { break };
        let Some(next) = child.end().filter(|next| *next <= bytes.len()) else { break };
        let body = child.body(bytes);
        match child.id {
            TIMESTAMP => timestamp = Some(i64::try_from(unsigned(body)?).ok()?),
            SIMPLE_BLOCK => note(body, timestamp?, last),
            BLOCK_GROUP => {
                let cluster = timestamp?;
                children(body).filter(|e| e.id == BLOCK).for_each(|block| note(block.body, cluster, last));
            }
            other if OTHERS_IN_CLUSTER.contains(&other) => {}
            _ => break,
        }
        at = next;
    }
    timestamp.map(|_| at)
}

/// Notes a block's time: it begins with its track's number and its time after its cluster's.
fn note(block: &[u8], cluster: i64, last: &mut BTreeMap<u64, i64>) {
    // Numbers are small; the bound keeps a hostile file from growing the map.
    let Some((track, length)) = vint(block).filter(|(track, _)| *track < 1000) else { return };
    let Some(&[high, low]) = block.get(length..length + 2) else { return };
    let time = cluster.saturating_add(i64::from(i16::from_be_bytes([high, low])));
    let latest = last.entry(track).or_insert(time);
    *latest = time.max(*latest);
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    pub(in super::super) use crate::ebml::tests::write;

    use super::*;

    fn block(track: u8, time: i16) -> Vec<u8> {
        let mut body = vec![0x80 | track];
        body.extend(time.to_be_bytes());
        body.extend([0x80, 1, 2, 3]);
        body
    }

    fn cluster(time: u16, blocks: &[Vec<u8>]) -> Vec<u8> {
        let mut body = write(0xBF, &[0; 4]);
        body.extend(write(TIMESTAMP, &time.to_be_bytes()));
        body.extend(blocks.concat());
        write(CLUSTER, &body)
    }

    fn file(clusters: &[u8]) -> Vec<u8> {
        let track =
            |number, kind| write(TRACK_ENTRY, &[write(TRACK_NUMBER, &[number]), write(TRACK_TYPE, &[kind])].concat());
        let info = write(INFO, &[write(TIMESTAMP_SCALE, &[0x0F, 0x42, 0x40]), write(MUXING_APP, b"Lavf1\0")].concat());
        let tracks = write(TRACKS, &[track(2, 2), track(1, 1), track(3, 17), track(4, 2)].concat());
        let segment = write(SEGMENT, &[info, write(0xEC, &[0; 9]), tracks, clusters.to_vec()].concat());
        [write(EBML, &write(DOC_TYPE, b"webm")), segment].concat()
    }

    #[test]
    fn the_head_tells_size_scale_muxer_and_tracks() {
        let bytes = file(&[0; 1000]);
        let head = head(&bytes).unwrap();
        assert_eq!(head.whole, Some(bytes.len() as u64));
        assert!(head.webm);
        assert_eq!((head.tick_ns, head.muxer.as_deref()), (1_000_000, Some("Lavf1")));
        assert_eq!((head.video, head.audio), (vec![1], vec![2, 4]));
    }

    #[test]
    fn a_cut_head_tells_what_is_in_it() {
        let bytes = file(&[]);
        for length in 0..bytes.len() {
            let _ = head(&bytes[..length]);
        }
        assert_eq!(head(&bytes[..60]).unwrap().whole, Some(bytes.len() as u64));
        assert_eq!(head(b"RIFF and so on, not Matroska"), None);
        assert_eq!(head(&[]), None);
    }

    #[test]
    fn a_live_segment_has_no_size() {
        let mut bytes = write(EBML, &[]);
        bytes.extend(SEGMENT.to_be_bytes());
        bytes.extend([0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        bytes.extend(write(INFO, &write(TIMESTAMP_SCALE, &[100])));
        let head = head(&bytes).unwrap();
        assert_eq!((head.whole, head.tick_ns), (None, 100));
    }

    #[test]
    fn the_last_frames_are_found_in_any_stretch() {
        let group = write(BLOCK_GROUP, &[write(BLOCK, &block(2, -5)), write(0x9B, &[9])].concat());
        let first = cluster(1000, &[write(SIMPLE_BLOCK, &block(1, 0)), write(SIMPLE_BLOCK, &block(1, 80)), group]);
        // Frames are stored in decode order: the last one stored is not the latest.
        let second = cluster(2000, &[write(SIMPLE_BLOCK, &block(1, 80)), write(SIMPLE_BLOCK, &block(1, 40))]);
        let mut bytes = vec![0xA3, 0x1F, 0x43, 0xB6, 0x75, 0xFF];
        bytes.extend(&first);
        assert_eq!(last_frames(&bytes), BTreeMap::from([(1, 1080), (2, 995)]));
        bytes.extend(&second);
        assert_eq!(last_frames(&bytes), BTreeMap::from([(1, 2080), (2, 995)]));
        bytes.extend(write(0x1C53_BB6B, &[0; 50]));
        assert_eq!(last_frames(&bytes), BTreeMap::from([(1, 2080), (2, 995)]));
    }

    #[test]
    fn a_frame_that_is_cut_off_does_not_count() {
        let bytes = cluster(1000, &[write(SIMPLE_BLOCK, &block(1, 0)), write(SIMPLE_BLOCK, &block(1, 40))]);
        assert_eq!(last_frames(&bytes)[&1], 1040);
        assert_eq!(last_frames(&bytes[..bytes.len() - 1])[&1], 1000);
    }

    #[test]
    fn many_false_beginnings_cost_little() {
        // Each would be walked to the end if walked parts were looked at again: 400 000 squared steps.
        let fake: Vec<u8> = [&CLUSTER.to_be_bytes()[..], &[0xFF, 0xE7, 0x81, 0x01]].concat();
        let bytes = fake.repeat(400_000);
        assert_eq!(last_frames(&bytes), BTreeMap::new());
        let one = [&fake[..], &[0xEC, 0x80].repeat(1_000_000)].concat();
        assert_eq!(last_frames(&one), BTreeMap::new());
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = (head(&bytes), last_frames(&bytes));
        }

        #[test]
        fn broken_files_never_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20)) {
            let mut bytes = file(&cluster(1000, &[write(SIMPLE_BLOCK, &block(1, 0)), write(BLOCK_GROUP, &write(BLOCK, &block(2, 3)))]));
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            let _ = (head(&bytes), last_frames(&bytes));
        }
    }
}
