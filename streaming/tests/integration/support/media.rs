//! Films for the tests, made by the real programs.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Runs a program to its end, for at most two minutes.
pub(crate) fn tool<S: AsRef<OsStr>>(program: &str, args: &[S]) -> Output {
    run(program, args, 120)
}

/// Runs a program to its end, for at most so many seconds.
#[expect(clippy::disallowed_methods, reason = "tests make and look at their films with the real programs")]
pub(crate) fn run<S: AsRef<OsStr>>(program: &str, args: &[S], seconds: u32) -> Output {
    Command::new("timeout").args(["-k", "1", &seconds.to_string(), program]).args(args).output().unwrap()
}

/// The same, away from the runtime's threads.
pub(crate) async fn tool_async(program: &'static str, args: Vec<String>) -> Output {
    tokio::task::spawn_blocking(move || tool(program, &args)).await.unwrap()
}

/// An MKV of 160x90 at 25 fps with a keyframe a second, a tone, and its Cues at the end as ffmpeg puts them. The
/// picture is noise, so that a second is about 200 KB.
pub(crate) fn small_mkv(dir: &Path, seconds: u32) -> PathBuf {
    let path = dir.join(format!("small-{seconds}.mkv"));
    let picture = format!("testsrc=size=160x90:rate=25:duration={seconds},noise=alls=60:allf=t");
    let sound = format!("sine=frequency=440:duration={seconds}");
    let out = path.to_str().unwrap();
    let args = [
        "-v",
        "error",
        "-nostdin",
        "-y",
        "-f",
        "lavfi",
        "-i",
        &picture,
        "-f",
        "lavfi",
        "-i",
        &sound,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-crf",
        "12",
        "-g",
        "25",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
        out,
    ];
    let made = tool("ffmpeg", &args);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    path
}
