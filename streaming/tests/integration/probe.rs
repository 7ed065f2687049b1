//! What the probe finds in real files, made by ffmpeg and mkvmerge and read over HTTP.

mod lab;
mod refused;

use std::time::Duration;

use lab::Lab;
use protocol::{Error, ErrorKind, FrameRate, Reach, SubtitleKind, TrackId};
use streaming::{
    probe::{Probed, Subject, probe},
    tools::{Missing, Tools},
};

/// Four seconds of picture and sound.
const FILM: &str = "-f lavfi -i testsrc=size=160x90:rate=24000/1001:duration=4 \
    -f lavfi -i sine=frequency=440:sample_rate=48000:duration=4 -c:v libx264 -preset ultrafast -c:a aac";

/// One millisecond, to which Matroska rounds, on both ends.
const ROUNDED: f64 = 0.0021;
/// A frame of AAC: what the muxers disagree about at the end of a sound track.
const SOUND: f64 = 0.05;

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

#[track_caller]
fn failed(result: Result<Probed, Error>, kind: ErrorKind, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.message.contains(words), "{error}");
    assert!(!error.message.contains("127.0.0.1") && !error.message.contains("/tmp"), "{error}");
}

const ASS: &str = "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\n\
    Style: Default,DejaVu Sans,20\n\n[Events]\nFormat: Layer, Start, End, Style, Text\n\
    Dialogue: 0,0:00:01.00,0:00:03.00,Default,Hello\n";
const SRT: &str = "1\n00:00:01,000 --> 00:00:02,000\nHello\n";
const CHAPTERS: &str = ";FFMETADATA1\ntitle=A fine film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle=One\n\
    [CHAPTER]\nTIMEBASE=1/1000\nSTART=2000\nEND=4000\ntitle=Two\n";

/// A film with one of everything, muxed by ffmpeg as `rich.mkv` and by mkvmerge as `rich2.mkv`.
async fn rich_film(lab: &Lab) {
    lab.write("s.ass", ASS);
    lab.write("s.srt", SRT);
    lab.write("chapters", CHAPTERS);
    lab.ffmpeg(&format!(
        "-f lavfi -i testsrc=size=160x90:rate=24000/1001:duration=4 -f lavfi -i sine=duration=4:sample_rate=48000 \
         -i @s.ass -i @s.srt -i @chapters \
         -map 0:v -map 1:a -map 1:a -map 2:s -map 3:s -map_metadata 4 -map_chapters 4 \
         -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a:0 aac -c:a:1 ac3 -ac:a:1 6 -c:s copy \
         -metadata:s:a:0 language=jpn -metadata:s:a:1 language=eng -metadata:s:a:1 title=Commentary \
         -metadata:s:s:0 language=eng -metadata:s:s:1 language=ger \
         -disposition:a:0 default -disposition:a:1 0 -disposition:s:0 default -disposition:s:1 forced+hearing_impaired \
         -attach {FONT} -metadata:s:t:0 mimetype=font/ttf @rich.mkv"
    ))
    .await;
    lab.mkvmerge("-o @rich2.mkv @rich.mkv").await;
}

const FONT: &str = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

#[tokio::test]
async fn everything_in_a_film_is_found_whoever_muxed_it() {
    let lab = Lab::open().await;
    rich_film(&lab).await;
    for name in ["rich.mkv", "rich2.mkv"] {
        let Probed { media, .. } = lab.probe(name).await.unwrap();
        assert_eq!((media.container.as_str(), media.title.as_str()), ("Matroska", "A fine film"), "{name}");
        assert_eq!(media.size, Some(lab.path(name).metadata().unwrap().len()));
        assert_eq!(media.warnings, Vec::<String>::new());

        let [video] = media.video.as_slice() else { panic!("{:?}", media.video) };
        assert_eq!((video.track, video.codec.as_str(), video.bit_depth), (TrackId::video(0), "h264", Some(8)));
        assert_eq!((video.width, video.height, video.sample_aspect), (160, 90, (1, 1)));
        assert_eq!(video.pixel_format.as_deref(), Some("yuv420p"));
        assert!(video.profile.is_some() && video.level.is_some() && !video.interlaced && !video.cover);
        let rate = video.frame_rate.map(FrameRate::as_f64).unwrap();
        assert!(near(rate, 24000.0 / 1001.0, 0.01), "{rate}");

        let audio: Vec<_> =
            media.audio.iter().map(|a| (a.codec.as_str(), a.channels, a.language.as_deref(), a.default)).collect();
        assert_eq!(audio, [("aac", 1, Some("jpn"), true), ("ac3", 6, Some("eng"), false)], "{name}");
        assert_eq!(media.audio[1].title.as_deref(), Some("Commentary"));
        assert!(media.audio.iter().all(|a| a.sample_rate == 48000));

        let subtitles: Vec<_> = media
            .subtitles
            .iter()
            .map(|s| (s.kind, s.language.as_deref(), s.default, s.forced, s.hearing_impaired))
            .collect();
        assert_eq!(
            subtitles,
            [
                (SubtitleKind::Styled, Some("eng"), true, false, false),
                (SubtitleKind::Text, Some("ger"), false, true, true)
            ]
        );

        let chapters: Vec<_> =
            media.chapters.iter().map(|c| (c.title.as_deref(), c.start_s.round(), c.end_s.round())).collect();
        assert_eq!(chapters, [(Some("One"), 0.0, 2.0), (Some("Two"), 2.0, 4.0)], "{name}");
        let fonts: Vec<_> = media.attachments.iter().map(|a| (a.n, a.name.as_deref(), a.mime.as_deref())).collect();
        assert_eq!(fonts, [(0, Some("DejaVuSans.ttf"), Some("font/ttf"))], "{name}");
    }
    lab.close().await;
}

