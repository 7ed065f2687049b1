//! The life of sessions, one rule a test.

mod channels;
mod host;
mod messages;
mod outside;
mod roles;
mod saved;
mod sleep;
mod steering;
mod viewers;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use protocol::{
    Error, ErrorKind, Heartbeat, HostKey, Media, PublicViewerId, Reach, SessionId, SessionState, Stage, ViewerToken,
};
use uuid::Uuid;

use super::{secrets::HostKeyHash, *};

/// A registry with a clock to turn.
struct World {
    registry: Registry<&'static str>,
    began: Instant,
    now: Instant,
}

fn world(limits: Limits) -> World {
    let now = Instant::now();
    World { registry: Registry::new(limits, ServerClock::new(1_700_000_000_000, now)), began: now, now }
}

fn id(n: u128) -> SessionId {
    SessionId(Uuid::from_u128(n))
}

fn key(n: u128) -> HostKey {
    HostKey(format!("host key {n}"))
}

fn token(name: &str) -> ViewerToken {
    ViewerToken(format!("token-of-{name:-<16}"))
}

fn heartbeat(n: u128, name: &str, position_s: f64) -> Heartbeat {
    Heartbeat { name: Some(name.into()), ..Heartbeat::new(id(n), token(name), position_s, false) }
}

pub(super) fn media(duration_s: f64) -> Arc<Media> {
    Arc::new(Media {
        title: "Film".into(),
        size: None,
        duration_s,
        container: "Matroska".into(),
        video: vec![],
        audio: vec![],
        subtitles: vec![],
        chapters: vec![],
        attachments: vec![],
        reach: Reach::Anywhere,
        warnings: vec![],
        files: vec![],
    })
}

impl World {
    fn open(&mut self, n: u128) -> Result<Opened, Error> {
        let opened_at = 1000 + u64::try_from(n).unwrap();
        self.registry.open(self.now, id(n), HostKeyHash::of(&key(n)), "recipe", format!("film {n}"), opened_at)
    }

    fn beat(&mut self, n: u128, name: &str, position_s: f64) -> Result<BeatOutcome, Error> {
        self.registry.beat(self.now, &heartbeat(n, name, position_s))
    }

    fn player(&mut self, n: u128, traits: &str) -> Result<TouchOutcome, Error> {
        self.registry.touch(self.now, id(n), Reader::Anonymous(traits))
    }

    /// Lets time pass, and what is due end.
    fn pass(&mut self, seconds: u64) -> Vec<Ended> {
        self.now += Duration::from_secs(seconds);
        self.registry.expire(self.now)
    }

    fn state(&self, n: u128) -> SessionState {
        self.registry.view(self.now, id(n)).unwrap().state
    }

    fn in_seconds(&self) -> Option<u64> {
        Some(self.registry.next_deadline()?.duration_since(self.now).as_secs())
    }
}

fn ends(ended: &[Ended]) -> Vec<End> {
    ended.iter().map(|it| it.what.clone()).collect()
}

fn is_gone(end: &End) -> bool {
    matches!(end, End::ViewerGone { .. })
}

#[test]
fn a_session_prepares_and_becomes_ready() {
    let mut world = world(Limits::default());
    let opened = world.open(1).unwrap();
    assert!(opened.forgotten.is_none());
    let view = world.registry.view(world.now, id(1)).unwrap();
    assert_eq!(
        (view.state, view.stage, view.title.as_str()),
        (SessionState::Preparing, Some(Stage::Connecting), "film 1")
    );
    assert_eq!((view.playhead.position_s, view.media, view.viewers.len()), (0.0, None, 0));
    assert_eq!(world.registry.recipe(id(1)).unwrap(), &"recipe");

    assert!(world.registry.set_progress(id(1), opened.epoch, Progress::Preparing(Stage::Probing)));
    assert_eq!(world.registry.view(world.now, id(1)).unwrap().stage, Some(Stage::Probing));
    assert!(world.registry.set_media(world.now, id(1), opened.epoch, media(60.0)));
    assert!(world.registry.rename(id(1), "A better title"));
    assert!(world.registry.set_progress(id(1), opened.epoch, Progress::Ready));
    let view = world.registry.view(world.now, id(1)).unwrap();
    assert_eq!((view.state, view.stage, view.error), (SessionState::Ready, None, None));
    assert_eq!((view.title.as_str(), view.media.unwrap().duration_s), ("A better title", 60.0));
}

