use protocol::{Reach, SubtitleKind};

use super::*;

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
        sample_aspect: (1, 1),
        frame_rate: Some(FrameRate { num: 24_000, den: 1001 }),
        interlaced: false,
        cover: false,
        language: None,
        title: None,
        default: true,
        forced: false,
    };
    let audio = |order, language: &str| AudioTrack {
        track: TrackId::audio(order),
        codec: "aac".into(),
        profile: None,
        channels: 6,
        channel_layout: None,
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
    }
}

const fn film(media: &Media) -> Film<'_> {
    Film { media, zero_s: 0.026, pictures_s: &[(0.0, 60.0)], duration_s: 60.0, preset: "superfast" }
}

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
    for rendition in ["v1-encode-none", "v0-encode-s1", "a2-aac"] {
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
