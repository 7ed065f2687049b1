use super::*;
use proptest::prelude::*;
use protocol::{Channels, EncodedBy, Quality, TrackId};

fn video() -> VideoRendition {
    VideoRendition {
        rendition: RenditionId::EncodedVideo {
            video: TrackId::video(0),
            burn: Some(TrackId::subtitles(1)),
            quality: Quality::Original,
            by: EncodedBy::Processor,
        },
        codec: "avc1.640029".to_owned(),
        width: 1920,
        height: 1080,
        frame_rate: FrameRate { num: 24_000, den: 1001 },
        bandwidth: 8_000_000,
    }
}

fn audio(order: u16, name: &str, language: Option<&str>, default: bool) -> AudioRendition {
    AudioRendition {
        rendition: RenditionId::EncodedAudio { audio: TrackId::audio(order), channels: Channels::Stereo },
        codec: "mp4a.40.2",
        name: name.to_owned(),
        language: language.map(str::to_owned),
        default,
        channels: 2,
        bandwidth: 160_000,
    }
}

fn parsed(text: &str) -> MasterPlaylist {
    let playlist = m3u8_rs::parse_master_playlist_res(text.as_bytes()).unwrap();
    assert_eq!(playlist.unknown_tags, [], "{text}");
    playlist
}

#[test]
fn reads_as_written() {
    let tracks = vec![audio(0, "English", Some("en"), false), audio(1, "Français", Some("fr"), true)];
    let text = master(&MasterPlan { video: Some(video()), audio: tracks, subtitles: Vec::new() });
    assert_eq!(
        text,
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n\
         #EXT-X-MEDIA:TYPE=AUDIO,URI=\"a0-aac/index.m3u8\",GROUP-ID=\"audio\",LANGUAGE=\"en\",NAME=\"English\",\
         AUTOSELECT=YES,CHANNELS=\"2\"\n\
         #EXT-X-MEDIA:TYPE=AUDIO,URI=\"a1-aac/index.m3u8\",GROUP-ID=\"audio\",LANGUAGE=\"fr\",NAME=\"Français\",\
         DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\"\n\
         #EXT-X-STREAM-INF:BANDWIDTH=8160000,CODECS=\"avc1.640029,mp4a.40.2\",RESOLUTION=1920x1080,\
         FRAME-RATE=23.976,AUDIO=\"audio\"\n\
         v0-encode-s1/index.m3u8\n"
    );
    let playlist = parsed(&text);
    assert_eq!(playlist.variants.len(), 1);
    assert_eq!(playlist.alternatives.len(), 2);
    assert!(playlist.alternatives[1].default && !playlist.alternatives[0].default);
}

#[test]
fn without_audio_there_is_no_group() {
    let text = master(&MasterPlan { video: Some(video()), audio: Vec::new(), subtitles: Vec::new() });
    let playlist = parsed(&text);
    assert!(playlist.alternatives.is_empty());
    assert_eq!(playlist.variants[0].audio, None);
    assert_eq!(playlist.variants[0].codecs.as_deref(), Some("avc1.640029"));
    assert_eq!(playlist.variants[0].bandwidth, 8_000_000);
}

#[test]
fn audio_alone_is_the_stream() {
    let playlist =
        parsed(&master(&MasterPlan { video: None, audio: vec![audio(0, "Album", None, true)], subtitles: Vec::new() }));
    assert!(playlist.alternatives.is_empty());
    let [stream] = playlist.variants.as_slice() else { panic!("{:?}", playlist.variants) };
    assert_eq!((stream.uri.as_str(), stream.audio.as_deref()), ("a0-aac/index.m3u8", None));
    assert_eq!(stream.codecs.as_deref(), Some("mp4a.40.2"));
    assert_eq!((stream.resolution, stream.frame_rate), (None, None));
}

#[test]
fn of_several_audio_tracks_alone_the_default_is_the_stream() {
    let tracks = vec![audio(0, "One", None, false), audio(1, "Two", None, true)];
    let playlist = parsed(&master(&MasterPlan { video: None, audio: tracks, subtitles: Vec::new() }));
    assert_eq!(playlist.variants[0].uri, "a1-aac/index.m3u8");
    assert_eq!(playlist.alternatives[0].uri.as_deref(), Some("a0-aac/index.m3u8"));
    assert_eq!(playlist.alternatives[1].uri, None);
}

fn subtitles(order: u16, name: &str, language: Option<&str>, forced: bool) -> SubtitleRendition {
    let rendition = RenditionId::Subtitles { subtitles: TrackId::subtitles(order) };
    let language = language.map(str::to_owned);
    SubtitleRendition { rendition, name: name.to_owned(), language, forced, hearing_impaired: order == 4 }
}

