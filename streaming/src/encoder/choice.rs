//! Which encoder a server uses: found out once, after its start.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use protocol::{EncoderKind, EncoderReport, EncoderTrial};
use tokio::sync::watch;

use super::{Hardware, trial};
use crate::{head::VideoTools, process::Spawner, tasks::Tasks, tools::Tools};

/// For all trials together; what has not been tried by then is not used.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a film that is opened right after the start waits for them.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a card that failed is left before it is tried again, the first time; each later one is twice as long.
const REST: Duration = Duration::from_secs(60);

/// The longest of these, in the unit of the first: 64 minutes.
const LONGEST_REST: u32 = 64;

/// What the operator wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// The first graphics card's that works, else libx264.
    #[default]
    Auto,
    /// This one, where it works, else libx264.
    This(EncoderKind),
}

impl Wanted {
    fn kinds(self) -> Vec<EncoderKind> {
        match self {
            Self::Auto => EncoderKind::HARDWARE.into(),
            Self::This(EncoderKind::X264) => Vec::new(),
            Self::This(kind) => vec![kind],
        }
    }
}

/// Which encoder a server is to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncoderConfig {
    pub wanted: Wanted,
    /// The folder of the machine's graphics cards: Linux has them in `/dev/dri`.
    pub cards: PathBuf,
    /// How long a card that failed is left before it is tried again; longer each time.
    pub rest: Duration,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Wanted::default().into()
    }
}

impl From<Wanted> for EncoderConfig {
    fn from(wanted: Wanted) -> Self {
        Self { wanted, cards: "/dev/dri".into(), rest: REST }
    }
}

/// The encoder in use. Cheap to clone. libx264 until the trials are over.
#[derive(Clone, Debug)]
pub struct Encoders {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: watch::Sender<State>,
    /// None where nothing can be tried.
    bench: Option<Bench>,
    worked: Mutex<Option<Instant>>,
    rest: Duration,
}

/// What trials are made with.
#[derive(Debug)]
struct Bench {
    spawner: Spawner,
    mpv: PathBuf,
    ffmpeg: PathBuf,
    tasks: Tasks,
}

#[derive(Clone, Debug, Default)]
struct State {
    used: Option<Hardware>,
    trying: bool,
    trials: Vec<EncoderTrial>,
    /// The card in use is being tried again.
    doubted: bool,
}

impl Encoders {
    /// Tries what is wanted, beside everything else.
    pub(crate) fn start(config: EncoderConfig, spawner: &Spawner, tools: &Tools, tasks: &Tasks) -> Self {
        let kinds = config.wanted.kinds();
        // Without the programs there is nothing to try, and nothing to play.
        let bench = match (tools.require("mpv"), tools.require("ffmpeg")) {
            (Ok(mpv), Ok(ffmpeg)) if !kinds.is_empty() => {
                Some(Bench { spawner: spawner.clone(), mpv: mpv.into(), ffmpeg: ffmpeg.into(), tasks: tasks.clone() })
            }
            _ => None,
        };
        let state = watch::Sender::new(State { trying: bench.is_some(), ..State::default() });
        let encoders = Self { inner: Arc::new(Inner { state, bench, worked: Mutex::default(), rest: config.rest }) };
        if encoders.inner.bench.is_some() {
            let trying = encoders.clone();
            tasks.spawn("encoder trials", async move { trying.try_all(&kinds, &config.cards).await });
        }
        encoders
    }

    async fn try_all(&self, kinds: &[EncoderKind], cards: &Path) {
        let tries = async {
            for kind in kinds {
                if self.try_kind(*kind, cards).await {
                    break;
                }
            }
        };
        let in_time = tokio::time::timeout(LIMIT, tries).await.is_ok();
        self.inner.state.send_modify(|state| {
            state.trying = false;
            for kind in kinds.iter().filter(|_| !in_time) {
                if !state.trials.iter().any(|trial| trial.encoder == *kind) {
                    let problem = format!("it was not tried out within {} s of the start", LIMIT.as_secs());
                    state.trials.push(EncoderTrial { encoder: *kind, problem: Some(problem) });
                }
            }
        });
        tracing::info!(encoder = self.inner.state.borrow().kind().name(), "pictures are encoded by this");
    }

    /// Whether this encoder works, on one of the machine's cards.
    async fn try_kind(&self, kind: EncoderKind, cards: &Path) -> bool {
        let devices: Vec<Option<PathBuf>> = match kind {
            // The others find theirs themselves.
            EncoderKind::Vaapi => trial::cards(cards).into_iter().map(Some).collect(),
            _ => vec![None],
        };
        let mut problem = "this machine shows no graphics card (/dev/dri/renderD*)".to_owned();
        for device in devices {
            let hardware = Hardware { kind, device };
            match self.inner.try_out(&hardware).await {
                Ok(()) => {
                    self.inner.state.send_modify(|state| {
                        state.trials.push(EncoderTrial { encoder: kind, problem: None });
                        state.used = Some(hardware);
                    });
                    return true;
                }
                Err(why) => problem = why,
            }
        }
        tracing::info!(encoder = kind.name(), problem, "this encoder is not used");
        let trial = EncoderTrial { encoder: kind, problem: Some(problem) };
        self.inner.state.send_modify(|state| state.trials.push(trial));
        false
    }

