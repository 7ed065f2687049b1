//! What the host can do, and how somebody else becomes the host.

use protocol::{HeartbeatReply, ViewerView, playhead::Report};

use super::*;

impl World {
    /// A heartbeat that carries a host key.
    fn beat_with(&mut self, n: u128, name: &str, key: &HostKey) -> HeartbeatReply {
        let beat = Heartbeat { host_key: Some(key.clone()), ..heartbeat(n, name, 0.0) };
        self.registry.beat(self.now, &beat).unwrap().reply
    }

    fn id_of(&mut self, n: u128, name: &str) -> PublicViewerId {
        self.beat(n, name, 0.0).unwrap().reply.you
    }

    fn seen(&self, n: u128) -> Vec<ViewerView> {
        self.registry.viewers(self.now, id(n)).unwrap()
    }

    fn hosts(&self, n: u128) -> Vec<String> {
        self.seen(n).into_iter().filter(|it| it.host).filter_map(|it| it.name).collect()
    }

    fn remove(&mut self, n: u128, viewer: &PublicViewerId) -> Result<Option<Ended>, Error> {
        self.registry.remove(self.now, id(n), &key(n), viewer)
    }
}

#[test]
fn the_host_is_who_shows_the_key() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let ada = world.beat_with(1, "ada", &key(1));
    assert!(ada.host && ada.host_key.is_none() && ada.listed);
    assert_eq!(ada.viewers.iter().find(|it| it.id == ada.you).map(|it| it.host), Some(true));
    assert!(!world.beat_with(1, "bob", &key(2)).host);
    assert_eq!(world.hosts(1), ["ada"]);
    assert!(!world.beat(1, "ada", 0.0).unwrap().reply.host, "it does not show it any more");
    assert_eq!(world.hosts(1), [] as [String; 0]);
}

#[test]
fn only_the_right_key_changes_anything() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let bob = world.id_of(1, "bob");
    let (now, wrong) = (world.now, key(2));
    let refused = [
        world.registry.entitle(id(1), &wrong, "Mine").unwrap_err(),
        world.registry.show_in_list(id(1), &wrong, false).unwrap_err(),
        world.registry.remove(now, id(1), &wrong, &bob).unwrap_err(),
        world.registry.hand_over(id(1), &wrong, &bob, key(3)).unwrap_err(),
    ];
    assert!(refused.iter().all(|error| error.kind == ErrorKind::Forbidden), "{refused:?}");
    let news = world.registry.news(id(1)).unwrap();
    assert_eq!((news.title.as_str(), news.listed, world.seen(1).len()), ("film 1", true, 1));
    assert_eq!(world.registry.entitle(id(9), &key(9), "x").unwrap_err().kind, ErrorKind::UnknownSession);
}

#[test]
fn a_title_of_the_hosts_stays() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    assert!(world.registry.rename(id(1), "what.the.file.says"));
    world.registry.entitle(id(1), &key(1), " Friday\u{202e} night ").unwrap();
    assert!(world.registry.rename(id(1), "what.the.file.says"));
    assert_eq!(world.registry.news(id(1)).unwrap().title, "Friday night");
    assert_eq!(world.registry.entitle(id(1), &key(1), " ").unwrap_err().kind, ErrorKind::InvalidRequest);
    let saved = world.registry.saved(world.now).remove(0).1;
    let mut later = super::world(Limits::default());
    assert!(later.registry.restore(later.now, id(1), saved, Duration::ZERO));
    later.registry.rename(id(1), "what.the.file.says");
    assert_eq!(later.registry.news(id(1)).unwrap().title, "Friday night");
}

#[test]
fn a_private_session_is_not_listed_after_a_restart_either() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    world.open(2).unwrap();
    world.registry.keep_private(id(1));
    assert_eq!(world.registry.list().iter().map(|it| it.session).collect::<Vec<_>>(), [id(2)]);
    assert!(!world.beat(1, "ada", 0.0).unwrap().reply.listed);
    world.registry.show_in_list(id(2), &key(2), false).unwrap();
    assert_eq!(world.registry.list(), []);
    let mut later = super::world(Limits::default());
    for (session, saved) in world.registry.saved(world.now) {
        assert!(later.registry.restore(later.now, session, saved, Duration::ZERO));
    }
    later.beat(1, "ada", 0.0).unwrap();
    assert_eq!(later.registry.list(), []);
    later.registry.show_in_list(id(1), &key(1), true).unwrap();
    assert_eq!(later.registry.list().len(), 1);
}

