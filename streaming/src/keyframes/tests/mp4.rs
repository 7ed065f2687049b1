use proptest::prelude::*;

use super::*;

fn write(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let size = u32::try_from(body.len() + 8).unwrap().to_be_bytes();
    [&size, &kind[..], &body].concat()
}

/// A full box of numbers.
fn numbers(kind: &[u8; 4], version: u8, numbers: &[u32]) -> Vec<u8> {
    let body: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
    write(kind, &[&[version, 0, 0, 0], &body])
}

/// What a film is made of; the numbers are the rows of its tables.
struct Film {
    /// Pairs of length and beginning, in ticks of the film and the track.
    edits: Vec<(u32, i32)>,
    shifts: Vec<u32>,
    syncs: Option<Vec<u32>>,
    more: Vec<u8>,
}

impl Film {
    /// Two groups of four frames of 100 ticks, of 1000 a second, each shown two frames after it is decoded.
    fn plain() -> Self {
        Self { edits: Vec::new(), shifts: vec![8, 200], syncs: Some(vec![1, 5]), more: Vec::new() }
    }

    /// Three chunks, of three, three and two samples of ten bytes and more.
    fn track(&self) -> Vec<u8> {
        let avcc = write(b"avcC", &[b"record"]);
        let stsd =
            write(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &write(b"avc1", &[&[0; 78], &write(b"pasp", &[]), &avcc])]);
        let syncs = self
            .syncs
            .as_ref()
            .map(|syncs| numbers(b"stss", 0, &[&[u32::try_from(syncs.len()).unwrap()], &syncs[..]].concat()));
        let shifts = [&[u32::try_from(self.shifts.len() / 2).unwrap()], &self.shifts[..]].concat();
        let stbl = write(
            b"stbl",
            &[
                &stsd,
                &numbers(b"stts", 0, &[2, 1, 100, 7, 100]),
                &numbers(b"ctts", 0, &shifts),
                &syncs.unwrap_or_default(),
                &numbers(b"stsc", 0, &[2, 1, 3, 1, 3, 2, 1]),
                &numbers(b"stsz", 0, &[0, 8, 10, 11, 12, 13, 14, 15, 16, 17]),
                &numbers(b"stco", 0, &[3, 100, 200, 300]),
            ],
        );
        let hdlr = write(b"hdlr", &[&[0; 8], b"vide", &[0; 13]]);
        let mdhd = numbers(b"mdhd", 0, &[0, 0, 1000, 800]);
        let mdia = write(b"mdia", &[&mdhd, &hdlr, &write(b"minf", &[&stbl])]);
        let mut rows = vec![u32::try_from(self.edits.len()).unwrap()];
        rows.extend(self.edits.iter().flat_map(|(length, from)| [*length, from.cast_unsigned(), 0x1_0000]));
        write(b"trak", &[&write(b"edts", &[&numbers(b"elst", 0, &rows)]), &mdia])
    }

    fn moov(&self) -> Vec<u8> {
        let mvhd = numbers(b"mvhd", 0, &[0, 0, 100, 80]);
        let sound = write(b"trak", &[&write(b"mdia", &[&write(b"hdlr", &[&[0; 8], b"soun"])])]);
        write(b"moov", &[&mvhd, &self.more, &sound, &self.track(), &write(b"\xA9xyz", &[b"of no use"])])
    }

    /// With the index at the end.
    fn bytes(&self) -> Vec<u8> {
        [write(b"ftyp", &[b"isom"]), write(b"mdat", &[&[0; 50_000]]), self.moov()].concat()
    }

    fn index(&self) -> Result<Index, NoIndex> {
        index(IndexKind::Mp4, &self.bytes())
    }

    fn times(&self) -> Result<Vec<f64>, NoIndex> {
        self.index().map(|index| times(&index.video[0]))
    }
}