    /// The graphics card's encoder that works here; waits a moment where that is still being found out.
    pub async fn hardware(&self) -> Option<Hardware> {
        let mut state = self.inner.state.subscribe();
        let settled = state.wait_for(|state| !state.trying);
        let known = tokio::time::timeout(PATIENCE, settled).await;
        known.ok()?.ok()?.used.clone()
    }

    /// Whether a card is in use.
    #[must_use]
    pub fn has_card(&self) -> bool {
        self.inner.state.borrow().used.is_some()
    }

    /// The card has made a segment.
    pub(crate) fn card_worked(&self) {
        *self.inner.worked() = Some(Instant::now());
    }

    /// The card could not go on with a rendition. That may be the film's fault, so the card is tried again, and left where
    /// that fails too, unless others got something out of it meanwhile: then it has only been given more to do than it
    /// takes at the same time. So it may have been where it is left, by another program too, and is tried again later.
    pub(crate) fn card_failed(&self) {
        let Some(bench) = &self.inner.bench else { return };
        let mut doubted = None;
        self.inner.state.send_if_modified(|state| {
            if !state.doubted {
                doubted.clone_from(&state.used);
                state.doubted = doubted.is_some();
            }
            doubted.is_some()
        });
        let Some(hardware) = doubted else { return };
        let again = self.clone();
        bench.tasks.spawn("encoder trials", async move { again.try_until_it_works(hardware).await });
    }

    async fn try_until_it_works(&self, hardware: Hardware) {
        let mut rest = self.inner.rest;
        loop {
            let began = Instant::now();
            let tried = match self.inner.try_out(&hardware).await {
                Err(_) if self.inner.worked().is_some_and(|when| when > began) => Ok(()),
                tried => tried,
            };
            let works = tried.is_ok();
            self.inner.state.send_modify(|state| state.doubt_is_over(&hardware, tried));
            if works {
                return;
            }
            tokio::time::sleep(rest).await;
            rest = (rest * 2).min(self.inner.rest * LONGEST_REST);
        }
    }

    /// For the page. `preset` is libx264's.
    #[must_use]
    pub fn report(&self, preset: String) -> EncoderReport {
        let state = self.inner.state.borrow();
        EncoderReport { used: state.kind(), preset, trying: state.trying, trials: state.trials.clone() }
    }
}

impl Inner {
    /// Bounded: a trial is two runs, each with a limit.
    async fn try_out(&self, hardware: &Hardware) -> Result<(), String> {
        let Some(bench) = &self.bench else { return Err("there is nothing to try it with".into()) };
        let tools = VideoTools { mpv: &bench.mpv, ffmpeg: &bench.ffmpeg };
        trial::try_out(&bench.spawner, tools, hardware).await
    }

    fn worked(&self) -> MutexGuard<'_, Option<Instant>> {
        self.worked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn kind(&self) -> EncoderKind {
        self.used.as_ref().map_or(EncoderKind::X264, |hardware| hardware.kind)
    }

    /// After a trial of the card that is or was in use.
    fn doubt_is_over(&mut self, hardware: &Hardware, tried: Result<(), String>) {
        let encoder = hardware.kind.name();
        self.doubted = false;
        let was_used = self.used.is_some();
        let problem = match tried {
            Ok(()) => {
                if !was_used {
                    tracing::info!(encoder, "the graphics card works again");
                }
                self.used = Some(hardware.clone());
                None
            }
            Err(why) => {
                if was_used {
                    tracing::warn!(encoder, why, "the graphics card fails; the processor encodes until it works again");
                }
                self.used = None;
                Some(format!("it stopped working while films were encoded: {why}; it is tried again from time to time"))
            }
        };
        for trial in self.trials.iter_mut().filter(|trial| trial.encoder == hardware.kind) {
            trial.problem.clone_from(&problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_left_while_it_fails_on_the_test_picture_too() {
        let card = Hardware { kind: EncoderKind::Qsv, device: None };
        let trials = vec![EncoderTrial { encoder: EncoderKind::Qsv, problem: None }];
        let mut state = State { used: Some(card.clone()), trials, trying: false, doubted: true };
        state.doubt_is_over(&card, Ok(()));
        assert_eq!((state.kind(), state.doubted), (EncoderKind::Qsv, false));
        state.doubt_is_over(&card, Err("device lost".into()));
        assert_eq!(state.kind(), EncoderKind::X264);
        let problem = state.trials[0].problem.clone().unwrap();
        assert!(problem.contains("device lost") && problem.contains("tried again"), "{problem}");
        state.doubt_is_over(&card, Ok(()));
        assert_eq!((state.kind(), state.trials[0].problem.as_deref()), (EncoderKind::Qsv, None));
    }

    #[test]
    fn who_wants_software_has_nothing_tried() {
        assert!(Wanted::This(EncoderKind::X264).kinds().is_empty());
        assert_eq!(Wanted::This(EncoderKind::Qsv).kinds(), [EncoderKind::Qsv]);
        assert_eq!(Wanted::Auto.kinds(), EncoderKind::HARDWARE);
    }
}
