//! The life of sessions, one rule a test.

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
    now: Instant,
}

fn world(limits: Limits) -> World {
    World { registry: Registry::new(limits), now: Instant::now() }
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
    let viewer = token(name);
    Heartbeat { session: id(n), viewer, position_s, paused: false, name: Some(name.into()), hidden: false }
}

fn media(duration_s: f64) -> Arc<Media> {
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
        self.registry.view(id(n)).unwrap().state
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
    let view = world.registry.view(id(1)).unwrap();
    assert_eq!(
        (view.state, view.stage, view.title.as_str()),
        (SessionState::Preparing, Some(Stage::Connecting), "film 1")
    );
    assert_eq!((view.playhead.position_s, view.media, view.viewers.len()), (0.0, None, 0));
    assert_eq!(world.registry.recipe(id(1)).unwrap(), &"recipe");

    assert!(world.registry.set_progress(id(1), opened.epoch, Progress::Preparing(Stage::Probing)));
    assert_eq!(world.registry.view(id(1)).unwrap().stage, Some(Stage::Probing));
    assert!(world.registry.set_media(id(1), opened.epoch, media(60.0)));
    assert!(world.registry.rename(id(1), "A better title"));
    assert!(world.registry.set_progress(id(1), opened.epoch, Progress::Ready));
    let view = world.registry.view(id(1)).unwrap();
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
        world.registry.view(id(9)).unwrap_err(),
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
    assert!(world.registry.view(id(5)).is_err());
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
fn a_heartbeat_is_checked_before_it_counts() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let good = heartbeat(1, "ada", 5.0);
    let bad = [
        Heartbeat { viewer: ViewerToken("short".into()), ..good.clone() },
        Heartbeat { viewer: ViewerToken("with spaces and more".into()), ..good.clone() },
        Heartbeat { position_s: f64::NAN, ..good.clone() },
        Heartbeat { position_s: f64::INFINITY, ..good.clone() },
        Heartbeat { position_s: f64::NEG_INFINITY, ..good.clone() },
    ];
    for beat in bad {
        assert_eq!(world.registry.beat(world.now, &beat).unwrap_err().kind, ErrorKind::InvalidRequest, "{beat:?}");
    }
    assert!(world.registry.view(id(1)).unwrap().viewers.is_empty());
    let outcome = world.registry.beat(world.now, &Heartbeat { position_s: -3.0, ..good }).unwrap();
    assert_eq!(outcome.reply.playhead.position_s.to_bits(), 0.0_f64.to_bits());
}

#[test]
fn a_heartbeat_makes_and_refreshes_a_viewer() {
    let mut world = world(Limits::default());
    let epoch = world.open(1).unwrap().epoch;
    let first = world.beat(1, "ada", 5.0).unwrap();
    assert!(first.joined && first.woken.is_none());
    assert_eq!((first.reply.session_state, first.reply.duration_s), (SessionState::Preparing, None));
    world.registry.set_media(id(1), epoch, media(60.0));
    assert_eq!(world.pass(44), []);
    let second = world.beat(1, "ada", 49.0).unwrap();
    assert!(!second.joined);
    assert_eq!(second.reply.viewers.len(), 1);
    assert_eq!(second.reply.viewers[0].position_s, 49.0);
    assert_eq!(second.reply.duration_s, Some(60.0));
    assert_eq!(world.pass(44), []);
    // Nobody is beyond the film's end.
    assert_eq!(world.beat(1, "ada", 1e300).unwrap().reply.playhead.position_s, 60.0);
}

#[test]
fn names_are_kept_until_changed() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let named = |world: &mut World, name: Option<&str>| {
        let beat = Heartbeat { name: name.map(Into::into), ..heartbeat(1, "ada", 0.0) };
        world.registry.beat(world.now, &beat).unwrap().reply.viewers[0].name.clone()
    };
    assert_eq!(named(&mut world, None), None);
    assert_eq!(named(&mut world, Some("  Ada\u{7} ")).as_deref(), Some("Ada"));
    assert_eq!(named(&mut world, None).as_deref(), Some("Ada"));
    assert_eq!(named(&mut world, Some(&"x".repeat(100))).unwrap().len(), 40);
    assert_eq!(named(&mut world, Some(" ")), None);
}