#[test]
fn what_was_written_down_before_there_were_private_sessions_is_listed() {
    let mut first = world(Limits::default());
    first.open(1).unwrap();
    let saved = serde_json::to_value(&first.registry.saved(first.now)[0].1).unwrap();
    for field in ["private", "titled", "removed"] {
        assert!(saved.get(field).is_none(), "{saved}");
    }
    let text: &'static str = Box::leak(saved.to_string().into_boxed_str());
    let read: Saved<&'static str> = serde_json::from_str(text).unwrap();
    let mut later = world(Limits::default());
    assert!(later.registry.restore(later.now, id(1), read, Duration::ZERO));
    assert!(later.registry.news(id(1)).unwrap().listed);
}

#[test]
fn who_is_removed_is_gone_and_stays_out() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    world.beat_with(1, "ada", &key(1));
    let bob = world.id_of(1, "bob");
    let seat = world.registry.attend(world.now, id(1), &token("bob")).unwrap().seat;
    let ended = world.remove(1, &bob).unwrap().unwrap();
    assert_eq!(
        (ended.what, ended.reason.as_str()),
        (End::ViewerGone { viewer: bob.clone(), anonymous: false }, "the host removed the viewer")
    );
    assert!(!world.registry.attends(seat) && world.registry.was_removed(seat));
    assert_eq!(world.seen(1).len(), 1);
    let viewer = token("bob");
    let refused = |world: &mut World| {
        let (now, session) = (world.now, id(1));
        [
            world.beat(1, "bob", 0.0).unwrap_err(),
            world.registry.attend(now, session, &viewer).unwrap_err(),
            world.registry.touch(now, session, Reader::Viewer(&viewer)).unwrap_err(),
            world.registry.steer(now, session, &viewer, None, &protocol::playhead::Command::pause()).unwrap_err(),
        ]
        .map(|error| error.kind)
    };
    assert_eq!(refused(&mut world), [ErrorKind::Forbidden; 4]);
    assert_eq!(world.remove(1, &bob).unwrap_err().kind, ErrorKind::NotFound);
    world.beat(1, "eve", 0.0).unwrap();
    // Nor does it wake the session, or come back after a restart.
    let text = serde_json::to_string(&world.registry.saved(world.now).remove(0).1).unwrap();
    let text: &'static str = Box::leak(text.into_boxed_str());
    world.registry.leave(world.now, id(1), &token("ada")).unwrap();
    world.registry.leave(world.now, id(1), &token("eve")).unwrap();
    world.pass(45);
    assert_eq!(refused(&mut world), [ErrorKind::Forbidden; 4]);
    assert_eq!(world.registry.epoch(id(1)), None);
    let mut later = super::world(Limits::default());
    assert!(later.registry.restore(later.now, id(1), serde_json::from_str(text).unwrap(), Duration::ZERO));
    assert_eq!(refused(&mut later), [ErrorKind::Forbidden; 4]);
}

#[test]
fn a_removed_viewer_is_not_waited_for() {
    let mut world = world(Limits::default());
    let epoch = world.open(1).unwrap().epoch;
    world.registry.set_media(world.now, id(1), epoch, media(100.0));
    let report = |ready| Some(Report { ready, ..Report::default() });
    let ada = Heartbeat { report: report(Some(u64::MAX)), host_key: Some(key(1)), ..heartbeat(1, "ada", 0.0) };
    world.registry.beat(world.now, &ada).unwrap();
    let bob = Heartbeat { report: report(None), ..heartbeat(1, "bob", 0.0) };
    let bob = world.registry.beat(world.now, &bob).unwrap().reply.you;
    let rules = protocol::playhead::Rules { wait_for_everybody: true, ..Default::default() };
    for command in [protocol::playhead::Command::rules(rules), protocol::playhead::Command::seek(30.0)] {
        world.registry.steer(world.now, id(1), &token("ada"), Some(&key(1)), &command).unwrap();
    }
    let playhead = |world: &World| world.registry.playhead(world.now, id(1)).unwrap();
    assert_eq!(playhead(&world).waiting_for, std::slice::from_ref(&bob));
    world.remove(1, &bob).unwrap();
    assert_eq!(playhead(&world).waiting_for, []);
}

#[test]
fn the_host_and_who_is_not_there_cannot_be_removed_but_a_player_can() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let ada = world.beat_with(1, "ada", &key(1)).you;
    assert_eq!(world.remove(1, &ada).unwrap_err().kind, ErrorKind::InvalidRequest);
    assert_eq!(world.remove(1, &PublicViewerId("nobody".into())).unwrap_err().kind, ErrorKind::NotFound);
    world.player(1, "127.0.0.1 VLC/3").unwrap();
    let player = world.seen(1)[1].id.clone();
    assert_eq!(world.registry.hand_over(id(1), &key(1), &player, key(7)).unwrap_err().kind, ErrorKind::InvalidRequest);
    world.remove(1, &player).unwrap().unwrap();
    assert_eq!(world.player(1, "127.0.0.1 VLC/3").unwrap_err().kind, ErrorKind::Forbidden);
}

