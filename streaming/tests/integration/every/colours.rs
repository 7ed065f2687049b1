//! Whether an encoded picture's colours are its source's, as a browser shows them.

use std::path::Path;

use serde_json::Value;

use crate::support::media::tool_async;

/// By how much red, green or blue of a part of the picture may be off, of 255.
const OFF: u8 = 8;

/// Compares the first picture of both.
pub(super) async fn alike(source: &Path, picture: &[u8]) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("picture.mp4");
    std::fs::write(&path, picture).unwrap();
    told(&path).await?;
    let (wanted, got) = (parts(source).await, parts(&path).await);
    let worst = wanted.iter().zip(&got).map(|(a, b)| a.abs_diff(*b)).max();
    match worst {
        Some(off) if off <= OFF && wanted.len() == got.len() => Ok(()),
        _ => Err(format!("its colours are off by {worst:?}: {got:?}, not {wanted:?}")),
    }
}

/// Chromium takes a picture that does not tell its primaries and its transfer for one of BT.709, whatever its matrix is.
async fn told(path: &Path) -> Result<(), String> {
    let entries = "stream=color_space,color_transfer,color_primaries";
    let args = ["-v", "error", "-select_streams", "v", "-show_entries", entries, "-of", "json"];
    let args = args.map(String::from).into_iter().chain([path.to_str().unwrap().to_owned()]);
    let out = tool_async("ffprobe", args.collect()).await;
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    let stream = &told["streams"][0];
    let is_told = |name: &str| stream[name].as_str().is_some_and(|value| value != "unknown");
    let all = ["color_space", "color_transfer", "color_primaries"].into_iter().all(is_told);
    if all { Ok(()) } else { Err(format!("it does not tell its colours: {stream}")) }
}

/// Red, green and blue of each of 8 x 8 parts of the first picture.
async fn parts(path: &Path) -> Vec<u8> {
    let filters = "scale=8:8:flags=area+accurate_rnd+full_chroma_int+full_chroma_inp,format=rgb24";
    let before = ["-v", "error", "-i", path.to_str().unwrap()];
    let args = before.into_iter().chain(["-frames:v", "1", "-vf", filters, "-f", "rawvideo", "-"]);
    tool_async("ffmpeg", args.map(String::from).collect()).await.stdout
}
