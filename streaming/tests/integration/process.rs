//! Children end, with all that they started, whatever happens to their owner.

use std::{
    io::Write as _,
    os::fd::OwnedFd,
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use streaming::{
    process::{Child, Command, Exit, OutputError, SpawnError, Spawner, output},
    tasks::Tasks,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader, Interest, unix::AsyncFd},
    time::timeout,
};

/// For everything that takes milliseconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(20);
const KILLED: Exit = Exit::Signal(9);

fn sh(script: &str) -> Command {
    Command::new("sh", "/bin/sh").args(["-c", script])
}

/// A process that is watched: the kernel tells when it is gone, so nothing has to be polled.
struct Watched(AsyncFd<OwnedFd>);

impl Watched {
    fn new(pid: u32) -> Self {
        let pid = Pid::from_raw(pid.cast_signed()).unwrap();
        let fd = pidfd_open(pid, PidfdFlags::empty()).expect("the process is alive");
        #[expect(deprecated, reason = "its unsafe successor is for descriptors that may be closed by somebody else")]
        Self(AsyncFd::with_interest(fd, Interest::READABLE).unwrap())
    }

    async fn gone(&self) {
        drop(timeout(PATIENCE, self.0.readable()).await.expect("the process is still alive").unwrap());
    }
}

/// The number in the first line that begins with `word`.
async fn number_after(word: &str, stream: impl AsyncRead + Unpin) -> u32 {
    let mut lines = BufReader::new(stream).lines();
    let find = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("the process told its child's number");
            // libtest may have begun the line with the test's name.
            if let Some((_, number)) = line.split_once(word) {
                return number.trim().parse().unwrap();
            }
        }
    };
    timeout(PATIENCE, find).await.unwrap()
}

async fn all_gone(spawner: Spawner, tasks: Tasks) {
    assert_eq!(spawner.alive(), 0);
    assert!(spawner.stop(PATIENCE).await, "the thread has ended");
    assert!(tasks.join(PATIENCE).await);
    assert_eq!(tasks.alive(), 0);
}

/// `sh` that waits for a `sleep` which it started, both watched.
async fn family(spawner: &Spawner, before: &str) -> (Child, Watched, Watched) {
    let mut child = spawner.spawn(sh(&format!("{before} sleep 1000 & echo child $!; wait; wait"))).await.unwrap();
    let grandchild = number_after("child ", child.take_stdout().unwrap()).await;
    let watched = Watched::new(child.pid());
    (child, watched, Watched::new(grandchild))
}

#[tokio::test]
async fn an_ended_child_takes_its_own_children_along() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let (mut child, leader, grandchild) = family(&spawner, "").await;
    assert_eq!(spawner.alive(), 1);
    assert_eq!(child.end().await, KILLED);
    leader.gone().await;
    grandchild.gone().await;
    assert_eq!(child.end().await, KILLED, "ending twice is harmless");
    assert_eq!(child.wait().await, KILLED);
    drop(child);
    all_gone(spawner, tasks).await;
}

#[tokio::test]
async fn a_dropped_child_is_killed_with_its_group_and_reaped() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let (child, leader, grandchild) = family(&spawner, "").await;
    drop(child);
    leader.gone().await;
    grandchild.gone().await;
    assert!(tasks.join(PATIENCE).await, "the reaping task ended");
    all_gone(spawner, tasks).await;
}

#[tokio::test]
async fn a_child_dropped_outside_the_runtime_is_reaped_too() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let (child, leader, grandchild) = family(&spawner, "").await;
    std::thread::spawn(move || drop(child)).join().unwrap();
    leader.gone().await;
    grandchild.gone().await;
    assert!(tasks.join(PATIENCE).await);
    all_gone(spawner, tasks).await;
}

#[tokio::test]
async fn a_child_that_ignores_polite_signals_dies() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let (mut child, leader, grandchild) = family(&spawner, "trap '' TERM INT HUP;").await;
    kill_process(Pid::from_raw(child.pid().cast_signed()).unwrap(), Signal::TERM).unwrap();
    assert_eq!(child.end().await, KILLED);
    leader.gone().await;
    grandchild.gone().await;
    drop(child);
    all_gone(spawner, tasks).await;
}

