//! Matinee's program: configuration, routes, start-up checks, shutdown.

// The types of a whole page of nested views are deeper than the default allows.
#![recursion_limit = "512"]

mod backend;
mod body;
mod bring;
mod connection;
mod events;
mod guard;
mod hls;
mod listen;
mod login;
mod logs;
mod player;
mod router;
mod run;
mod settings;
mod site;
mod status;
mod subtitles;
mod torrents;

use std::{process::ExitCode, time::Duration};

use settings::Settings;

/// For work that nobody joins.
const REST: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let settings = match Settings::read() {
        Ok(settings) => settings,
        Err(error) => return refused(&error),
    };
    if let Err(error) = logs::start(&settings) {
        return refused(&error);
    }
    allow_connections();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("matinee").build() {
        Ok(runtime) => runtime,
        Err(error) => return refused(&error),
    };
    let ran = runtime.block_on(run::run(settings));
    // What a library still does with a disk does not hold up the end.
    runtime.shutdown_timeout(REST);
    match ran {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => refused(error.as_ref()),
    }
}

/// Each viewer has some connections, each of which is a file, and the usual limit is 1024 files: it is raised to what this
/// user may have. Where that fails there is room for fewer viewers.
fn allow_connections() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, rustix::process::Rlimit { current: limit.maximum, ..limit });
}

/// Says on the terminal why the server does not run, with everything that led to it.
fn refused(error: &dyn std::error::Error) -> ExitCode {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    eprintln!("matinee: {text}");
    ExitCode::FAILURE
}
