use proptest::prelude::*;

use super::*;
use crate::{Reach, SubtitleKind, VideoTrack};

/// A track as the cases write it: the language or `-`, then flags: `d`efault, `f`orced, `c`over.
fn flags(text: &str) -> (Option<String>, bool, bool, bool) {
    let (language, flags) = text.split_once(' ').unwrap_or((text, ""));
    let has = |flag| flags.contains(flag);
    ((language != "-").then(|| language.to_owned()), has('d'), has('f'), has('c'))
}

fn film(video: &[&str], audio: &[&str], subtitles: &[&str]) -> Media {
    let video = (0..).zip(video).map(|(order, text)| {
        let (language, default, forced, cover) = flags(text);
        VideoTrack {
            track: TrackId::video(order),
            codec: "h264".to_owned(),
            profile: None,
            level: None,
            bit_depth: None,
            pixel_format: None,
            width: 1920,
            height: 1080,
            turned: false,
            sample_aspect: (1, 1),
            frame_rate: None,
            interlaced: false,
            range: crate::DynamicRange::Standard,
            cover,
            language,
            title: None,
            default,
            forced,
        }
    });
    let audio = (0..).zip(audio).map(|(order, text)| {
        let (language, default, forced, _) = flags(text);
        AudioTrack {
            track: TrackId::audio(order),
            codec: "aac".to_owned(),
            profile: None,
            channels: 2,
            channel_layout: None,
            sample_rate: 48_000,
            bit_depth: None,
            language,
            title: None,
            default,
            forced,
        }
    });
    let subtitles = (0..).zip(subtitles).map(|(order, text)| {
        let (language, default, forced, _) = flags(text);
        SubtitleTrack {
            track: TrackId::subtitles(order),
            codec: "ass".to_owned(),
            kind: SubtitleKind::Styled,
            language,
            title: None,
            default,
            forced,
            hearing_impaired: false,
        }
    });
    Media {
        title: "film".to_owned(),
        size: None,
        duration_s: 60.0,
        container: "Matroska".to_owned(),
        video: video.collect(),
        audio: audio.collect(),
        subtitles: subtitles.collect(),
        chapters: Vec::new(),
        attachments: Vec::new(),
        reach: Reach::Anywhere,
        warnings: Vec::new(),
        files: Vec::new(),
    }
}

fn chosen(media: &Media, languages: &[&str]) -> Choice {
    choose(media, &languages.iter().map(|&language| language.to_owned()).collect::<Vec<_>>())
}

/// The cases without regions, names or spellings of its own were run with mpv 0.35.1, too.
#[test]
fn audio_as_mpv_chooses() {
    for (tracks, languages, expected) in [
        (&["jpn", "eng"][..], &[][..], Some(0)),
        (&["jpn", "eng d"], &[], Some(1)),
        (&["jpn d", "eng"], &["en"], Some(1)),
        (&["jpn d", "eng"], &["de", "en"], Some(1)),
        (&["eng", "ger"], &["de", "en"], Some(1)),
        (&["eng", "ger"], &["en", "de"], Some(0)),
        (&["jpn d", "eng"], &["fr"], Some(0)),
        // The default flag decides within a language, the forced flag before it.
        (&["eng", "eng d"], &["en"], Some(1)),
        (&["eng d", "eng f"], &["en"], Some(1)),
        (&["jpn d", "eng f"], &[], Some(1)),
        (&["jpn f", "eng"], &["en"], Some(1)),
        // Spellings and regions.
        (&["eng d", "deu"], &["de-AT", "en-GB"], Some(1)),
        (&["eng d", "ger"], &["de-AT", "en-GB"], Some(1)),
        (&["pt-PT", "pt-BR"], &["pt-BR"], Some(1)),
        (&["pt-PT", "por"], &["pt-BR"], Some(1)),
        (&["eng", "pt-PT"], &["pt-BR", "en"], Some(1)),
        (&["est", "spa"], &["es"], Some(1)),
        (&["und d", "-", "fra"], &["und", "", "fr"], Some(2)),
        (&[], &["en"], None),
    ] {
        let choice = chosen(&film(&["- d"], tracks, &[]), languages);
        assert_eq!(choice.audio, expected.map(TrackId::audio), "{tracks:?} for {languages:?}");
        assert_eq!((choice.video, choice.subtitles), (Some(TrackId::video(0)), None));
    }
}

