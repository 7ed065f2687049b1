//! The HTTP contract of calls: what is refused, with which status and which body.

use serde_json::{Value, json};

use crate::program::{Place, Program, client};

async fn refused(request: reqwest::RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert!(!body["message"].as_str().unwrap().is_empty());
    (status, body["kind"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn what_another_site_could_send_is_refused() {
    let place = Place::new();
    let program = Program::start(&place, &[], None).await;
    let post = || client().post(format!("{}/api/sessions", program.url));
    let json = |request: reqwest::RequestBuilder| request.header("content-type", "application/json").body("{}");
    assert_eq!(refused(post().body("{}")).await, (400, "invalid_request".into()), "no content type");
    let form = post().header("content-type", "application/x-www-form-urlencoded").body("a=b");
    assert_eq!(refused(form).await, (400, "invalid_request".into()));
    assert_eq!(refused(json(post()).header("origin", "http://evil.example")).await, (403, "forbidden".into()));
    assert_eq!(refused(json(post()).header("host", "evil.example")).await, (403, "forbidden".into()));
    let get = client().get(format!("{}/api/sessions", program.url));
    assert_eq!(refused(get).await, (400, "invalid_request".into()));
    let own = json(post()).header("origin", &program.url).send().await.unwrap();
    assert_eq!(own.status(), 200);
    assert_eq!(own.json::<Value>().await.unwrap(), json!([]));
}

#[tokio::test]
async fn bad_bodies_and_bad_links_are_told_apart() {
    let place = Place::new();
    let program = Program::start(&place, &[], None).await;
    for (call, body, expected) in [
        ("open", json!({}), (400, "invalid_request")),
        ("open", json!({"source": 7}), (400, "invalid_request")),
        ("open", json!({"source": "ftp://host/film.mkv"}), (400, "invalid_source")),
        ("open", json!({"source": "file:///etc/passwd"}), (400, "invalid_source")),
        ("session", json!({"session": "00000000-0000-4000-8000-000000000000"}), (404, "unknown_session")),
        (
            "leave",
            json!({"session": "00000000-0000-4000-8000-000000000000", "viewer": "0123456789abcdef"}),
            (404, "unknown_session"),
        ),
        ("no-such-call", json!({}), (404, "not_found")),
    ] {
        let (status, answer) = program.call(call, &body).await;
        assert_eq!((status, answer["kind"].as_str().unwrap()), expected, "{call} {body}");
    }
    let own = format!("{}/healthz", program.url);
    let (_, opened) = program.call("open", &json!({"source": own})).await;
    let error = loop {
        let (_, view) = program.call("session", &json!({"session": opened["session"]})).await;
        if view["state"] == "failed" {
            break view["error"]["kind"].clone();
        }
    };
    assert_eq!(error, "forbidden", "a link that leads back to this server");
}

#[tokio::test]
async fn too_many_sessions_are_refused_in_words() {
    let place = Place::new();
    let program = Program::start(&place, &["--max-streams", "1"], None).await;
    // A listener that accepts and never answers keeps the first session preparing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let source = format!("http://{}/film.mkv", silent.local_addr().unwrap());
    let (status, first) = program.call("open", &json!({"source": source})).await;
    assert_eq!(status, 200, "{first}");
    let (status, second) = program.call("open", &json!({"source": source})).await;
    assert_eq!((status, second["kind"].as_str()), (503, Some("at_capacity")));
    let wrong = json!({"session": first["session"], "host_key": "0".repeat(64)});
    assert_eq!(program.call("close", &wrong).await.0, 403);
    let close = json!({"session": first["session"], "host_key": first["host_key"]});
    assert_eq!(program.call("close", &close).await, (200, json!({})));
    assert_eq!(program.call("open", &json!({"source": source})).await.0, 200);
}

#[tokio::test]
async fn other_viewers_tokens_are_never_told() {
    let place = Place::new();
    let program = Program::start(&place, &[], None).await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let source = format!("http://{}/film.mkv", silent.local_addr().unwrap());
    let (_, opened) = program.call("open", &json!({"source": source})).await;
    let session = &opened["session"];
    for viewer in ["secret-token-of-anna", "secret-token-of-bert"] {
        let beat = json!({"beat": {"session": session, "viewer": viewer, "position_s": 3.5, "paused": false}});
        let (status, reply) = program.call("heartbeat", &beat).await;
        assert_eq!(status, 200, "{reply}");
        assert!(!reply.to_string().contains("secret-token"), "{reply}");
    }
    let (_, view) = program.call("session", &json!({"session": session})).await;
    assert_eq!(view["viewers"].as_array().unwrap().len(), 2);
    assert!(!view.to_string().contains("secret-token"));
    assert!(!program.log().contains("secret-token"));
}