#[test]
fn keyframes_have_times_and_places() {
    let bytes = Film::plain().bytes();
    let (index, reads) = look(IndexKind::Mp4, &bytes, Some(bytes.len() as u64));
    let index = index.unwrap();
    let [video] = &index.video[..] else { panic!("{index:?}") };
    assert_eq!(times(video), [0.2, 0.6]);
    // The fifth sample is the second of the second chunk.
    assert_eq!(offsets(video), [100, 213]);
    assert_eq!((video.config.as_deref(), video.frames, video.tick_s), (Some(&b"record"[..]), Some(8), 0.001));
    assert_eq!(index.audio, [AudioIndex { config: None }]);
    assert_eq!(reads.len(), 2, "{reads:?}");
    assert_eq!(look(IndexKind::Mp4, &bytes, None).0, Ok(index));
}

#[test]
fn frames_shown_before_their_keyframe_open_its_gop() {
    let open = |shifts: &[u32]| Film { shifts: shifts.to_vec(), ..Film::plain() }.index().unwrap().video[0].open_gops;
    assert!(!open(&[8, 200]));
    assert!(open(&[4, 200, 1, 400, 3, 100]));
    assert!(!open(&[1, 400, 7, 100]), "nothing is missing before the film's first keyframe");
}

#[test]
fn the_index_may_come_first_or_be_of_a_long_box() {
    let first = [Film::plain().moov(), write(b"mdat", &[&[0; 500]])].concat();
    assert_eq!(index(IndexKind::Mp4, &first), Film::plain().index());
    let mdat = [&1u32.to_be_bytes()[..], b"mdat", &516u64.to_be_bytes(), &[0; 500]].concat();
    let mut endless = Film::plain().moov();
    endless[..4].fill(0);
    assert_eq!(index(IndexKind::Mp4, &[mdat, endless].concat()), Film::plain().index());
}

#[test]
fn without_a_list_of_them_all_samples_are_keyframes() {
    let film = Film { syncs: None, ..Film::plain() };
    assert_eq!(film.times().unwrap().len(), 8);
    assert_eq!(Film { syncs: Some(vec![]), ..Film::plain() }.index(), Err(NoIndex::Absent));
}

#[test]
fn an_edit_chooses_the_first_frame_and_delays() {
    let edited = |edits: &[(u32, i32)]| Film { edits: edits.to_vec(), ..Film::plain() }.times();
    assert_eq!(edited(&[(80, 200)]), Ok(vec![0.0, 0.4]));
    // The film's own unit is a hundredth.
    assert_eq!(edited(&[(50, -1), (25, -1), (80, 200)]), Ok(vec![0.75, 1.15]));
    // From before the first frame on: ffmpeg begins with that frame.
    assert_eq!(edited(&[(100, 0)]), Ok(vec![0.0, 0.4]));
    assert_eq!(edited(&[(80, 600)]), Ok(vec![0.0]));
    // Up to before the second keyframe.
    assert_eq!(edited(&[(40, 200)]), Ok(vec![0.0]));
}

#[test]
fn leading_frames_may_begin_the_edit() {
    // The second and third frame are shown before the first.
    let film = Film { shifts: vec![1, 200, 2, 0, 5, 200], edits: vec![(100, 0)], ..Film::plain() };
    assert_eq!(film.times(), Ok(vec![0.1, 0.5]));
    let film = Film { shifts: vec![1, 0, 7, (-100i32).cast_unsigned()], ..Film::plain() };
    assert_eq!(film.times(), Ok(vec![0.0, 0.3]));
}

#[test]
fn other_edits_are_not_understood() {
    let edited = |edits: &[(u32, i32)]| Film { edits: edits.to_vec(), ..Film::plain() }.times();
    // From between two keyframes on, twice, of no length, only delay, backwards.
    for edits in [&[(80, 300)][..], &[(40, 200), (40, 600)], &[(0, 200)], &[(10, -1)], &[(10, -2)], &[(10, 2), (1, -1)]]
    {
        assert_eq!(edited(edits), Err(NoIndex::Edits), "{edits:?}");
    }
    assert!(edited(&[]).is_ok());
}

#[test]
fn covers_have_a_place_where_ffmpeg_comes_upon_them() {
    let data = write(b"data", &[&13u32.to_be_bytes(), &[0; 4], b"jpeg"]);
    let ilst = write(b"ilst", &[&write(b"covr", &[&data, &data])]);
    let meta = write(b"meta", &[&[0; 4], &write(b"hdlr", &[&[0; 25]]), &ilst]);
    let film = Film { more: write(b"udta", &[&meta]), ..Film::plain() };
    let index = film.index().unwrap();
    assert_eq!(index.video.iter().map(|track| track.keyframes.len()).collect::<Vec<_>>(), [0, 0, 2]);
}

