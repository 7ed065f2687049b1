//! Asking the link's server: one client for all sources, redirects followed by hand, typed failures.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};
use reqwest::{Client, Response, redirect};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    GatewayConfig,
    address::{OwnPorts, Resolver, Verdict},
    disposition,
    range::{ContentRange, unsatisfied_length},
    sentences::{self, Again, Failure},
};

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// How long a server's machine may acknowledge nothing. While an answer is awaited it is asked by TCP itself whether it is
/// still there, so that one that is gone is not taken for a slow one, and is told of after this.
const GONE: Duration = Duration::from_secs(15);
/// When and how often it is asked.
const ASKED: Duration = Duration::from_secs(5);

/// The clients, and what they must not dial.
pub(super) struct Upstream {
    client: Client,
    /// For names with one of our own ports: it never connects to this machine.
    guarded: Client,
    pub(super) own_ports: OwnPorts,
    stall_timeout: Duration,
}

/// A link, and where it led when it was last followed.
pub(super) struct Target {
    link: Url,
    resolved: Mutex<Option<Url>>,
    /// Body bytes that came in.
    received: Arc<AtomicU64>,
    /// What the server calls the file.
    name: OnceLock<String>,
}

impl Target {
    pub(super) fn new(link: Url) -> Self {
        Self { link, resolved: Mutex::new(None), received: Arc::default(), name: OnceLock::new() }
    }

    pub(super) fn name(&self) -> Option<String> {
        self.name.get().cloned()
    }

    pub(super) fn host(&self) -> String {
        sentences::host(&self.link)
    }

    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    fn resolved(&self) -> Option<Url> {
        self.resolved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_resolved(&self, url: Option<Url>) {
        *self.resolved.lock().unwrap_or_else(PoisonError::into_inner) = url;
    }
}

/// The head of a good answer, and its body.
pub(super) struct Answer {
    /// What the body holds, when the answer was a 206; the whole file otherwise.
    pub(super) range: Option<ContentRange>,
    /// The length of the whole file.
    pub(super) total: Option<u64>,
    /// The server says that it can send parts, whatever it sent now.
    pub(super) says_ranges: bool,
    pub(super) content_type: Option<String>,
    pub(super) validator: Validator,
    pub(super) body: Body,
}

impl Answer {
    pub(super) fn is_html(&self) -> bool {
        let essence = self.content_type.as_deref().and_then(|text| text.split(';').next()).unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("text/html") || essence.eq_ignore_ascii_case("application/xhtml+xml")
    }
}

/// By what a file is known again at its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Validator {
    pub(super) total: Option<u64>,
    etag: Option<String>,
    modified: Option<String>,
}

impl Validator {
    /// Whether a later answer speaks of the same file. Mirrors behind one name may differ in their tags alone, and
    /// an answer may leave anything out.
    pub(super) fn agrees(&self, later: &Self) -> bool {
        fn same<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> Option<bool> {
            Some(a? == b?)
        }
        let total = same(self.total.as_ref(), later.total.as_ref());
        let modified = same(self.modified.as_ref(), later.modified.as_ref());
        let etag = same(self.etag.as_ref(), later.etag.as_ref());
        total != Some(false) && modified.or(etag) != Some(false)
    }
}

/// An answer's body, read with a bound on each wait.
pub(super) struct Body {
    response: Response,
    host: String,
    /// When the request was made, and until when the first byte has to be there; none once it is.
    first: Option<(Instant, Instant)>,
    stall_timeout: Duration,
    received: Arc<AtomicU64>,
}

impl Body {
    /// The next bytes; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let now = Instant::now();
        let (since, by) = self.first.unwrap_or_else(|| (now, now + self.stall_timeout));
        match timeout_at(by, self.response.chunk()).await {
            Ok(Ok(Some(bytes))) => {
                self.first = self.first.filter(|_| bytes.is_empty());
                self.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                Ok(Some(bytes))
            }
            Ok(Ok(None)) => Ok(None),
            Ok(Err(error)) => Err(sentences::request(&self.host, &error)),
            Err(_) => Err(sentences::silent(&self.host, Some(by - since))),
        }
    }

    /// Once it has begun, nothing may come for so long from now on.
    pub(super) fn be_patient(&mut self, stall_timeout: Duration) {
        self.stall_timeout = stall_timeout;
    }
}

