//! The films that `scripts/media` makes, with the sidecars that say what is in them.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::media::run;

/// A film and what a player should find in it.
#[derive(Clone)]
pub(crate) struct TestFilm {
    pub(crate) path: PathBuf,
    facts: Value,
}

/// The workspace's folder.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Where the films are: the folder `MATINEE_TEST_MEDIA`.
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("MATINEE_TEST_MEDIA").map_or_else(|| workspace().join("target/media"), PathBuf::from)
}

/// Makes what a name in `scripts/media` stands for, if it is not there.
pub(crate) async fn make(name: &'static str) {
    if folder().join(format!("{name}.json")).exists() {
        return;
    }
    let script = workspace().join("scripts/media");
    let args = vec![script.into_os_string(), folder().into_os_string(), name.into()];
    // The ten-minute film, of which the others may be cut, takes longest.
    let made = tokio::task::spawn_blocking(move || run("python3", &args, 900)).await.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A film by its name in `scripts/media`; made if it is not there.
pub(crate) async fn film(name: &'static str) -> TestFilm {
    make(name).await;
    let facts: Value = serde_json::from_slice(&std::fs::read(folder().join(format!("{name}.json"))).unwrap()).unwrap();
    TestFilm { path: folder().join(facts["file"].as_str().unwrap()), facts }
}

impl TestFilm {
    /// A film without a sidecar, of which a test knows itself what is in it.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path, facts: Value::Null }
    }

    /// The same film in a Matroska file that says that it and its tracks are longer: a text in its tracks' durations is
    /// another, and so many milliseconds are added to its own.
    pub(crate) fn lying(&self, from: &str, to: &str, more_ms: f64) -> (Self, TempDir) {
        assert_eq!(from.len(), to.len());
        let mut bytes = std::fs::read(&self.path).unwrap();
        let places = |bytes: &[u8], what: &[u8]| -> Vec<usize> {
            bytes.windows(what.len()).enumerate().filter(|(_, part)| *part == what).map(|(at, _)| at).collect()
        };
        let tags = places(&bytes, from.as_bytes());
        assert!(!tags.is_empty(), "no track says {from}");
        for at in tags {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
        // The element Duration: its id, a length of 8 bytes, a number with floating point.
        let at = places(&bytes[..4096], &[0x44, 0x89, 0x88])[0] + 3;
        let told_ms = f64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
        bytes[at..at + 8].copy_from_slice(&(told_ms + more_ms).to_be_bytes());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lying.mkv");
        std::fs::write(&path, bytes).unwrap();
        (Self { path, facts: self.facts.clone() }, dir)
    }

    /// How many frames the picture has.
    pub(crate) fn frames(&self) -> u32 {
        u32::try_from(self.facts["frames"].as_u64().unwrap()).unwrap()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.path.metadata().unwrap().len()
    }

    /// How long picture and sound last, whole seconds.
    pub(crate) fn length_s(&self) -> u32 {
        u32::try_from(self.facts["length_s"].as_u64().unwrap()).unwrap()
    }

    /// Source time of film time zero, seconds.
    pub(crate) fn zero_s(&self) -> f64 {
        self.facts["zero_s"].as_f64().unwrap()
    }

    /// The number of the frame that is on screen at this film time.
    pub(crate) fn frame_at(&self, time_s: f64) -> u32 {
        let time_s = time_s - self.facts["frame0_s"].as_f64().unwrap();
        let starts = (0..self.frames()).take_while(|&frame| self.frame_start_s(frame) <= time_s + 1e-6);
        starts.last().unwrap_or(0)
    }

    /// How long the shortest frame is shown, seconds.
    pub(crate) fn frame_s(&self) -> f64 {
        (0..100).map(|frame| self.frame_start_s(frame + 1) - self.frame_start_s(frame)).fold(f64::MAX, f64::min)
    }

    /// When a frame is shown, from the first one's time on.
    fn frame_start_s(&self, frame: u32) -> f64 {
        if let Some(rate) = self.facts["rate"].as_array() {
            return f64::from(frame) * rate[1].as_f64().unwrap() / rate[0].as_f64().unwrap();
        }
        // A variable rate: stretches of frames that last so many ticks each, repeated.
        let variable = &self.facts["variable"];
        let cycle: Vec<(u64, u64)> = variable["cycle"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| (part["frames"].as_u64().unwrap(), part["ticks"].as_u64().unwrap()))
            .collect();
        let frames: u64 = cycle.iter().map(|(frames, _)| frames).sum();
        let ticks: u64 = cycle.iter().map(|(frames, ticks)| frames * ticks).sum();
        let (mut at, mut rest) = (u64::from(frame) / frames * ticks, u64::from(frame) % frames);
        for (frames, ticks) in cycle {
            let inside = rest.min(frames);
            at += inside * ticks;
            rest -= inside;
        }
        at as f64 / variable["ticks_per_s"].as_f64().unwrap()
    }

    /// When an audio track's tone of a second begins in film time, and its pitch in hertz.
    pub(crate) fn beep(&self, track: usize, second: u32) -> (f64, f64) {
        let (track, beeps) = (&self.facts["audio"][track], &self.facts["beeps"]);
        let step = beeps["step_hz"].as_f64().unwrap();
        let pitch = f64::from(second % u32::try_from(beeps["modulo"].as_u64().unwrap()).unwrap());
        (track["beep0_s"].as_f64().unwrap() + f64::from(second), track["base_hz"].as_f64().unwrap() + step * pitch)
    }
}
