//! Asking a program for its version and for what is needed of it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Missing, Tool, find};
use crate::process::{Command, Output, OutputError, Spawner, output};

/// For a program to say its version.
const LIMIT: Duration = Duration::from_secs(10);
/// Bytes; lists of encoders are the longest answers, about 10 KiB.
const MAX_ANSWER: usize = 256 * 1024;

pub(super) async fn ffmpeg(spawner: &Spawner, configured: Option<&Path>) -> Result<Tool, Missing> {
    let path = place("ffmpeg", "ffmpeg", configured)?;
    let (version, encoder) = tokio::join!(
        ask(spawner, "ffmpeg", &path, &["-hide_banner", "-version"]),
        ask(spawner, "ffmpeg", &path, &["-hide_banner", "-h", "encoder=aac"]),
    );
    let version = version_of("ffmpeg", "ffmpeg", version)?;
    if !encoder.is_ok_and(|text| text.lines().any(|line| line.starts_with("Encoder aac "))) {
        return Err(lacks("ffmpeg", "ffmpeg", version, "the AAC encoder"));
    }
    Ok(Tool { path, version })
}

pub(super) async fn ffprobe(spawner: &Spawner, configured: Option<&Path>) -> Result<Tool, Missing> {
    let path = place("ffprobe", "ffmpeg", configured)?;
    let version = ask(spawner, "ffprobe", &path, &["-hide_banner", "-version"]).await;
    Ok(Tool { version: version_of("ffprobe", "ffmpeg", version)?, path })
}

pub(super) async fn mpv(spawner: &Spawner, configured: Option<&Path>) -> Result<Tool, Missing> {
    let path = place("mpv", "mpv", configured)?;
    let (version, encoders) = tokio::join!(
        ask(spawner, "mpv", &path, &["--no-config", "--version"]),
        ask(spawner, "mpv", &path, &["--no-config", "--ovc=help"]),
    );
    let version = version_of("mpv", "mpv", version)?;
    // An mpv without encode mode doesn't know the option, one without libx264 doesn't list it.
    if !encoders.is_ok_and(|text| text.lines().any(|line| line.trim().starts_with("--ovc=libx264 "))) {
        return Err(lacks("mpv", "mpv", version, "encode mode with libx264"));
    }
    Ok(Tool { path, version })
}

/// Whether this ffmpeg has a decoder.
pub(super) async fn decodes(spawner: &Spawner, ffmpeg: &Path, decoder: &str) -> bool {
    let told = ask(spawner, "ffmpeg", ffmpeg, &["-hide_banner", "-h", &format!("decoder={decoder}")]).await;
    told.is_ok_and(|text| text.lines().any(|line| line.starts_with(&format!("Decoder {decoder} "))))
}

/// What browsers decode themselves needs no decoder here as long as they do.
const PASSED_ON: [&str; 10] = ["h264", "hevc", "av1", "vp8", "vp9", "aac", "mp3", "opus", "flac", "vorbis"];

/// The codecs that this ffmpeg knows and cannot decode, by its names for them.
pub(super) async fn undecodable(spawner: &Spawner, ffmpeg: &Path) -> Vec<String> {
    let told = ask(spawner, "ffmpeg", ffmpeg, &["-hide_banner", "-codecs"]).await;
    parse_undecodable(&told.unwrap_or_default())
}

/// From lines such as ` DEV.LS h264   H.264 / AVC…`, where `D` says that it is decoded.
fn parse_undecodable(text: &str) -> Vec<String> {
    // Before the list stands what the letters mean.
    let list = text.lines().skip_while(|line| line.trim() != "-------").skip(1);
    let codecs = list.filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?))
    });
    let undecodable = codecs.filter(|(flags, name)| !flags.starts_with('D') && !PASSED_ON.contains(name));
    undecodable.map(|(_, name)| name.to_owned()).collect()
}

fn place(name: &'static str, package: &str, configured: Option<&Path>) -> Result<PathBuf, Missing> {
    let missing = |problem| Missing { version: None, problem };
    if let Some(path) = configured {
        return if find::is_executable(path) {
            Ok(path.to_owned())
        } else {
            Err(missing(format!("the path configured for {name} is not a program: correct it or leave it out")))
        };
    }
    find::on_path(name, &std::env::var_os("PATH").unwrap_or_default()).ok_or_else(|| {
        missing(format!(
            "{name} is not installed: install Debian's package {package} with `sudo apt-get install {package}`, \
             then start matinee again"
        ))
    })
}

