//! The list that `scripts/media/every` writes.

use serde::Deserialize;

use crate::support::films::{folder, make};

#[derive(Debug, Deserialize)]
struct List {
    inputs: Vec<Input>,
    beeps: Beeps,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Beeps {
    modulo: u32,
    step_hz: f64,
    base_hz: [f64; 2],
}

#[derive(Debug, Deserialize)]
pub(super) struct Input {
    pub(super) name: String,
    /// Below the folder of films.
    pub(super) file: String,
    pub(super) what: String,
    /// Why it is not as it should be yet.
    pub(super) todo: Option<String>,
    pub(super) plays: Option<Plays>,
    pub(super) refused: Option<Refused>,
}

/// What has to be seen and heard; `inputs.py` tells what each means.
#[derive(Debug, Deserialize)]
pub(super) struct Plays {
    pub(super) first: u32,
    pub(super) frames: u32,
    pub(super) step: u32,
    pub(super) rate: Option<(f64, f64)>,
    pub(super) part: bool,
    pub(super) within: Option<(f64, f64)>,
    pub(super) readable: bool,
    pub(super) picture: bool,
    pub(super) shape: (f64, f64),
    pub(super) length_s: f64,
    pub(super) length_off_s: f64,
    pub(super) beeps: Option<Vec<u32>>,
    pub(super) starts_s: Option<f64>,
    pub(super) why: Option<String>,
    pub(super) warning: Option<String>,
    pub(super) luma: Option<(f64, f64)>,
    pub(super) saturation: Option<(f64, f64)>,
    pub(super) combed: bool,
    pub(super) colours: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Refused {
    pub(super) kind: String,
    pub(super) words: String,
}

/// Those that are wanted.
pub(super) async fn inputs() -> Vec<Input> {
    make("every").await;
    let list: List = serde_json::from_slice(&std::fs::read(folder().join("every.json")).unwrap()).unwrap();
    // The tones of all inputs are those of the first track.
    let Beeps { modulo, step_hz, base_hz } = list.beeps;
    assert!(modulo > 4 && (step_hz, base_hz[0]) == (STEP_HZ, BASE_HZ), "other tones: {:?}", list.beeps);
    let wanted = std::env::var("MATINEE_EVERY").ok().filter(|names| names != "all");
    let is_wanted = |input: &Input| wanted.as_ref().is_none_or(|names| names.split(',').any(|name| name == input.name));
    list.inputs.into_iter().filter(is_wanted).collect()
}

const BASE_HZ: f64 = 500.0;
const STEP_HZ: f64 = 50.0;

/// The pitch of a second's tone.
pub(super) fn pitch(second: u32) -> f64 {
    BASE_HZ + STEP_HZ * f64::from(second)
}