#[tokio::test]
async fn a_child_that_ends_by_itself_leaves_nobody_behind() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let mut child = spawner.spawn(sh("sleep 1000 & echo child $!; exec 1>&-; exit 3")).await.unwrap();
    let mut stdout = child.take_stdout().unwrap();
    let mut told = [0; 16];
    let read = timeout(PATIENCE, stdout.read(&mut told)).await.unwrap().unwrap();
    let pid = std::str::from_utf8(&told[..read]).unwrap().trim().strip_prefix("child ").unwrap().parse().unwrap();
    let grandchild = Watched::new(pid);
    assert_eq!(timeout(PATIENCE, child.wait()).await.unwrap(), Exit::Code(3));
    grandchild.gone().await;
    drop(child);
    all_gone(spawner, tasks).await;
}

#[tokio::test]
async fn a_child_blocked_on_a_full_pipe_ends_at_once() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    for taken in [true, false] {
        let mut child = spawner.spawn(Command::new("yes", "/usr/bin/yes")).await.unwrap();
        let mut stdout = child.take_stdout().unwrap();
        // One byte tells that it writes; the rest fills the pipe.
        timeout(PATIENCE, stdout.read_u8()).await.unwrap().unwrap();
        if !taken {
            drop(stdout);
            assert_eq!(timeout(PATIENCE, child.wait()).await.unwrap(), Exit::Signal(13), "a closed pipe ends it too");
            continue;
        }
        let begun = Instant::now();
        assert_eq!(child.end().await, KILLED);
        assert!(begun.elapsed() < Duration::from_secs(4), "well before the limit of five seconds");
    }
    all_gone(spawner, tasks).await;
}

#[tokio::test]
async fn stderr_is_drained_while_the_child_runs_and_its_end_kept() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    // A megabyte is more than a pipe holds: without a reader this would never end.
    let script = "yes noise | head -c 1000000 >&2; printf 'last words' >&2; exit 2";
    let mut child = spawner.spawn(sh(script)).await.unwrap();
    assert_eq!(timeout(PATIENCE, child.wait()).await.unwrap(), Exit::Code(2));
    let tail = child.stderr_tail();
    assert!(tail.ends_with("last words"), "{tail}");
    assert!(tail.len() < 9000);
    drop(child);
    all_gone(spawner, tasks).await;
}

#[tokio::test]
async fn children_get_a_group_and_an_environment_of_their_own() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let script =
        "echo $$; cut -d' ' -f5 /proc/$$/stat; pwd; cat; env | cut -d= -f1 | sort | tr '\\n' ' '; echo; echo $HOME";
    let result = output(&spawner, sh(script), PATIENCE, 10_000).await.unwrap();
    assert!(result.exit.success());
    let text = String::from_utf8(result.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], lines[1], "process id and group");
    assert_eq!(lines[2], "/");
    for name in lines[3].split_whitespace() {
        let known = ["FONTCONFIG_FILE", "FONTCONFIG_PATH", "HOME", "LANG", "PATH", "PWD", "XDG_CACHE_HOME", "_"];
        assert!(known.contains(&name), "{name}");
    }
    assert_eq!(lines[4], "/nonexistent");
    all_gone(spawner, tasks).await;
}

#[tokio::test]
async fn output_is_bounded_in_time_and_size() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let result = output(&spawner, sh("echo out; echo err >&2; exit 7"), PATIENCE, 4).await.unwrap();
    assert_eq!(
        (result.exit, result.stdout.as_slice(), result.stderr.as_str()),
        (Exit::Code(7), &b"out\n"[..], "err\n")
    );
    let late = output(&spawner, sh("sleep 1000"), Duration::from_millis(50), 10).await.unwrap_err();
    assert!(matches!(late, OutputError::TimedOut { .. }), "{late}");
    let silent = output(&spawner, sh("exec 1>&-; sleep 1000"), Duration::from_millis(50), 10).await.unwrap_err();
    assert!(matches!(silent, OutputError::TimedOut { .. }), "{silent}");
    let long = output(&spawner, Command::new("yes", "/usr/bin/yes"), PATIENCE, 100_000).await.unwrap_err();
    assert!(matches!(long, OutputError::TooLong { max: 100_000, .. }), "{long}");
    all_gone(spawner, tasks).await;
}