#[test]
fn films_without_a_usable_index() {
    let whole = Film::plain().bytes();
    assert_eq!(index(IndexKind::Mp4, &whole[..whole.len() - 1]), Err(NoIndex::Cut));
    assert_eq!(index(IndexKind::Mp4, &whole[..30_000]), Err(NoIndex::Cut));
    // The index is there, and half of the last chunk.
    let moov = Film::plain().moov();
    assert!(moov.len() > 333);
    assert_eq!(look(IndexKind::Mp4, &moov, Some(moov.len() as u64)).0, Film::plain().index());
    let mut far = Film::plain().bytes();
    let at = far.windows(4).position(|w| w == b"stco").unwrap() + 4;
    let near_end = u32::try_from(far.len() - 32).unwrap();
    far[at + 16..at + 20].copy_from_slice(&near_end.to_be_bytes());
    assert_eq!(index(IndexKind::Mp4, &far), Err(NoIndex::Cut));
    let fragmented = Film { more: write(b"mvex", &[]), ..Film::plain() };
    assert_eq!(fragmented.index(), Err(NoIndex::Fragmented));
    assert_eq!(index(IndexKind::Mp4, &[write(b"styp", &[]), write(b"moof", &[])].concat()), Err(NoIndex::Fragmented));
    assert_eq!(index(IndexKind::Mp4, &write(b"ftyp", &[b"isom"])), Err(NoIndex::Absent));
    assert_eq!(index(IndexKind::Mp4, b"<!doctype html><html>"), Err(NoIndex::Cut));
    assert_eq!(index(IndexKind::Mp4, b""), Err(NoIndex::Cut));
}

#[test]
fn promises_of_many_samples_cost_nothing() {
    // Four thousand million frames of one size, in one chunk, all of them keyframes.
    let plain = Film { syncs: None, ..Film::plain() };
    let many = |count: u32| {
        let mut bytes = plain.bytes();
        let at = bytes.windows(4).position(|w| w == b"stsz").unwrap() + 4;
        bytes[at + 4..at + 8].copy_from_slice(&1u32.to_be_bytes());
        bytes[at + 8..at + 12].copy_from_slice(&count.to_be_bytes());
        let at = bytes.windows(4).position(|w| w == b"stsc").unwrap() + 4;
        bytes[at + 12..at + 16].copy_from_slice(&u32::MAX.to_be_bytes());
        let at = bytes.windows(4).position(|w| w == b"ctts").unwrap() + 4;
        bytes[at + 8..at + 12].copy_from_slice(&u32::MAX.to_be_bytes());
        look(IndexKind::Mp4, &bytes, None).0
    };
    assert_eq!(many(u32::MAX), Err(NoIndex::TooLarge));
    assert_eq!(many(9_000_000), Err(NoIndex::TooLarge));
    assert_eq!(many(100_000).unwrap().video[0].keyframes.len(), 100_000);
}

proptest! {
    #[test]
    fn garbage_never_panics(
        bytes in proptest::collection::vec(any::<u8>(), 0..500),
        known in any::<bool>(),
        small in any::<bool>(),
    ) {
        let bytes: Vec<u8> = if small { bytes.iter().map(|b| b % 4).collect() } else { bytes };
        let _ = look(IndexKind::Mp4, &bytes, known.then_some(bytes.len() as u64));
        let inside = write(b"moov", &[&bytes]);
        let _ = look(IndexKind::Mp4, &inside, known.then_some(inside.len() as u64));
    }

    #[test]
    fn broken_films_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        known in any::<bool>(),
    ) {
        let film = Film { edits: vec![(20, -1), (80, 200)], ..Film::plain() };
        let mut bytes = [film.moov(), write(b"mdat", &[&[0; 400]])].concat();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(index) = look(IndexKind::Mp4, &bytes, known.then_some(bytes.len() as u64)).0 {
            for track in index.video {
                prop_assert!(track.keyframes.windows(2).all(|pair| pair[0].time_s <= pair[1].time_s));
            }
        }
    }
}
