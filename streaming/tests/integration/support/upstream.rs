//! An HTTP server of ours with every bad habit that an upstream can have, each by a switch.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use streaming::tasks::Tasks;
use tokio::{
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp::WriteHalf},
    sync::watch,
    time::Instant,
};

/// What is served.
#[derive(Clone)]
pub(crate) enum Content {
    Bytes(Bytes),
    File(PathBuf),
}

/// The switches; the default is a server that does everything right. They can be changed while it runs.
#[derive(Clone)]
pub(crate) struct Habits {
    /// Answers range requests with 206.
    pub(crate) ranges: bool,
    /// Says `Accept-Ranges: bytes`, whatever it does.
    pub(crate) says_ranges: bool,
    /// Answers `bytes=0-` with 200, as some servers do though they can send parts.
    pub(crate) whole_from_zero: bool,
    /// Tells the body's length; otherwise the body is chunked.
    pub(crate) length: bool,
    /// Names the file's length in `Content-Range`; otherwise there is a star.
    pub(crate) total: bool,
    /// Announces this length instead of the true one.
    pub(crate) announced: Option<u64>,
    /// At most this many bytes in one 206.
    pub(crate) part: Option<u64>,
    /// Breaks the connection off after so many body bytes of an answer.
    pub(crate) drop_after: Option<u64>,
    /// Sends nothing from this byte of the file on, until the switches change or the client goes.
    pub(crate) hold_at: Option<u64>,
    /// What begins at this byte is sent all the same.
    pub(crate) hold_to: Option<u64>,
    /// Where it would send nothing, it breaks the connection off, and answers with this status from then on.
    pub(crate) hold_status: Option<u16>,
    /// Has nothing for so long after its first request, as a server that looks for somebody who has the film.
    pub(crate) wakes_after: Duration,
    /// Fetches what each answer begins with from elsewhere, which takes so long.
    pub(crate) fetches_for: Duration,
    /// Sends an answer's head at once where it has nothing else yet.
    pub(crate) head_first: bool,
    /// Closes the connection on so many of its first requests, without an answer.
    pub(crate) deaf_to: usize,
    /// Answers with this status and nothing else.
    pub(crate) status: Option<u16>,
    /// Answers 302 to this address.
    pub(crate) redirect: Option<String>,
    /// Bytes a second of each connection.
    pub(crate) rate: Option<u64>,
    pub(crate) content_type: &'static str,
    pub(crate) etag: &'static str,
    pub(crate) disposition: Option<&'static str>,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            ranges: true,
            says_ranges: true,
            whole_from_zero: false,
            length: true,
            total: true,
            announced: None,
            part: None,
            drop_after: None,
            hold_at: None,
            hold_to: None,
            hold_status: None,
            wakes_after: Duration::ZERO,
            fetches_for: Duration::ZERO,
            head_first: false,
            deaf_to: 0,
            status: None,
            redirect: None,
            rate: None,
            content_type: "video/x-matroska",
            etag: "\"first\"",
            disposition: None,
        }
    }
}

impl Habits {
    fn holds(&self, at: u64) -> bool {
        self.hold_at.is_some_and(|hold_at| at >= hold_at) && self.hold_to.is_none_or(|hold_to| at < hold_to)
    }
}

/// One request, as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    /// The first byte that was asked for; `None` without a range.
    pub(crate) from: Option<u64>,
    pub(crate) head: String,
}

/// The server. It ends when this is dropped.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    inner: Arc<Inner>,
    tasks: Tasks,
}

struct Inner {
    content: Content,
    len: u64,
    habits: watch::Sender<Habits>,
    seen: Mutex<Vec<Seen>>,
    /// When its first request came.
    asked: OnceLock<Instant>,
    open: watch::Sender<usize>,
    most: AtomicU64,
    sent: AtomicU64,
    held: watch::Sender<usize>,
}

