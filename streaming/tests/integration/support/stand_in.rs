//! Programs that stand in for the real ones: the machines of the tests have no graphics card, and are as fast as they are.
//!
//! They are the scripts in `scripts/stand-ins`. What is shown with them is that an encoder is tried, chosen, used and left
//! as it should be, not that a card works.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protocol::EncoderKind;
use tempfile::TempDir;

/// A folder of one stand-in and what it is told.
pub(crate) struct StandIn {
    dir: TempDir,
    name: &'static str,
}

impl StandIn {
    fn new(name: &'static str, script: &str, settings: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::copy(scripts().join(script), dir.path().join(name)).unwrap();
        let real = real(name);
        let lines = [("real", real.to_str().unwrap())].into_iter().chain(settings.iter().copied());
        let text: String = lines.map(|(key, value)| format!("{key}='{value}'\n")).collect();
        fs::write(dir.path().join("settings"), text).unwrap();
        Self { dir, name }
    }

    /// An ffmpeg whose encoder of this kind is libx264, until [`StandIn::break_card`]. `card`: the device that it has to be
    /// given. `gop`: the distance between keyframes, if it does not do as it is told.
    pub(crate) fn card(kind: EncoderKind, card: Option<&Path>, gop: Option<u32>) -> Self {
        let card = card.map_or("", |card| card.to_str().unwrap());
        let gop = gop.map(|gop| gop.to_string()).unwrap_or_default();
        Self::new("ffmpeg", "ffmpeg-with-card", &[("encoder", kind.name()), ("card", card), ("gop", &gop)])
    }

    /// An mpv that encodes with these presets at two thirds of real time, and with others as fast as it can.
    pub(crate) fn slow_mpv(presets: &str) -> Self {
        let pacer = scripts().join("pacer.py");
        Self::new("mpv", "slow-mpv", &[("slow", presets), ("pacer", pacer.to_str().unwrap())])
    }

    /// An ffmpeg that does nothing where it is to be a head.
    pub(crate) fn lazy_ffmpeg() -> Self {
        Self::new("ffmpeg", "lazy-ffmpeg", &[])
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join(self.name)
    }

    /// Every head of the graphics card fails from now on, after so many frames.
    pub(crate) fn break_card(&self, frames: u32) {
        fs::write(self.dir.path().join("broken"), frames.to_string()).unwrap();
    }

    /// The card works again.
    pub(crate) fn mend_card(&self) {
        fs::remove_file(self.dir.path().join("broken")).unwrap();
    }

    /// The presets of the heads that were started, in order.
    pub(crate) fn presets(&self) -> Vec<String> {
        let told = fs::read_to_string(self.dir.path().join("presets")).unwrap_or_default();
        told.lines().map(str::to_owned).collect()
    }
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/stand-ins").canonicalize().unwrap()
}

fn real(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing"))
}