#[tokio::test]
async fn an_abandoned_run_leaves_no_child() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let run = output(&spawner, sh("sleep 1000"), PATIENCE, 10);
    assert!(timeout(Duration::from_millis(50), run).await.is_err());
    assert!(tasks.join(PATIENCE).await);
    all_gone(spawner, tasks).await;
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let error = spawner.spawn(Command::new("mpv", "/nonexistent/mpv")).await.unwrap_err();
    assert!(matches!(error, SpawnError::Start { label: "mpv", .. }), "{error}");
    all_gone(spawner, tasks).await;
}

#[tokio::test]
async fn the_thread_waits_for_the_last_child() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let (mut child, leader, _grandchild) = family(&spawner, "").await;
    assert!(!spawner.stop(Duration::from_millis(50)).await, "a child still needs the thread");
    assert_eq!(timeout(Duration::from_millis(50), child.wait()).await.ok(), None, "and is alive");
    assert_eq!(child.end().await, KILLED);
    leader.gone().await;
}

const SERVER: &str = "MATINEE_TEST_AS_SERVER";

#[tokio::test]
#[ignore = "the process that the next test kills"]
async fn server_to_be_killed() {
    if std::env::var_os(SERVER).is_none() {
        return;
    }
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let mut child = spawner.spawn(Command::new("sleep", "/bin/sleep").args(["1000"])).await.unwrap();
    writeln!(std::io::stdout(), "child {}", child.pid()).unwrap();
    child.wait().await;
}

#[tokio::test]
async fn a_killed_server_leaves_no_child() {
    #[expect(clippy::disallowed_methods, reason = "what is killed here is the server, not a child of it")]
    let mut server = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "process::server_to_be_killed"])
        .env(SERVER, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let child = Watched::new(number_after("child ", server.stdout.take().unwrap()).await);
    server.start_kill().unwrap();
    timeout(PATIENCE, server.wait()).await.unwrap().unwrap();
    child.gone().await;
}

#[tokio::test]
async fn a_child_reads_what_its_feeder_writes_and_both_have_one_owner() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let command = sh("read line; echo got $line").fed_by(sh("echo hello; echo words >&2"));
    let told = output(&spawner, command, PATIENCE, 100).await.unwrap();
    assert_eq!(
        (told.exit, told.stdout.as_slice(), told.stderr.as_str()),
        (Exit::Code(0), &b"got hello\n"[..], "words\n")
    );
    // What a feeder that failed wrote is not all of it, whatever its reader makes of that.
    let told = output(&spawner, sh("cat").fed_by(sh("echo part; exit 7")), PATIENCE, 100).await.unwrap();
    assert_eq!((told.exit, told.stdout.as_slice()), (Exit::Code(7), &b"part\n"[..]));
    // A feeder does not outlive who reads it.
    let told = output(&spawner, sh("exit 0").fed_by(sh("trap '' PIPE; sleep 1000")), PATIENCE, 100).await.unwrap();
    assert_ne!(told.exit, Exit::Code(0));
    all_gone(spawner, tasks).await;
}

#[tokio::test]
async fn a_child_that_is_ended_or_dropped_takes_its_feeder_along() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    for is_dropped in [false, true] {
        let command = sh("read line; echo $line; cat").fed_by(sh("echo feeder $$; exec sleep 1000"));
        let mut child = spawner.spawn(command).await.unwrap();
        let feeder = Watched::new(number_after("feeder ", child.take_stdout().unwrap()).await);
        let reader = Watched::new(child.pid());
        assert_eq!(spawner.alive(), 2);
        if is_dropped {
            drop(child);
        } else {
            assert_eq!(child.end().await, KILLED);
        }
        feeder.gone().await;
        reader.gone().await;
    }
    assert!(tasks.join(PATIENCE).await, "the reaping tasks ended");
    all_gone(spawner, tasks).await;
}

#[tokio::test]
async fn a_feeder_that_cannot_be_started_leaves_nobody_behind() {
    let tasks = Tasks::new();
    let spawner = Spawner::start(&tasks).unwrap();
    let command = sh("cat").fed_by(Command::new("nothing", "/nonexistent/program"));
    assert!(matches!(spawner.spawn(command).await, Err(SpawnError::Start { .. })));
    assert!(tasks.join(PATIENCE).await, "the reaping task ended");
    all_gone(spawner, tasks).await;
}
