//! Servers that are late, and such as do not say how long the file is: with limits that are a twentieth of the true ones.

use std::time::Instant;

use super::*;

/// In place of a limit that must not strike, whatever else this machine is busy with.
const LONG: Duration = Duration::from_secs(30);

/// A server that has nothing at first.
fn wakes_after(wakes_after: Duration, head_first: bool) -> Habits {
    Habits { wakes_after, head_first, ..Habits::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_byte_of_all_may_take_longer_than_any_other() {
    let film = noise(3 * MB);
    let house = House::with(|config| config.open_timeout = LONG).await;
    for head_first in [false, true] {
        let upstream = Upstream::bytes(&film, wakes_after(Duration::from_millis(1500), head_first)).await;
        let feed = house.open(&upstream.url("/film")).await.unwrap();
        assert!(feed.read(0, MB).await.unwrap() == film[..MB]);
        // Another request would have the server begin anew.
        assert_eq!((upstream.requests(), feed.fault()), (1, None), "head first: {head_first}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_has_the_first_byte_is_told_of_in_time() {
    let film = noise(3 * MB);
    let house = House::new().await;
    for head_first in [false, true] {
        let upstream = Upstream::bytes(&film, wakes_after(Duration::from_secs(3600), head_first)).await;
        let asked = Instant::now();
        let error = house.open(&upstream.url("/film")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::SourceTimeout, "head first: {head_first}: {error}");
        assert!(error.message.contains("nothing came from 127.0.0.1") && error.message.contains("for 2s"), "{error}");
        assert!((2.3..20.0).contains(&asked.elapsed().as_secs_f64()), "{:?}", asked.elapsed());
        assert_eq!(upstream.requests(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_told_of_at_once() {
    let house = House::with(|config| config.open_timeout = Duration::from_secs(60)).await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let asked = Instant::now();
    let error = house.open(&format!("http://{free}/film")).await.unwrap_err();
    assert!(error.kind == ErrorKind::SourceUnreachable && error.message.contains("refuses"), "{error}");
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_request_that_broke_off_is_made_once_more() {
    let film = noise(MB);
    let house = House::new().await;
    let upstream = Upstream::bytes(&film, Habits { deaf_to: 1, ..Habits::default() }).await;
    assert!(house.open(&upstream.url("/film")).await.unwrap().read(0, MB).await.unwrap() == film);
    let upstream = Upstream::bytes(&film, Habits { deaf_to: 100, ..Habits::default() }).await;
    let error = house.open(&upstream.url("/film")).await.unwrap_err();
    assert!(error.kind == ErrorKind::SourceUnreachable && error.message.contains("broke off"), "{error}");
    assert_eq!(upstream.requests(), 2);
    // The head alone, and a body that ends without a byte.
    let upstream = Upstream::bytes(&film, Habits { drop_after: Some(0), ..Habits::default() }).await;
    let error = house.open(&upstream.url("/film")).await.unwrap_err();
    assert!(error.kind == ErrorKind::SourceUnreachable && error.message.contains("broke off"), "{error}");
    assert_eq!(upstream.requests(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_place_may_take_longer_than_a_stall() {
    let film = noise(30 * MB);
    let house = House::with(|config| config.place_timeout = LONG).await;
    for head_first in [false, true] {
        let late = Duration::from_millis(600);
        assert!(late > Duration::from_millis(400), "the stall timeout");
        let upstream = Upstream::bytes(&film, Habits { fetches_for: late, head_first, ..Habits::default() }).await;
        let feed = house.open(&upstream.url("/film")).await.unwrap();
        for at in [20 * MB, 5 * MB, 29 * MB] {
            assert!(feed.read(at as u64, MB / 2).await.unwrap() == film[at..at + MB / 2], "{at}");
        }
        let starts: Vec<_> = upstream.seen().iter().filter_map(|seen| seen.from).collect();
        assert_eq!(starts, [0, 20 * MB as u64, 5 * MB as u64, 29 * MB as u64], "no place is asked for twice");
        assert_eq!(feed.fault(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_never_comes_is_told_of_before_the_tools_give_up() {
    let film = noise(30 * MB);
    let house = House::new().await;
    for head_first in [false, true] {
        let upstream = Upstream::bytes(&film, Habits::default()).await;
        let feed = house.open(&upstream.url("/film")).await.unwrap();
        upstream.change(|habits| (habits.fetches_for, habits.head_first) = (Duration::from_secs(3600), head_first));
        let asked = Instant::now();
        assert_eq!(house.get(&feed, Some("20000000-")).await.status(), StatusCode::BAD_GATEWAY);
        // mpv and ffmpeg wait for 30 s where this is 25.
        assert!((1.1..20.0).contains(&asked.elapsed().as_secs_f64()), "{:?}", asked.elapsed());
        let tries = upstream.seen().iter().filter(|seen| seen.from.is_some_and(|from| from > MB as u64)).count();
        assert_eq!(tries, 1, "one limit for all tries together");
        let fault = feed.fault().unwrap();
        assert!(fault.kind == ErrorKind::SourceTimeout && fault.message.contains("for 1s"), "{fault}");
        upstream.change(|habits| habits.fetches_for = Duration::ZERO);
        assert_eq!(
            house.get(&feed, Some("20000000-20000009")).await.bytes().await.unwrap(),
            film[20_000_000..20_000_010]
        );
        assert_eq!(feed.fault(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_break_off_now_and_then_and_are_late_each_time_are_one_film() {
    let film = noise(4 * MB);
    let habits = Habits { drop_after: Some(700_000), fetches_for: Duration::from_millis(500), ..Habits::default() };
    let upstream = Upstream::bytes(&film, habits).await;
    let house = House::with(|config| config.place_timeout = LONG).await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    assert!(house.get(&feed, None).await.bytes().await.unwrap() == film);
    assert_eq!(feed.fault(), None);
}

/// What is found of a server that keeps quiet about the length, and whether all of the film comes from it.
async fn of_unknown_length(habits: Habits) -> (Reach, Option<u64>, usize) {
    let film = noise(4 * MB + 5);
    let upstream = Upstream::bytes(&film, habits).await;
    let house = House::new().await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    let found = (feed.reach(), feed.len(), upstream.requests());
    if feed.reach() == Reach::Anywhere {
        assert!(feed.read(3 * MB as u64, 100).await.unwrap() == film[3 * MB..3 * MB + 100]);
        assert!(house.get(&feed, Some("-7")).await.bytes().await.unwrap() == film[film.len() - 7..]);
    }
    assert!(house.get(&feed, None).await.bytes().await.unwrap() == film);
    until("its length is known", || feed.len() == Some(film.len() as u64)).await;
    assert!(house.get(&feed, Some("-7")).await.bytes().await.unwrap() == film[film.len() - 7..]);
    assert_eq!(feed.fault(), None);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_that_is_not_told_is_found_out_where_parts_can_be_had() {
    let len = Some(4 * MB as u64 + 5);
    let default = Habits::default;
    // Content-Range alone tells it.
    let chunked = Habits { length: false, ..default() };
    assert_eq!(of_unknown_length(chunked.clone()).await, (Reach::Anywhere, len, 1));
    // Nothing does but the last byte.
    for length in [true, false] {
        let star = Habits { total: false, length, ..default() };
        assert_eq!(of_unknown_length(star).await, (Reach::Anywhere, len, 2));
    }
    // 200 for `bytes=0-`, and no length in it.
    let whole = Habits { whole_from_zero: true, ..chunked };
    assert_eq!(of_unknown_length(whole.clone()).await, (Reach::Anywhere, len, 2));
    assert_eq!(of_unknown_length(Habits { total: false, ..whole }).await, (Reach::Anywhere, len, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_of_unknown_length_that_comes_in_parts_is_read_to_its_end() {
    let parts = Habits { total: false, part: Some(1_000_000), ..Habits::default() };
    let (reach, len, _) = of_unknown_length(parts.clone()).await;
    assert_eq!((reach, len), (Reach::AsRead, None));
    // The last part is a whole one, so that nothing but a refusal tells the end.
    let film = noise(3_000_000);
    let upstream = Upstream::bytes(&film, parts).await;
    let house = House::new().await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    assert!(house.get(&feed, None).await.bytes().await.unwrap() == film);
    until("its length is known", || feed.len() == Some(3_000_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_length_and_ranges_may_be_late_at_any_time() {
    let film = noise(3 * MB);
    let habits = Habits {
        ranges: false,
        says_ranges: false,
        length: false,
        head_first: true,
        wakes_after: Duration::from_millis(1500),
        hold_at: Some(MB as u64),
        ..Habits::default()
    };
    let upstream = Upstream::bytes(&film, habits).await;
    let house = House::with(|config| config.open_timeout = LONG).await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    assert_eq!((feed.reach(), feed.len()), (Reach::AsRead, None));
    let whole = house.get(&feed, None).await;
    until("a part is there", || feed.have_read() == MB as u64).await;
    // Who asks for what is not there is answered, and does not wait longer than the tools would.
    let asked = Instant::now();
    let refused = house.get(&feed, Some(&format!("{}-", MB + 1))).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    // Longer than a stall: the server cannot go on from here, and is waited for.
    assert_eq!(feed.fault(), None);
    upstream.change(|habits| habits.hold_at = None);
    assert!(whole.bytes().await.unwrap() == film);
    assert_eq!(upstream.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_calls_the_file_is_known() {
    let film = noise(100_000);
    let house = House::new().await;
    let disposition = Some("inline; filename=\"x.mkv\"; filename*=UTF-8''A%20Film.mkv");
    for ranges in [true, false] {
        let habits = Habits { ranges, says_ranges: ranges, disposition, ..Habits::default() };
        let upstream = Upstream::bytes(&film, habits).await;
        let feed = house.open(&upstream.url("/stream?url=magnet%3A%3Fxt%3D0&index=1&play")).await.unwrap();
        assert_eq!(feed.name().as_deref(), Some("A Film.mkv"));
        // The query goes to the server as it was pasted.
        assert_eq!(upstream.seen()[0].path, "/stream?url=magnet%3A%3Fxt%3D0&index=1&play");
    }
}
