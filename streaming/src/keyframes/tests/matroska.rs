use proptest::prelude::*;

use super::*;
use crate::ebml::{self, tests::write};

const SEEK_HEAD: u32 = 0x114D_9B74;
const CUES: u32 = 0x1C53_BB6B;
const VOID: u32 = 0xEC;

fn track(number: u8, kind: u8, codec: &[u8], more: &[u8]) -> Vec<u8> {
    let number = write(ebml::TRACK_NUMBER, &[number]);
    let kind = write(ebml::TRACK_TYPE, &[kind]);
    write(ebml::TRACK_ENTRY, &[&number, &kind, &write(0x86, codec), more].concat())
}

fn cue(time: u32, positions: &[(u8, u32)]) -> Vec<u8> {
    let mut body = write(0xB3, &time.to_be_bytes());
    for (track, position) in positions {
        body.extend(write(0xB7, &[write(0xF7, &[*track]), write(0xF1, &position.to_be_bytes())].concat()));
    }
    write(0xBB, &body)
}

fn seek(id: u32, position: usize) -> Vec<u8> {
    let position = u32::try_from(position).unwrap().to_be_bytes();
    write(0x4DBB, &[write(0x53AB, &id.to_be_bytes()), write(0x53AC, &position)].concat())
}

/// A SeekHead that leads from one place in the segment to others.
fn seek_head(entries: &[(u32, usize)]) -> Vec<u8> {
    write(SEEK_HEAD, &entries.iter().map(|(id, position)| seek(*id, *position)).collect::<Vec<_>>().concat())
}

fn film(segment: &[Vec<u8>]) -> Vec<u8> {
    [write(ebml::EBML, &[]), write(ebml::SEGMENT, &segment.concat())].concat()
}

/// Where the segment's body begins in it.
const START: u64 = 24;

fn info(tick_ns: u32) -> Vec<u8> {
    write(ebml::INFO, &write(ebml::TIMESTAMP_SCALE, &tick_ns.to_be_bytes()))
}

fn tracks() -> Vec<u8> {
    let private = write(0x63A2, b"record");
    let hidden = [private.clone(), write(0x6D80, &write(0x6240, &write(0x5032, &[3])))].concat();
    let tracks = [
        track(7, 2, b"A_OPUS", &write(0x63A2, b"sound")),
        track(1, 1, b"V_MPEG4/ISO/AVC", &private),
        // No codec, so no stream for ffmpeg.
        track(2, 1, b"", &[]),
        track(3, 17, b"S_TEXT/UTF8", &[]),
        track(4, 1, b"V_MJPEG", &hidden),
    ];
    write(ebml::TRACKS, &tracks.concat())
}

fn cues() -> Vec<u8> {
    let cues = [
        cue(4000, &[(1, 70), (3, 60)]),
        cue(0, &[(7, 50), (1, 50)]),
        cue(2000, &[(1, 60)]),
        cue(1500, &[(3, 55)]),
        cue(2000, &[(1, 61)]),
    ];
    write(CUES, &cues.concat())
}

/// With the Cues at the end, behind enough to be read on their own.
fn late(cues: Vec<u8>) -> Vec<u8> {
    let middle = write(ebml::CLUSTER, &[0; 100_000]);
    let parts = [seek_head(&[(CUES, 0)]), info(500_000), tracks(), middle];
    let position = parts.iter().map(Vec::len).sum();
    let [_, info, tracks, middle] = parts;
    film(&[seek_head(&[(CUES, position)]), info, tracks, middle, cues, write(VOID, &[0; 100])])
}

#[test]
fn only_the_video_tracks_cues_count_in_order_and_once() {
    let bytes = late(cues());
    let (index, reads) = look(IndexKind::Matroska, &bytes, Some(bytes.len() as u64));
    let index = index.unwrap();
    let [video, cover] = &index.video[..] else { panic!("{index:?}") };
    assert_eq!(times(video), [0.0, 1.0, 2.0]);
    assert_eq!(offsets(video), [START + 50, START + 60, START + 70]);
    assert_eq!((video.config.as_deref(), video.frames, video.tick_s), (Some(&b"record"[..]), None, 0.0005));
    assert_eq!((&cover.keyframes, &cover.config), (&vec![], &None));
    assert_eq!(index.audio, [AudioIndex { config: Some(Bytes::from_static(b"sound")) }]);
    // The head, the Cues, and the beginning of the first frame.
    assert_eq!(reads.len(), 3, "{reads:?}");
}

#[test]
fn the_file_may_be_of_unknown_size() {
    let bytes = late(cues());
    assert_eq!(look(IndexKind::Matroska, &bytes, None).0, index(IndexKind::Matroska, &bytes));
    assert_eq!(look(IndexKind::Matroska, &bytes[..50_000], None).0, Err(NoIndex::Cut));
    assert_eq!(look(IndexKind::Matroska, &bytes[..bytes.len() - 200], None).0, Err(NoIndex::Cut));
}