#[tokio::test]
async fn spans_are_those_of_the_packets_wherever_the_film_starts() {
    let lab = Lab::open().await;
    for (n, offset) in ["-0.02", "0.026", "10", "2355"].into_iter().enumerate() {
        let moved = format!("{FILM} -output_ts_offset {offset} -avoid_negative_ts disabled");
        lab.ffmpeg(&format!("{moved} @{n}.mkv")).await;
        lab.ffmpeg(&format!("{moved} @{n}.mp4")).await;
        lab.ffmpeg(&format!("{moved} -muxdelay 0 -muxpreload 0 @{n}.ts")).await;
        lab.mkvmerge(&format!("-o @{n}m.mkv @{n}.mkv")).await;
        lab.ffmpeg(&format!("-i @{n}m.mkv -c copy -copyts -avoid_negative_ts disabled @{n}r.mkv")).await;
        for kind in [".mkv", "m.mkv", "r.mkv", ".mp4", ".ts"] {
            let name = format!("{n}{kind}");
            let probed = lab.probe(&name).await.unwrap();
            let (video, audio) = (probed.video[0], probed.audio[0]);
            let (video_start, video_end) = lab.truth(&name, 0).await;
            let (audio_start, audio_end) = lab.truth(&name, 1).await;
            let case = format!(
                "{name} at {offset}: {video:?} {audio:?}, {video_start} to {video_end}, {audio_start} to {audio_end}"
            );
            assert!(near(video.start_s, video_start, ROUNDED), "{case}");
            // A transport stream tells only when its last packets are, of whatever track.
            let rounded = if kind == ".ts" { SOUND } else { ROUNDED };
            assert!(near(video.end_s, video_end, rounded), "{case}");
            assert!(near(audio.start_s, audio_start, SOUND) && near(audio.end_s, audio_end, SOUND), "{case}");
            assert_eq!(probed.zero_s, video.start_s.min(audio.start_s), "{case}");
            assert!(probed.source_start_s <= probed.zero_s, "{case}");
            let end = video.end_s.max(audio.end_s);
            assert!(near(probed.media.duration_s, end - probed.zero_s, 1e-9), "{case}");
            assert_eq!(probed.media.warnings, Vec::<String>::new(), "{case}");
        }
    }
    lab.close().await;
}

#[tokio::test]
async fn chapters_of_a_film_that_starts_late_are_in_film_time() {
    let lab = Lab::open().await;
    lab.write("chapters", CHAPTERS);
    lab.ffmpeg(&format!("{} -i @chapters -map 0 -map 1 -map_chapters 2 @plain.mkv", film_inputs())).await;
    lab.mkvmerge("-o @late.mkv -y 0:10000 -y 1:10000 --no-chapters @plain.mkv").await;
    lab.write("late.txt", "CHAPTER01=00:00:10.000\nCHAPTER01NAME=One\nCHAPTER02=00:00:12.500\nCHAPTER02NAME=Two\n");
    lab.mkvmerge("-o @late2.mkv --chapters @late.txt @late.mkv").await;
    let probed = lab.probe("late2.mkv").await.unwrap();
    assert!(near(probed.zero_s, 10.0, 0.03), "{}", probed.zero_s);
    let starts: Vec<_> = probed.media.chapters.iter().map(|chapter| chapter.start_s).collect();
    assert!(near(starts[0], 0.0, 0.03) && near(starts[1], 2.5, 0.03), "{starts:?}");
    let plain = lab.probe("plain.mkv").await.unwrap();
    assert_eq!(plain.media.chapters.len(), 2);
    lab.close().await;
}

fn film_inputs() -> &'static str {
    FILM.split(" -c:v").next().unwrap()
}

