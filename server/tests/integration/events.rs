//! One playhead for everybody, as pages steer it and hear of it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{house::House, program::client};

const ADA: &str = "viewer-token-of-ada-";
const BERT: &str = "viewer-token-of-bert";
/// From a command's start until all have heard of it; on this loopback it takes some milliseconds, or more where the
/// machine is busy. Who is not told hears nothing at all.
const SOON: Duration = Duration::from_secs(10);

impl House {
    async fn steer(&self, viewer: &str, host_key: Option<&str>, command: Value) -> (u16, Value) {
        let call = json!({"session": self.session, "viewer": viewer, "host_key": host_key, "command": command});
        self.program.call("steer", &call).await
    }

    async fn seek(&self, viewer: &str, position_s: f64) -> Value {
        let (status, view) = self.steer(viewer, None, json!({"kind": "seek", "position_s": position_s})).await;
        assert_eq!(status, 200, "{view}");
        view
    }

    fn events(&self, session: &str) -> reqwest::RequestBuilder {
        client().get(format!("{}/api/events/{session}", self.program.url))
    }

    pub async fn listen(&self, viewer: &str) -> Listener {
        Listener::to(self.events(&self.session).header("matinee-viewer", viewer)).await
    }

    async fn viewers(&self) -> Vec<Value> {
        let (_, view) = self.program.call("session", &json!({"session": self.session})).await;
        view["viewers"].as_array().unwrap().clone()
    }
}

/// An open channel, read as a page would.
pub struct Listener {
    answer: reqwest::Response,
    text: String,
    events: VecDeque<(Option<u64>, Value)>,
}

impl Listener {
    async fn to(request: reqwest::RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Self { answer, text: String::new(), events: VecDeque::new() }
    }

    /// The next event with its id; none when the channel has ended.
    pub async fn next(&mut self) -> Option<(Option<u64>, Value)> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let Some(chunk) = self.answer.chunk().await.unwrap() else {
                assert_eq!(self.text, "", "it ends between events");
                return None;
            };
            self.text += std::str::from_utf8(&chunk).unwrap();
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                if let Some(data) = field("data:") {
                    let id = field("id:").map(|id| id.parse().unwrap());
                    self.events.push_back((id, serde_json::from_str(data).unwrap()));
                }
                self.text = rest.to_owned();
            }
        }
    }

    /// The next event of a kind, and how many others came before it.
    pub async fn next_of(&mut self, kind: &str) -> (Value, usize) {
        for passed in 0.. {
            let (_, event) = self.next().await.unwrap();
            if !event[kind].is_null() {
                return (event[kind].clone(), passed);
            }
        }
        unreachable!("somebody tells without end")
    }

    async fn until_position(&mut self, position_s: f64) -> Value {
        loop {
            let (playhead, _) = self.next_of("playhead").await;
            if playhead["position_s"] == position_s {
                return playhead;
            }
        }
    }
}

