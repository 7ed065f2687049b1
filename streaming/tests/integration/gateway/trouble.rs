//! Upstreams that break off, stall, change, fail or lead elsewhere.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_is_resumed_where_it_broke() {
    let film = noise(5 * MB + 77);
    // 300 KB is no multiple of a block.
    let upstream = Upstream::bytes(&film, Habits { drop_after: Some(300_000), ..Habits::default() }).await;
    // A connection that was ended because nobody needed it would be resumed elsewhere.
    let house = House::with(patient).await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    assert!(house.get(&feed, None).await.bytes().await.unwrap() == film);
    let starts: Vec<_> = upstream.seen().iter().map(|seen| seen.from.unwrap()).collect();
    assert_eq!(starts, (0..starts.len() as u64).map(|n| n * 300_000).collect::<Vec<_>>());
    assert_eq!(feed.fault(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_sends_less_than_asked_is_asked_on() {
    let film = noise(2 * MB);
    let upstream = Upstream::bytes(&film, Habits { part: Some(100_000), ..Habits::default() }).await;
    let house = House::with(|config| {
        patient(config);
        config.tries = 1;
    })
    .await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    assert!(house.get(&feed, None).await.bytes().await.unwrap() == film);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_ends_in_a_timeout_and_can_be_over() {
    let film = noise(4 * MB);
    let upstream = Upstream::bytes(&film, Habits { hold_at: Some(MB as u64), ..Habits::default() }).await;
    let house = House::new().await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    let begun = std::time::Instant::now();
    let error = house.get(&feed, None).await.bytes().await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let fault = feed.fault().unwrap();
    assert_eq!(fault.kind, ErrorKind::SourceTimeout);
    assert!(fault.message.contains("127.0.0.1"), "{fault}");
    assert_eq!(house.get(&feed, Some(&format!("{}-", 2 * MB))).await.status(), StatusCode::BAD_GATEWAY);
    upstream.change(|habits| habits.hold_at = None);
    assert!(house.get(&feed, None).await.bytes().await.unwrap() == film);
    assert!(feed.read(2 * MB as u64, 10).await.is_ok());
    assert_eq!(feed.fault(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_gives_up_first_leaves_an_explanation() {
    let film = noise(2 * MB);
    let upstream = Upstream::bytes(&film, Habits { hold_at: Some(MB as u64), ..Habits::default() }).await;
    // A connection that was ended because nobody needed it would not come to where the server holds it.
    let house = House::with(|config| config.idle_timeout = Duration::from_secs(60)).await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    // Ended before the first stall is over.
    tokio::select! {
        biased;
        () = until("it stands at the hold", || feed.upstream_bytes() == MB as u64) => {}
        answer = house.get(&feed, Some("1500000-")) => panic!("{}", answer.status()),
    }
    until("it is noted", || feed.fault().is_some_and(|fault| fault.kind == ErrorKind::SourceTimeout)).await;
    upstream.change(|habits| habits.hold_at = None);
    assert!(house.get(&feed, None).await.bytes().await.unwrap() == film);
    assert_eq!(feed.fault(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_shorter_than_announced_is_cut_with_a_reason() {
    let film = noise(3 * MB);
    let upstream = Upstream::bytes(&film, Habits { announced: Some(5 * MB as u64), ..Habits::default() }).await;
    let house = House::new().await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    let mut response = house.get(&feed, None).await;
    let mut got = 0;
    let end = loop {
        match response.chunk().await {
            Ok(Some(bytes)) => got += bytes.len(),
            end => break end,
        }
    };
    assert!(end.is_err() && got == 3 * MB, "{got}");
    let fault = feed.fault().unwrap();
    assert_eq!(fault.kind, ErrorKind::SourceUnreachable);
    assert!(fault.message.contains(&(3 * MB).to_string()) && fault.message.contains(&(5 * MB).to_string()), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_is_noticed_and_opened_anew() {
    let film = noise(20 * MB);
    let upstream = Upstream::bytes(&film, Habits::default()).await;
    let house = House::new().await;
    let url = upstream.url("/film");
    let feed = house.open(&url).await.unwrap();
    assert!(feed.read(0, 100).await.is_ok());
    upstream.change(|habits| habits.etag = "\"second\"");
    let error = feed.read(15 * MB as u64, 100).await.unwrap_err();
    assert!(error.message.contains("changed"), "{error}");
    assert_eq!(feed.read(0, 100).await.unwrap_err(), error);
    assert_eq!(feed.fault(), Some(error));
    let again = house.open(&url).await.unwrap();
    assert_ne!(again.url(), feed.url());
    drop(feed);
    assert!(again.read(15 * MB as u64, 100).await.unwrap() == film[15 * MB..15 * MB + 100]);
    assert_eq!(house.open(&url).await.unwrap().url(), again.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_to_open_say_what_happened() {
    let page = Bytes::from("\n<!DOCTYPE html><html><body>Download here</body></html>");
    let upstream =
        Upstream::bytes(&page, Habits { content_type: "text/html; charset=utf-8", ..Habits::default() }).await;
    let house = House::new().await;
    let url = upstream.url("/film");
    let error = house.open(&url).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotAVideo);
    assert!(error.message.contains("web page"), "{error}");
    let mut sentences = vec![error.message];
    for status in [401, 403, 404, 410, 429, 503] {
        upstream.change(|habits| habits.status = Some(status));
        let error = house.open(&url).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::SourceUnreachable, "{status}");
        assert!(error.message.contains(&status.to_string()) && error.message.contains("127.0.0.1"), "{error}");
        sentences.push(error.message);
    }
    upstream.change(|habits| (habits.status, habits.hold_at) = (None, Some(1)));
    // Only what says that it is HTML is looked at before it is handed on, beyond its first bytes.
    assert_eq!(house.open(&url).await.unwrap().fault(), None);
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = house.open(&format!("http://{}/film", free.local_addr().unwrap())).await.unwrap_err();
    assert_eq!(silent.kind, ErrorKind::SourceTimeout, "{silent}");
    let gone = format!("http://me:hush@{}/film?secret", free.local_addr().unwrap());
    drop(free);
    let refused = house.open(&gone).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::SourceUnreachable);
    assert!(
        refused.message.contains("refuses") && !refused.message.contains("hush") && !refused.message.contains("secret"),
        "{refused}"
    );
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/film", plain.local_addr().unwrap());
    let (insecure, ()) = tokio::join!(house.open(&url), async {
        let (mut stream, _) = plain.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let insecure = insecure.unwrap_err();
    assert!(
        insecure.kind == ErrorKind::SourceUnreachable && insecure.message.contains("secure connection"),
        "{insecure}"
    );
    let unknown = house.open("http://no-such-host.invalid/film").await.unwrap_err();
    assert_eq!(unknown.kind, ErrorKind::SourceUnreachable);
    assert!(unknown.message.contains("no-such-host.invalid leads nowhere"), "{unknown}");
    sentences.extend([refused.message, unknown.message, silent.message, insecure.message]);
    sentences.sort_unstable();
    sentences.dedup();
    assert_eq!(sentences.len(), 11, "each has its own sentence: {sentences:#?}");
    assert_eq!(house.gateway.feeds(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_followed_but_never_to_ourselves() {
    let film = noise(MB);
    let upstream = Upstream::bytes(&film, Habits::default()).await;
    let house = House::new().await;
    let turn = |to: String| {
        Upstream::serve(
            crate::support::upstream::Content::Bytes(Bytes::new()),
            Habits { redirect: Some(to), ..Habits::default() },
        )
    };
    let hop = turn(upstream.url("/elsewhere")).await;
    let feed = house.open(&hop.url("/film").replace("http://", "http://me:hush@")).await.unwrap();
    assert!(feed.read(0, MB).await.unwrap() == film);
    assert!(hop.seen()[0].head.contains("authorization: Basic"), "{}", hop.seen()[0].head);
    assert!(
        upstream
            .seen()
            .iter()
            .all(|seen| seen.path == "/elsewhere" && !seen.head.to_lowercase().contains("authorization"))
    );
    assert!(upstream.seen()[0].head.contains(concat!("Matinee/", env!("CARGO_PKG_VERSION"))));

    let port = house.gateway.port();
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    house.gateway.refuse_port(server.local_addr().unwrap().port());
    for host in ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1.2.3", "2130706433"] {
        for port in [port, server.local_addr().unwrap().port()] {
            let hop = turn(format!("http://{host}:{port}/x")).await;
            for url in [hop.url("/film"), format!("http://{host}:{port}/x")] {
                assert_eq!(house.open(&url).await.unwrap_err().kind, ErrorKind::Forbidden, "{url} to {host}:{port}");
            }
        }
    }
    let looped = turn("/again".to_owned()).await;
    let error = house.open(&looped.url("/film")).await.unwrap_err();
    assert!(error.kind == ErrorKind::SourceUnreachable && error.message.contains("without end"), "{error}");
    assert_eq!(looped.requests(), 6);
    let file = turn("file:///etc/passwd".to_owned()).await;
    assert_eq!(house.open(&file.url("/film")).await.unwrap_err().kind, ErrorKind::SourceUnreachable);
}
