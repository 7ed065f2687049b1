//! Starting the program and talking to it.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    path::PathBuf,
    process::{Child, ExitStatus, Output, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

#[expect(clippy::disallowed_methods, reason = "a test starts the program as a person would")]
fn command() -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_matinee"));
    // What the developer's shell says of Matinee or Leptos must not reach the test.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MATINEE_") || name.starts_with("LEPTOS_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the program with these arguments to its end.
pub fn run(args: &[&str]) -> Output {
    command().args(args).output().unwrap()
}

/// Folders of one test, kept over restarts of the program.
pub struct Place {
    _root: TempDir,
    pub store: PathBuf,
    data: PathBuf,
    site: PathBuf,
}

impl Place {
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("matinee-test-").tempdir_in("/dev/shm").unwrap();
        let [store, data, site] = ["store", "data", "site"].map(|name| root.path().join(name));
        std::fs::create_dir_all(site.join("pkg")).unwrap();
        // Enough to be taken for a site; these tests load no page.
        std::fs::write(site.join("pkg/matinee.wasm"), "").unwrap();
        Self { _root: root, store, data, site }
    }

    /// The file of sessions.
    pub fn memory(&self) -> Vec<u8> {
        std::fs::read(self.data.join("sessions.redb")).unwrap_or_default()
    }

    /// Whether a text is written down in the file of sessions.
    pub fn remembers(&self, text: &str) -> bool {
        self.memory().windows(text.len()).any(|part| part == text.as_bytes())
    }

    /// Everything that the store's folder holds.
    pub fn stored(&self) -> Vec<PathBuf> {
        std::fs::read_dir(&self.store)
            .map_or_else(|_| Vec::new(), |dir| dir.map(|entry| entry.unwrap().path()).collect())
    }
}

/// A running program.
pub struct Program {
    pub child: Child,
    pub url: String,
    log: std::sync::Arc<std::sync::Mutex<String>>,
    /// Who writes the log; none once the program has ended.
    logging: Option<JoinHandle<()>>,
}

impl Program {
    /// Starts it on a free port and waits until it answers.
    pub async fn start(place: &Place, args: &[&str], path: Option<&str>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = command();
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let mut child = command
            .args(["--addr", &format!("127.0.0.1:{port}"), "--log", "info"])
            // Nothing leaves this machine.
            .args(["--torrent-dht", "off", "--torrent-trackers", "off", "--torrent-local-discovery", "off"])
            .arg("--store-dir")
            .arg(&place.store)
            .arg("--data-dir")
            .arg(&place.data)
            .arg("--site-dir")
            .arg(&place.site)
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = std::sync::Arc::default();
        let stderr = BufReader::new(child.stderr.take().unwrap().take(1 << 20));
        let kept: std::sync::Arc<std::sync::Mutex<String>> = std::sync::Arc::clone(&log);
        let logging = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                *kept.lock().unwrap() += &(line + "\n");
            }
        });
        let mut program = Self { child, url: format!("http://127.0.0.1:{port}"), log, logging: Some(logging) };
        let deadline = Instant::now() + PATIENCE;
        while !program.is_healthy().await {
            let ended = program.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "not healthy, {ended:?}: {}", program.log());
        }
        program
    }

    async fn is_healthy(&self) -> bool {
        client().get(format!("{}/healthz", self.url)).send().await.is_ok_and(|answer| answer.status() == 200)
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// A call as curl would make it: its status and its body.
    pub async fn call(&self, name: &str, body: &Value) -> (u16, Value) {
        let answer = client().post(format!("{}/api/{name}", self.url)).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Sends a signal and waits for the end. The log is whole then.
    pub fn signal(&mut self, signal: rustix::process::Signal) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                if let Some(logging) = self.logging.take() {
                    logging.join().unwrap();
                }
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end: {}", self.log());
            std::thread::yield_now();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn client() -> reqwest::Client {
    client_with(|builder| builder)
}

pub fn client_with(more: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> reqwest::Client {
    // Whichever test comes first installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    more(reqwest::Client::builder().no_proxy().timeout(PATIENCE)).build().unwrap()
}
