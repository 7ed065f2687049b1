//! What is seen and heard in a rendition: frame numbers from the picture, tones from the sound.

use serde::Deserialize;

use super::{films::workspace, media::tool};

/// What `scripts/media/decode.py` reads. Times are the file's own, in seconds.
#[derive(Debug, Deserialize)]
pub(crate) struct Marks {
    /// When each frame is shown, and its number where the picture says one.
    pub(crate) frames: Vec<(f64, Option<u32>)>,
    pub(crate) audio: Vec<Sound>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Sound {
    /// Where time stamps leap, and by how much.
    pub(crate) gaps: Vec<(f64, f64)>,
    /// When each tone begins, and its pitch in hertz.
    pub(crate) beeps: Vec<(f64, f64)>,
}

/// Decodes an init segment and segments, one after another.
pub(crate) async fn read(file: Vec<u8>) -> Marks {
    try_read(file).await.unwrap_or_else(|why| panic!("{why}"))
}

/// The same, or what the decoder said.
pub(crate) async fn try_read(file: Vec<u8>) -> Result<Marks, String> {
    try_read_within(file, (1.0, 1.0)).await
}

/// The same, of pictures that take so much of the width and the height, between bars.
pub(crate) async fn try_read_within(file: Vec<u8>, (across, down): (f64, f64)) -> Result<Marks, String> {
    tokio::task::spawn_blocking(move || {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rendition.mp4");
        std::fs::write(&path, file).unwrap();
        let script = workspace().join("scripts/media/decode.py");
        let within = ["--within".to_owned(), across.to_string(), down.to_string()];
        let args = [script.as_os_str(), path.as_os_str()].into_iter().chain(within.iter().map(AsRef::as_ref));
        let out = tool("python3", &args.collect::<Vec<_>>());
        let said = || String::from_utf8_lossy(&out.stderr).into_owned();
        if out.status.success() { Ok(serde_json::from_slice(&out.stdout).unwrap()) } else { Err(said()) }
    })
    .await
    .unwrap()
}

impl Marks {
    /// The number in the frame that is on screen at this time.
    pub(crate) fn number_at(&self, time_s: f64) -> Option<u32> {
        self.frames.iter().take_while(|(start, _)| *start <= time_s + 1e-6).last().and_then(|(_, number)| *number)
    }
}

impl Sound {
    /// The tone that begins nearest to a time.
    pub(crate) fn beep_near(&self, time_s: f64) -> Option<(f64, f64)> {
        self.beeps.iter().copied().min_by(|a, b| (a.0 - time_s).abs().total_cmp(&(b.0 - time_s).abs()))
    }
}
