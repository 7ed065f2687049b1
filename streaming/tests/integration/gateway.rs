//! The gateway against an upstream with every bad habit, and with the real ffprobe, ffmpeg and mpv as its clients.

mod late;
mod rewritten;
mod slow;
mod spill;
mod tools;
mod trouble;

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use protocol::{ErrorKind, Reach};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use reqwest::Response;
use streaming::{
    gateway::{Feed, Gateway, GatewayConfig},
    source::Source,
    tasks::Tasks,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::upstream::{Habits, Upstream};

const MB: usize = 1024 * 1024;

/// A gateway with short waits, and a client of its own.
struct House {
    gateway: Gateway,
    tasks: Tasks,
    client: reqwest::Client,
    dir: TempDir,
}

impl House {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut GatewayConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = GatewayConfig::new(dir.path().to_owned());
        config.stall_timeout = Duration::from_millis(400);
        config.place_timeout = Duration::from_millis(1200);
        config.open_timeout = Duration::from_millis(2400);
        config.connect_timeout = Duration::from_secs(2);
        config.backoff = Duration::from_millis(10);
        config.idle_timeout = Duration::from_millis(500);
        change(&mut config);
        let tasks = Tasks::new();
        let gateway = Gateway::start(config, &tasks).await.unwrap();
        Self {
            gateway,
            tasks,
            client: reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap(),
            dir,
        }
    }

    async fn open(&self, url: &str) -> Result<Feed, protocol::Error> {
        self.gateway.open(&Source::parse(url, None).unwrap()).await
    }

    async fn get(&self, feed: &Feed, range: Option<&str>) -> Response {
        let request = self.client.get(feed.url());
        let request = if let Some(range) = range { request.header("range", format!("bytes={range}")) } else { request };
        request.send().await.unwrap()
    }

    fn spilled(&self) -> usize {
        spill::files(self.dir.path()).len()
    }
}

/// What a server holds back is waited for, and not given up. No connection ends because nobody needs it for now.
fn patient(config: &mut GatewayConfig) {
    let forever = Duration::from_secs(60);
    (config.stall_timeout, config.place_timeout, config.open_timeout) = (forever, forever, forever);
    config.idle_timeout = forever;
}

fn noise(len: usize) -> Bytes {
    let mut bytes = vec![0; len];
    StdRng::seed_from_u64(7).fill(&mut bytes[..]);
    bytes.into()
}

