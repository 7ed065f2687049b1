//! Films with a whole index whose picture is noise: told in words, before much of them has been read.

use std::path::{Path, PathBuf};

use protocol::ErrorKind;

use crate::support::{films::TestFilm, media::tool, theatre::Theatre, upstream::Habits};

/// Bytes a second. The whole film would take some 45 s.
const RATE: u64 = 4 << 20;

/// An MP4 of H.264 4:4:4, some 190 MB, every byte of whose frames is another one.
fn noise(dir: &Path) -> PathBuf {
    let path = dir.join("film.mp4");
    let picture = "testsrc2=size=320x180:rate=25:duration=80,noise=alls=40:allf=t";
    let input = ["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture, "-c:v", "libx264"];
    let output = ["-preset", "ultrafast", "-qp", "12", "-pix_fmt", "yuv444p", "-movflags", "+faststart"];
    let made = tool("ffmpeg", &[&input[..], &output, &[path.to_str().unwrap()]].concat());
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut bytes = std::fs::read(&path).unwrap();
    let frames = bytes.windows(4).position(|name| name == b"mdat").unwrap() + 4;
    let mut state = 7_u64;
    for byte in &mut bytes[frames..] {
        // Knuth's generator, whose upper bits are random enough.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = (state >> 56) as u8;
    }
    std::fs::write(&path, bytes).unwrap();
    path
}

#[tokio::test]
async fn a_film_of_noise_is_told_before_it_has_been_read_through() {
    let dir = tempfile::tempdir().unwrap();
    let path = noise(dir.path());
    let bytes = path.metadata().unwrap().len();
    let habits = Habits { rate: Some(RATE), ..Habits::default() };
    let theatre = Theatre::behind(&TestFilm::at(path), habits, |_| {}).await;
    theatre.ready().await;
    let error = theatre.segment("v0-encode-none", 0).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unplayable);
    assert!(error.message.contains("nothing of this film's picture could be decoded"), "{error}");
    let sent = theatre.upstream.sent();
    assert!(sent < bytes * 4 / 5, "{sent} of {bytes} bytes");
    theatre.close().await;
}