#[test]
fn cues_may_stand_before_the_clusters() {
    let bytes = film(&[info(1_000_000), tracks(), cues(), write(ebml::CLUSTER, &[0; 100])]);
    let (index, reads) = look(IndexKind::Matroska, &bytes, Some(bytes.len() as u64));
    assert_eq!((times(&index.unwrap().video[0]), reads.len()), (vec![0.0, 2.0, 4.0], 2));
}

#[test]
fn the_encoder_s_word_for_open_gops_is_in_the_first_frame() {
    let with = |frame: &[u8]| {
        let cues = |at: usize| write(CUES, &cue(0, &[(1, u32::try_from(at).unwrap())]));
        let parts = [info(1_000_000), tracks(), cues(0)];
        let at = parts.iter().map(Vec::len).sum();
        let bytes = film(&[info(1_000_000), tracks(), cues(at), write(ebml::CLUSTER, frame)]);
        index(IndexKind::Matroska, &bytes).unwrap().video[0].open_gops
    };
    assert!(with(b"x264 - core 164 - options: keyint=250 open_gop=1 weightp=2"));
    assert!(!with(b"x264 - core 164 - options: keyint=250 open_gop=0 weightp=2"));
}

#[test]
fn one_seek_head_may_lead_to_another_but_not_in_circles() {
    let middle = write(ebml::CLUSTER, &[0; 50_000]);
    let first = |at| seek_head(&[(SEEK_HEAD, at)]);
    let places =
        |tracks_at: usize| seek_head(&[(SEEK_HEAD, 0), (ebml::TRACKS, tracks_at), (CUES, tracks_at + tracks().len())]);
    let at = first(0).len() + middle.len();
    let second = places(at + places(0).len());
    let bytes = film(&[first(at), middle.clone(), second, tracks(), cues()]);
    assert_eq!(times(&index(IndexKind::Matroska, &bytes).unwrap().video[0]), [0.0, 2.0, 4.0]);
    let bytes = film(&[first(at), middle, seek_head(&[(SEEK_HEAD, 0), (SEEK_HEAD, at)]), tracks(), cues()]);
    assert_eq!(index(IndexKind::Matroska, &bytes), Err(NoIndex::Absent));
}

#[test]
fn what_has_no_cues_is_not_searched() {
    let bytes = film(&[info(1_000_000), tracks(), write(ebml::CLUSTER, &[0; 1_000_000]), cues()]);
    let (index, reads) = look(IndexKind::Matroska, &bytes, Some(bytes.len() as u64));
    assert_eq!((index, reads.len()), (Err(NoIndex::Absent), 1));
    // Of a track that is neither film nor subtitles.
    let (index, _) = look(IndexKind::Matroska, &late(write(CUES, &cue(0, &[(7, 50)]))), None);
    assert_eq!(index, Err(NoIndex::Absent));
}

#[test]
fn cues_of_subtitles_alone_are_of_use() {
    let (index, _) = look(IndexKind::Matroska, &late(write(CUES, &cue(0, &[(3, 50)]))), None);
    let index = index.unwrap();
    assert!(index.video.iter().all(|track| track.keyframes.is_empty()));
    assert_eq!(index.subtitles[0].events.len(), 1);
}

#[test]
fn lies_are_found_out() {
    let whole = late(cues());
    assert_eq!(index(IndexKind::Matroska, &whole[..whole.len() - 1]), Err(NoIndex::Cut));
    assert_eq!(index(IndexKind::Matroska, &late(write(CUES, &cue(0, &[(1, 900_000)])))), Err(NoIndex::Cut));
    assert_eq!(index(IndexKind::Matroska, &late(write(VOID, &[0; 90]))), Err(NoIndex::Malformed));
    let mut huge = CUES.to_be_bytes().to_vec();
    huge.extend((1u64 << 56 | 1 << 40).to_be_bytes());
    assert_eq!(look(IndexKind::Matroska, &late(huge), None).0, Err(NoIndex::TooLarge));
    assert_eq!(index(IndexKind::Matroska, b""), Err(NoIndex::Cut));
    assert_eq!(index(IndexKind::Matroska, b"RIFF....AVI "), Err(NoIndex::Malformed));
}

#[test]
fn a_track_with_a_time_of_its_own_is_not_understood() {
    let scaled = |scale: f32| {
        let track = track(1, 1, b"V_VP9", &write(0x23_314F, &scale.to_be_bytes()));
        film(&[write(ebml::TRACKS, &track), cues()])
    };
    assert!(index(IndexKind::Matroska, &scaled(1.0)).is_ok());
    assert_eq!(index(IndexKind::Matroska, &scaled(2.0)), Err(NoIndex::Unsupported));
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2000), known in any::<bool>()) {
        let _ = look(IndexKind::Matroska, &bytes, known.then_some(bytes.len() as u64));
    }

    #[test]
    fn broken_films_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        known in any::<bool>(),
    ) {
        let mut bytes = film(&[seek_head(&[(CUES, 400), (SEEK_HEAD, 0)]), info(1_000_000), tracks(), cues()]);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(index) = look(IndexKind::Matroska, &bytes, known.then_some(bytes.len() as u64)).0 {
            for track in index.video {
                prop_assert!(track.keyframes.windows(2).all(|pair| pair[0].time_s <= pair[1].time_s));
            }
        }
    }
}
