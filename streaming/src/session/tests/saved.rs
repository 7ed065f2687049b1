//! Sessions that come back after a restart.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_session_comes_back_asleep_and_wakes() {
    let mut first = world(Limits::default());
    first.open(1).unwrap();
    first.beat(1, "ann", 12.0).unwrap();
    let before = first.registry.view(id(1)).unwrap();
    let saved = first.registry.saved();
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
    let view = later.registry.view(id(1)).unwrap();
    assert_eq!((view.title, view.playhead), (before.title, before.playhead));
    assert!(later.beat(1, "ann", 12.0).unwrap().woken.is_some());
    assert_eq!(later.registry.close(id(1), &key(2)).unwrap_err().kind, ErrorKind::Forbidden);
    later.registry.close(id(1), &key(1)).unwrap();
}

#[test]
fn it_is_forgotten_when_it_would_have_been() {
    let mut first = world(Limits::default());
    first.open(1).unwrap();
    let saved = first.registry.saved().remove(0).1;
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
    assert_eq!(first.registry.saved(), []);
}
