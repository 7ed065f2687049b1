use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::LazyLock,
};

use protocol::{AudioMode, DynamicRange, FrameRate, Quality, Reach, SubtitleKind};

use super::*;
use crate::{
    head::{Deinterlace, NOT_AS_INDEXED, Order},
    keyframes::{Keyframe, NoIndex, VideoIndex},
};

fn media() -> Media {
    let video = VideoTrack {
        track: TrackId::video(0),
        codec: "h264".into(),
        profile: None,
        level: None,
        bit_depth: Some(8),
        pixel_format: None,
        width: 1920,
        height: 1080,
        turned: false,
        sample_aspect: (1, 1),
        frame_rate: Some(FrameRate { num: 24_000, den: 1001 }),
        interlaced: false,
        range: DynamicRange::Standard,
        cover: false,
        language: None,
        title: None,
        default: true,
        forced: false,
    };
    let audio = |order, language: &str| AudioTrack {
        track: TrackId::audio(order),
        codec: "aac".into(),
        profile: Some("LC".into()),
        channels: 6,
        channel_layout: Some("5.1".into()),
        sample_rate: 48_000,
        bit_depth: None,
        language: Some(language.into()),
        title: None,
        default: order == 0,
        forced: false,
    };
    let subtitles = SubtitleTrack {
        track: TrackId::subtitles(0),
        codec: "ass".into(),
        kind: SubtitleKind::Styled,
        language: Some("eng".into()),
        title: None,
        default: true,
        forced: false,
        hearing_impaired: false,
    };
    Media {
        title: "film".into(),
        size: None,
        duration_s: 60.0,
        container: "Matroska".into(),
        video: vec![video],
        audio: vec![audio(0, "eng"), audio(1, "jpn")],
        subtitles: vec![subtitles],
        chapters: vec![],
        attachments: vec![],
        reach: Reach::Anywhere,
        warnings: vec![],
        files: vec![],
    }
}

/// A film whose video cannot be copied, and sound neither.
fn film(media: &Media) -> Film<'_> {
    static NOTHING: LazyLock<Copies> = LazyLock::new(Copies::default);
    with(media, &NOTHING)
}

fn with<'a>(media: &'a Media, copies: &'a Copies) -> Film<'a> {
    static NO_FAULTS: LazyLock<HashMap<RenditionId, &str>> = LazyLock::new(HashMap::new);
    Film {
        media,
        zero_s: 0.026,
        pictures_s: &[(0.0, 60.0)],
        duration_s: 60.0,
        hardware: None,
        copies,
        faults: &NO_FAULTS,
    }
}

const TIMES: Times = Times { zero_s: 0.026, duration_s: 60.0, ends_s: 60.0 };

/// High profile, level 4.1; HEVC Main 10, level 5; AV1 of ten bits.
const AVC: &[u8] = &[1, 0x64, 0, 0x29];
const HEVC: &[u8] = &[1, 0x02, 0x20, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 150];
const AV1: &[u8] = &[0x81, 0x08, 0x4c, 0];

/// Keyframes every `gap_s`, with 1 MB a second between them.
fn index(gap_s: f64, config: &'static [u8]) -> VideoIndex {
    let count = (60.0 / gap_s).ceil() as u32;
    let keyframes = (0..count).map(|n| {
        let time_s = f64::from(n) * gap_s;
        Keyframe { time_s: time_s + 0.026, offset: (time_s * 1e6) as u64 }
    });
    let config = Some(bytes::Bytes::from_static(config));
    VideoIndex { keyframes: keyframes.collect(), config, frames: None, tick_s: 0.001, open_gops: false }
}

/// What can be copied of the film with this index, where AAC frames are as they should be.
fn copies(media: &Media, index: Result<&VideoIndex, &NoIndex>) -> Copies {
    let video = |track| VideoCopy::of(track, &media.container, media.reach, index, Some(60_000_000), TIMES);
    let audio = |track: &AudioTrack| (track.track, AudioCopy::of(track, Some((0.026, 0.021)), false, TIMES));
    Copies {
        video: media.video.iter().map(video).collect(),
        audio: media.audio.iter().map(audio).collect(),
        frames: BTreeMap::new(),
    }
}

