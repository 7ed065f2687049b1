//! What heads have shown to be able to, and the preset that follows from it.
//!
//! A speed is seconds of film made in a second, while the head was read from and its source kept up; other heads ran
//! beside it or not, as they do. 1 is as fast as the film is watched.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{Effort, Preset};

/// A preset that was measured is kept from this speed on: fast enough to get ahead of who watches, so that a moment's load
/// is not noticed.
const ENOUGH: f64 = 1.25;

/// A slower preset than was measured is tried when it promises this speed: a seek is waited for.
const AMPLE: f64 = 2.5;

/// The same of the one to begin with, to which a machine should come back after a busy spell.
const AMPLE_FOR_FIRST: f64 = 1.6;

/// For how long a speed is believed. What else the machine did then, it may not do now.
const BELIEVED: Duration = Duration::from_secs(600);

/// How much of a new figure goes into what is known.
const WEIGHT: f64 = 0.5;

/// Kinds of work that are told apart at most; the oldest is forgotten.
const KINDS: usize = 64;

/// Decoders whose pictures of the same size take about as long: with a slow preset it does not matter which, with the
/// fastest it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Decoder {
    H264,
    Hevc,
    Vp9,
    Av1,
    /// Mostly older and lighter ones.
    #[default]
    Other,
}

impl Decoder {
    /// By ffmpeg's name of the codec.
    #[must_use]
    pub fn of(codec: &str) -> Self {
        match codec {
            "h264" => Self::H264,
            "hevc" => Self::Hevc,
            "vp9" => Self::Vp9,
            "av1" => Self::Av1,
            _ => Self::Other,
        }
    }
}

/// What decides how fast a picture is made, besides the preset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Work {
    pub decoder: Decoder,
    /// Pixels a second that are decoded, in steps of a half: the binary logarithm, doubled.
    pub decoded: u8,
    /// The same of what is encoded.
    pub encoded: u8,
    pub deinterlaced: bool,
    /// Bright colours are mapped to those of a usual screen.
    pub mapped: bool,
    pub subtitles: bool,
}

impl Work {
    /// The step in which so many pixels a second lie.
    #[must_use]
    pub fn step(pixels_per_s: f64) -> u8 {
        // At most 2 x 64 for whatever a container says.
        (pixels_per_s.max(1.0).log2() * 2.0).round().min(128.0) as u8
    }
}

/// The speeds of one server's heads.
#[derive(Debug)]
pub struct Speeds {
    effort: Effort,
    known: Mutex<HashMap<Work, Known>>,
}

/// One kind of work, by the presets of the ladder.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    speeds: [Option<(f64, Instant)>; Preset::LADDER.len()],
}

impl Known {
    fn speed(&self, preset: Preset, now: Instant) -> Option<f64> {
        let at = Preset::LADDER.iter().position(|known| *known == preset)?;
        let (speed, when) = self.speeds[at]?;
        (now.saturating_duration_since(when) < BELIEVED).then_some(speed)
    }

    fn newest(&self) -> Option<Instant> {
        self.speeds.iter().flatten().map(|(_, when)| *when).max()
    }

    /// What a preset promises, from those that were measured: the nearest in cost tells best.
    fn promise(&self, preset: Preset, now: Instant) -> Option<f64> {
        let measured = Preset::LADDER.into_iter().filter_map(|other| Some((other, self.speed(other, now)?)));
        let (other, speed) = measured
            .min_by(|a, b| (a.0.cost() - preset.cost()).abs().total_cmp(&(b.0.cost() - preset.cost()).abs()))?;
        Some(speed * other.cost() / preset.cost())
    }

    /// The most careful preset that is fast enough.
    fn best(&self, now: Instant) -> Preset {
        let fits = |preset: &Preset| match self.speed(*preset, now) {
            Some(speed) => speed >= ENOUGH,
            None => {
                let ample = if *preset <= Preset::FIRST { AMPLE_FOR_FIRST } else { AMPLE };
                self.promise(*preset, now).is_some_and(|speed| speed >= ample)
            }
        };
        if self.newest().is_none_or(|when| now.saturating_duration_since(when) >= BELIEVED) {
            return Preset::FIRST;
        }
        Preset::LADDER.into_iter().rev().find(fits).unwrap_or(Preset::LADDER[0])
    }
}

impl Speeds {
    #[must_use]
    pub fn new(effort: Effort) -> Self {
        Self { effort, known: Mutex::default() }
    }

    #[must_use]
    pub const fn effort(&self) -> Effort {
        self.effort
    }

    /// The preset for a head that is about to start.
    #[must_use]
    pub fn preset(&self, work: Work, now: Instant) -> Preset {
        match self.effort {
            Effort::Always(preset) => preset,
            Effort::ByNeed => self.lock().get(&work).map_or(Preset::FIRST, |known| known.best(now)),
        }
    }