#[tokio::test]
async fn a_cover_is_a_video_track_that_is_not_the_film() {
    let lab = Lab::open().await;
    lab.ffmpeg(&format!("{FILM} @film.mkv")).await;
    lab.ffmpeg("-f lavfi -i color=red:size=64x96:duration=0.04 -frames:v 1 @cover.png").await;
    lab.ffmpeg("-i @film.mkv -i @cover.png -map 1 -map 0 -c copy -disposition:v:0 attached_pic @cover.mp4").await;
    lab.mkvmerge(
        "-o @last.mkv @film.mkv --attachment-mime-type image/png --attachment-name cover.png --attach-file @cover.png",
    )
    .await;
    for name in ["cover.mp4", "last.mkv"] {
        let probed = lab.probe(name).await.unwrap();
        let found: Vec<_> = probed.media.video.iter().map(|video| video.cover).collect();
        assert_eq!(found, [false, true], "{name}");
        assert_eq!(probed.video.len(), 2);
        assert!(near(probed.media.duration_s, 4.02, 0.05), "{name}: {}", probed.media.duration_s);
    }
    lab.close().await;
}

#[tokio::test]
async fn interlaced_and_anamorphic_pictures_are_told() {
    let lab = Lab::open().await;
    let input = "-f lavfi -i testsrc=size=720x576:rate=25:duration=1 -vf setsar=64/45";
    lab.ffmpeg(&format!("{input},setfield=tff -c:v mpeg2video -flags +ilme+ildct -top 1 @pal.ts")).await;
    lab.ffmpeg(&format!("{input} -c:v libx264 -preset ultrafast -pix_fmt yuv420p10le @film.mkv")).await;
    let pal = lab.probe("pal.ts").await.unwrap().media;
    assert!(pal.video[0].interlaced, "{:?}", pal.video);
    assert_eq!(pal.video[0].sample_aspect, (64, 45));
    assert_eq!((pal.container.as_str(), pal.video[0].frame_rate), ("MPEG-TS", Some(FrameRate { num: 25, den: 1 })));
    assert!(pal.audio.is_empty() && near(pal.duration_s, 1.0, 0.05), "{}", pal.duration_s);
    let film = lab.probe("film.mkv").await.unwrap().media;
    assert_eq!((film.video[0].interlaced, film.video[0].bit_depth), (false, Some(10)));
    lab.close().await;
}

#[tokio::test]
async fn every_common_container_is_read() {
    let lab = Lab::open().await;
    let containers = [
        ("a.mp4", "MP4", ""),
        ("a.mov", "QuickTime", ""),
        ("a.webm", "WebM", "-c:v libvpx -deadline realtime -c:a libopus"),
        ("a.avi", "AVI", "-c:v mpeg4 -c:a mp3"),
        ("a.flv", "FLV", "-c:v flv1 -c:a aac -ar 44100"),
        ("a.mpg", "MPEG-PS", "-c:v mpeg2video -r 25 -c:a mp2"),
        ("a.ogv", "Ogg", "-c:v libtheora -c:a libvorbis"),
        ("a.wmv", "ASF", "-c:v wmv2 -c:a wmav2"),
        ("a.mkv", "Matroska", "-c:v ffv1 -c:a flac"),
    ];
    for (name, container, codecs) in containers {
        lab.ffmpeg(&format!("{FILM} {codecs} @{name}")).await;
        let probed = lab.probe(name).await.unwrap();
        assert_eq!(probed.media.container, container);
        assert_eq!((probed.media.video.len(), probed.media.audio.len()), (1, 1), "{name}");
        assert!(near(probed.media.duration_s, 4.02, 0.12), "{name}: {}", probed.media.duration_s);
        assert_eq!(probed.media.title, "fallback", "{name}");
    }
    lab.close().await;
}

#[tokio::test]
async fn the_file_is_not_read_through() {
    let lab = Lab::open().await;
    let raw =
        "-f lavfi -i testsrc=size=320x180:rate=25:duration=20 -f lavfi -i sine=duration=20 -c:v rawvideo -c:a aac";
    lab.ffmpeg(&format!("{raw} -pix_fmt yuv420p @big.mkv")).await;
    let probed = lab.probe("big.mkv").await.unwrap();
    let size = probed.media.size.unwrap();
    assert!(size > 40_000_000, "{size}");
    assert!(near(probed.media.duration_s, 20.0, SOUND));
    // Some of it is in the sockets' buffers only.
    assert!(lab.server.sent() < size / 3, "{} of {size}", lab.server.sent());
    lab.close().await;
}

#[tokio::test]
async fn a_source_that_is_sent_from_its_start_only_is_probed_too() {
    let lab = Lab::open().await;
    lab.ffmpeg(&format!("{FILM} @film.mkv")).await;
    let probed = lab.probe_with("film.mkv", Reach::AsRead).await.unwrap();
    assert_eq!(probed.media.reach, Reach::AsRead);
    assert!(near(probed.media.duration_s, 4.03, SOUND));
    lab.cut("film.mkv", "cut.mkv", 0.5);
    let cut = lab.probe_with("cut.mkv", Reach::AsRead).await.unwrap();
    assert_eq!(cut.media.warnings, ["the file is cut short: 50 % of it is missing"]);
    lab.close().await;
}