#[test]
fn the_playhead_follows_whom_has_been_there_longest() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    world.player(1, "vlc").unwrap();
    world.beat(1, "ada", 10.0).unwrap();
    assert_eq!(world.beat(1, "bob", 99.0).unwrap().reply.playhead.position_s, 10.0);
    assert_eq!(world.beat(1, "ada", 15.0).unwrap().reply.playhead.position_s, 15.0);
    let viewers = world.registry.view(id(1)).unwrap().viewers;
    assert_eq!(viewers.iter().map(|it| it.position_s).collect::<Vec<_>>(), [15.0, 15.0, 99.0]);
    assert_eq!(viewers.iter().map(|it| it.anonymous).collect::<Vec<_>>(), [true, false, false]);
    let now = world.now;
    world.registry.leave(now, id(1), &token("ada")).unwrap();
    assert_eq!(world.registry.view(id(1)).unwrap().playhead.position_s, 99.0);
    world.registry.leave(now, id(1), &token("bob")).unwrap();
    assert_eq!(world.registry.view(id(1)).unwrap().playhead.position_s, 99.0);
    // Who comes back is the last in the row.
    world.beat(1, "bob", 1.0).unwrap();
    assert_eq!(world.beat(1, "ada", 2.0).unwrap().reply.playhead.position_s, 1.0);
}

#[test]
fn a_viewer_without_a_sign_is_gone() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let ada = world.beat(1, "ada", 0.0).unwrap().reply.viewers[0].id.clone();
    world.pass(1);
    world.beat(1, "bob", 0.0).unwrap();
    assert_eq!(world.in_seconds(), Some(44));
    assert_eq!(world.pass(43), []);
    let ended = world.pass(1);
    assert_eq!(ends(&ended), [End::ViewerGone { viewer: ada, anonymous: false }]);
    assert_eq!(ended[0].reason, "no sign of the viewer for 45 s");
    assert!(!ended[0].releases());
    assert_eq!(world.registry.view(id(1)).unwrap().viewers.len(), 1);
}

#[test]
fn a_hidden_page_gets_more_time() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let hidden = Heartbeat { hidden: true, ..heartbeat(1, "ada", 0.0) };
    world.registry.beat(world.now, &hidden).unwrap();
    assert_eq!(world.pass(149), []);
    assert_eq!(world.pass(1)[0].reason, "no sign of the viewer for 150 s");
    world.registry.beat(world.now, &hidden).unwrap();
    // Back in the foreground it is as any other.
    world.beat(1, "ada", 0.0).unwrap();
    assert_eq!(world.in_seconds(), Some(45));
}

#[test]
fn requests_keep_a_page_present_but_do_not_bring_it_back() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let viewer = token("ada");
    let nothing = TouchOutcome { woken: None, joined: false };
    assert_eq!(world.registry.touch(world.now, id(1), Reader::Viewer(&viewer)).unwrap(), nothing);
    assert!(world.registry.view(id(1)).unwrap().viewers.is_empty());
    world.beat(1, "ada", 0.0).unwrap();
    world.pass(40);
    world.registry.touch(world.now, id(1), Reader::Viewer(&viewer)).unwrap();
    assert_eq!(world.pass(44), []);
    world.registry.leave(world.now, id(1), &viewer).unwrap().unwrap();
    world.registry.touch(world.now, id(1), Reader::Viewer(&viewer)).unwrap();
    assert!(world.registry.view(id(1)).unwrap().viewers.is_empty());
}

