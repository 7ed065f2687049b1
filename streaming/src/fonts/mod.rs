//! Fonts of this computer, for what a film names and does not bring along: those that mpv would draw with, since the
//! same fontconfig chooses them.

mod pattern;
mod renamed;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use protocol::{Error, ErrorKind};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::timeout,
};

pub use pattern::Wanted;

use crate::process::{Command, Output, Spawner, output};

/// Where distributions put fonts that may be given to anyone. An operator's own may have licences that forbid it.
const FOLDER: &str = "/usr/share/fonts";
/// Fonts for Chinese, Japanese and Korean have twenty megabytes.
const MAX_FONT: u64 = 64 << 20;
/// For fontconfig to answer; the first time after an installation it reads all fonts.
const LIMIT: Duration = Duration::from_secs(20);
/// Bytes; a set of characters is written as ranges.
const MAX_ANSWER: usize = 256 * 1024;
/// Answers that are remembered, and for how long: another font may be installed.
const REMEMBERED: usize = 512;
const STAYS: Duration = Duration::from_secs(600);
/// Fonts that are looked for and read at the same time.
const AT_ONCE: usize = 2;

type Answer = Arc<OnceCell<Option<Place>>>;

/// Finds fonts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fonts {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    spawner: Spawner,
    /// fontconfig's `fc-match`.
    program: Option<PathBuf>,
    answers: Mutex<HashMap<Wanted, (Instant, Answer)>>,
    at_once: Semaphore,
}

/// A face in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    file: PathBuf,
    face: u32,
}

impl Fonts {
    /// With fontconfig's `fc-match` at `program`; without it there are no fonts.
    #[must_use]
    pub fn new(spawner: Spawner, program: Option<PathBuf>) -> Self {
        let shared = Shared { spawner, program, answers: Mutex::default(), at_once: Semaphore::new(AT_ONCE) };
        Self { shared: Arc::new(shared) }
    }

    /// The font file that comes nearest to what is wanted, as if its family's name were `name`.
    ///
    /// # Errors
    ///
    /// `not_found` when this computer has none, or none that may be given away; `invalid_request` for a name that is none.
    pub async fn find(&self, wanted: &Wanted, name: &str) -> Result<Bytes, Error> {
        wanted.check()?;
        pattern::check(name)?;
        let none = || Error::new(ErrorKind::NotFound, "this server has no such font");
        let busy = |_| Error::new(ErrorKind::Internal, "the server is busy with other fonts; try again");
        let permit = timeout(LIMIT, self.shared.at_once.acquire()).await.map_err(busy)?;
        let answer = self.answer(wanted);
        let place = answer.get_or_try_init(|| self.ask(wanted)).await?.clone().ok_or_else(none)?;
        let font = read(&place.file).await.ok_or_else(none)?;
        let renamed = renamed::renamed(&font, place.face, name).map_or_else(|| font.into(), Bytes::from);
        drop(permit);
        Ok(renamed)
    }

    fn answer(&self, wanted: &Wanted) -> Answer {
        let mut answers = self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|_, (asked, _)| asked.elapsed() < STAYS);
        if answers.len() >= REMEMBERED && !answers.contains_key(wanted) {
            answers.clear();
        }
        let (_, answer) = answers.entry(wanted.clone()).or_insert_with(|| (Instant::now(), Answer::default()));
        Arc::clone(answer)
    }

    async fn ask(&self, wanted: &Wanted) -> Result<Option<Place>, Error> {
        let Some(program) = &self.shared.program else { return Ok(None) };
        let busy = || Error::new(ErrorKind::Internal, "fontconfig did not answer");
        let command = Command::new("fc-match", program).args(["--format", pattern::FORMAT, &wanted.pattern()]);
        match output(&self.shared.spawner, command, LIMIT, MAX_ANSWER).await {
            Ok(Output { exit, stdout, .. }) if exit.success() => {
                Ok(pattern::answer(&String::from_utf8_lossy(&stdout), wanted).filter(|place| may_be_given(&place.file)))
            }
            Ok(Output { exit, stderr, .. }) => {
                tracing::warn!(%exit, stderr, "fontconfig failed");
                Err(busy())
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "fontconfig failed");
                Err(busy())
            }
        }
    }
}

fn may_be_given(file: &Path) -> bool {
    file.canonicalize().is_ok_and(|file| file.starts_with(FOLDER))
}

async fn read(file: &Path) -> Option<Vec<u8>> {
    let about = tokio::fs::metadata(file).await.ok()?;
    if !about.is_file() || about.len() > MAX_FONT {
        return None;
    }
    tokio::fs::read(file).await.ok()
}