#[test]
fn subtitles_are_offered_and_none_is_shown_by_itself() {
    let tracks = [
        subtitles(0, "Signs", Some("en"), true),
        subtitles(1, "Full", Some("en"), false),
        subtitles(3, "Full", Some("en"), false),
        subtitles(4, "", None, false),
    ];
    let plan = MasterPlan { video: Some(video()), audio: vec![audio(0, "Full", None, true)], subtitles: tracks.into() };
    let text = master(&plan);
    let lines: Vec<_> = text.lines().filter(|line| line.contains("TYPE=SUBTITLES")).collect();
    assert_eq!(
        lines,
        [
            "#EXT-X-MEDIA:TYPE=SUBTITLES,URI=\"s0-vtt/index.m3u8\",GROUP-ID=\"subtitles\",LANGUAGE=\"en\",\
             NAME=\"Signs\",AUTOSELECT=YES,FORCED=YES",
            "#EXT-X-MEDIA:TYPE=SUBTITLES,URI=\"s1-vtt/index.m3u8\",GROUP-ID=\"subtitles\",LANGUAGE=\"en\",\
             NAME=\"Full\",AUTOSELECT=YES",
            "#EXT-X-MEDIA:TYPE=SUBTITLES,URI=\"s3-vtt/index.m3u8\",GROUP-ID=\"subtitles\",LANGUAGE=\"en\",\
             NAME=\"Full (2)\"",
            "#EXT-X-MEDIA:TYPE=SUBTITLES,URI=\"s4-vtt/index.m3u8\",GROUP-ID=\"subtitles\",NAME=\"Subtitles 4\",\
             CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog,\
             public.accessibility.describes-music-and-sound\"",
        ]
    );
    let playlist = parsed(&text);
    assert_eq!(playlist.variants[0].subtitles.as_deref(), Some("subtitles"));
    assert!(
        playlist.alternatives.iter().all(|track| track.media_type == AlternativeMediaType::Audio || !track.default)
    );
}

#[test]
fn nothing_to_play_is_no_stream() {
    assert!(!master(&MasterPlan { video: None, audio: Vec::new(), subtitles: Vec::new() }).contains("STREAM-INF"));
}

#[test]
fn one_is_the_default_and_languages_are_chosen_once() {
    for (defaults, expected) in [([false; 3], 0), ([true; 3], 0), ([false, true, true], 1)] {
        let tracks = (0..).zip(defaults).map(|(n, d)| audio(n, "", Some(["en", "en", "de"][n as usize]), d));
        let playlist =
            parsed(&master(&MasterPlan { video: Some(video()), audio: tracks.collect(), subtitles: Vec::new() }));
        let chosen: Vec<_> = playlist.alternatives.iter().map(|a| a.default).collect();
        assert_eq!(chosen, [0, 1, 2].map(|n| n == expected), "{defaults:?}");
        let by_language: Vec<_> = playlist.alternatives.iter().map(|a| a.autoselect).collect();
        assert_eq!(by_language, [expected == 0, expected == 1, true], "{defaults:?}");
    }
}

#[test]
fn hostile_names_stay_names() {
    for (name, expected) in [
        ("Director's \"cut\"", "Director's 'cut'"),
        ("a\"\n#EXT-X-ENDLIST\r\nevil.m3u8", "a' #EXT-X-ENDLIST evil.m3u8"),
        ("tab\tnul\0esc\u{1b}del\u{7f}nel\u{85}", "tab nul esc del nel"),
        ("line\u{2028}paragraph\u{2029}", "line paragraph"),
        ("\u{feff}turned \u{202e}round\u{202c}", "turned round"),
        ("日本語 5.1, stéréo=yes", "日本語 5.1, stéréo=yes"),
        (" \n ", "Audio 1"),
        ("\"", "'"),
    ] {
        let plan = MasterPlan { video: Some(video()), audio: vec![audio(0, name, None, true)], subtitles: Vec::new() };
        let text = master(&plan);
        assert_eq!(text.lines().count(), 6, "{text}");
        assert_eq!(parsed(&text).alternatives[0].name, expected);
    }
}

#[test]
fn languages_that_are_none_are_left_out() {
    for (language, written) in [
        ("en", true),
        ("zh-Hant-TW", true),
        ("eng", true),
        ("", false),
        ("e\"n", false),
        ("en\n", false),
        ("42", false),
        ("en-", false),
    ] {
        let plan = MasterPlan {
            video: Some(video()),
            audio: vec![audio(0, "x", Some(language), true)],
            subtitles: Vec::new(),
        };
        assert_eq!(parsed(&master(&plan)).alternatives[0].language.is_some(), written, "{language:?}");
    }
}

#[test]
fn equal_names_are_told_apart() {
    let names = ["English", "English", "English (2)", "English"];
    let tracks = (0..).zip(names).map(|(n, name)| audio(n, name, Some("en"), n == 0)).collect();
    let playlist = parsed(&master(&MasterPlan { video: Some(video()), audio: tracks, subtitles: Vec::new() }));
    let names: Vec<_> = playlist.alternatives.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["English", "English (2)", "English (2) (2)", "English (3)"]);
}

proptest! {
    #[test]
    fn any_names_and_languages_read_back(
        tracks in proptest::collection::vec((any::<String>(), proptest::option::of(any::<String>()), any::<bool>()), 1..8),
    ) {
        let count = tracks.len();
        let tracks = (0..).zip(&tracks).map(|(n, (name, language, d))| audio(n, name, language.as_deref(), *d));
        let text = master(&MasterPlan { video: Some(video()), audio: tracks.collect(), subtitles: Vec::new() });
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        prop_assert_eq!(text.lines().count(), count + 5);
        let playlist = parsed(&text);
        prop_assert_eq!(playlist.variants.len(), 1);
        prop_assert_eq!(playlist.alternatives.iter().filter(|a| a.default).count(), 1);
        let names: HashSet<_> = playlist.alternatives.iter().map(|a| a.name.clone()).collect();
        prop_assert_eq!(names.len(), count);
    }
}
