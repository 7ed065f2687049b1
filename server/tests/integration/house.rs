//! A session without a film, for what viewers do in one.

use serde_json::{Value, json};

use crate::program::{Place, Program};

/// A program with a session whose film's server never answers.
pub struct House {
    pub program: Program,
    pub session: String,
    pub host_key: String,
    _place: Place,
    _silent: std::net::TcpListener,
}

impl House {
    pub async fn open(args: &[&str]) -> Self {
        let place = Place::new();
        let program = Program::start(&place, args, None).await;
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let source = format!("http://{}/film.mkv", silent.local_addr().unwrap());
        let (status, opened) = program.call("open", &json!({"source": source})).await;
        assert_eq!(status, 200, "{opened}");
        let text = |name: &str| opened[name].as_str().unwrap().to_owned();
        Self { session: text("session"), host_key: text("host_key"), program, _place: place, _silent: silent }
    }

    /// A heartbeat with `more` fields than every one has; its answer.
    pub async fn beat(&self, viewer: &str, more: Value) -> Value {
        let mut beat = json!({"session": self.session, "viewer": viewer, "position_s": 0, "paused": false});
        beat.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, reply) = self.program.call("heartbeat", &json!({"beat": beat})).await;
        assert_eq!(status, 200, "{reply}");
        reply
    }
}