/// Likewise.
#[test]
fn subtitles_as_mpv_chooses() {
    for (audio, tracks, languages, expected) in [
        ("jpn", &["eng"][..], &[][..], None),
        ("jpn", &["eng d"], &[], Some(0)),
        ("jpn", &["eng f"], &[], Some(0)),
        ("jpn", &["eng", "ger d"], &[], Some(1)),
        ("jpn", &["eng", "ger"], &["de"], Some(1)),
        ("jpn", &["eng d", "ger"], &["de"], Some(1)),
        ("jpn", &["eng d", "ger"], &["fr"], Some(0)),
        ("jpn", &["eng", "ger"], &["fr"], None),
        ("jpn", &["ger", "eng"], &["en", "de"], Some(1)),
        // A full track goes before a forced one, also when the forced one is the default.
        ("jpn", &["eng f", "eng"], &["en"], Some(1)),
        ("jpn", &["eng df", "eng"], &["en"], Some(1)),
        ("jpn", &["eng f"], &["en"], Some(0)),
        // The first track is a plain one, and no other is asked.
        ("jpn", &["eng f", "ger"], &[], None),
        ("jpn", &["eng df", "ger"], &["fr"], None),
        // The audio's language does not matter.
        ("eng", &["eng"], &["en"], Some(0)),
        ("eng", &["eng", "eng f"], &["en"], Some(0)),
        // Spellings and regions.
        ("jpn", &["eng d", "fre"], &["fr-CA"], Some(1)),
        ("jpn", &["chi", "zh-Hant"], &["zh-Hant-TW"], Some(0)),
        ("jpn", &["zh-Hans", "zh-Hant"], &["zh-Hant"], Some(1)),
        ("jpn", &["und", "-"], &["en"], None),
        ("jpn", &[], &["en"], None),
    ] {
        let choice = chosen(&film(&["-"], &[audio], tracks), languages);
        assert_eq!(choice.subtitles, expected.map(TrackId::subtitles), "{tracks:?} for {languages:?}");
    }
}

#[test]
fn a_picture_that_nobody_knows_is_the_last_to_be_chosen() {
    let mut film = film(&["- d", "-"], &["eng"], &[]);
    film.video[0].codec = crate::UNKNOWN_CODEC.into();
    assert_eq!(chosen(&film, &[]).video, Some(TrackId::video(1)));
    film.video[1].codec = crate::UNKNOWN_CODEC.into();
    assert_eq!(chosen(&film, &[]).video, Some(TrackId::video(0)));
}

#[test]
fn a_cover_is_not_the_film() {
    for (tracks, expected) in [
        (&["- dc", "-"][..], Some(1)),
        (&["-", "- d"], Some(1)),
        (&["-", "-"], Some(0)),
        (&["- d", "- f"], Some(1)),
        (&["- c"], None),
        (&[], None),
    ] {
        assert_eq!(chosen(&film(tracks, &["eng"], &[]), &[]).video, expected.map(TrackId::video), "{tracks:?}");
    }
}

#[test]
fn tags_for_browsers() {
    let media = film(&[], &["ger", "und", "-", "nob"], &["pt-BR"]);
    let tags: Vec<_> = media.audio.iter().map(AudioTrack::language_tag).collect();
    assert_eq!(tags, [Some("de".to_owned()), None, None, Some("nb".to_owned())]);
    assert_eq!(media.subtitles[0].language_tag().as_deref(), Some("pt-br"));
}

proptest! {
    #[test]
    fn any_text_is_borne(
        tracks in proptest::collection::vec("\\PC{0,12}", 1..6), languages in proptest::collection::vec("\\PC{0,12}", 0..6),
    ) {
        let tracks: Vec<&str> = tracks.iter().map(String::as_str).collect();
        let choice = choose(&film(&[], &tracks, &tracks), &languages);
        prop_assert!(choice.audio.is_some_and(|track| usize::from(track.order) < tracks.len()));
    }

    #[test]
    fn a_preferred_language_is_played_when_it_is_there(
        tracks in proptest::collection::vec(proptest::sample::select(vec!["eng", "ger", "jpn", "fre d", "- df"]), 1..6),
        wanted in proptest::sample::select(vec![("en-GB", "eng"), ("de", "ger"), ("ja-JP", "jpn")]),
    ) {
        let media = film(&[], &tracks, &tracks);
        let choice = chosen(&media, &[wanted.0]);
        if tracks.contains(&wanted.1) {
            let audio = choice.audio.map(|track| tracks[usize::from(track.order)]);
            let subtitles = choice.subtitles.map(|track| tracks[usize::from(track.order)]);
            prop_assert_eq!((audio, subtitles), (Some(wanted.1), Some(wanted.1)));
        }
    }
}
