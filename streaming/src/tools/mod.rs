//! The programs that do the work: where they are, which versions, and whether they can do what is needed.

mod check;
mod find;

use std::path::{Path, PathBuf};

use protocol::{Error, ErrorKind, ToolReport};

pub use find::{ToolPaths, fontconfig};

use crate::process::Spawner;

/// What was found of each program. A server without them still comes up, and says what to install.
#[derive(Clone, Debug)]
pub struct Tools {
    pub ffmpeg: Result<Tool, Missing>,
    pub ffprobe: Result<Tool, Missing>,
    pub mpv: Result<Tool, Missing>,
    /// Codecs that ffmpeg knows by name and cannot decode, such as H.266 for old ones.
    pub undecodable: Vec<String>,
}

/// A program that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    pub path: PathBuf,
    /// As the program tells it: `5.1.9-0+deb12u1`.
    pub version: String,
}

/// A program that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// When it is there but unusable.
    pub version: Option<String>,
    /// What is wrong and what to do.
    pub problem: String,
}

/// Whether an ffmpeg has a decoder, by ffmpeg's name for it. Ten seconds at most, usually a twentieth of one.
pub async fn decodes(spawner: &Spawner, ffmpeg: &Path, decoder: &str) -> bool {
    check::decodes(spawner, ffmpeg, decoder).await
}

impl Tools {
    /// Looks for the programs on `PATH` and asks them for their versions and encoders, all at the same time; ten
    /// seconds at most, usually a fifth of one.
    pub async fn find(spawner: &Spawner) -> Self {
        Self::find_at(spawner, &ToolPaths::default()).await
    }

    /// The same, with programs at configured places.
    pub async fn find_at(spawner: &Spawner, paths: &ToolPaths) -> Self {
        let (ffmpeg, ffprobe, mpv) = tokio::join!(
            check::ffmpeg(spawner, paths.ffmpeg.as_deref()),
            check::ffprobe(spawner, paths.ffprobe.as_deref()),
            check::mpv(spawner, paths.mpv.as_deref()),
        );
        let undecodable = match &ffmpeg {
            Ok(tool) => check::undecodable(spawner, &tool.path).await,
            Err(_) => Vec::new(),
        };
        Self { ffmpeg, ffprobe, mpv, undecodable }
    }

    /// The state of each program, for the page.
    #[must_use]
    pub fn report(&self) -> Vec<ToolReport> {
        self.all()
            .map(|(name, tool)| match tool {
                Ok(tool) => ToolReport { name: name.into(), version: Some(tool.version.clone()), problem: None },
                Err(missing) => ToolReport {
                    name: name.into(),
                    version: missing.version.clone(),
                    problem: Some(missing.problem.clone()),
                },
            })
            .collect()
    }

    /// The path of `ffmpeg`, `ffprobe` or `mpv`.
    ///
    /// # Errors
    /// `tool_missing`, with what to install.
    pub fn require(&self, name: &str) -> Result<&Path, Error> {
        match self.all().find(|(known, _)| *known == name) {
            Some((_, Ok(tool))) => Ok(&tool.path),
            Some((_, Err(missing))) => Err(Error::new(ErrorKind::ToolMissing, missing.problem.clone())),
            None => Err(Error::new(ErrorKind::Internal, format!("there is no tool named {name}"))),
        }
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, &Result<Tool, Missing>)> {
        [("ffmpeg", &self.ffmpeg), ("ffprobe", &self.ffprobe), ("mpv", &self.mpv)].into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_says_what_to_install() {
        let tool = Tool { path: "/usr/bin/ffmpeg".into(), version: "5.1.9".into() };
        let missing = Missing { version: None, problem: "mpv is not installed".into() };
        let tools = Tools { ffmpeg: Ok(tool.clone()), ffprobe: Ok(tool), mpv: Err(missing), undecodable: Vec::new() };
        assert_eq!(tools.require("ffmpeg").unwrap(), Path::new("/usr/bin/ffmpeg"));
        let error = tools.require("mpv").unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::ToolMissing, "mpv is not installed"));
        assert_eq!(tools.require("vlc").unwrap_err().kind, ErrorKind::Internal);
        let report = tools.report();
        assert_eq!(report.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["ffmpeg", "ffprobe", "mpv"]);
        assert_eq!(report[2].problem.as_deref(), Some("mpv is not installed"));
    }
}