impl Upstream {
    pub(super) fn new(config: &GatewayConfig) -> std::io::Result<Self> {
        // Fails only if there is one already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            client: client(config, false)?,
            guarded: client(config, true)?,
            own_ports: OwnPorts::default(),
            stall_timeout: config.stall_timeout,
        })
    }

    /// Asks for the file from a byte on, or for all of it with no range at all. The answer's first byte has to be there
    /// `by` then; a connection that does not come about is told of sooner.
    pub(super) async fn get(&self, target: &Target, from: Option<u64>, by: Instant) -> Result<Answer, Failure> {
        self.get_until(target, from, None, by).await
    }

    /// The same, up to and with a byte where one is named.
    pub(super) async fn get_until(
        &self,
        target: &Target,
        from: Option<u64>,
        last: Option<u64>,
        by: Instant,
    ) -> Result<Answer, Failure> {
        if let Some(resolved) = target.resolved() {
            match self.follow(resolved, target, from, last, by).await {
                Err(Failure { again: Again::FromTheLink, .. }) => target.set_resolved(None),
                done => return done,
            }
        }
        self.follow(target.link.clone(), target, from, last, by).await
    }

    async fn follow(
        &self,
        mut url: Url,
        target: &Target,
        from: Option<u64>,
        last: Option<u64>,
        by: Instant,
    ) -> Result<Answer, Failure> {
        let asked = Instant::now();
        for _ in 0..=REDIRECTS {
            let host = sentences::host(&url);
            let client = match self.own_ports.check(&url) {
                Verdict::Dial => &self.client,
                Verdict::DialGuarded => &self.guarded,
                Verdict::Refuse => return Err(sentences::own_port(&host)),
            };
            let mut request = client.get(url.clone());
            if let Some(from) = from {
                let last = last.map(|last| last.to_string()).unwrap_or_default();
                request = request.header(header::RANGE, format!("bytes={from}-{last}"));
            }
            let response = match timeout_at(by, request.send()).await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => return Err(sentences::request(&host, &error)),
                Err(_) => return Err(sentences::silent(&host, Some(by - asked))),
            };
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                target.set_resolved((url != target.link).then_some(url));
                return self.answer(response, host, target, from, (asked, by));
            }
            url = redirected(&url, response.headers()).ok_or_else(|| sentences::bad_redirect(&host))?;
        }
        Err(sentences::redirects(&target.host()))
    }

    fn answer(
        &self,
        response: Response,
        host: String,
        target: &Target,
        from: Option<u64>,
        first: (Instant, Instant),
    ) -> Result<Answer, Failure> {
        let headers = response.headers();
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let (range, total) = match response.status() {
            StatusCode::OK => (None, text(header::CONTENT_LENGTH).and_then(|text| text.parse().ok())),
            StatusCode::PARTIAL_CONTENT => {
                let range = text(header::CONTENT_RANGE).and_then(ContentRange::parse);
                let range =
                    range.filter(|range| Some(range.first) == from).ok_or_else(|| sentences::bad_range(&host))?;
                (Some(range), range.total)
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                return Err(match text(header::CONTENT_RANGE).and_then(unsatisfied_length) {
                    Some(0) => Failure { error: sentences::empty(&host), again: Again::No },
                    _ => sentences::out_of_range(&host),
                });
            }
            status => return Err(sentences::status(&host, status.as_u16())),
        };
        if let Some(name) = headers.get(header::CONTENT_DISPOSITION).and_then(disposition::file_name) {
            let _ = target.name.set(name);
        }
        let owned = |name| text(name).map(str::to_owned);
        let validator = Validator { total, etag: owned(header::ETAG), modified: owned(header::LAST_MODIFIED) };
        Ok(Answer {
            range,
            total,
            says_ranges: text(header::ACCEPT_RANGES).is_some_and(|text| text.eq_ignore_ascii_case("bytes")),
            content_type: owned(header::CONTENT_TYPE),
            validator,
            body: Body {
                response,
                host,
                first: Some(first),
                stall_timeout: self.stall_timeout,
                received: Arc::clone(&target.received),
            },
        })
    }
}

/// HTTP/1.1 only: each fetcher then has a connection of its own, so that one which is held does not take the
/// flow-control window of another's. No proxy: the checks of addresses would be made at the wrong end.
fn client(config: &GatewayConfig, guards: bool) -> std::io::Result<Client> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT_ENCODING, header::HeaderValue::from_static("identity"));
    let builder = || {
        Client::builder()
            .user_agent(concat!("Matinee/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers.clone())
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .http1_only()
            .connect_timeout(config.connect_timeout)
            .tcp_keepalive(ASKED)
            .tcp_keepalive_interval(ASKED)
            .tcp_user_timeout(GONE)
            .pool_idle_timeout(config.idle_timeout)
            .dns_resolver(Arc::new(Resolver { guards }))
    };
    builder()
        .build()
        .or_else(|error| {
            tracing::warn!(%error, "no CA certificates were found: https links cannot be opened; install ca-certificates");
            builder().tls_certs_only([]).build()
        })
        .map_err(std::io::Error::other)
}

/// Where a redirect leads. Credentials stay with the origin that they were given for.
fn redirected(from: &Url, headers: &HeaderMap) -> Option<Url> {
    let mut to = from.join(headers.get(header::LOCATION)?.to_str().ok()?).ok()?;
    if !matches!(to.scheme(), "http" | "https") || to.host_str().is_none_or(str::is_empty) {
        return None;
    }
    if to.origin() == from.origin() && to.username().is_empty() && to.password().is_none() {
        to.set_username(from.username()).ok()?;
        to.set_password(from.password()).ok()?;
    }
    Some(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(from: &str, location: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, location.parse().unwrap());
        redirected(&Url::parse(from).unwrap(), &headers).map(String::from)
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        let from = "https://me:pw@a.example/x/y";
        assert_eq!(redirect(from, "z").unwrap(), "https://me:pw@a.example/x/z");
        assert_eq!(redirect(from, "https://a.example/z").unwrap(), "https://me:pw@a.example/z");
        for elsewhere in ["http://a.example/z", "https://a.example:444/z", "https://b.example/z", "//b.example/z"] {
            assert!(!redirect(from, elsewhere).unwrap().contains("me"), "{elsewhere}");
        }
        for bad in ["file:///etc/passwd", "ftp://a/b", "javascript:1", "data:,x", "http://"] {
            assert_eq!(redirect(from, bad), None, "{bad}");
        }
    }

    #[test]
    fn a_file_is_known_again() {
        let file = |total, etag: &str, modified: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Validator { total, etag: some(etag), modified: some(modified) }
        };
        let first = file(Some(5), "a", "Monday");
        assert!(first.agrees(&first));
        assert!(first.agrees(&file(None, "", "")));
        assert!(first.agrees(&file(Some(5), "b", "Monday")));
        assert!(!first.agrees(&file(Some(6), "a", "Monday")));
        assert!(!first.agrees(&file(Some(5), "a", "Tuesday")));
        assert!(!first.agrees(&file(Some(5), "b", "")));
    }
}