const CHROMIUM: &str = "avc1.640034,av01.0.13M.10,vp09.02.51.10,mp4a.40.2,opus,flac,mp3";
const SAFARI: &str = "avc1.640034,hvc1.2.4.L153.b0,mp4a.40.2,ac-3,ec-3,flac,mp3";

fn id(text: &str) -> RenditionId {
    text.parse().unwrap()
}

#[test]
fn without_a_query_the_default_subtitles_are_drawn_in() {
    let media = media();
    let plan = plan(film(&media), &MasterQuery::default(), &[]).unwrap();
    assert_eq!(plan.video, Some(id("v0-encode-s0")));
    assert_eq!(plan.audio, Some(id("a0-aac")));
    assert_eq!(plan.master.audio.iter().map(|audio| audio.default).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_query_chooses_tracks() {
    let media = media();
    let query = MasterQuery { audio: Some(TrackId::audio(1)), burn: Some("none".into()), ..MasterQuery::default() };
    let plan = plan(film(&media), &query, &[]).unwrap();
    assert_eq!(plan.video, Some(id("v0-encode-none")));
    assert_eq!(plan.audio, Some(id("a1-aac")));
}

#[test]
fn tracks_that_are_not_there_are_not_found() {
    let media = media();
    for query in [
        MasterQuery { audio: Some(TrackId::audio(7)), ..MasterQuery::default() },
        MasterQuery { burn: Some("s9".into()), ..MasterQuery::default() },
    ] {
        assert_eq!(plan(film(&media), &query, &[]).unwrap_err().kind, ErrorKind::NotFound);
    }
    for rendition in ["v1-encode-none", "v0-encode-s1", "a2-aac", "v0-copy", "a0-copy", "v1-copy"] {
        assert_eq!(spec(film(&media), id(rendition)).unwrap_err().kind, ErrorKind::NotFound);
    }
    let query = MasterQuery { burn: Some("../x".into()), ..MasterQuery::default() };
    assert_eq!(plan(film(&media), &query, &[]).unwrap_err().kind, ErrorKind::InvalidRequest);
}

#[test]
fn a_cover_is_not_the_film() {
    let mut media = media();
    media.video[0].cover = true;
    let plan = plan(film(&media), &MasterQuery::default(), &[]).unwrap();
    assert_eq!(plan.video, None);
    media.audio.clear();
    let error = super::plan(film(&media), &MasterQuery::default(), &[]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unplayable);
}

#[test]
fn the_announced_codec_is_the_one_that_is_ordered() {
    let media = media();
    let plan = plan(film(&media), &MasterQuery::default(), &[]).unwrap();
    let Order::Video(order) = spec(film(&media), plan.video.unwrap()).unwrap().order else { panic!("not video") };
    assert!(plan.master.video.unwrap().codec.ends_with(&format!("{:02X}", order.encoder.level)));
    assert_eq!(order.scale, None);
}

#[test]
fn large_and_anamorphic_pictures_are_scaled() {
    let mut media = media();
    (media.video[0].width, media.video[0].height) = (3840, 2160);
    let Order::Video(order) = spec(film(&media), id("v0-encode-none")).unwrap().order else { panic!("not video") };
    assert_eq!(order.scale, Some((1920, 1080)));
}

/// Codec, bits, configuration record, what the browser decodes; the rendition, and why it is not a copy.
type Case = (&'static str, u8, &'static [u8], &'static str, &'static str, Option<&'static str>);

/// The plan by codec and browser, and the words for what is not copied.
#[test]
fn the_least_work_that_plays() {
    let cases: [Case; 9] = [
        ("h264", 8, AVC, CHROMIUM, "v0-copy", None),
        ("h264", 8, AVC, "", "v0-encode-s0", Some("H.264: this browser cannot decode it")),
        ("h264", 8, &[1, 110, 0, 41], CHROMIUM, "v0-encode-s0", Some("H.264: this browser cannot decode it")),
        ("hevc", 10, HEVC, CHROMIUM, "v0-encode-s0", Some("HEVC 10-bit: this browser cannot decode it")),
        ("hevc", 10, HEVC, SAFARI, "v0-copy", None),
        ("av1", 10, AV1, CHROMIUM, "v0-copy", None),
        ("av1", 10, AV1, SAFARI, "v0-encode-s0", Some("AV1 10-bit: this browser cannot decode it")),
        ("mpeg2video", 8, &[], CHROMIUM, "v0-encode-s0", Some("no browser decodes MPEG-2")),
        (
            "h264",
            8,
            &[],
            CHROMIUM,
            "v0-encode-s0",
            Some("H.264 of a kind that no browser decodes, or without its decoder's configuration"),
        ),
    ];
    for (codec, bits, config, caps, rendition, why) in cases {
        let mut media = media();
        (media.video[0].codec, media.video[0].bit_depth) = (codec.into(), Some(bits));
        let copies = copies(&media, Ok(&index(2.0, config)));
        let query = MasterQuery { caps: Some(caps.into()), ..MasterQuery::default() };
        let plan = plan(with(&media, &copies), &query, &[]).unwrap();
        let view = plan.view.video.unwrap();
        assert_eq!((plan.video, view.why.as_deref()), (Some(id(rendition)), why), "{codec} {bits} for {caps}");
    }
}

#[test]
fn a_large_picture_that_is_encoded_has_one_name() {
    let mut media = media();
    (media.video[0].width, media.video[0].height) = (3840, 2160);
    let copies = copies(&media, Ok(&index(2.0, HEVC)));
    for quality in [None, Some(Quality::Original), Some(Quality::P1080)] {
        let query = MasterQuery { caps: Some(CHROMIUM.into()), quality, ..MasterQuery::default() };
        let plan = plan(with(&media, &copies), &query, &[]).unwrap();
        assert_eq!(plan.video, Some(id("v0-encode-s0-1080")), "{quality:?}");
        assert_eq!(plan.view.video.unwrap().height, 1080);
    }
}

#[test]
fn a_picture_that_begins_late_is_encoded() {
    let media = media();
    let mut late = index(2.0, AVC);
    late.keyframes.remove(0);
    let copies = copies(&media, Ok(&late));
    assert_eq!(copies.video[0], Err("its first keyframe comes 2.0 s after the film's beginning".into()));
}

/// The same H.264 film, by its index and its server.
#[test]
fn an_index_decides_about_copying() {
    let cases: [(Result<VideoIndex, NoIndex>, Option<&str>); 6] = [
        (Ok(index(0.5, AVC)), None),
        (Ok(index(7.5, AVC)), None),
        (Ok(index(10.0, AVC)), Some("its keyframes are 10 s apart, and each seek would wait for as much")),
        (Ok(index(15.0, AVC)), Some("its keyframes are up to 15 s apart")),
        (Err(NoIndex::Absent), Some("Matroska without a usable index of keyframes (it has none)")),
        (
            Ok(VideoIndex { keyframes: vec![Keyframe { time_s: 0.026, offset: 0 }], ..index(1.0, AVC) }),
            Some("its keyframes are up to 60 s apart"),
        ),
    ];
    for (index, why) in cases {
        let media = media();
        let copies = copies(&media, index.as_ref());
        assert_eq!(copies.video[0].as_ref().err().map(String::as_str), why);
    }
    let mut media = media();
    media.reach = Reach::AsRead;
    let copies = copies(&media, Ok(&index(2.0, AVC)));
    assert_eq!(copies.video[0].as_ref().unwrap_err(), "the film's server cannot seek");
}

#[test]
fn a_viewer_s_choice_may_need_encoding() {
    let media = media();
    let copies = copies(&media, Ok(&index(2.0, AVC)));
    let plan = |query| plan(with(&media, &copies), &query, &[]).unwrap();
    let base = MasterQuery { caps: Some(CHROMIUM.into()), ..MasterQuery::default() };
    for (query, rendition, why) in [
        (base.clone(), "v0-copy", None),
        (MasterQuery { burn: Some("none".into()), ..base.clone() }, "v0-copy", None),
        (
            MasterQuery { burn: Some("s0".into()), ..base.clone() },
            "v0-encode-s0",
            Some("the subtitles are drawn into the picture"),
        ),
        (
            MasterQuery { quality: Some(Quality::P720), ..base.clone() },
            "v0-encode-s0-720",
            Some("a smaller picture was chosen"),
        ),
        (MasterQuery { quality: Some(Quality::P1080), ..base.clone() }, "v0-copy", None),
        (
            MasterQuery { video: Some(VideoMode::Encode), burn: Some("none".into()), ..base.clone() },
            "v0-encode-none",
            Some("the player could not decode the original"),
        ),
    ] {
        let plan = plan(query.clone());
        let view = plan.view.video.unwrap();
        assert_eq!((plan.video, view.why.as_deref()), (Some(id(rendition)), why), "{query:?}");
    }
    assert_eq!(plan(base).view.qualities, [Quality::P720, Quality::P480]);
}

#[test]
fn a_copy_that_failed_is_not_planned_again() {
    let media = media();
    let copies = copies(&media, Ok(&index(2.0, AVC)));
    let faults = HashMap::from([(id("v0-copy"), NOT_AS_INDEXED), (id("a0-copy"), "it failed")]);
    let film = Film { faults: &faults, ..with(&media, &copies) };
    let plan = plan(film, &MasterQuery::default(), &[]).unwrap();
    assert_eq!((plan.video, plan.audio), (Some(id("v0-encode-s0")), Some(id("a0-aac"))));
    assert!(plan.view.video.unwrap().why.unwrap().contains("index"));
}

#[test]
fn sound_is_copied_in_one_codec() {
    let cases: [(&[&str], &str, &[&str]); 6] = [
        (&["aac", "aac"], CHROMIUM, &["a0-copy", "a1-copy"]),
        // A browser that says what it can is given all channels.
        (&["aac", "ac3"], CHROMIUM, &["a0-copy", "a1-aac6"]),
        (&["ac3", "ac3"], SAFARI, &["a0-copy", "a1-copy"]),
        (&["ac3", "eac3"], SAFARI, &["a0-aac6", "a1-aac6"]),
        (&["ac3", "aac"], SAFARI, &["a0-aac6", "a1-copy"]),
        (&["dts", "truehd"], CHROMIUM, &["a0-aac6", "a1-aac6"]),
    ];
    for (codecs, caps, renditions) in cases {
        let mut media = media();
        for (track, codec) in media.audio.iter_mut().zip(codecs) {
            track.codec = (*codec).into();
        }
        let frame_s = |codec: &str| if codec == "aac" { 0.021 } else { 0.032 };
        let copy = |track: &AudioTrack| {
            (track.track, AudioCopy::of(track, Some((0.026, frame_s(&track.codec))), false, TIMES))
        };
        let copies = Copies { audio: media.audio.iter().map(copy).collect(), ..Copies::default() };
        let query = MasterQuery { caps: Some(caps.into()), ..MasterQuery::default() };
        let plan = plan(with(&media, &copies), &query, &[]).unwrap();
        let names: Vec<_> = plan.master.audio.iter().map(|audio| audio.rendition.to_string()).collect();
        assert_eq!(names, renditions, "{codecs:?} for {caps}");
        let codecs: HashSet<_> = plan.master.audio.iter().map(|audio| audio.codec).collect();
        assert_eq!(codecs.len(), 1, "one group has one codec");
        for (plan, name) in plan.view.audio.iter().zip(&names) {
            assert_eq!(plan.mode == AudioMode::Copy, name.ends_with("copy"));
            assert_eq!(plan.why.is_none(), plan.mode == AudioMode::Copy);
        }
    }
}

#[test]
fn sound_with_silence_to_be_made_is_encoded() {
    let media = media();
    let of = |frames, times| AudioCopy::of(&media.audio[0], frames, false, times);
    assert!(of(Some((0.026, 0.0213)), TIMES).is_ok());
    assert!(of(Some((1.5, 0.0213)), TIMES).unwrap_err().contains("after the film"));
    assert!(of(Some((0.026, 0.0213)), Times { ends_s: 40.0, ..TIMES }).unwrap_err().contains("before the film"));
    assert!(of(None, TIMES).is_err() && of(Some((0.026, 0.04)), TIMES).is_err());
}

#[test]
fn copied_sound_lies_on_its_own_grid() {
    let media = media();
    let phase = |first_s| AudioCopy::of(&media.audio[0], Some((first_s, 0.0213)), false, TIMES).unwrap().order.phase;
    assert_eq!(phase(0.026), 0);
    assert_eq!(phase(0.031), 240);
    // An encoder's priming, before the film begins, is left out as whole frames.
    assert_eq!(phase(0.005), 16);
}

#[test]
fn a_copied_film_is_cut_at_keyframes_of_two_seconds_or_more() {
    let media = media();
    let copies = copies(&media, Ok(&index(0.75, AVC)));
    let spec = spec(with(&media, &copies), id("v0-copy")).unwrap();
    assert!((spec.table.start_s(1) - 2.25).abs() < 1e-6 && (spec.table.total_s() - 60.0).abs() < 1e-6);
    let Order::VideoCopy(order) = spec.order else { panic!("not copied") };
    assert_eq!((order.first_ticks, order.zero_ticks, order.gaps[1]), (0, 2340, 67_500));
}

#[test]
fn what_a_picture_needs_besides_encoding_is_ordered_and_its_cost_told() {
    let order = |media: &Media| {
        let query = MasterQuery { video: Some(VideoMode::Encode), ..MasterQuery::default() };
        let plan = plan(film(media), &query, &[]).unwrap();
        let Order::Video(order) = spec(film(media), plan.video.unwrap()).unwrap().order else { panic!("no picture") };
        (order, plan.view.video.unwrap().why.unwrap())
    };
    let mut media = media();
    let (plain, why) = order(&media);
    assert_eq!((plain.deinterlace, plain.range), (Deinterlace::None, DynamicRange::Standard));
    assert!(!why.contains("mapped"), "{why}");
    media.video[0].range = DynamicRange::Hdr10;
    media.video[0].interlaced = true;
    let (order_told, why) = order(&media);
    assert_eq!((order_told.deinterlace, order_told.range), (Deinterlace::Told, DynamicRange::Hdr10));
    assert!(why.contains("HDR10 colours are mapped") && why.contains("as much work again"), "{why}");
    media.video[0].turned = true;
    media.video[0].sample_aspect = (3, 4);
    assert_eq!(order(&media).0.scale, Some((1080, 1440)), "as it is stored");
    media.video[0].range = DynamicRange::Hlg;
    media.video[0].codec = "dvvideo".into();
    media.video[0].interlaced = false;
    assert_eq!(order(&media).0.deinterlace, Deinterlace::Told, "only its frames tell");
    media.video[0].codec = "mjpeg".into();
    assert_eq!(order(&media).0.deinterlace, Deinterlace::None);
    media.video[0].interlaced = true;
    let (order_told, why) = order(&media);
    assert_eq!(order_told.deinterlace, Deinterlace::All);
    assert!(why.contains("HLG colours"), "{why}");
}