async fn refused(request: reqwest::RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["kind"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_channel_begins_with_the_whole_state() {
    let house = House::open(&[]).await;
    house.beat(ADA, json!({"report": {}, "name": "Ada"})).await;
    let revision = house.seek(ADA, 30.0).await["revision"].as_u64().unwrap();
    let mut bert = house.listen(BERT).await;
    let (id, event) = bert.next().await.unwrap();
    assert_eq!(id, Some(revision));
    let playhead = &event["playhead"];
    assert_eq!((&playhead["position_s"], &playhead["state"]), (&json!(30.0), &json!("gathering")), "{event}");
    let (id, event) = bert.next().await.unwrap();
    assert_eq!((id, &event["session"]["state"]), (None, &json!("preparing")), "{event}");
    let (_, event) = bert.next().await.unwrap();
    let viewers = event["viewers"].as_array().unwrap();
    assert_eq!((viewers.len(), &viewers[0]["name"]), (2, &json!("Ada")), "{event}");
}

#[tokio::test]
async fn a_command_reaches_all_who_listen_at_once() {
    let house = House::open(&[]).await;
    let (mut ada, mut bert) = (house.listen(ADA).await, house.listen(BERT).await);
    let begun = Instant::now();
    let told = house.seek(ADA, 83.5).await;
    for listener in [&mut ada, &mut bert] {
        assert_eq!(listener.until_position(83.5).await["revision"], told["revision"]);
    }
    let (status, playing) = house.steer(BERT, None, json!({"kind": "play"})).await;
    assert_eq!((status, &playing["state"], &playing["paused"]), (200, &json!("playing"), &json!(false)));
    for listener in [&mut ada, &mut bert] {
        assert_eq!(listener.next_of("playhead").await.0["revision"], playing["revision"]);
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let (_, view) = house.program.call("session", &json!({"session": house.session})).await;
    assert_eq!(view["playhead"]["revision"], playing["revision"]);
}

#[tokio::test]
async fn fifty_channels_hear_of_one_command() {
    let house = House::open(&[]).await;
    let names: Vec<String> = (0..50).map(|n| format!("viewer-token-number-{n:02}")).collect();
    let mut listeners = Vec::new();
    for name in &names {
        listeners.push(house.listen(name).await);
    }
    assert_eq!(house.viewers().await.len(), 50);
    let begun = Instant::now();
    house.seek(&names[7], 12.0).await;
    for listener in &mut listeners {
        listener.until_position(12.0).await;
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_may_not_steer_is_told_and_nothing_moves() {
    let house = House::open(&[]).await;
    house.beat(ADA, json!({"report": {}})).await;
    let play = || json!({"kind": "play"});
    let kind = |(status, body): (u16, Value)| (status, body["kind"].as_str().unwrap_or("no error").to_owned());
    let forbidden = (403, "forbidden".to_owned());
    let invalid = (400, "invalid_request".to_owned());
    assert_eq!(kind(house.steer(BERT, None, play()).await), forbidden, "he does not watch");
    assert_eq!(kind(house.steer(BERT, Some(&house.host_key), play()).await), forbidden, "the host watches too");
    let host_only = || json!({"kind": "rules", "steering": "host_only"});
    assert_eq!(kind(house.steer(ADA, None, host_only()).await), forbidden);
    assert_eq!(kind(house.steer(ADA, Some(&"0".repeat(64)), host_only()).await), forbidden, "a wrong key is none");
    assert_eq!(kind(house.steer(ADA, None, json!({"kind": "rate", "rate": 7})).await), invalid);
    assert_eq!(kind(house.steer(ADA, None, json!({"kind": "jump"})).await), invalid);
    let nowhere = json!({"session": "00000000-0000-4000-8000-000000000000", "viewer": ADA, "command": play()});
    assert_eq!(kind(house.program.call("steer", &nowhere).await), (404, "unknown_session".into()));

    let (status, ruled) = house.steer(ADA, Some(&house.host_key), host_only()).await;
    assert_eq!((status, &ruled["rules"]["steering"]), (200, &json!("host_only")), "{ruled}");
    assert_eq!(kind(house.steer(ADA, None, play()).await), forbidden, "only with the key now");
    assert_eq!(house.beat(ADA, json!({})).await["playhead"]["revision"], ruled["revision"]);
    assert_eq!(house.steer(ADA, Some(&house.host_key), play()).await.0, 200);
    let log = house.program.log();
    assert!(!log.contains(&house.host_key) && !log.contains("viewer-token"), "{log}");
}

#[tokio::test]
async fn channels_are_for_viewers_of_this_site() {
    let house = House::open(&[]).await;
    let get = || house.events(&house.session);
    assert_eq!(refused(get()).await, (401, "unauthorized".into()));
    let query = client().get(format!("{}/api/events/{}?viewer={ADA}", house.program.url, house.session));
    assert_eq!(refused(query).await, (401, "unauthorized".into()), "a token in an address is none");
    assert_eq!(refused(get().header("matinee-viewer", "short")).await, (400, "invalid_request".into()));
    let foreign = get().header("matinee-viewer", ADA).header("origin", "http://evil.example");
    assert_eq!(refused(foreign).await, (403, "forbidden".into()));
    for session in ["00000000-0000-4000-8000-000000000000", "x"] {
        let unknown = house.events(session).header("matinee-viewer", ADA);
        assert_eq!(refused(unknown).await, (404, "unknown_session".into()));
    }
    assert!(house.viewers().await.is_empty());
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(house.listen(ADA).await);
    }
    assert_eq!(refused(get().header("matinee-viewer", ADA)).await, (503, "at_capacity".into()));
}

#[tokio::test]
async fn a_channel_goes_on_where_the_last_one_ended() {
    let house = House::open(&[]).await;
    house.beat(ADA, json!({"position_s": 20})).await;
    let unsteered = house.events(&house.session).header("matinee-viewer", BERT).header("last-event-id", 0);
    let (id, first) = Listener::to(unsteered).await.next().await.unwrap();
    assert_eq!((id, &first["playhead"]["position_s"]), (Some(0), &json!(20.0)), "it moves without a new revision");
    let known = house.seek(ADA, 30.0).await["revision"].as_u64().unwrap();
    let resume = || house.events(&house.session).header("matinee-viewer", BERT).header("last-event-id", known);
    let mut same = Listener::to(resume()).await;
    let (_, first) = same.next().await.unwrap();
    assert!(first["session"].is_object(), "the playhead is known: {first}");
    house.seek(ADA, 40.0).await;
    same.until_position(40.0).await;
    drop(same);
    house.seek(ADA, 50.0).await;
    let (id, first) = Listener::to(resume()).await.next().await.unwrap();
    assert_eq!(first["playhead"]["position_s"], 50.0, "the newest, whatever was missed");
    assert!(id > Some(known));
}

#[tokio::test]
async fn an_open_channel_alone_is_presence() {
    let house = House::open(&["--viewer-timeout", "500ms", "--hidden-timeout", "500ms"]).await;
    let mut ada = house.listen(ADA).await;
    let of_ada = ada.next_of("viewers").await.0;
    assert_eq!(house.beat(BERT, json!({})).await["viewers"].as_array().unwrap().len(), 2);
    // Bert's one heartbeat runs out, while Ada has sent none.
    let deadline = Instant::now() + Duration::from_secs(10);
    let alone = loop {
        let viewers = house.viewers().await;
        if viewers.len() == 1 {
            break viewers;
        }
        assert!(Instant::now() < deadline, "{viewers:?}");
    };
    assert_eq!(alone[0]["id"], of_ada[0]["id"]);
    drop(ada);
    let deadline = Instant::now() + Duration::from_secs(10);
    while !house.viewers().await.is_empty() {
        assert!(Instant::now() < deadline, "she is still there: {}", house.program.log());
    }
}

#[tokio::test]
async fn viewers_are_told_a_few_times_a_second() {
    let house = House::open(&[]).await;
    house.beat(ADA, json!({"report": {}})).await;
    let mut bert = house.listen(BERT).await;
    bert.next_of("viewers").await;
    let begun = Instant::now();
    for second in 0..60 {
        house.beat(ADA, json!({"position_s": second})).await;
    }
    let (viewers, _) = bert.next_of("viewers").await;
    assert!(viewers[0]["position_s"].as_f64().unwrap() > 0.0);
    house.seek(ADA, 99.0).await;
    let (_, passed) = bert.next_of("playhead").await;
    let most = 1 + begun.elapsed().as_millis() / 400;
    assert!((passed as u128) < most, "{passed} after {:?}", begun.elapsed());
}

#[tokio::test]
async fn closing_and_leaving_end_channels_in_words() {
    let house = House::open(&[]).await;
    let (mut ada, mut bert) = (house.listen(ADA).await, house.listen(BERT).await);
    let leave = json!({"session": house.session, "viewer": ADA});
    assert_eq!(house.program.call("leave", &leave).await.0, 200);
    assert_eq!(ada.next_of("end").await.0, "left");
    assert_eq!(ada.next().await, None);
    let close = json!({"session": house.session, "host_key": house.host_key});
    assert_eq!(house.program.call("close", &close).await.0, 200);
    assert_eq!(bert.next_of("end").await.0, "closed");
    assert_eq!(bert.next().await, None);
}

#[tokio::test]
async fn a_stop_tells_those_who_listen_and_waits_for_none_of_them() {
    let mut house = House::open(&[]).await;
    let mut listeners = Vec::new();
    for n in 0..5 {
        listeners.push(house.listen(&format!("viewer-token-number-{n}")).await);
    }
    let status = house.program.signal(Signal::TERM);
    assert!(status.success(), "{}", house.program.log());
    assert!(house.program.log().contains("stopped"), "{}", house.program.log());
    for listener in &mut listeners {
        assert_eq!(listener.next_of("end").await.0, "stopping");
        assert_eq!(listener.next().await, None);
    }
}

#[tokio::test]
async fn a_heartbeat_tells_the_playhead_and_the_time() {
    let house = House::open(&[]).await;
    let reply = house.beat(ADA, json!({"position_s": 7.5, "sent_ms": 1234.5})).await;
    assert_eq!((&reply["playhead"]["position_s"], &reply["playhead"]["paused"]), (&json!(7.5), &json!(false)));
    assert_eq!(reply["sent_ms"], 1234.5);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let (now_ms, figure) = (since.as_secs_f64() * 1000.0, |name: &str| reply["times"][name].as_f64().unwrap());
    let (received_ms, answered_ms) = (figure("received_ms"), figure("answered_ms"));
    assert!(received_ms <= answered_ms && answered_ms <= now_ms + 1_000.0, "{reply}, {now_ms}");
    assert!(now_ms - received_ms < 20_000.0, "{reply}, {now_ms}");
}