impl Upstream {
    pub(crate) async fn serve(content: Content, habits: Habits) -> Self {
        let len = match &content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File(path) => path.metadata().unwrap().len(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            content,
            len,
            habits: watch::Sender::new(habits),
            seen: Mutex::default(),
            asked: OnceLock::new(),
            open: watch::Sender::new(0),
            most: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            held: watch::Sender::new(0),
        });
        let tasks = Tasks::new();
        let (serving, connections) = (Arc::clone(&inner), tasks.clone());
        tasks.spawn("upstream", async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let serving = Arc::clone(&serving);
                connections.spawn("connection", async move {
                    let _counted = Counted::new(&serving.open, Some(&serving.most));
                    // A client that goes away is no fault of the server.
                    let _ = serving.connection(stream).await;
                });
            }
        });
        Self { address, inner, tasks }
    }

    pub(crate) async fn bytes(bytes: &Bytes, habits: Habits) -> Self {
        Self::serve(Content::Bytes(bytes.clone()), habits).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Changes the switches; connections that hold look at them again.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Habits)) {
        self.inner.habits.send_modify(change);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.inner.seen.lock().unwrap().clone()
    }

    pub(crate) fn requests(&self) -> usize {
        self.inner.seen.lock().unwrap().len()
    }

    /// The most connections that were open at once.
    pub(crate) fn most_open(&self) -> u64 {
        self.inner.most.load(Ordering::Relaxed)
    }

    /// Bytes of the film that were sent, all connections together.
    pub(crate) fn sent(&self) -> u64 {
        self.inner.sent.load(Ordering::Relaxed)
    }

    /// How many connections wait at `hold_at` right now.
    pub(crate) fn held(&self) -> usize {
        *self.inner.held.borrow()
    }

    /// Waits until no connection is open.
    pub(crate) async fn quiet(&self) {
        let mut open = self.inner.open.subscribe();
        let quiet = open.wait_for(|open| *open == 0);
        tokio::time::timeout(Duration::from_secs(60), quiet).await.expect("connections stay open").unwrap();
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.tasks.token().cancel();
    }
}

/// Counts something for as long as it lives, and the most of it at once.
struct Counted<'a>(&'a watch::Sender<usize>);

