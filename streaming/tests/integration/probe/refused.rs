//! Files and sources that are broken, cut, hostile, silent, or no video.

use super::*;

#[tokio::test]
async fn a_film_without_a_duration_gets_it_from_its_last_cluster() {
    let lab = Lab::open().await;
    lab.ffmpeg(&format!("{FILM} -f matroska -live 1 @live.mkv")).await;
    let probed = lab.probe("live.mkv").await.unwrap();
    let (_, end) = lab.truth("live.mkv", 0).await;
    assert!(near(probed.video[0].end_s, end, ROUNDED), "{:?} {end}", probed.video);
    assert!(near(probed.media.duration_s, 4.03, SOUND), "{}", probed.media.duration_s);
    assert_eq!(probed.media.warnings, Vec::<String>::new());
    let as_read = lab.probe_with("live.mkv", Reach::AsRead).await;
    failed(as_read, ErrorKind::Unplayable, "does not tell how long it is");
    lab.close().await;
}

#[tokio::test]
async fn a_cut_film_says_how_much_is_missing_and_how_far_it_plays() {
    let lab = Lab::open().await;
    let long = FILM.replace("duration=4", "duration=40");
    lab.ffmpeg(&format!("{long} -g 48 @ffmpeg.mkv")).await;
    lab.mkvmerge("-o @mkvmerge.mkv @ffmpeg.mkv").await;
    lab.ffmpeg("-i @ffmpeg.mkv -c copy -movflags +faststart @faststart.mp4").await;
    for name in ["ffmpeg.mkv", "mkvmerge.mkv", "faststart.mp4"] {
        lab.cut(name, "cut", 0.6);
        let probed = lab.probe("cut").await.unwrap();
        let (_, end) = lab.truth("cut", 0).await;
        // The last packet of the cut file may be a part of one, which does not play.
        assert!(near(probed.video[0].end_s, end, 0.05), "{name}: {:?} {end}", probed.video);
        assert!(probed.audio[0].end_s <= probed.zero_s + probed.media.duration_s + 1e-9);
        assert!((15.0..30.0).contains(&probed.media.duration_s), "{name}: {}", probed.media.duration_s);
        let expected = format!(
            "the file is cut short: 40 % of it is missing; it plays up to about 0:{}",
            probed.media.duration_s.floor()
        );
        assert_eq!(probed.media.warnings, [expected], "{name}");
    }
    lab.close().await;
}

#[tokio::test]
async fn an_mp4_without_its_index_cannot_be_played() {
    let lab = Lab::open().await;
    lab.ffmpeg(&format!("{FILM} @film.mp4")).await;
    lab.cut("film.mp4", "cut.mp4", 0.6);
    failed(lab.probe("cut.mp4").await, ErrorKind::Unplayable, "cut short: its index");
    // All of the data, and nothing after it.
    let bytes = std::fs::read(lab.path("film.mp4")).unwrap();
    let moov = bytes.windows(4).position(|word| word == b"moov").unwrap() - 4;
    lab.write("unfinished.mp4", &bytes[..moov]);
    failed(lab.probe("unfinished.mp4").await, ErrorKind::Unplayable, "has no index");
    lab.close().await;
}

#[tokio::test]
async fn a_film_that_is_cut_before_its_first_frame_cannot_be_played() {
    let lab = Lab::open().await;
    lab.ffmpeg(&format!("{FILM} @film.mkv")).await;
    let bytes = std::fs::read(lab.path("film.mkv")).unwrap();
    // In the middle of the header, and between it and the first frame.
    for length in [300, 1000] {
        lab.write("cut.mkv", &bytes[..length]);
        failed(lab.probe("cut.mkv").await, ErrorKind::Unplayable, "cut short at its very beginning");
    }
    lab.close().await;
}

#[tokio::test]
async fn what_is_no_video_is_told_by_its_look() {
    let lab = Lab::open().await;
    let mut noise = 1u64;
    let garbage: Vec<u8> = (0..300_000)
        .map(|_| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            noise.to_be_bytes()[0]
        })
        .collect();
    lab.ffmpeg("-f lavfi -i color=red:size=64x64:duration=0.04 -frames:v 1 @picture.png").await;
    let picture = std::fs::read(lab.path("picture.png")).unwrap();
    let cases: [(&[u8], &str); 7] = [
        (b"<!doctype html><html><body>Click to download</body></html>", "this is a web page, not a video"),
        (b"PK\x03\x04 and so on", "a ZIP archive"),
        (b"Rar!\x1a\x07\x01\x00 and so on", "unpack it"),
        (b"404 not found", "a text"),
        (b"", "an empty file"),
        (&picture, "a picture"),
        (&garbage, "data of a kind that ffmpeg does not know"),
    ];
    for (content, look) in cases {
        lab.write("thing", content);
        failed(lab.probe("thing").await, ErrorKind::NotAVideo, look);
    }
    lab.write("thing", b"fLaC and no more");
    failed(lab.probe("thing").await, ErrorKind::Unplayable, "begins like a sound file but is damaged");
    lab.close().await;
}

