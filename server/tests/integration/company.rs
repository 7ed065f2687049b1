//! What the host does with a session, and what its viewers say, over HTTP.

use serde_json::{Value, json};

use crate::{
    house::House,
    program::{Place, Program},
};

const ADA: &str = "viewer-token-of-ada-";
const BERT: &str = "viewer-token-of-bert";

impl House {
    async fn change(&self, host_key: &str, change: Value) -> (u16, Value) {
        let call = json!({"session": self.session, "host_key": host_key, "change": change});
        self.program.call("host", &call).await
    }

    async fn host(&self, change: Value) -> (u16, Value) {
        self.change(&self.host_key, change).await
    }

    async fn say(&self, viewer: &str, what: Value) -> (u16, Value) {
        let mut call = json!({"session": self.session, "viewer": viewer});
        call.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        self.program.call("say", &call).await
    }
}

fn kind((status, answer): &(u16, Value)) -> (u16, &str) {
    (*status, answer["kind"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_host_renames_and_all_hear_of_it() {
    let house = House::open(&[]).await;
    let mut bert = house.listen(BERT).await;
    assert_eq!(bert.next_of("session").await.0["listed"], true);
    let rename = json!({"kind": "rename", "title": " Friday\u{202e} night "});
    assert_eq!(kind(&house.change(&"0".repeat(64), rename.clone()).await), (403, "forbidden"));
    assert_eq!(house.host(rename).await, (200, json!({})));
    assert_eq!(bert.next_of("session").await.0["title"], "Friday night");
    let (_, view) = house.program.call("session", &json!({"session": house.session})).await;
    assert_eq!(view["title"], "Friday night");
    for bad in ["", "  ", &"x".repeat(121)] {
        let answer = house.host(json!({"kind": "rename", "title": bad})).await;
        assert_eq!(kind(&answer), (400, "invalid_request"), "{bad:?}");
    }
    for bad in [json!({"kind": "crown"}), json!({"kind": "remove"}), json!({})] {
        assert_eq!(kind(&house.host(bad.clone()).await), (400, "invalid_request"), "{bad}");
    }
}

#[tokio::test]
async fn a_private_session_is_found_by_its_link_alone() {
    let place = Place::new();
    let program = Program::start(&place, &[], None).await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let source = format!("http://{}/film.mkv", silent.local_addr().unwrap());
    let (status, opened) = program.call("open", &json!({"source": source, "private": true})).await;
    assert_eq!(status, 200, "{opened}");
    assert_eq!(program.call("sessions", &json!({})).await.1, json!([]));
    let session = &opened["session"];
    assert_eq!(program.call("session", &json!({"session": session})).await.1["listed"], false);
    let list = |listed: bool| json!({"session": session, "host_key": opened["host_key"], "change": {"kind": "list", "listed": listed}});
    assert_eq!(program.call("host", &list(true)).await.0, 200);
    assert_eq!(program.call("sessions", &json!({})).await.1[0]["session"], *session);
    assert_eq!(program.call("host", &list(false)).await.0, 200);
    assert_eq!(program.call("sessions", &json!({})).await.1, json!([]));
}

#[tokio::test]
async fn a_removed_viewer_is_told_and_stays_out() {
    let house = House::open(&[]).await;
    let host = house.beat(ADA, json!({"host_key": house.host_key})).await;
    assert_eq!((&host["host"], &host["viewers"][0]["host"]), (&json!(true), &json!(true)), "{host}");
    let mut channel = house.listen(BERT).await;
    let bert = house.beat(BERT, json!({})).await["you"].clone();
    let remove = |viewer: &Value| json!({"kind": "remove", "viewer": viewer});
    assert_eq!(kind(&house.host(remove(&host["you"])).await), (400, "invalid_request"));
    assert_eq!(kind(&house.host(remove(&json!("nobody"))).await), (404, "not_found"));
    assert_eq!(house.host(remove(&bert)).await, (200, json!({})));
    assert_eq!(channel.next_of("end").await.0, "removed");
    assert_eq!(channel.next().await, None);
    let beat = json!({"beat": {"session": house.session, "viewer": BERT, "position_s": 0, "paused": false}});
    let refused = house.program.call("heartbeat", &beat).await;
    assert_eq!(kind(&refused), (403, "forbidden"));
    assert_eq!(refused.1["message"], "the host has removed you from this screening");
    assert_eq!(kind(&house.say(BERT, json!({"text": "Hello?"})).await), (403, "forbidden"));
    for path in [format!("api/events/{}", house.session), format!("hls/{}/v0-copy/index.m3u8", house.session)] {
        let request = crate::program::client().get(format!("{}/{path}", house.program.url));
        assert_eq!(request.header("matinee-viewer", BERT).send().await.unwrap().status(), 403, "{path}");
    }
    assert_eq!(house.beat(ADA, json!({})).await["viewers"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_is_handed_over_to_who_takes_the_key() {
    let house = House::open(&[]).await;
    house.beat(ADA, json!({"host_key": house.host_key})).await;
    let bert = house.beat(BERT, json!({})).await["you"].clone();
    let hand_over = json!({"kind": "hand_over", "viewer": bert});
    assert_eq!(house.host(hand_over).await, (200, json!({})));
    assert_eq!(house.beat(ADA, json!({"host_key": house.host_key})).await["host_key"], Value::Null);
    let told = house.beat(BERT, json!({})).await;
    let new = told["host_key"].as_str().unwrap();
    assert_eq!((told["host"].as_bool(), new.len()), (Some(false), 64));
    assert_eq!(
        house.change(&house.host_key, json!({"kind": "list", "listed": true})).await.0,
        200,
        "the old one counts"
    );
    let taken = house.beat(BERT, json!({"host_key": new})).await;
    assert_eq!((&taken["host"], &taken["host_key"]), (&json!(true), &Value::Null));
    assert_eq!(house.beat(ADA, json!({"host_key": house.host_key})).await["host"], false);
    assert_eq!(kind(&house.host(json!({"kind": "list", "listed": true})).await), (403, "forbidden"));
    assert_eq!(house.change(new, json!({"kind": "list", "listed": true})).await.0, 200);
    assert!(!house.program.log().contains(new));
}

#[tokio::test]
async fn what_is_said_reaches_who_listens_and_who_asks() {
    let house = House::open(&[]).await;
    let ada = house.beat(ADA, json!({"name": "Ada", "heard": 0})).await;
    assert_eq!(ada["messages"], Value::Null);
    let mut bert = house.listen(BERT).await;
    bert.next_of("viewers").await;
    assert_eq!(house.say(ADA, json!({"text": " Look!\u{7} "})).await, (200, json!({})));
    let (told, _) = bert.next_of("message").await;
    assert_eq!(
        (&told["text"], &told["name"], &told["from"], &told["colour"]),
        (&json!("Look!"), &json!("Ada"), &ada["you"], &json!(0))
    );
    assert_eq!(house.say(BERT, json!({"reaction": "👏"})).await, (200, json!({})));
    assert_eq!(bert.next_of("message").await.0["reaction"], "👏");
    let heard = house.beat(ADA, json!({"heard": told["number"]})).await;
    assert_eq!(heard["messages"].as_array().unwrap().len(), 1);
    assert_eq!(heard["messages"][0]["reaction"], "👏");
    // Who opens a channel later is told the text and not the applause.
    let mut late = house.listen("viewer-token-of-cleo").await;
    assert_eq!(late.next_of("message").await.0, told);
    assert_eq!(house.say(ADA, json!({"text": "Again"})).await.0, 200);
    assert_eq!(late.next_of("message").await.0["text"], "Again");
    for bad in
        [json!({}), json!({"text": "x", "reaction": "👏"}), json!({"reaction": "💩"}), json!({"text": "x".repeat(301)})]
    {
        assert_eq!(kind(&house.say(ADA, bad.clone()).await), (400, "invalid_request"), "{bad}");
    }
    assert_eq!(kind(&house.say("viewer-token-of-none", json!({"text": "Hi"})).await), (403, "forbidden"));
}

#[tokio::test]
async fn who_says_too_much_at_once_is_told_to_wait() {
    let house = House::open(&[]).await;
    house.beat(ADA, json!({})).await;
    // Five at once, and then one every two seconds: a busy machine may take so long for the sixth, but not for all.
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(house.say(ADA, json!({"reaction": "🔥"})).await);
    }
    assert!(answers[..5].iter().all(|answer| answer.0 == 200), "{answers:?}");
    let refused = answers.iter().find(|answer| answer.0 != 200).expect("twenty at once are too many");
    assert_eq!(kind(refused), (429, "rate_limited"));
    assert!(refused.1["message"].as_str().unwrap().contains("two seconds"));
}
