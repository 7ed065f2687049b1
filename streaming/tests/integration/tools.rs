//! The programs are found, and what is wrong with one is told.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration};

use protocol::ErrorKind;
use streaming::{
    process::Spawner,
    tasks::Tasks,
    tools::{ToolPaths, Tools},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Puts a program that is a shell script into a folder.
fn program(folder: &tempfile::TempDir, script: &str) -> Option<PathBuf> {
    let path = folder.path().join("program");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Some(path)
}

#[tokio::test]
async fn the_installed_programs_are_found_and_can_do_what_is_needed() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let tools = Tools::find(&spawner).await;
    for report in tools.report() {
        assert_eq!(report.problem, None, "{}", report.name);
        assert!(report.version.unwrap().contains('.'));
        assert!(tools.require(&report.name).unwrap().is_absolute());
    }
    assert_eq!(spawner.alive(), 0);
    assert!(spawner.stop(PATIENCE).await && tasks.join(PATIENCE).await);
}

#[tokio::test]
async fn an_unusable_program_is_told_with_what_to_do() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let (broken, crippled) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let paths = ToolPaths {
        ffmpeg: program(&broken, "echo error while loading shared libraries >&2; exit 127"),
        ffprobe: Some(PathBuf::from("/nonexistent/ffprobe")),
        // An mpv without encode mode.
        mpv: program(&crippled, "[ $2 = --version ] && echo mpv 0.35.1 Copyright || exit 1"),
    };
    let tools = Tools::find_at(&spawner, &paths).await;
    let report = tools.report();
    let problem = |n: usize| report[n].problem.as_deref().unwrap();
    assert!(problem(0).contains("exit code 127") && problem(0).contains("apt-get install"), "{}", problem(0));
    assert!(problem(1).contains("not a program"), "{}", problem(1));
    assert!(problem(2).contains("libx264") && problem(2).contains("apt-get install mpv"), "{}", problem(2));
    assert_eq!(report[2].version.as_deref(), Some("0.35.1"));
    assert_eq!(tools.require("mpv").unwrap_err().kind, ErrorKind::ToolMissing);
    assert!(spawner.stop(PATIENCE).await && tasks.join(PATIENCE).await);
}