/// Waits for something that comes about by itself.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("still not: {what}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn random_ranges_are_byte_exact_and_fetched_once() {
    let film = noise(20 * MB + 12_345);
    let upstream = Upstream::bytes(&film, Habits::default()).await;
    let house = House::new().await;
    let feed = house.open(&upstream.url("/a/film.mkv")).await.unwrap();
    assert_eq!((feed.len(), feed.reach()), (Some(film.len() as u64), Reach::Anywhere));
    assert_eq!(feed.content_type().as_deref(), Some("video/x-matroska"));
    let mut random = StdRng::seed_from_u64(1);
    for _ in 0..60 {
        let start = random.random_range(0..film.len());
        let end = random.random_range(start..film.len().min(start + 3 * MB));
        let response = house.get(&feed, Some(&format!("{start}-{end}"))).await;
        assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(response.headers()["content-range"], format!("bytes {start}-{end}/{}", film.len()).as_str());
        assert!(response.bytes().await.unwrap() == film[start..=end], "{start}-{end}");
        let len = random.random_range(1..MB);
        let read = feed.read(start as u64, len).await.unwrap();
        assert!(read == film[start..film.len().min(start + len)], "read {start} {len}");
    }
    assert!(house.get(&feed, None).await.bytes().await.unwrap() == film);
    assert!(upstream.most_open() <= 4, "{} connections at once", upstream.most_open());
    // An ended connection may have brought a part of a block for nothing, and what was on its way then.
    let spare = upstream.requests() * 512 * 1024;
    assert!(
        feed.upstream_bytes() <= (film.len() + spare) as u64,
        "{} in {} requests",
        feed.upstream_bytes(),
        upstream.requests()
    );
    assert!(upstream.requests() < 40, "{} requests", upstream.requests());
    assert_eq!(feed.fault(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_as_rfc_9110_says() {
    let film = noise(1000);
    let upstream = Upstream::bytes(&film, Habits::default()).await;
    let house = House::new().await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    let whole = house.get(&feed, None).await;
    assert_eq!(
        (whole.status(), &whole.headers()["accept-ranges"], whole.content_length()),
        (StatusCode::OK, &"bytes".parse().unwrap(), Some(1000))
    );
    assert!(house.get(&feed, Some("-10")).await.bytes().await.unwrap() == film[990..]);
    assert!(house.get(&feed, Some("995-2000")).await.bytes().await.unwrap() == film[995..]);
    let outside = house.get(&feed, Some("1000-")).await;
    assert_eq!(
        (outside.status(), &outside.headers()["content-range"]),
        (StatusCode::RANGE_NOT_SATISFIABLE, &"bytes */1000".parse().unwrap())
    );
    assert_eq!(house.get(&feed, Some("0-1,5-6")).await.status(), StatusCode::OK);
    let head = house.client.head(feed.url()).header("range", "bytes=0-9").send().await.unwrap();
    assert_eq!(
        (head.status(), &head.headers()["content-length"]),
        (StatusCode::PARTIAL_CONTENT, &"10".parse().unwrap())
    );
    assert!(head.bytes().await.unwrap().is_empty());
    let unknown = format!("http://127.0.0.1:{}/{}", house.gateway.port(), "0".repeat(64));
    assert_eq!(house.client.get(unknown).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(house.client.post(feed.url()).send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(!feed.url().contains("film") && feed.url().rsplit('/').next().unwrap().len() == 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_readers_of_one_source_are_one_download() {
    let film = noise(12 * MB);
    let upstream = Upstream::bytes(&film, Habits { hold_at: Some(MB as u64), ..Habits::default() }).await;
    let house = House::with(patient).await;
    let url = upstream.url("/film");
    let (feed, same) = tokio::join!(house.open(&url), house.open(&url));
    let (feed, same) = (feed.unwrap(), same.unwrap());
    assert_eq!(feed.url(), same.url());
    let readers = async { tokio::join!(house.get(&feed, None), house.get(&same, None), house.get(&feed, Some("0-"))) };
    let (first, second, third) = readers.await;
    let bodies = async { tokio::join!(first.bytes(), second.bytes(), third.bytes()) };
    let (bodies, ()) = tokio::join!(bodies, async { upstream.change(|habits| habits.hold_at = None) });
    assert!([bodies.0, bodies.1, bodies.2].into_iter().all(|body| body.unwrap() == film));
    assert!(feed.upstream_bytes() as f64 <= 1.02 * film.len() as f64, "{}", feed.upstream_bytes());
    assert_eq!(upstream.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cache_is_bounded_and_nothing_is_read_that_nobody_wants() {
    let film = noise(50 * MB);
    let upstream = Upstream::bytes(&film, Habits::default()).await;
    let house = House::with(|config| config.cache_bytes = 8 * MB as u64).await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    let mut response = house.get(&feed, None).await;
    let (mut at, mut most) = (0, 0);
    while let Some(bytes) = response.chunk().await.unwrap() {
        assert!(bytes == film[at..at + bytes.len()]);
        at += bytes.len();
        most = most.max(house.gateway.cached_bytes());
    }
    assert_eq!(at, film.len());
    assert!(most > 6 * MB as u64 && most <= 8 * MB as u64, "{most}");
    assert!(feed.upstream_bytes() as f64 <= 1.02 * film.len() as f64, "{}", feed.upstream_bytes());

    // A reader that does not read holds the upstream: beyond what sockets take, nothing comes in. The film's beginning
    // has been kept.
    let before = feed.upstream_bytes();
    let held = house.get(&feed, Some("20000000-")).await;
    upstream.quiet().await;
    let took = feed.upstream_bytes() - before;
    assert!((1..8 * MB as u64).contains(&took), "{took} bytes for a reader that reads nothing");
    drop(held);
    drop(feed);
    until("the cache is empty", || house.gateway.cached_bytes() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_places_than_connections_are_all_served() {
    let film = noise(40 * MB);
    let upstream = Upstream::bytes(&film, Habits { rate: Some(16 * MB as u64), ..Habits::default() }).await;
    let house = House::with(patient).await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    let read = |n: usize| {
        let (feed, house) = (&feed, &house);
        async move {
            house.get(feed, Some(&format!("{}-{}", n * 5 * MB, n * 5 * MB + 4 * MB - 1))).await.bytes().await.unwrap()
        }
    };
    let all = futures_util::future::join_all((0..8).map(read)).await;
    for (n, body) in all.iter().enumerate() {
        assert!(*body == film[n * 5 * MB..n * 5 * MB + 4 * MB], "{n}");
    }
    // Ended connections may still be closing when the next are there.
    assert!(upstream.most_open() <= 8, "{}", upstream.most_open());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_sends_all_for_zero_but_can_send_parts_is_seekable() {
    let film = noise(3 * MB);
    let upstream = Upstream::bytes(&film, Habits { whole_from_zero: true, ..Habits::default() }).await;
    let house = House::new().await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    assert_eq!(feed.reach(), Reach::Anywhere);
    assert!(feed.read(2 * MB as u64, MB).await.unwrap() == film[2 * MB..]);
    assert!(feed.read(0, 2 * MB).await.unwrap() == film[..2 * MB]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_media_folder_is_served_alike() {
    let film = noise(3 * MB + 5);
    let house = House::new().await;
    let media = tempfile::tempdir().unwrap();
    std::fs::write(media.path().join("film.mkv"), &film).unwrap();
    std::fs::write(media.path().join("empty.mkv"), b"").unwrap();
    let open = |name: &str| Source::parse(&format!("media:{name}"), Some(media.path())).unwrap();
    let feed = house.gateway.open(&open("film.mkv")).await.unwrap();
    assert_eq!((feed.len(), feed.reach(), feed.upstream_bytes()), (Some(film.len() as u64), Reach::Anywhere, 0));
    assert!(house.get(&feed, None).await.bytes().await.unwrap() == film);
    assert!(house.get(&feed, Some("-7")).await.bytes().await.unwrap() == film[film.len() - 7..]);
    assert!(feed.read(3 * MB as u64 - 3, 100).await.unwrap() == film[3 * MB - 3..]);
    assert_eq!(house.gateway.open(&open("empty.mkv")).await.unwrap_err().kind, ErrorKind::NotAVideo);
    // Put in its place since the link was read: a way out of the folder.
    let source = open("film.mkv");
    drop(feed);
    std::fs::remove_file(media.path().join("film.mkv")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", media.path().join("film.mkv")).unwrap();
    let error = house.gateway.open(&source).await.unwrap_err();
    assert!(error.kind == ErrorKind::SourceUnreachable && !error.message.contains("tmp"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_last_clone_ends_everything_of_a_feed() {
    let film = noise(40 * MB);
    let upstream = Upstream::bytes(&film, Habits::default()).await;
    let house = House::with(|config| config.idle_timeout = Duration::from_secs(60)).await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    let url = feed.url();
    let reading = house.get(&feed, None).await;
    drop(feed.clone());
    assert_eq!(house.client.head(&url).send().await.unwrap().status(), StatusCode::OK);
    drop(feed);
    upstream.quiet().await;
    assert_eq!(house.client.get(&url).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert!(reading.bytes().await.is_err(), "a reader does not keep the feed");
    assert_eq!(house.gateway.feeds(), 0);
    until("only the listener is left", || house.tasks.alive() == 1).await;
    until("the cache is empty", || house.gateway.cached_bytes() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_leaves_no_task_though_tools_hold_connections() {
    let film = noise(40 * MB);
    let upstream = Upstream::bytes(&film, Habits::default()).await;
    let slow =
        Upstream::bytes(&film, Habits { ranges: false, says_ranges: false, hold_at: Some(9), ..Habits::default() })
            .await;
    let house = House::with(patient).await;
    let (feed, spilled) =
        (house.open(&upstream.url("/film")).await.unwrap(), house.open(&slow.url("/film")).await.unwrap());
    // Neither is read: the first stands on full sockets, the second waits for the upstream.
    let held = (house.get(&feed, None).await, house.get(&spilled, None).await);
    let waiting = feed.clone();
    upstream.change(|habits| habits.hold_at = Some(0));
    let waiting = house.tasks.spawn_tidy("waits", async move { waiting.read(35 * MB as u64, 10).await });
    assert!(house.tasks.join(Duration::from_secs(5)).await, "{} tasks are alive", house.tasks.alive());
    assert_eq!(house.tasks.alive(), 0);
    assert!(waiting.await.unwrap().is_err());
    assert!(house.open(&upstream.url("/other")).await.is_err());
    assert!(held.0.bytes().await.is_err() && held.1.bytes().await.is_err());
    upstream.quiet().await;
    slow.quiet().await;
}