#[test]
fn a_handover_counts_when_the_new_host_has_the_key() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    world.beat_with(1, "ada", &key(1));
    let bob = world.id_of(1, "bob");
    world.beat(1, "eve", 0.0).unwrap();
    world.registry.hand_over(id(1), &key(1), &bob, key(7)).unwrap();
    assert!(!format!("{:?}", world.registry).contains(&key(7).0), "keys are in no log");
    assert_eq!(world.beat(1, "eve", 0.0).unwrap().reply.host_key, None);
    assert!(!world.beat_with(1, "eve", &key(7)).host, "somebody else's heartbeat");
    // Until then the old one counts, and the new one is told again in case an answer was lost.
    assert!(world.beat_with(1, "ada", &key(1)).host);
    for _ in 0..2 {
        let told = world.beat(1, "bob", 0.0).unwrap().reply;
        assert_eq!((told.host, told.host_key), (false, Some(key(7))));
    }
    let mut take = || {
        let beat = Heartbeat { host_key: Some(key(7)), ..heartbeat(1, "bob", 0.0) };
        world.registry.beat(world.now, &beat).unwrap()
    };
    let taken = take();
    assert_eq!((taken.new_host, taken.reply.host, taken.reply.host_key), (true, true, None));
    assert!(!take().new_host, "he is already");
    assert_eq!(world.hosts(1), ["bob"]);
    assert!(!world.beat_with(1, "ada", &key(1)).host);
    assert_eq!(world.registry.close(id(1), &key(1)).unwrap_err().kind, ErrorKind::Forbidden);
    let saved = serde_json::to_string(&world.registry.saved(world.now).remove(0).1).unwrap();
    assert!(!saved.contains(&key(7).0));
    world.registry.close(id(1), &key(7)).unwrap();
}

#[test]
fn a_handover_ends_with_its_viewer_or_with_another() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    world.beat_with(1, "ada", &key(1));
    let (bob, eve) = (world.id_of(1, "bob"), world.id_of(1, "eve"));
    world.registry.hand_over(id(1), &key(1), &bob, key(7)).unwrap();
    world.registry.leave(world.now, id(1), &token("bob")).unwrap();
    assert!(!world.beat_with(1, "bob", &key(7)).host);
    world.registry.hand_over(id(1), &key(1), &bob, key(8)).unwrap();
    world.registry.hand_over(id(1), &key(1), &eve, key(9)).unwrap();
    assert!(!world.beat_with(1, "bob", &key(8)).host);
    assert_eq!(world.beat(1, "bob", 0.0).unwrap().reply.host_key, None);
    assert!(world.beat_with(1, "eve", &key(9)).host);
    assert_eq!(world.registry.hand_over(id(1), &key(9), &eve, key(4)).unwrap_err().kind, ErrorKind::InvalidRequest);
}

#[test]
fn viewers_see_who_buffers_and_who_is_on_their_own() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let report = |stalled_at_s, following| Some(Report { stalled_at_s, following, ..Report::default() });
    let mut shown = |report| {
        let before = world.registry.marks(id(1)).unwrap();
        world.registry.beat(world.now, &Heartbeat { report, ..heartbeat(1, "ada", 0.0) }).unwrap();
        let told = world.registry.marks(id(1)).unwrap().tells_viewers(&before);
        let viewer = world.seen(1).remove(0);
        (viewer.buffering, viewer.alone, told)
    };
    assert_eq!(shown(report(None, true)), (false, false, true), "she is new");
    assert_eq!(shown(report(Some(0.0), true)), (true, false, true));
    assert_eq!(shown(report(Some(0.0), true)), (true, false, false));
    assert_eq!(shown(report(None, false)), (false, true, true));
    assert_eq!(shown(None), (false, false, true));
}

#[test]
fn who_comes_back_has_the_same_colour() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    for name in ["ada", "bob", "eve"] {
        world.beat(1, name, 0.0).unwrap();
    }
    let colours = |world: &World| world.seen(1).iter().map(|it| it.colour).collect::<Vec<_>>();
    assert_eq!(colours(&world), [0, 1, 2]);
    world.registry.leave(world.now, id(1), &token("ada")).unwrap();
    world.registry.leave(world.now, id(1), &token("bob")).unwrap();
    world.beat(1, "bob", 0.0).unwrap();
    assert_eq!(colours(&world), [2, 1]);
    for name in ["bob", "eve"] {
        world.registry.leave(world.now, id(1), &token(name)).unwrap();
    }
    world.pass(45);
    world.beat(1, "eve", 0.0).unwrap();
    assert_eq!(colours(&world), [0], "after a sleep it begins anew");
}