#[test]
fn players_without_heartbeats_count_by_their_requests() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    assert!(world.player(1, "127.0.0.1 VLC/3").unwrap().joined);
    assert!(!world.player(1, "127.0.0.1 VLC/3").unwrap().joined);
    assert!(world.player(1, "127.0.0.1 Lavf/61").unwrap().joined);
    let viewers = world.registry.view(id(1)).unwrap().viewers;
    let ids: Vec<_> = viewers.iter().map(|it| it.id.clone()).collect();
    assert_eq!(ids, [PublicViewerId("player-1".into()), PublicViewerId("player-2".into())]);
    assert_eq!(world.registry.list()[0].viewers, 2);
    world.pass(44);
    world.player(1, "127.0.0.1 VLC/3").unwrap();
    let ended = world.pass(1);
    assert_eq!(ends(&ended), [End::ViewerGone { viewer: PublicViewerId("player-2".into()), anonymous: true }]);
    // A session with a player alone is watched.
    for _ in 0..10 {
        world.player(1, "127.0.0.1 VLC/3").unwrap();
        assert_eq!(world.pass(40), []);
    }
}

#[test]
fn leaving_is_final_and_harmless_twice() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let ada = world.beat(1, "ada", 0.0).unwrap().reply.viewers[0].id.clone();
    let left = world.registry.leave(world.now, id(1), &token("ada")).unwrap().unwrap();
    assert_eq!(left.what, End::ViewerGone { viewer: ada, anonymous: false });
    assert_eq!(left.reason, "the viewer left");
    assert_eq!(world.registry.leave(world.now, id(1), &token("ada")).unwrap(), None);
    assert_eq!(world.registry.leave(world.now, id(1), &token("never there")).unwrap(), None);
    assert_eq!(world.in_seconds(), Some(45));
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
fn an_unwatched_session_sleeps_wakes_and_is_forgotten() {
    let mut world = world(Limits::default());
    let first = world.open(1).unwrap().epoch;
    world.registry.set_media(id(1), first, media(60.0));
    world.registry.set_progress(id(1), first, Progress::Ready);
    world.beat(1, "ada", 30.0).unwrap();
    assert_eq!(world.registry.epoch(id(1)), Some(first));
    assert!(ends(&world.pass(45)).iter().all(is_gone));
    assert_eq!(world.pass(44), []);
    let ended = world.pass(1);
    assert_eq!(ends(&ended), [End::FellAsleep]);
    assert_eq!(ended[0].reason, "nobody watched for 45 s");
    assert!(ended[0].releases());

    // Asleep: not counted, not listed, and still known.
    assert_eq!(world.registry.capacity().used, 0);
    assert_eq!(world.registry.list(), []);
    assert_eq!(world.registry.epoch(id(1)), None);
    let view = world.registry.view(id(1)).unwrap();
    assert_eq!((view.state, view.stage, view.media), (SessionState::Preparing, None, None));
    assert_eq!((view.title.as_str(), view.playhead.position_s), ("film 1", 30.0));

    // What was begun before it slept comes too late, also when it is awake again.
    assert!(!world.registry.set_progress(id(1), first, Progress::Ready));
    let second = world.beat(1, "ada", 31.0).unwrap().woken.unwrap();
    assert_ne!(first, second);
    assert!(!world.registry.set_progress(id(1), first, Progress::Ready));
    assert!(!world.registry.set_media(id(1), first, media(1.0)));
    assert_eq!(world.state(1), SessionState::Preparing);
    assert!(world.registry.set_progress(id(1), second, Progress::Ready));
    assert_eq!(world.state(1), SessionState::Ready);

    world.pass(45);
    assert_eq!(ends(&world.pass(45)), [End::FellAsleep]);
    assert_eq!(world.in_seconds(), Some(24 * 3600));
    assert_eq!(world.pass(24 * 3600 - 1), []);
    assert_eq!(ends(&world.pass(1)), [End::Forgotten]);
    assert!(world.registry.view(id(1)).is_err());
}

#[test]
fn a_player_wakes_a_session_too() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    world.pass(120);
    let touched = world.player(1, "vlc").unwrap();
    assert!(touched.woken.is_some() && touched.joined);
    // A page's request as well, though only its heartbeat makes it a viewer.
    assert!(ends(&world.pass(90)).contains(&End::FellAsleep));
    let touched = world.registry.touch(world.now, id(1), Reader::Viewer(&token("ada"))).unwrap();
    assert!(touched.woken.is_some() && !touched.joined);
    assert_eq!(world.in_seconds(), Some(45));
}