async fn ask(spawner: &Spawner, name: &'static str, path: &Path, args: &[&str]) -> Result<String, String> {
    match output(spawner, Command::new(name, path).args(args), LIMIT, MAX_ANSWER).await {
        Ok(Output { exit, stdout, .. }) if exit.success() => Ok(String::from_utf8_lossy(&stdout).into_owned()),
        Ok(Output { exit, stderr, .. }) => {
            tracing::warn!(name, %exit, stderr, "tool check failed");
            Err(format!("ended with {exit}"))
        }
        Err(OutputError::TimedOut { .. }) => Err(format!("did not answer within {} s", LIMIT.as_secs())),
        Err(error) => {
            tracing::warn!(name, error = &error as &dyn std::error::Error, "tool check failed");
            Err("could not be started".into())
        }
    }
}

fn version_of(name: &str, package: &str, answer: Result<String, String>) -> Result<String, Missing> {
    answer.and_then(|text| parse_version(name, &text).ok_or_else(|| "did not tell its version".into())).map_err(
        |what| Missing {
            version: None,
            problem: format!(
                "{name} {what} when asked for its version: install it anew with \
                 `sudo apt-get install --reinstall {package}`, then start matinee again"
            ),
        },
    )
}

fn lacks(name: &str, package: &str, version: String, what: &str) -> Missing {
    let problem = format!(
        "this {name} ({version}) lacks {what}: install Debian's with `sudo apt-get install {package}`, \
         then start matinee again"
    );
    Missing { version: Some(version), problem }
}

/// From `ffmpeg version 5.1.9-0+deb12u1 Copyright …` or `mpv 0.35.1 Copyright …` or `mpv v0.38.0 …`.
fn parse_version(name: &str, text: &str) -> Option<String> {
    let mut words = text.lines().next()?.split_whitespace();
    if words.next() != Some(name) {
        return None;
    }
    let word = words.find(|word| *word != "version")?;
    let version = word.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(word);
    Some(version.chars().take(60).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_first_line() {
        let ffmpeg = "ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026 the FFmpeg developers\nbuilt with gcc";
        assert_eq!(parse_version("ffmpeg", ffmpeg).unwrap(), "5.1.9-0+deb12u1");
        assert_eq!(parse_version("ffmpeg", "ffmpeg version n7.1 Copyright").unwrap(), "n7.1");
        assert_eq!(parse_version("mpv", "mpv 0.35.1 Copyright © 2000-2023").unwrap(), "0.35.1");
        assert_eq!(parse_version("mpv", "mpv v0.38.0 Copyright").unwrap(), "0.38.0");
        for other in ["", "\n", "mpv", "bash: mpv: not found", "ffmpeg version"] {
            assert_eq!(parse_version("mpv", other), None, "{other}");
        }
    }

    #[test]
    fn codecs_without_a_decoder_are_told() {
        let text = "Codecs:\n D..... = Decoding supported\n ..V... = Video codec\n -------\n DEV.LS h264  H.264 / AVC\n \
                    .EVI.S ljpeg  Lossless JPEG\n ..V.L. vvc  H.266 / VVC\n D.A.L. cook  Cook\n";
        assert_eq!(parse_undecodable(text), ["ljpeg", "vvc"]);
        assert!(parse_undecodable("").is_empty());
    }

    #[test]
    fn what_is_wrong_comes_with_the_command_that_mends_it() {
        let missing = version_of("ffprobe", "ffmpeg", Err("ended with exit code 127".into())).unwrap_err();
        assert!(missing.problem.starts_with("ffprobe ended with exit code 127 when asked"), "{}", missing.problem);
        assert!(missing.problem.contains("sudo apt-get install --reinstall ffmpeg"));
        let lacks = lacks("mpv", "mpv", "0.35.1".into(), "encode mode with libx264");
        assert_eq!(lacks.version.as_deref(), Some("0.35.1"));
        assert!(lacks.problem.contains("sudo apt-get install mpv"));
        let configured = place("mpv", "mpv", Some(Path::new("/nonexistent/mpv"))).unwrap_err();
        assert!(!configured.problem.contains("/nonexistent"), "no server path in messages: {}", configured.problem);
    }
}
