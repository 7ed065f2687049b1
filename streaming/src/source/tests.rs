//! What is taken for a source, and what it shows of itself.

use super::*;

fn refused(text: &str) -> String {
    let error = Source::parse(text, None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidSource, "{text}");
    error.message
}

#[test]
fn only_web_links_are_links() {
    for good in ["http://a/b.mkv", " https://user:pw@a.example:8443/x?y=z#t \n", "HTTP://127.0.0.1/"] {
        assert!(matches!(Source::parse(good, None), Ok(Source::Url(_))), "{good}");
    }
    for bad in [
        "ftp://a/b",
        "javascript:alert(1)",
        "data:text/html,x",
        "about:blank",
        "smb://a/b",
        "edl://x",
        "-vf",
        "--o=x",
        "a b",
    ] {
        refused(bad);
    }
    assert!(refused("magnet:?xt=urn:btih:0").contains("names no torrent"));
    assert!(refused("torrent:0").contains("names no torrent"));
    assert!(refused("file:///etc/passwd").contains("media folder"));
    assert!(refused("").contains("no link"));
    assert!(refused("  ").contains("no link"));
    assert!(refused("https://").contains("cannot be read"));
    assert!(refused(&format!("https://a/{}", "x".repeat(MAX_LENGTH))).contains("8 KiB"));
    assert!(refused("media:film.mkv").contains("--media-dir"));
}

#[test]
fn a_host_without_a_scheme_gets_a_hint() {
    for text in ["example.com/film.mkv", "example.com:8080/film.mkv", "localhost:9000/a", "192.168.1.4/a.mkv"] {
        assert!(refused(text).contains(&format!("https://{}", text.split('/').next().unwrap())), "{text}");
    }
    assert!(!refused("me:secret@example.com/film.mkv").contains("secret"));
}

#[test]
fn titles_and_texts_hide_secrets() {
    let source = Source::parse("https://me:hush@h.example/d/My%20Film%00%0a%E2%80%AE.mkv?token=quiet#x", None).unwrap();
    assert_eq!(source.title(), "My Film.mkv");
    for text in [source.to_string(), format!("{source:?}"), source.title()] {
        assert!(!["hush", "me:", "quiet", "token"].iter().any(|secret| text.contains(secret)), "{text}");
    }
    assert_eq!(Source::parse("https://h.example/?a=b", None).unwrap().title(), "h.example");
    assert_eq!(Source::parse("https://h.example/a/", None).unwrap().title(), "a");
    assert_eq!(Source::parse("https://h.example/100%.mkv", None).unwrap().title(), "100%.mkv");
}

#[test]
fn keys_tell_sources_apart() {
    let key = |text: &str| Source::parse(text, None).unwrap().key();
    assert_eq!(key("https://h/a"), key("https://H/a#frag"));
    assert_eq!(key("https://h/a").len(), 64);
    assert_ne!(key("https://h/a"), key("https://u:p@h/a"));
    assert_ne!(key("https://h/a?x=1"), key("https://h/a?x=2"));
}

#[test]
fn torrents_have_files() {
    let hash = "cfe1119f124881ca70f7306f32e292194c88c195";
    let parse = |text: &str| Source::parse(text, None).unwrap();
    let magnet = parse(&format!("magnet:?xt=urn:btih:{hash}&dn=Film&tr=http%3A%2F%2Ft%2Fsecret"));
    assert_eq!(magnet.title(), "Film");
    assert_eq!(format!("{magnet:?} {magnet}"), format!("Source(torrent:{hash}) torrent:{hash}"));
    // However it is named, it is the same.
    assert_eq!(magnet.key(), parse(hash).key());
    assert_eq!(magnet.key(), parse(&format!("torrent:{hash}")).key());
    let second = magnet.clone().with_file(Some(2)).unwrap();
    assert_ne!(magnet.key(), second.key());
    assert_eq!(second.to_string(), format!("torrent:{hash}, file 2"));
    let link = parse("https://u:hush@h/a.torrent?quiet").with_file(Some(1)).unwrap();
    assert_eq!(link.title(), "a.torrent");
    assert!(matches!(&link, Source::Torrent(Torrent { from: TorrentFrom::Link(_), file: Some(1) })));
    assert!(!format!("{link:?}").contains("hush") && !format!("{link:?}").contains("quiet"));
    assert_eq!(parse("https://h/a.torrent").with_file(None).unwrap(), parse("https://h/a.torrent"));
}

#[test]
fn files_stay_in_the_media_folder() {
    let root = tempfile::tempdir().unwrap();
    let media = root.path().join("media");
    std::fs::create_dir_all(media.join("sub")).unwrap();
    std::fs::write(root.path().join("secret.mkv"), b"x").unwrap();
    std::fs::create_dir(root.path().join("media-too")).unwrap();
    std::fs::write(root.path().join("media-too/x.mkv"), b"x").unwrap();
    std::fs::write(media.join("sub/Film 1.mkv"), b"x").unwrap();
    std::os::unix::fs::symlink(root.path().join("secret.mkv"), media.join("link.mkv")).unwrap();
    std::os::unix::fs::symlink(media.join("sub"), media.join("inside")).unwrap();
    let parse = |text: &str| Source::parse(text, Some(&media));
    let absolute = media.join("sub/Film 1.mkv");
    for good in ["media:sub/Film 1.mkv", "sub/Film 1.mkv", absolute.to_str().unwrap(), "inside/Film 1.mkv"] {
        let source = parse(good).unwrap();
        assert_eq!(source, Source::File(absolute.canonicalize().unwrap()), "{good}");
        assert_eq!(source.title(), "Film 1.mkv");
        assert!(!format!("{source:?} {source}").contains(root.path().to_str().unwrap()));
    }
    let neighbour = root.path().join("media-too/x.mkv");
    for bad in [
        "media:../secret.mkv",
        "sub/../../secret.mkv",
        "link.mkv",
        "/etc/passwd",
        "media:/etc/passwd",
        "media:sub",
        "media:",
        "absent.mkv",
        neighbour.to_str().unwrap(),
    ] {
        let error = parse(bad).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidSource, "{bad}");
        assert!(!error.message.contains(root.path().to_str().unwrap()), "{bad}");
    }
}