#[test]
fn waking_needs_a_free_place() {
    let mut world = world(Limits { max_streams: 1, ..Limits::default() });
    world.open(1).unwrap();
    world.pass(120);
    world.open(2).unwrap();
    world.beat(2, "bob", 0.0).unwrap();
    let error = world.beat(1, "ada", 0.0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::AtCapacity);
    assert!(error.message.starts_with("this server shows 1 film already"), "{error}");
    assert_eq!(world.player(1, "vlc").unwrap_err().kind, ErrorKind::AtCapacity);
    assert!(world.registry.view(id(1)).unwrap().viewers.is_empty());
    // The one that is awake is not in its own way.
    world.beat(2, "ada", 0.0).unwrap();
    world.registry.close(id(2), &key(2)).unwrap();
    assert!(world.beat(1, "ada", 0.0).unwrap().woken.is_some());
}

#[test]
fn a_session_that_nobody_joined_sleeps() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    assert_eq!(world.in_seconds(), Some(120));
    assert_eq!(world.pass(119), []);
    let ended = world.pass(1);
    assert_eq!(ends(&ended), [End::NobodyJoined]);
    assert_eq!(ended[0].reason, "nobody joined within 120 s");
    assert!(ended[0].releases());
}

#[test]
fn a_failed_session_tells_why_takes_no_place_and_is_forgotten() {
    let mut world = world(Limits { max_streams: 1, ..Limits::default() });
    let epoch = world.open(1).unwrap().epoch;
    world.beat(1, "ada", 0.0).unwrap();
    let error = Error::new(ErrorKind::NotAVideo, "the link leads to a web page");
    assert!(world.registry.set_progress(id(1), epoch, Progress::Failed(error.clone())));
    let view = world.registry.view(id(1)).unwrap();
    assert_eq!((view.state, view.error), (SessionState::Failed, Some(error)));
    assert_eq!(world.registry.list()[0].state, SessionState::Failed);
    assert!(!world.registry.set_progress(id(1), epoch, Progress::Ready));
    world.open(2).unwrap();
    world.beat(2, "bob", 0.0).unwrap();

    assert!(ends(&world.pass(45)).iter().all(is_gone));
    let ended = world.pass(45);
    assert_eq!(ended.iter().filter(|it| it.session == id(1)).map(|it| &it.what).collect::<Vec<_>>(), [&End::Forgotten]);
    assert!(world.registry.view(id(1)).is_err());
}

#[test]
fn a_failed_session_that_nobody_joined_is_forgotten_after_the_longer_time() {
    let mut world = world(Limits::default());
    let epoch = world.open(1).unwrap().epoch;
    let error = Error::new(ErrorKind::SourceUnreachable, "nobody answers");
    world.registry.set_progress(id(1), epoch, Progress::Failed(error));
    assert_eq!(world.pass(119), []);
    assert_eq!(ends(&world.pass(1)), [End::Forgotten]);
}

#[test]
fn what_follows_from_an_end_does_not_wait_for_the_next_call() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    world.beat(1, "ada", 0.0).unwrap();
    let ended = ends(&world.pass(48 * 3600));
    assert!(is_gone(&ended[0]));
    assert_eq!(ended[1..], [End::FellAsleep, End::Forgotten]);
    assert_eq!(world.registry.next_deadline(), None);
    // Asleep for as long as if it had been asked at each second.
    world.open(2).unwrap();
    world.pass(150);
    assert_eq!(world.in_seconds(), Some(24 * 3600 - 30));
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
    assert_eq!(world.registry.view(id(1)).unwrap().viewers.len(), 2);
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
    world.registry.set_media(id(3), epoch, media(60.0));
    let list = world.registry.list();
    assert_eq!(list.iter().map(|it| it.session).collect::<Vec<_>>(), [id(3), id(2), id(1)]);
    assert_eq!((list[0].viewers, list[0].opened_at, list[0].duration_s), (1, 1003, Some(60.0)));
    assert_eq!((list[1].viewers, list[1].duration_s), (0, None));
}
