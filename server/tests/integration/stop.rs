use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::program::{Place, Program};

/// How often it is tried to be quick, on a machine that may be busy.
const TRIES: u32 = 3;

#[tokio::test]
async fn term_and_int_end_it_in_order_and_leave_no_file() {
    for signal in [Signal::TERM, Signal::INT] {
        let place = Place::new();
        let mut program = Program::start(&place, &[], None).await;
        assert!(!place.stored().is_empty(), "a store is there while it runs");
        assert!(program.signal(signal).success(), "{}", program.log());
        assert!(place.stored().is_empty(), "{:?}", place.stored());
    }
}

#[tokio::test]
async fn after_a_kill_the_next_start_sweeps_up() {
    let place = Place::new();
    let mut killed = Program::start(&place, &[], None).await;
    killed.signal(Signal::KILL);
    let left = place.stored();
    assert!(!left.is_empty(), "a killed program cannot clean up");
    let _next = Program::start(&place, &[], None).await;
    assert!(left.iter().all(|path| !path.exists()), "{left:?}");
}

#[tokio::test]
async fn a_second_server_leaves_the_first_one_s_store_alone() {
    let place = Place::new();
    let first = Program::start(&place, &[], None).await;
    let stored = place.stored();
    let _second = Program::start(&place, &[], None).await;
    assert!(stored.iter().all(|path| path.exists()));
    assert_eq!(first.call("sessions", &json!({})).await.0, 200);
}

#[tokio::test]
async fn a_session_comes_back_after_a_kill() {
    // Its film's server accepts and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let link = format!("http://{}/a-film-of-this-test.mkv", silent.local_addr().unwrap());
    let place = Place::new();
    let mut killed = Program::start(&place, &[], None).await;
    let (status, opened) = killed.call("open", &json!({ "source": link })).await;
    assert_eq!(status, 200, "{opened}");
    let session = opened["session"].as_str().unwrap();
    written(&place, "a-film-of-this-test").await;
    killed.signal(Signal::KILL);

    let mut next = Program::start(&place, &[], None).await;
    let beat = json!({ "session": session, "viewer": "a-token-of-a-viewer", "position_s": 0.0, "paused": false });
    let (status, reply) = next.call("heartbeat", &json!({ "beat": beat })).await;
    assert_eq!((status, reply["session_state"].as_str()), (200, Some("preparing")), "{reply}");
    let close = json!({ "session": session, "host_key": opened["host_key"] });
    assert_eq!(next.call("close", &close).await.0, 200, "its host is known");
    assert_eq!(next.call("heartbeat", &json!({ "beat": beat })).await.0, 404);
    // Closed, it does not come back.
    assert!(next.signal(Signal::TERM).success(), "{}", next.log());
    let next = Program::start(&place, &[], None).await;
    assert_eq!(next.call("session", &json!({ "session": session })).await.0, 404);
}

#[tokio::test]
async fn a_closed_session_does_not_come_back_after_a_kill() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::new();
    let mut killed = Program::start(&place, &[], None).await;
    // What can wait waits for two seconds after each write.
    let limit = Duration::from_millis(1_500);
    let (mut closed, mut quickest) = (Vec::new(), Duration::MAX);
    for n in 0..TRIES {
        let film = format!("film-{n}-of-this-test");
        let link = format!("http://{}/{film}.mkv", silent.local_addr().unwrap());
        let (_, opened) = killed.call("open", &json!({ "source": link })).await;
        written(&place, &film).await;
        let before = settled(&place).await;
        let begun = Instant::now();
        let close = json!({ "session": opened["session"], "host_key": opened["host_key"] });
        assert_eq!(killed.call("close", &close).await.0, 200);
        until("it is written down", || place.memory() != before).await;
        quickest = quickest.min(begun.elapsed());
        closed.push(opened["session"].clone());
        if quickest < limit {
            break;
        }
    }
    assert!(quickest < limit, "{quickest:?}");
    killed.signal(Signal::KILL);
    let next = Program::start(&place, &[], None).await;
    for session in closed {
        assert_eq!(next.call("session", &json!({ "session": session })).await.0, 404);
    }
}

#[tokio::test]
async fn what_nobody_tells_again_is_written_down_at_once() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::new();
    let program = Program::start(&place, &[], None).await;
    let link = format!("http://{}/film.mkv", silent.local_addr().unwrap());
    // What can wait waits for two seconds after each write.
    let limit = Duration::from_secs(4);
    let mut quickest = Duration::MAX;
    for film in 0..TRIES {
        let (_, opened) = program.call("open", &json!({ "source": link })).await;
        let begun = Instant::now();
        for n in 0..3 {
            let title = format!("the title {n} of film {film} of this test");
            let change = json!({ "kind": "rename", "title": title });
            let change = json!({ "session": opened["session"], "host_key": opened["host_key"], "change": change });
            assert_eq!(program.call("host", &change).await.0, 200);
            written(&place, &title).await;
        }
        quickest = quickest.min(begun.elapsed());
        if quickest < limit {
            break;
        }
    }
    assert!(quickest < limit, "{quickest:?}");
}

async fn written(place: &Place, text: &str) {
    until("it is written down", || place.remembers(text)).await;
}

/// The file of sessions after a write, of which a text is there before its end.
async fn settled(place: &Place) -> Vec<u8> {
    let mut last = place.memory();
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = place.memory();
        if std::mem::replace(&mut last, now) == last {
            return last;
        }
    }
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let waiting = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect(what);
}
