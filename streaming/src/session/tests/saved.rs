//! Sessions that come back after a restart.

use protocol::{
    Playhead,
    playhead::{Command, PlayheadState, Report, Rules},
};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_session_comes_back_asleep_and_wakes() {
    let mut first = world(Limits::default());
    first.open(1).unwrap();
    first.beat(1, "ann", 12.0).unwrap();
    let before = first.registry.view(first.now, id(1)).unwrap();
    let saved = first.registry.saved(first.now);
    assert_eq!(saved.len(), 1);
    // As it is written down.
    let text = serde_json::to_string(&saved[0].1).unwrap();
    assert!(!text.contains(&key(1).0), "the host key itself is kept");
    let text: &'static str = Box::leak(text.into_boxed_str());

    let mut later = world(Limits::default());
    let read: Saved<&'static str> = serde_json::from_str(text).unwrap();
    assert!(later.registry.restore(later.now, id(1), read.clone(), HOUR));
    assert!(!later.registry.restore(later.now, id(1), read.clone(), HOUR), "it is there twice");
    assert_eq!(later.registry.list(), []);
    let view = later.registry.view(later.now, id(1)).unwrap();
    assert_eq!((view.title, Playhead::from(&view.playhead)), (before.title, Playhead::from(&before.playhead)));
    assert!(later.beat(1, "ann", 12.0).unwrap().woken.is_some());
    assert_eq!(later.registry.close(id(1), &key(2)).unwrap_err().kind, ErrorKind::Forbidden);
    later.registry.close(id(1), &key(1)).unwrap();
}

#[test]
fn a_handover_that_is_not_done_yet_comes_back_too() {
    let mut first = world(Limits::default());
    first.open(1).unwrap();
    first.beat(1, "bob", 0.0).unwrap();
    let bob = first.registry.view(first.now, id(1)).unwrap().viewers[0].id.clone();
    first.registry.hand_over(id(1), &key(1), &bob, key(7)).unwrap();
    let text = serde_json::to_string(&first.registry.saved(first.now)[0].1).unwrap();
    assert!(!text.contains(&key(7).0), "the key itself is kept");
    let text: &'static str = Box::leak(text.into_boxed_str());

    let mut later = world(Limits::default());
    assert!(later.registry.restore(later.now, id(1), serde_json::from_str(text).unwrap(), HOUR));
    let show = |name| Heartbeat { host_key: Some(key(7)), ..heartbeat(1, name, 0.0) };
    assert!(!later.registry.beat(later.now, &show("eve")).unwrap().reply.host, "it is for bob");
    assert!(later.registry.beat(later.now, &show("bob")).unwrap().new_host);
    assert_eq!(later.registry.close(id(1), &key(1)).unwrap_err().kind, ErrorKind::Forbidden);
    later.registry.close(id(1), &key(7)).unwrap();
}

#[test]
fn it_is_forgotten_when_it_would_have_been() {
    let mut first = world(Limits::default());
    first.open(1).unwrap();
    let saved = first.registry.saved(first.now).remove(0).1;
    let mut later = world(Limits::default());
    assert!(!later.registry.restore(later.now, id(1), saved.clone(), 24 * HOUR));
    assert!(later.registry.restore(later.now, id(1), saved, 23 * HOUR));
    let ended = later.registry.expire(later.now + HOUR);
    assert_eq!(ended.iter().map(|ended| &ended.what).collect::<Vec<_>>(), [&End::Forgotten]);
}

#[test]
fn what_failed_is_not_saved() {
    let mut first = world(Limits::default());
    let epoch = first.open(1).unwrap().epoch;
    let error = Error::new(ErrorKind::NotAVideo, "no");
    assert!(first.registry.set_progress(id(1), epoch, Progress::Failed(error)));
    assert_eq!(first.registry.saved(first.now), []);
}

/// A world that begins so many seconds later, with what another wrote down.
fn later(first: &World, saved: Saved<&'static str>, seconds: u64) -> World {
    let mut later = world(Limits::default());
    later.registry = Registry::new(Limits::default(), ServerClock::new(1_700_000_000_000 + seconds * 1000, later.now));
    let since = Duration::from_secs(seconds) - (first.now - first.began);
    assert!(later.registry.restore(later.now, id(1), saved, since));
    later
}

#[test]
fn a_film_that_is_watched_together_goes_on_over_a_restart() {
    let mut first = world(Limits::default());
    let epoch = first.open(1).unwrap().epoch;
    first.registry.set_media(first.now, id(1), epoch, media(3600.0));
    let report = Some(Report { ready: Some(u64::MAX), ..Report::default() });
    let beat = Heartbeat { report, ..heartbeat(1, "ann", 0.0) };
    first.registry.beat(first.now, &beat).unwrap();
    let rules = Rules { wait_for_everybody: true, ..Rules::default() };
    let steer = |world: &mut World, command| {
        world.registry.steer(world.now, id(1), &token("ann"), Some(&key(1)), &command).unwrap()
    };
    steer(&mut first, Command::rules(rules));
    steer(&mut first, Command::seek(60.0));
    let playing = steer(&mut first, Command::play());
    first.pass(20);
    let text = serde_json::to_string(&first.registry.saved(first.now).remove(0).1).unwrap();
    let text: &'static str = Box::leak(text.into_boxed_str());
    let read = || serde_json::from_str::<Saved<&'static str>>(text).unwrap();

    // The viewers went on meanwhile, and find the film where they are.
    let mut soon = later(&first, read(), 30);
    let view = soon.registry.beat(soon.now, &beat).unwrap().reply.playhead;
    assert_eq!((view.state, view.position_s.round()), (PlayheadState::Playing, 90.0));
    assert!(view.revision > playing.revision + 1, "who has seen a change that was not saved hears of this");
    assert_eq!((view.rules, view.duration_s), (rules, Some(3600.0)));

    // Nobody did for so long.
    let mut late = later(&first, read(), 600);
    let view = late.registry.view(late.now, id(1)).unwrap().playhead;
    assert_eq!((view.state, (view.position_s * 100.0).round()), (PlayheadState::Gathering, 7992.0));
    let woken = late.registry.beat(late.now, &beat).unwrap().reply.playhead;
    assert_eq!((woken.state, woken.position_s), (PlayheadState::Playing, view.position_s));

    // Nor did anybody come in time to one that was brought back soon.
    let mut unwatched = later(&first, read(), 30);
    unwatched.pass(600);
    let woken = unwatched.registry.beat(unwatched.now, &beat).unwrap().reply.playhead;
    assert_eq!((woken.state, woken.position_s), (PlayheadState::Playing, view.position_s));
}