#[test]
fn what_is_unknown_is_said_to_be() {
    let mut world = world(Limits::default());
    let now = world.now;
    let errors = [
        world.beat(9, "ada", 0.0).unwrap_err(),
        world.player(9, "vlc").unwrap_err(),
        world.registry.leave(now, id(9), &token("ada")).unwrap_err(),
        world.registry.close(id(9), &key(9)).unwrap_err(),
        world.registry.view(world.now, id(9)).unwrap_err(),
        world.registry.recipe(id(9)).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind, ErrorKind::UnknownSession);
        assert!(error.message.contains("open the link again"), "{error}");
    }
    assert!(!world.registry.rename(id(9), "x"));
    assert_eq!(world.registry.epoch(id(9)), None);
    assert_eq!(world.registry.next_deadline(), None);
}

#[test]
fn the_next_session_beyond_the_limit_is_refused_in_words() {
    let mut world = world(Limits::default());
    for n in 1..=4 {
        world.open(n).unwrap();
        world.beat(n, "ada", 0.0).unwrap();
    }
    let error = world.open(5).unwrap_err();
    assert_eq!(error.kind, ErrorKind::AtCapacity);
    assert_eq!(
        error.message,
        "this server shows 4 films already, as many as it may; try again when one of them is over, or join one of them"
    );
    let now = world.now;
    world.registry.leave(now, id(2), &token("ada")).unwrap().unwrap();
    world.now += Duration::from_secs(10);
    let error = world.open(5).unwrap_err();
    assert!(error.message.ends_with("try again in 36 s, when one that nobody watches ends"), "{error}");
    assert!(world.registry.view(world.now, id(5)).is_err());
    world.registry.close(id(3), &key(3)).unwrap();
    world.open(5).unwrap();
    assert_eq!(world.registry.capacity(), protocol::Capacity { used: 4, allowed: 4 });
}

#[test]
fn the_same_id_opens_once() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    assert_eq!(world.open(1).unwrap_err().kind, ErrorKind::Internal);
}

#[test]
fn only_the_host_closes() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    assert_eq!(world.registry.close(id(1), &key(2)).unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(world.state(1), SessionState::Preparing);
    let ended = world.registry.close(id(1), &key(1)).unwrap();
    assert_eq!((&ended.what, ended.releases()), (&End::Closed, true));
    assert_eq!(world.registry.close(id(1), &key(1)).unwrap_err().kind, ErrorKind::UnknownSession);
    assert_eq!(world.registry.remembered(), 0);
}

#[test]
fn a_session_has_room_for_so_many() {
    let mut world = world(Limits { max_viewers: 2, ..Limits::default() });
    world.open(1).unwrap();
    world.beat(1, "ada", 0.0).unwrap();
    world.beat(1, "bob", 0.0).unwrap();
    let error = world.beat(1, "eve", 0.0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::AtCapacity);
    world.beat(1, "bob", 1.0).unwrap();
    assert!(!world.player(1, "vlc").unwrap().joined);
    assert_eq!(world.registry.view(world.now, id(1)).unwrap().viewers.len(), 2);
}

#[test]
fn memory_has_room_for_so_many() {
    let mut world = world(Limits { max_remembered: 3, ..Limits::default() });
    world.open(1).unwrap();
    world.pass(1);
    world.open(2).unwrap();
    world.pass(150);
    world.open(3).unwrap();
    // The one that has slept longest goes.
    let forgotten = world.open(4).unwrap().forgotten.unwrap();
    assert_eq!((forgotten.session, forgotten.what), (id(1), End::Forgotten));
    assert_eq!(world.open(5).unwrap().forgotten.unwrap().session, id(2));
    // Nobody sleeps: a failed one that nobody looks at goes.
    assert_eq!(world.open(6).unwrap_err().kind, ErrorKind::AtCapacity);
    let epoch = world.registry.epoch(id(4)).unwrap();
    world.registry.set_progress(id(4), epoch, Progress::Failed(Error::new(ErrorKind::Unplayable, "x")));
    world.beat(4, "ada", 0.0).unwrap();
    assert_eq!(world.open(6).unwrap_err().kind, ErrorKind::AtCapacity);
    world.registry.leave(world.now, id(4), &token("ada")).unwrap();
    assert_eq!(world.open(6).unwrap().forgotten.unwrap().session, id(4));
    assert_eq!(world.registry.remembered(), 3);
}

#[test]
fn the_list_shows_the_newest_first() {
    let mut world = world(Limits::default());
    for n in [2, 3, 1] {
        world.open(n).unwrap();
    }
    world.beat(3, "ada", 0.0).unwrap();
    let epoch = world.registry.epoch(id(3)).unwrap();
    world.registry.set_media(world.now, id(3), epoch, media(60.0));
    let list = world.registry.list();
    assert_eq!(list.iter().map(|it| it.session).collect::<Vec<_>>(), [id(3), id(2), id(1)]);
    assert_eq!((list[0].viewers, list[0].opened_at, list[0].duration_s), (1, 1003, Some(60.0)));
    assert_eq!((list[1].viewers, list[1].duration_s), (0, None));
}
