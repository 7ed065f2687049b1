//! What may be in a torrent, and the ways in which it is given.

use std::path::Path;

use bytes::Bytes;
use protocol::{ErrorKind, Media, Open, SubtitleKind, TorrentFileKind, TorrentState};

use super::VIDEO;
use crate::support::{
    eventually,
    films::film,
    swarm::{Cinema, Content, FAST, Seeder},
    theatre::PATIENCE,
    upstream::{self, Habits, Upstream},
};

const PIECE: u32 = 64 << 10;

/// A folder with a film among other files.
async fn folder(dir: &Path, others: usize) -> Content {
    let film = film("fps25").await;
    let folder = dir.join("A folder");
    std::fs::create_dir_all(folder.join("Subs")).unwrap();
    for n in 0..others {
        // Each with a piece of its own, so that one can tell what was downloaded.
        std::fs::write(folder.join(format!("part {n:03}.mkv")), vec![u8::try_from(n % 251).unwrap(); 200 << 10])
            .unwrap();
    }
    std::fs::copy(&film.path, folder.join("part 999.mkv")).unwrap();
    std::fs::write(folder.join("Subs/part 999.en.srt"), "1\n00:00:01,000 --> 00:00:03,000\nHello\n").unwrap();
    std::fs::write(folder.join("read me.txt"), "not a film").unwrap();
    Content::of(&folder, PIECE).await
}

