//! Running ffmpeg for a text track's lines. The run belongs to whoever awaits it: dropped, it ends.

use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use protocol::{Error, ErrorKind};
use tokio::{
    io::AsyncReadExt as _,
    time::{Instant, timeout},
};

use crate::{
    gateway::Feed,
    process::{Child, ChildStdout, Command, Exit, Spawner},
    scheduler::HeadId,
    subtitles::Listing,
};

/// How often a silent run's source is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long ffmpeg may take to end after it has closed its output.
const LAST_BREATH: Duration = Duration::from_secs(5);
/// Bytes taken from the pipe at a time.
const READ: usize = 64 * 1024;
/// No line of a script is longer, in bytes.
const LONGEST: usize = 4 << 20;

/// One run of ffmpeg with [`super::text_command`].
#[derive(Debug)]
pub struct TextRun {
    pub id: HeadId,
    pub command: Command,
    pub feed: Feed,
    pub spawner: Spawner,
    /// Whether the command lists the track's own samples first.
    pub by_sample: bool,
    /// How long it may write nothing; a while longer, since it is looked at once a second.
    pub silence: Duration,
    /// When it has to have ended.
    pub deadline: Instant,
}

/// Why a run ended.
#[derive(Debug)]
pub enum TextEnd {
    /// It came as far as was wanted.
    Enough,
    /// There is nothing more in the film.
    FilmEnded,
    /// What comes after the lines so far is not known.
    Failed(Error),
}

impl TextRun {
    /// Runs until `is_enough` of the lines so far. The child is gone when this returns.
    pub async fn run(self, is_enough: impl Fn(&Listing) -> bool) -> (Listing, TextEnd) {
        let mut listing = Listing::new(self.by_sample);
        let mut child = match self.spawner.spawn(self.command.clone()).await {
            Ok(child) => child,
            Err(error) => return (listing, TextEnd::Failed(failed(&error.to_string()))),
        };
        let end = match child.take_stdout() {
            Some(mut stdout) => match self.read(&mut stdout, &mut listing, is_enough).await {
                Ok(true) => TextEnd::Enough,
                Ok(false) => self.conclude(&mut child).await,
                Err(error) => TextEnd::Failed(error),
            },
            None => TextEnd::Failed(failed("its output could not be had")),
        };
        child.end().await;
        (listing, end)
    }

    /// Whether there was enough before the output's end.
    async fn read(
        &self,
        stdout: &mut ChildStdout,
        listing: &mut Listing,
        is_enough: impl Fn(&Listing) -> bool,
    ) -> Result<bool, Error> {
        let mut buffer = BytesMut::with_capacity(READ);
        let mut heard = Instant::now();
        loop {
            match timeout(LOOK, stdout.read_buf(&mut buffer)).await {
                Ok(Ok(0)) => return Ok(false),
                Ok(Ok(_)) => heard = Instant::now(),
                Ok(Err(error)) => return Err(failed(&format!("its output could not be read: {error}"))),
                Err(_) => {
                    // A tool tries a source that the gateway has given up again and again.
                    if let Some(failure) = self.feed.failure_of(self.id) {
                        return Err(failure);
                    }
                    if heard.elapsed() >= self.silence {
                        return Err(not_yet());
                    }
                }
            }
            while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line = String::from_utf8_lossy(&buffer[..end]);
                listing.push(line.trim_end_matches('\r'));
                buffer.advance(end + 1);
                if is_enough(listing) {
                    return Ok(true);
                }
            }
            if buffer.len() > LONGEST {
                return Err(failed("one of its lines has no end"));
            }
            if Instant::now() >= self.deadline {
                let message = "the film's server is too slow for its subtitles; try again";
                return Err(Error::new(ErrorKind::SourceTimeout, message));
            }
        }
    }

    /// The output has ended. Exit code 0 alone proves nothing: a source that fails ends in it too.
    async fn conclude(&self, child: &mut Child) -> TextEnd {
        let exit = timeout(LAST_BREATH, child.wait()).await;
        if let Some(failure) = self.feed.failure_of(self.id) {
            return TextEnd::Failed(failure);
        }
        match exit {
            Ok(Exit::Code(0)) => TextEnd::FilmEnded,
            Ok(exit) => TextEnd::Failed(failed(&format!("it ended with {exit}: {}", child.stderr_tail().trim()))),
            Err(_) => TextEnd::Failed(failed("it did not end after its output")),
        }
    }
}

fn not_yet() -> Error {
    let message = "this part of the film has not been read yet; its server sends it from the start only: wait";
    Error::new(ErrorKind::SourceUnreachable, message)
}

/// For a viewer; why is for the log.
fn failed(why: &str) -> Error {
    tracing::warn!(why, "subtitles could not be read by ffmpeg");
    let message = "these subtitles could not be read; try again, or have them drawn into the picture";
    Error::new(ErrorKind::Unplayable, message)
}
