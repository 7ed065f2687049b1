//! Which encoder a server uses: found out once, after its start.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use protocol::{EncoderKind, EncoderReport, EncoderTrial};
use tokio::sync::watch;

use super::{Hardware, trial};
use crate::{head::VideoTools, process::Spawner, tasks::Tasks, tools::Tools};

/// For all trials together; what has not been tried by then is not used.
const LIMIT: Duration = Duration::from_secs(60);

/// How long a film that is opened right after the start waits for them.
const PATIENCE: Duration = Duration::from_secs(5);

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
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Wanted::default().into()
    }
}

impl From<Wanted> for EncoderConfig {
    fn from(wanted: Wanted) -> Self {
        Self { wanted, cards: "/dev/dri".into() }
    }
}

/// A card that could not go on in so many places, and made nothing between them, is not used any more.
const FAILURES: usize = 2;

/// The encoder in use. Cheap to clone. libx264 until the trials are over.
#[derive(Clone, Debug)]
pub struct Encoders {
    state: watch::Sender<State>,
    /// In a row.
    failures: Arc<AtomicUsize>,
}

#[derive(Clone, Debug, Default)]
struct State {
    used: Option<Hardware>,
    trying: bool,
    trials: Vec<EncoderTrial>,
}

impl Encoders {
    /// Tries what is wanted, beside everything else.
    pub(crate) fn start(config: EncoderConfig, spawner: &Spawner, tools: &Tools, tasks: &Tasks) -> Self {
        let kinds = config.wanted.kinds();
        // Without the programs there is nothing to try, and nothing to play.
        let (mpv, ffmpeg) = (tools.require("mpv"), tools.require("ffmpeg"));
        let trying = !kinds.is_empty() && mpv.is_ok() && ffmpeg.is_ok();
        let encoders =
            Self { state: watch::Sender::new(State { trying, ..State::default() }), failures: Arc::default() };
        let (true, Ok(mpv), Ok(ffmpeg)) = (trying, mpv, ffmpeg) else { return encoders };
        let (trying, spawner) = (encoders.clone(), spawner.clone());
        let (mpv, ffmpeg) = (mpv.to_owned(), ffmpeg.to_owned());
        tasks.spawn("encoder trials", async move {
            let tools = VideoTools { mpv: &mpv, ffmpeg: &ffmpeg };
            let tries = async {
                for kind in kinds {
                    if trying.try_kind(&spawner, tools, kind, &config.cards).await {
                        break;
                    }
                }
            };
            if tokio::time::timeout(LIMIT, tries).await.is_err() {
                tracing::warn!("the encoders were not tried out within {} s", LIMIT.as_secs());
            }
            trying.state.send_modify(|state| state.trying = false);
            tracing::info!(encoder = trying.state.borrow().kind().name(), "pictures are encoded by this");
        });
        encoders
    }

    /// Whether this encoder works, on one of the machine's cards.
    async fn try_kind(&self, spawner: &Spawner, tools: VideoTools<'_>, kind: EncoderKind, cards: &Path) -> bool {
        let devices: Vec<Option<PathBuf>> = match kind {
            // The others find theirs themselves.
            EncoderKind::Vaapi => trial::cards(cards).into_iter().map(Some).collect(),
            _ => vec![None],
        };
        let mut problem = "this machine shows no graphics card (/dev/dri/renderD*)".to_owned();
        for device in devices {
            let hardware = Hardware { kind, device };
            match trial::try_out(spawner, tools, &hardware).await {
                Ok(()) => {
                    self.state.send_modify(|state| {
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
        self.state.send_modify(|state| state.trials.push(trial));
        false
    }

    /// The graphics card's encoder that works here; waits a moment where that is still being found out.
    pub async fn hardware(&self) -> Option<Hardware> {
        let mut state = self.state.subscribe();
        let settled = state.wait_for(|state| !state.trying);
        let known = tokio::time::timeout(PATIENCE, settled).await;
        known.ok()?.ok()?.used.clone()
    }

    /// Whether a card is in use.
    #[must_use]
    pub fn has_card(&self) -> bool {
        self.state.borrow().used.is_some()
    }

    /// The card has made a segment.
    pub(crate) fn card_worked(&self) {
        self.failures.store(0, Relaxed);
    }

    /// The card could not go on with a rendition. It may have more to do than it takes at the same time, so that others go on;
    /// where none does, it is left for good.
    pub(crate) fn card_failed(&self) {
        if self.failures.fetch_add(1, Relaxed) + 1 < FAILURES {
            return;
        }
        self.state.send_if_modified(|state| {
            let Some(Hardware { kind, .. }) = state.used.take() else { return false };
            tracing::warn!(
                encoder = kind.name(),
                "the graphics card fails; the processor encodes until the next start"
            );
            let problem = "it stopped working while films were encoded; restart Matinee to try it again".to_owned();
            for trial in state.trials.iter_mut().filter(|trial| trial.encoder == kind) {
                trial.problem = Some(problem.clone());
            }
            true
        });
    }

    /// For the page. `preset` is libx264's.
    #[must_use]
    pub fn report(&self, preset: String) -> EncoderReport {
        let state = self.state.borrow();
        EncoderReport { used: state.kind(), preset, trying: state.trying, trials: state.trials.clone() }
    }
}

impl State {
    fn kind(&self) -> EncoderKind {
        self.used.as_ref().map_or(EncoderKind::X264, |hardware| hardware.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_left_when_nothing_comes_of_it_any_more() {
        let used = Some(Hardware { kind: EncoderKind::Qsv, device: None });
        let trials = vec![EncoderTrial { encoder: EncoderKind::Qsv, problem: None }];
        let state = watch::Sender::new(State { used, trials, trying: false });
        let encoders = Encoders { state, failures: Arc::default() };
        for _ in 0..3 {
            encoders.card_failed();
            encoders.card_worked();
        }
        assert!(encoders.has_card(), "others go on");
        encoders.card_failed();
        encoders.card_failed();
        let report = encoders.report("auto".into());
        assert_eq!((encoders.has_card(), report.used), (false, EncoderKind::X264));
        assert!(report.trials[0].problem.as_ref().unwrap().contains("restart Matinee"));
    }

    #[test]
    fn who_wants_software_has_nothing_tried() {
        assert!(Wanted::This(EncoderKind::X264).kinds().is_empty());
        assert_eq!(Wanted::This(EncoderKind::Qsv).kinds(), [EncoderKind::Qsv]);
        assert_eq!(Wanted::Auto.kinds(), EncoderKind::HARDWARE);
    }
}
