//! What content that is no video looks like, from its first bytes.

/// `a web page`, `a ZIP archive`, …; `None` for bytes that look like nothing known.
pub(super) fn describe(head: &[u8]) -> Option<&'static str> {
    if head.is_empty() {
        return Some("an empty file");
    }
    magic(head).or_else(|| text(head))
}

/// What to do about it.
pub(super) fn advice(look: Option<&str>) -> &'static str {
    match look {
        Some("a web page") => "open the link in a browser and copy the address of the video file itself",
        Some("a playlist") => "playlists are not followed; paste the link of the video file itself",
        Some(look) if look.ends_with("archive") => "unpack it and share the video file inside",
        _ => "paste the link of a video file, such as an .mkv or .mp4",
    }
}

/// A file that begins like one that can be played, but cannot.
pub(super) const SOUND: &str = "a sound file";

/// What to do about frames that can be played elsewhere.
pub(super) const MUX_ANEW: &str = "put it into Matroska with mkvmerge or ffmpeg, and share that";

/// What ffmpeg reads with this demuxer, and what to do about it: formats that have no times of their own, or hold more
/// than a film. `None` for any other.
pub(super) fn unsupported(demuxer: &str) -> Option<(&'static str, &'static str)> {
    Some(match demuxer {
        "h264" => ("a bare H.264 stream without times", MUX_ANEW),
        "hevc" => ("a bare HEVC stream without times", MUX_ANEW),
        "vvc" => ("a bare H.266 stream without times", MUX_ANEW),
        "av1" | "obu" => ("a bare AV1 stream without times", MUX_ANEW),
        "mpegvideo" | "m4v" => ("a bare MPEG picture stream without times", MUX_ANEW),
        "vc1" => ("a bare VC-1 stream without times", MUX_ANEW),
        "aac" | "loas" => ("a bare AAC stream without times", MUX_ANEW),
        "dts" | "dtshd" | "truehd" | "mlp" => ("a bare sound stream without times", MUX_ANEW),
        "apng" => ("an animated PNG", "make a video or a GIF of it"),
        "swf" => ("a Flash animation", "share a video of it"),
        _ => return None,
    })
}

const MAGIC: &[(usize, &[u8], &str)] = &[
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"PK\x05\x06", "a ZIP archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\xfd7zXZ\0", "an XZ archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x89PNG", "a picture"),
    (0, b"\xff\xd8\xff", "a picture"),
    (0, b"GIF8", "a picture"),
    (8, b"WEBP", "a picture"),
    (4, b"ftypavif", "a picture"),
    (4, b"ftypheic", "a picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"ID3", SOUND),
    (0, b"fLaC", SOUND),
    (8, b"WAVE", SOUND),
    (0, b"\xff\xfb", SOUND),
    (0, b"\xff\xf1", SOUND),
    (0, b"MZ", "a Windows program"),
    (0, b"\x7fELF", "a Linux program"),
    (32769, b"CD001", "a disc image"),
    (0, b"d8:announce", "a torrent file"),
    (0, b"d13:announce-list", "a torrent file"),
    (0, b"d10:created by", "a torrent file"),
    (0, b"#EXTM3U", "a playlist"),
    (0, b"ffconcat", "a playlist"),
    (0, b"WEBVTT", "a subtitle file"),
    (0, b"[Script Info]", "a subtitle file"),
];

fn magic(head: &[u8]) -> Option<&'static str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let matches = |(at, magic, _): &&(usize, &[u8], &str)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic));
    MAGIC.iter().find(matches).map(|(_, _, look)| *look)
}

fn text(head: &[u8]) -> Option<&'static str> {
    let head = &head[..head.len().min(4096)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The cut may go through a character.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return None;
    }
    let start = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let web_page = ["<!doctype html", "<html", "<head", "<body", "<script"].iter().any(|tag| start.starts_with(tag));
    Some(match () {
        () if web_page || (start.starts_with('<') && start.contains("<html")) => "a web page",
        () if start.starts_with("<mpd") || start.contains("<mpd ") => "a playlist",
        () if start.starts_with('<') => "an XML document",
        () if start.starts_with(['{', '[']) => "a JSON document",
        () if start.is_empty() => "an empty file",
        () => "a text",
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn common_things_are_recognised() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let looks: [(&[u8], Option<&str>); 16] = [
            (b"", Some("an empty file")),
            (b"\n <!DOCTYPE html><html>", Some("a web page")),
            (b"\xef\xbb\xbf<html lang=de>", Some("a web page")),
            (b"<?xml version='1.0'?><!-- --><html xmlns=''>", Some("a web page")),
            (b"<?xml version='1.0'?><rss>", Some("an XML document")),
            (b"{\"error\": 1}", Some("a JSON document")),
            (b"#EXTM3U\n#EXT-X-VERSION:3", Some("a playlist")),
            (b"PK\x03\x04....", Some("a ZIP archive")),
            (b"Rar!\x1a\x07\x01\x00", Some("a RAR archive")),
            (b"7z\xbc\xaf\x27\x1c", Some("a 7-Zip archive")),
            (&tar, Some("a tar archive")),
            (b"\x89PNG\r\n\x1a\n", Some("a picture")),
            (b"%PDF-1.7", Some("a PDF document")),
            (b"not found\n", Some("a text")),
            ("grüße".as_bytes(), Some("a text")),
            (b"\x00\x01\x02\xff", None),
        ];
        for (head, look) in looks {
            assert_eq!(describe(head), look, "{head:?}");
        }
        assert!(advice(describe(b"Rar!\x1a\x07")).contains("unpack"));
    }

    proptest! {
        #[test]
        fn never_panics(head in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = advice(describe(&head));
        }
    }
}