fn names(media: &Media, kind: TorrentFileKind) -> Vec<&str> {
    media.files.iter().filter(|file| file.kind == kind).map(|file| file.name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_500_files_is_watched_with_its_subtitles() {
    let dir = tempfile::tempdir().unwrap();
    let content = folder(dir.path(), 497).await;
    let seeder = Seeder::start(&content, FAST).await;
    let cinema = Cinema::open(|_| {}).await;
    let magnet = content.magnet(&[seeder.address]);
    let listed = cinema.matinee.inspect(&magnet).await.unwrap();
    assert_eq!(listed.title, "A folder");
    let videos = names(&listed, TorrentFileKind::Video);
    assert_eq!((videos.len(), videos[0]), (498, "part 999.mkv"));
    assert_eq!(names(&listed, TorrentFileKind::Subtitles), ["Subs/part 999.en.srt"]);
    let film = listed.files.iter().find(|file| file.preselected).unwrap();
    let subtitles = listed.files.iter().find(|file| file.kind == TorrentFileKind::Subtitles).unwrap();

    let open = Open { file: Some(film.file), subtitles: Some(subtitles.file), ..Open::link(&magnet) };
    let session = cinema.matinee.open(&open, &[]).unwrap().session;
    let has_text = || !cinema.matinee.session(session).unwrap().outside.is_empty();
    eventually("the subtitles are there", PATIENCE, has_text).await;
    let outside = cinema.matinee.session(session).unwrap().outside;
    assert_eq!((outside[0].kind, outside[0].language.as_deref()), (SubtitleKind::Text, Some("en")));
    cinema.segment(session, VIDEO, 3).await;
    eventually("the film is there", PATIENCE, || cinema.torrent(session).state == TorrentState::Complete).await;
    assert_eq!(cinema.torrent(session).size, film.size);
    let others = |name: &str| ![film.file, subtitles.file].map(|file| file.to_string()).contains(&name.to_owned());
    let data = std::fs::read_dir(cinema.data().join(&content.hash)).unwrap().flatten();
    let more: Vec<_> = data.filter(|file| others(file.file_name().to_str().unwrap())).collect();
    assert!(more.len() <= 4, "files that nobody chose were downloaded: {}", more.len());
    cinema.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torrent_file_by_link_and_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let content = folder(dir.path(), 2).await;
    let seeder = Seeder::start(&content, FAST).await;
    let cinema = Cinema::open(|_| {}).await;
    // Nothing in its name or type tells what it is.
    let upstream = Upstream::bytes(&content.file, Habits::default()).await;
    let listed = cinema.matinee.inspect(&upstream.url("/download?id=7")).await.unwrap();
    assert_eq!(listed.files.len(), 4);
    let added = cinema.matinee.add_torrent_file(content.file.clone()).await.unwrap();
    assert_eq!(cinema.matinee.inspect(&added.source).await.unwrap().files, listed.files);
    let small = listed.files.iter().find(|file| file.name == "part 000.mkv").unwrap();
    // The file names no peer and no tracker; a session that does has found one.
    let film = cinema.watch(&content.magnet(&[seeder.address]), None).await;
    cinema.segment(film, VIDEO, 0).await;
    let session = cinema.watch(&upstream.url("/download?id=7"), None).await;
    cinema.segment(session, VIDEO, 0).await;
    assert_eq!(cinema.torrent(session).size, cinema.torrent(film).size);
    let broken =
        cinema.matinee.open(&Open { file: Some(small.file), ..Open::link(&added.source) }, &[]).unwrap().session;
    let has_ended = || cinema.matinee.session(broken).unwrap().error.is_some();
    eventually("what is no film is told", PATIENCE, has_ended).await;
    assert_eq!(cinema.matinee.session(broken).unwrap().error.unwrap().kind, ErrorKind::NotAVideo);
    cinema.close().await;
}

/// A `.torrent` file with these paths, whose data nobody has.
fn torrent(paths: &[&[&[u8]]]) -> Bytes {
    let text = |bytes: &[u8]| [format!("{}:", bytes.len()).as_bytes(), bytes].concat();
    let mut files = Vec::new();
    for path in paths {
        let parts: Vec<u8> = path.iter().flat_map(|part| text(part)).collect();
        files.extend([b"d6:lengthi100000e4:pathl", &parts[..], b"ee"].concat());
    }
    let pieces = vec![7; 20 * (paths.len() * 100_000).div_ceil(65_536)];
    [b"d4:infod5:filesl", &files[..], b"e4:name6:folder12:piece lengthi65536e6:pieces", &text(&pieces), b"ee"]
        .concat()
        .into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_names_lead_nowhere() {
    let cinema = Cinema::open(|_| {}).await;
    let long = vec![b'x'; 5000];
    let long = [&long[..], b".mkv"].concat();
    let climbing: [&[&[u8]]; 4] = [&[b"..", b"..", b"a.mkv"], &[b"/etc/a.mkv"], &[b"sub/../../a.mkv"], &[b"..\\a.mkv"]];
    for path in climbing {
        let error = cinema.matinee.add_torrent_file(torrent(&[path, &[b"b.mkv"]])).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidSource);
        assert!(error.message.contains("cannot be used"), "{}", error.message);
    }
    let odd: [&[&[u8]]; 6] = [
        &[&long],
        &[b"CON", b"NUL.mkv"],
        &[b"new\nline\x1b[31m.mkv"],
        &["turned\u{202e}vkm.mkv".as_bytes()],
        &[b"\xff\xfe.mkv"],
        &[b"."],
    ];
    let added = cinema.matinee.add_torrent_file(torrent(&odd)).await.unwrap();
    let listed = cinema.matinee.inspect(&added.source).await.unwrap();
    for file in &listed.files {
        assert!(
            file.name.chars().count() <= 300 && !file.name.contains(['\n', '\u{1b}', '\u{202e}']),
            "{:?}",
            file.name
        );
    }
    assert!(listed.files.iter().any(|file| file.name == "CON/NUL.mkv"), "{:?}", listed.files);
    for file in &listed.files {
        let open = Open { file: Some(file.file), ..Open::link(&added.source) };
        let session = cinema.matinee.open(&open, &[]).unwrap();
        let opened = || cinema.torrent(session.session).state == TorrentState::Downloading;
        eventually("it is opened", PATIENCE, opened).await;
        cinema.matinee.close(session.session, &session.host_key).unwrap();
    }
    // All that there is has a name of ours.
    let mut left = vec![cinema.dir.path().to_owned()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().into_string().unwrap();
            assert!(name.len() < 64 && !name.contains(".mkv") && !name.contains("CON"), "{name}");
            left.extend(entry.file_type().unwrap().is_dir().then(|| entry.path()));
        }
    }
    cinema.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trackers_are_asked_by_the_rules_for_links() {
    let film = film("fps25").await;
    let content = Content::of(&film.path, PIECE).await;
    let seeder = Seeder::start(&content, FAST).await;
    let cinema = Cinema::open(|torrents| torrents.trackers = true).await;
    // It knows the seeder alone, and its answer is as trackers write it.
    let std::net::SocketAddr::V4(address) = seeder.address else { panic!("the seeder is not at an IPv4 address") };
    let peer = [&address.ip().octets()[..], &address.port().to_be_bytes()].concat();
    let answer = [b"d8:intervali1800e5:peers6:", &peer[..], b"e"].concat();
    let tracker = Upstream::bytes(&answer.into(), Habits::default()).await;
    let url = tracker.url("/secret/announce?key=1");
    let link = |url: &str| {
        let quoted: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
        format!("magnet:?xt=urn:btih:{}&tr={quoted}", content.hash)
    };
    let session = cinema.watch(&link(&url), None).await;
    cinema.segment(session, VIDEO, 1).await;
    let asked = tracker.seen();
    assert!(
        asked.iter().all(|seen| seen.path.starts_with("/secret/announce?key=1&") && seen.path.contains("info_hash=")),
        "{asked:?}"
    );
    cinema.close().await;

    // One that sends without end, and this server itself.
    let cinema = Cinema::open(|torrents| {
        torrents.trackers = true;
        torrents.magnet_timeout = std::time::Duration::from_secs(3);
    })
    .await;
    let endless = Upstream::serve(upstream::Content::File(film.path.clone()), Habits::default()).await;
    cinema.matinee.refuse_port(endless.address);
    for url in [endless.url("/announce"), tracker.url("/none").replace("/none", "/")] {
        let error = cinema.matinee.inspect(&link(&url).replace(&content.hash, &"0".repeat(40))).await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::SourceTimeout | ErrorKind::SourceUnreachable), "{error:?}");
    }
    assert_eq!(endless.requests(), 0, "a port of this server was asked");
    cinema.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_torrent_file_is_refused() {
    let cinema = Cinema::open(|_| {}).await;
    for bad in [&b""[..], b"d", b"d4:infode", b"not bencode", b"d4:infod4:name1:aee", &[b'd'; 100_000]] {
        let error = cinema.matinee.add_torrent_file(Bytes::copy_from_slice(bad)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidSource, "{bad:?}");
    }
    let session =
        cinema.matinee.open(&Open::link("torrent:cfe1119f124881ca70f7306f32e292194c88c195"), &[]).unwrap().session;
    let failed = || cinema.matinee.session(session).unwrap().error.is_some();
    eventually("one that is not known is told", PATIENCE, failed).await;
    cinema.close().await;
}