    /// A head has been so fast. Returns a preset that would be faster where this one falls behind who watches, and the
    /// choice is ours.
    pub fn note(&self, work: Work, preset: Preset, speed: f64, now: Instant) -> Option<Preset> {
        let mut kinds = self.lock();
        if kinds.len() >= KINDS
            && !kinds.contains_key(&work)
            && let Some(oldest) = kinds.iter().min_by_key(|(_, known)| known.newest()).map(|(work, _)| *work)
        {
            kinds.remove(&oldest);
        }
        let known = kinds.entry(work).or_default();
        if let Some(at) = Preset::LADDER.iter().position(|other| *other == preset) {
            let before = known.speed(preset, now).unwrap_or(speed);
            known.speeds[at] = Some((before + (speed - before) * WEIGHT, now));
        }
        if speed >= 1.0 || self.effort != Effort::ByNeed {
            return None;
        }
        // What was measured at a better moment says nothing of now.
        let promises = |other: &Preset| speed * preset.cost() / other.cost() >= ENOUGH;
        let faster = || Preset::LADDER.into_iter().filter(|other| other.cost() < preset.cost());
        faster().rev().find(promises).or_else(|| faster().next())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Work, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: Work =
        Work { decoder: Decoder::H264, decoded: 50, encoded: 50, deinterlaced: false, mapped: false, subtitles: false };

    fn after(seconds: u64) -> Instant {
        // One start for all moments of a test.
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *START.get_or_init(Instant::now) + Duration::from_secs(seconds)
    }

    #[test]
    fn begins_in_the_middle_and_stays_while_that_is_enough() {
        let speeds = Speeds::new(Effort::ByNeed);
        assert_eq!(speeds.preset(WORK, after(0)), Preset::SuperFast);
        assert_eq!(speeds.note(WORK, Preset::SuperFast, 1.6, after(1)), None);
        assert_eq!(speeds.preset(WORK, after(2)), Preset::SuperFast);
    }

    #[test]
    fn falls_to_what_keeps_up() {
        let speeds = Speeds::new(Effort::ByNeed);
        assert_eq!(speeds.note(WORK, Preset::VeryFast, 0.99, after(0)), Some(Preset::SuperFast));
        assert_eq!(speeds.note(WORK, Preset::VeryFast, 0.5, after(1)), Some(Preset::UltraFast));
        assert_eq!(speeds.note(WORK, Preset::SuperFast, 0.5, after(2)), Some(Preset::UltraFast), "the best there is");
        assert_eq!(speeds.note(WORK, Preset::UltraFast, 0.5, after(3)), None, "nothing is faster");
        assert_eq!(speeds.preset(WORK, after(4)), Preset::UltraFast);
    }

    #[test]
    fn one_that_just_keeps_up_is_left_for_the_next_head_only() {
        let speeds = Speeds::new(Effort::ByNeed);
        assert_eq!(speeds.note(WORK, Preset::SuperFast, 1.1, after(0)), None);
        assert_eq!(speeds.preset(WORK, after(1)), Preset::UltraFast);
    }

    #[test]
    fn rises_where_there_is_room_and_keeps_what_was_measured_well() {
        let speeds = Speeds::new(Effort::ByNeed);
        speeds.note(WORK, Preset::SuperFast, 3.0, after(0));
        assert_eq!(speeds.preset(WORK, after(1)), Preset::SuperFast, "2 is promised");
        speeds.note(WORK, Preset::SuperFast, 5.0, after(2));
        speeds.note(WORK, Preset::SuperFast, 5.0, after(3));
        assert_eq!(speeds.preset(WORK, after(4)), Preset::VeryFast);
        speeds.note(WORK, Preset::VeryFast, 1.5, after(5));
        assert_eq!(speeds.preset(WORK, after(6)), Preset::VeryFast, "less than promised, and enough");
        speeds.note(WORK, Preset::VeryFast, 0.9, after(7));
        assert_eq!(speeds.preset(WORK, after(8)), Preset::SuperFast);
    }

    #[test]
    fn a_busy_spell_is_got_over() {
        let speeds = Speeds::new(Effort::ByNeed);
        speeds.note(WORK, Preset::SuperFast, 0.9, after(0));
        speeds.note(WORK, Preset::UltraFast, 2.6, after(300));
        assert_eq!(speeds.preset(WORK, after(301)), Preset::UltraFast, "superfast was too slow a moment ago");
        assert_eq!(speeds.preset(WORK, after(700)), Preset::SuperFast);
    }

    #[test]
    fn kinds_of_work_are_told_apart() {
        let speeds = Speeds::new(Effort::ByNeed);
        speeds.note(WORK, Preset::SuperFast, 0.4, after(0));
        assert_eq!(speeds.preset(Work { mapped: true, ..WORK }, after(1)), Preset::SuperFast);
        assert_eq!(speeds.preset(Work { decoder: Decoder::of("mpeg2video"), ..WORK }, after(1)), Preset::SuperFast);
        assert_eq!(speeds.preset(Work { decoder: Decoder::of("h264"), ..WORK }, after(1)), Preset::UltraFast);
        assert!(Work::step(1920.0 * 1080.0 * 24.0) < Work::step(3840.0 * 2160.0 * 24.0));
        assert_eq!(Work::step(1920.0 * 1080.0 * 24.0), Work::step(1920.0 * 1080.0 * 25.0));
        assert_eq!((Work::step(f64::NAN), Work::step(f64::INFINITY)), (0, 128));
    }

    #[test]
    fn what_is_old_is_not_believed() {
        let speeds = Speeds::new(Effort::ByNeed);
        speeds.note(WORK, Preset::SuperFast, 0.4, after(0));
        assert_eq!(speeds.preset(WORK, after(1)), Preset::UltraFast);
        assert_eq!(speeds.preset(WORK, after(601)), Preset::SuperFast);
    }

    #[test]
    fn an_operator_s_choice_is_kept() {
        let speeds = Speeds::new(Effort::Always(Preset::Medium));
        assert_eq!(speeds.note(WORK, Preset::Medium, 0.2, after(0)), None);
        assert_eq!(speeds.preset(WORK, after(1)), Preset::Medium);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let speeds = Speeds::new(Effort::ByNeed);
        for encoded in 0..=255 {
            speeds.note(Work { encoded, ..WORK }, Preset::SuperFast, 0.4, after(u64::from(encoded)));
        }
        assert_eq!(speeds.lock().len(), KINDS);
        assert_eq!(speeds.preset(Work { encoded: 255, ..WORK }, after(256)), Preset::UltraFast);
    }
}
