//! What the probe's tests need: films made by real tools, and a range server on loopback to read them from.

use std::{
    convert::Infallible,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::stream;
use protocol::{Error, Reach};
use streaming::{
    probe::{Probed, Subject, probe},
    process::{Command, Spawner, output},
    tasks::Tasks,
    tools::Tools,
};
use tempfile::TempDir;

/// For a tool that makes a film of a few seconds on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
const CHUNK: usize = 64 * 1024;

pub(super) struct Lab {
    pub(super) folder: TempDir,
    pub(super) spawner: Spawner,
    pub(super) tools: Tools,
    pub(super) server: Server,
    tasks: Tasks,
}

impl Lab {
    pub(super) async fn open() -> Self {
        let tasks = Tasks::new();
        let spawner = Spawner::start(&tasks).unwrap();
        let tools = Tools::find(&spawner).await;
        let server = Server::start(&tasks).await;
        Self { folder: tempfile::tempdir().unwrap(), spawner, tools, server, tasks }
    }

    /// After this no child and no task is left.
    pub(super) async fn close(self) {
        assert_eq!(self.spawner.alive(), 0);
        assert!(self.spawner.stop(PATIENCE).await);
        assert!(self.tasks.join(PATIENCE).await);
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Runs a program; words that begin with `@` are files of the lab's folder.
    async fn run(&self, program: &'static str, args: &str) -> Vec<u8> {
        let args = args.split_whitespace().map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name).into_os_string(),
            None => word.into(),
        });
        let command = Command::new(program, format!("/usr/bin/{program}")).args(args);
        let result = output(&self.spawner, command, PATIENCE, 16 * 1024 * 1024).await.unwrap();
        assert!(result.exit.success(), "{program}: {} {}", result.exit, result.stderr);
        result.stdout
    }

    pub(super) async fn ffmpeg(&self, args: &str) {
        self.run("ffmpeg", &format!("-v error -nostdin -y {args}")).await;
    }

    pub(super) async fn mkvmerge(&self, args: &str) {
        self.run("mkvmerge", &format!("-q {args}")).await;
    }

    /// Start of the first and end of the last packet of a stream, by its number, read through to the end.
    pub(super) async fn truth(&self, name: &str, stream: usize) -> (f64, f64) {
        let entries = "-show_entries packet=pts_time,duration_time,flags -of csv=p=0";
        let args = format!("-v quiet -select_streams {stream} {entries} @{name}");
        let lines = String::from_utf8(self.run("ffprobe", &args).await).unwrap();
        // What is flagged D is to be discarded: an MP4's edit list has it decoded but not shown.
        let packets = lines.lines().filter(|line| !line.contains('D')).filter_map(|line| {
            let mut fields = line.split(',').map(str::parse::<f64>);
            Some((fields.next()?.ok()?, fields.next()?.unwrap_or(0.0)))
        });
        let (first, last, length) = packets
            .fold((f64::MAX, f64::MIN, 0.0_f64), |(first, last, longest), (start, length)| {
                (first.min(start), last.max(start), longest.max(length))
            });
        // All frames are equally long, but an edit list may make ffprobe shorten the last one.
        (first, last + length)
    }

    /// A copy of a film without its last part; returns the size that is left.
    pub(super) fn cut(&self, name: &str, to: &str, keep: f64) -> u64 {
        let mut bytes = fs::read(self.path(name)).unwrap();
        bytes.truncate((bytes.len() as f64 * keep) as usize);
        fs::write(self.path(to), &bytes).unwrap();
        bytes.len() as u64
    }

    /// Probes a film of the folder through the server, as it will be through the gateway.
    pub(super) async fn probe(&self, name: &str) -> Result<Probed, Error> {
        self.probe_with(name, Reach::Anywhere).await
    }

    pub(super) async fn probe_with(&self, name: &str, reach: Reach) -> Result<Probed, Error> {
        let path = self.path(name);
        self.server.serve(&path);
        let size = fs::metadata(&path).unwrap().len();
        let subject =
            Subject { url: &self.server.url(), size: Some(size), reach, fallback_title: "fallback", doubted: false };
        let read = move |offset, length| {
            let path = path.clone();
            async move { Ok(read(&path, offset, length)) }
        };
        sendable(probe(&self.spawner, &self.tools, &subject, read)).await
    }
}

/// The server probes in a task, which may change threads.
fn sendable<F: Future + Send>(future: F) -> F {
    future
}

fn read(path: &Path, offset: u64, length: usize) -> Bytes {
    use std::os::unix::fs::FileExt as _;
    let mut part = vec![0; length];
    let read = fs::File::open(path).unwrap().read_at(&mut part, offset).unwrap();
    part.truncate(read);
    part.into()
}

/// A server with one film at a time, under an address without a suffix, like the gateway's.
pub(super) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    film: Mutex<PathBuf>,
    silent: AtomicBool,
    /// Bytes that were written to the sockets.
    sent: AtomicU64,
    /// Paths that were asked for and are not the film's.
    strays: Mutex<Vec<String>>,
}

impl Server {
    async fn start(tasks: &Tasks) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        tasks.spawn("film server", async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    fn serve(&self, path: &Path) {
        path.clone_into(&mut self.shared.film.lock().unwrap());
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/film", self.address)
    }

    /// From now on connections are taken and never answered.
    pub(super) fn fall_silent(&self) {
        self.shared.silent.store(true, Ordering::Release);
    }

    pub(super) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Acquire)
    }

    pub(super) fn strays(&self) -> Vec<String> {
        self.shared.strays.lock().unwrap().clone()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if shared.silent.load(Ordering::Acquire) {
        std::future::pending::<()>().await;
    }
    if request.uri().path() != "/film" {
        shared.strays.lock().unwrap().push(request.uri().to_string());
        return StatusCode::NOT_FOUND.into_response();
    }
    let film = shared.film.lock().unwrap().clone();
    let size = fs::metadata(&film).unwrap().len();
    let range = request.headers().get(header::RANGE).and_then(|range| {
        let (first, last) = range.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse::<u64>().ok()?, last.parse::<u64>().map_or(size, |last| (last + 1).min(size))))
    });
    let (start, end) = range.unwrap_or((0, size));
    if start >= end && size > 0 {
        return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    }
    let body = stream::unfold(start, move |at| {
        let (film, shared) = (film.clone(), Arc::clone(&shared));
        async move {
            let part = read(&film, at, CHUNK.min(usize::try_from(end - at).unwrap()));
            shared.sent.fetch_add(part.len() as u64, Ordering::AcqRel);
            (!part.is_empty()).then(|| (Ok::<_, Infallible>(part.clone()), at + part.len() as u64))
        }
    });
    let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    Response::builder()
        .status(status)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CONTENT_RANGE, format!("bytes {start}-{}/{size}", end.max(1) - 1))
        .header(header::CONTENT_LENGTH, end - start)
        .body(Body::from_stream(body))
        .unwrap()
}
