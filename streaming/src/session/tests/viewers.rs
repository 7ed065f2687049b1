//! Who counts as a viewer, and for how long.

use super::*;

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
    assert!(world.registry.view(world.now, id(1)).unwrap().viewers.is_empty());
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
    world.registry.set_media(world.now, id(1), epoch, media(60.0));
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
    let viewers = world.registry.view(world.now, id(1)).unwrap().viewers;
    assert_eq!(viewers.iter().map(|it| it.position_s).collect::<Vec<_>>(), [15.0, 15.0, 99.0]);
    assert_eq!(viewers.iter().map(|it| it.anonymous).collect::<Vec<_>>(), [true, false, false]);
    let now = world.now;
    world.registry.leave(now, id(1), &token("ada")).unwrap();
    assert_eq!(world.registry.view(world.now, id(1)).unwrap().playhead.position_s, 99.0);
    world.registry.leave(now, id(1), &token("bob")).unwrap();
    assert_eq!(world.registry.view(world.now, id(1)).unwrap().playhead.position_s, 99.0);
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
    assert_eq!(world.registry.view(world.now, id(1)).unwrap().viewers.len(), 1);
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
    assert!(world.registry.view(world.now, id(1)).unwrap().viewers.is_empty());
    world.beat(1, "ada", 0.0).unwrap();
    world.pass(40);
    world.registry.touch(world.now, id(1), Reader::Viewer(&viewer)).unwrap();
    assert_eq!(world.pass(44), []);
    world.registry.leave(world.now, id(1), &viewer).unwrap().unwrap();
    world.registry.touch(world.now, id(1), Reader::Viewer(&viewer)).unwrap();
    assert!(world.registry.view(world.now, id(1)).unwrap().viewers.is_empty());
}

#[test]
fn players_without_heartbeats_count_by_their_requests() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    assert!(world.player(1, "127.0.0.1 VLC/3").unwrap().joined);
    assert!(!world.player(1, "127.0.0.1 VLC/3").unwrap().joined);
    assert!(world.player(1, "127.0.0.1 Lavf/61").unwrap().joined);
    let viewers = world.registry.view(world.now, id(1)).unwrap().viewers;
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