#[tokio::test]
async fn playlists_lead_nowhere() {
    let lab = Lab::open().await;
    let there = lab.server.url().replace("/film", "/secret");
    let playlists = [
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{there}\n#EXT-X-ENDLIST\n"),
        format!("ffconcat version 1.0\nfile {there}\n"),
        format!("<?xml version='1.0'?><MPD type='static'><Period><BaseURL>{there}</BaseURL></Period></MPD>"),
        format!("<svg xmlns='http://www.w3.org/2000/svg'><image href='{there}'/></svg>"),
        format!("# mpv EDL v0\n{there}\n"),
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n".into(),
    ];
    for playlist in playlists {
        lab.write("playlist", &playlist);
        failed(lab.probe("playlist").await, ErrorKind::NotAVideo, "not a video");
    }
    assert_eq!(lab.server.strays(), Vec::<String>::new());
    lab.close().await;
}

#[tokio::test]
async fn a_file_without_picture_and_sound_is_unplayable() {
    let lab = Lab::open().await;
    lab.write("s.srt", SRT);
    lab.ffmpeg("-i @s.srt -c copy @only.mkv").await;
    failed(
        lab.probe("only.mkv").await,
        ErrorKind::Unplayable,
        "neither picture nor sound in the file, only subtitles (1)",
    );
    lab.close().await;
}

#[tokio::test]
async fn hostile_names_are_made_harmless() {
    let lab = Lab::open().await;
    lab.ffmpeg(&format!("{FILM} @film.mkv")).await;
    lab.write("font", "not a font");
    lab.mkvmerge(
        "-o @film2.mkv --title a\u{202e}b\u{1b}[31m/c @film.mkv --attachment-name ../../etc/evil.ttf \
         --attachment-mime-type font/ttf --attach-file @font",
    )
    .await;
    let media = lab.probe("film2.mkv").await.unwrap().media;
    assert_eq!(media.title, "ab [31m/c");
    let name = media.attachments[0].name.as_deref().unwrap();
    assert!(!name.contains('/') && !name.starts_with('.') && name.ends_with("evil.ttf"), "{name}");
    lab.close().await;
}

/// The clock is stopped once everything is set up, and then jumps to the next timer whenever nobody has anything to do.
#[tokio::test]
async fn a_silent_source_is_given_up() {
    let lab = Lab::open().await;
    lab.write("film", b"\0\0\0\x18ftypmp42");
    lab.server.fall_silent();
    tokio::time::pause();
    let begun = std::time::Instant::now();
    failed(lab.probe("film").await, ErrorKind::SourceTimeout, "more than 20 s");
    failed(lab.probe_with("film", Reach::AsRead).await, ErrorKind::SourceTimeout, "+faststart");
    assert!(begun.elapsed() < Duration::from_secs(15));
    tokio::time::resume();
    // The children were KILLed; whoever reaps them takes them off the count.
    while lab.spawner.alive() > 0 {
        tokio::task::yield_now().await;
    }
    lab.close().await;
}

#[tokio::test]
async fn failures_that_are_not_the_content_s_are_told_apart() {
    let lab = Lab::open().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/film", nobody.local_addr().unwrap());
    drop(nobody);
    let subject = Subject { url: &url, size: Some(10), reach: Reach::Anywhere, fallback_title: "x", doubted: false };
    let read = |_, _| std::future::ready(Ok(bytes::Bytes::from_static(b"0123456789")));
    failed(probe(&lab.spawner, &lab.tools, &subject, read).await, ErrorKind::SourceUnreachable, "stopped answering");

    let broken = |_, _| std::future::ready(Err(Error::new(ErrorKind::SourceUnreachable, "the upstream's own failure")));
    failed(probe(&lab.spawner, &lab.tools, &subject, broken).await, ErrorKind::SourceUnreachable, "upstream's own");

    let missing = Missing { version: None, problem: "ffprobe is not installed".into() };
    let tools = Tools { ffprobe: Err(missing), ..lab.tools.clone() };
    failed(probe(&lab.spawner, &tools, &subject, read).await, ErrorKind::ToolMissing, "ffprobe is not installed");
    lab.close().await;
}