impl<'a> Counted<'a> {
    fn new(count: &'a watch::Sender<usize>, most: Option<&AtomicU64>) -> Self {
        count.send_modify(|count| *count += 1);
        if let Some(most) = most {
            most.fetch_max(*count.borrow() as u64, Ordering::Relaxed);
        }
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Inner {
    /// One request a connection.
    async fn connection(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let range =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
        let bound = |n: usize| range.as_deref()?.split('-').nth(n)?.trim().parse::<u64>().ok();
        let (from, last) = (bound(0), bound(1));
        let count = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(Seen { path, from, head });
            seen.len()
        };
        self.asked.get_or_init(Instant::now);
        if count <= self.habits.borrow().deaf_to {
            return Ok(());
        }
        let (mut reader, writer) = stream.split();
        tokio::select! {
            answered = self.answer(writer, from, last) => answered,
            // The client has nothing more to say, so this is its end. A write would tell of it late, and until then
            // the connection would count as open.
            _ = reader.read_u8() => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }

    async fn answer(&self, mut stream: WriteHalf<'_>, from: Option<u64>, last: Option<u64>) -> io::Result<()> {
        let habits = self.habits.borrow().clone();
        if let Some(to) = &habits.redirect {
            let answer =
                format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            return stream.write_all(answer.as_bytes()).await;
        }
        let refusal = habits.hold_status.filter(|_| from.is_some_and(|from| habits.holds(from)));
        if let Some(status) = habits.status.or(refusal) {
            let answer = format!("HTTP/1.1 {status} Trouble\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            return stream.write_all(answer.as_bytes()).await;
        }
        self.file(stream, &habits, from, last).await
    }

    async fn file(
        &self,
        mut stream: WriteHalf<'_>,
        habits: &Habits,
        from: Option<u64>,
        last: Option<u64>,
    ) -> io::Result<()> {
        let total = habits.announced.unwrap_or(self.len);
        if !habits.head_first {
            self.late(habits).await;
        }
        let from = from.filter(|from| habits.ranges && !(habits.whole_from_zero && *from == 0));
        let start = from.unwrap_or(0);
        let mut answer = match from {
            Some(_) if start >= self.len => {
                let answer = format!(
                    "HTTP/1.1 416 No\r\nContent-Range: bytes */{}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                    self.len
                );
                return stream.write_all(answer.as_bytes()).await;
            }
            Some(_) => "HTTP/1.1 206 Partial Content\r\n".to_owned(),
            None => "HTTP/1.1 200 OK\r\n".to_owned(),
        };
        let end = from.and(habits.part).map_or(total, |part| total.min(start + part));
        let end = from.and(last).map_or(end, |last| end.min(last + 1));
        if from.is_some() {
            let shown = if habits.total { total.to_string() } else { "*".to_owned() };
            answer += &format!("Content-Range: bytes {start}-{}/{shown}\r\n", end - 1);
        }
        if habits.says_ranges {
            answer += "Accept-Ranges: bytes\r\n";
        }
        answer += &match habits.length {
            true => format!("Content-Length: {}\r\n", end - start),
            false => "Transfer-Encoding: chunked\r\n".to_owned(),
        };
        if let Some(disposition) = habits.disposition {
            answer += &format!("Content-Disposition: {disposition}\r\n");
        }
        answer +=
            &format!("Content-Type: {}\r\nETag: {}\r\nConnection: close\r\n\r\n", habits.content_type, habits.etag);
        stream.write_all(answer.as_bytes()).await?;
        if habits.head_first {
            self.late(habits).await;
        }
        let (mut at, mut body) = (start, 0);
        while at < end.min(self.len) {
            self.hold(at).await?;
            let mut count = (end.min(self.len) - at).min(64 * 1024);
            if let Some(hold_at) = self.habits.borrow().hold_at.filter(|hold_at| at < *hold_at) {
                count = count.min(hold_at - at);
            }
            if let Some(drop_after) = habits.drop_after {
                count = count.min(drop_after - body);
                if count == 0 {
                    return Ok(());
                }
            }
            let bytes = self.read(at, count).await?;
            if habits.length {
                stream.write_all(&bytes).await?;
            } else {
                stream.write_all(format!("{count:x}\r\n").as_bytes()).await?;
                stream.write_all(&bytes).await?;
                stream.write_all(b"\r\n").await?;
            }
            (at, body) = (at + count, body + count);
            self.sent.fetch_add(count, Ordering::Relaxed);
            if let Some(rate) = habits.rate {
                tokio::time::sleep(Duration::from_secs_f64(count as f64 / rate as f64)).await;
            }
        }
        if !habits.length {
            stream.write_all(b"0\r\n\r\n").await?;
        }
        stream.shutdown().await
    }

    /// Waits until there is something to send.
    async fn late(&self, habits: &Habits) {
        let asked = *self.asked.get_or_init(Instant::now);
        tokio::time::sleep_until(asked + habits.wakes_after).await;
        tokio::time::sleep(habits.fetches_for).await;
    }

    /// Waits while the switches say so.
    async fn hold(&self, at: u64) -> io::Result<()> {
        let mut habits = self.habits.subscribe();
        let breaks = habits.borrow().holds(at) && habits.borrow().hold_status.is_some();
        if breaks {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let _counted = habits.borrow().holds(at).then(|| Counted::new(&self.held, None));
        let gone = |_| io::ErrorKind::ConnectionReset.into();
        habits.wait_for(|habits| !habits.holds(at)).await.map(drop).map_err(gone)
    }

    async fn read(&self, at: u64, count: u64) -> io::Result<Bytes> {
        match &self.content {
            Content::Bytes(bytes) => Ok(bytes.slice(at as usize..(at + count) as usize)),
            Content::File(path) => {
                let mut file = tokio::fs::File::open(path).await?;
                file.seek(io::SeekFrom::Start(at)).await?;
                let mut bytes = vec![0; count as usize];
                file.read_exact(&mut bytes).await?;
                Ok(bytes.into())
            }
        }
    }
}
