//! Sleeping, waking, failing and being forgotten.

use super::*;

#[test]
fn an_unwatched_session_sleeps_wakes_and_is_forgotten() {
    let mut world = world(Limits::default());
    let first = world.open(1).unwrap().epoch;
    world.registry.set_media(world.now, id(1), first, media(60.0));
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
    let view = world.registry.view(world.now, id(1)).unwrap();
    assert_eq!((view.state, view.stage, view.media), (SessionState::Preparing, None, None));
    assert_eq!((view.title.as_str(), view.playhead.position_s), ("film 1", 30.0));

    // What was begun before it slept comes too late, also when it is awake again.
    assert!(!world.registry.set_progress(id(1), first, Progress::Ready));
    let second = world.beat(1, "ada", 31.0).unwrap().woken.unwrap();
    assert_ne!(first, second);
    assert!(!world.registry.set_progress(id(1), first, Progress::Ready));
    assert!(!world.registry.set_media(world.now, id(1), first, media(1.0)));
    assert_eq!(world.state(1), SessionState::Preparing);
    assert!(world.registry.set_progress(id(1), second, Progress::Ready));
    assert_eq!(world.state(1), SessionState::Ready);

    world.pass(45);
    assert_eq!(ends(&world.pass(45)), [End::FellAsleep]);
    assert_eq!(world.in_seconds(), Some(24 * 3600));
    assert_eq!(world.pass(24 * 3600 - 1), []);
    assert_eq!(ends(&world.pass(1)), [End::Forgotten]);
    assert!(world.registry.view(world.now, id(1)).is_err());
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
    assert!(world.registry.view(world.now, id(1)).unwrap().viewers.is_empty());
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
    let view = world.registry.view(world.now, id(1)).unwrap();
    assert_eq!((view.state, view.error), (SessionState::Failed, Some(error)));
    assert_eq!(world.registry.list()[0].state, SessionState::Failed);
    assert!(!world.registry.set_progress(id(1), epoch, Progress::Ready));
    world.open(2).unwrap();
    world.beat(2, "bob", 0.0).unwrap();

    assert!(ends(&world.pass(45)).iter().all(is_gone));
    let ended = world.pass(45);
    assert_eq!(ended.iter().filter(|it| it.session == id(1)).map(|it| &it.what).collect::<Vec<_>>(), [&End::Forgotten]);
    assert!(world.registry.view(world.now, id(1)).is_err());
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
