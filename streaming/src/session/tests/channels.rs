//! Who listens is there.

use super::*;

impl World {
    fn attend(&mut self, n: u128, name: &str) -> Result<Attended, Error> {
        self.registry.attend(self.now, id(n), &token(name))
    }

    fn watching(&self, n: u128) -> Vec<f64> {
        self.registry.viewers(self.now, id(n)).unwrap().iter().map(|viewer| viewer.position_s).collect()
    }
}

#[test]
fn an_open_channel_alone_keeps_its_viewer_there() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let attended = world.attend(1, "ada").unwrap();
    assert!(attended.joined && attended.woken.is_none());
    assert_eq!(world.registry.next_deadline(), None);
    assert_eq!(world.pass(24 * 3600), []);
    // Who has not said where it is leads nobody, and is shown where the others are.
    world.beat(1, "bob", 7.0).unwrap();
    assert_eq!(world.watching(1), [7.0, 7.0]);
    assert_eq!(ends(&world.pass(45)).len(), 1, "bob");
    world.registry.depart(world.now, attended.seat);
    assert_eq!(world.in_seconds(), Some(45));
    assert_eq!(world.pass(44), []);
    assert!(ends(&world.pass(1)).iter().all(is_gone));
    assert_eq!(ends(&world.pass(45)), [End::FellAsleep]);
}

#[test]
fn a_channel_wakes_a_session() {
    let mut world = world(Limits { max_streams: 1, ..Limits::default() });
    world.open(1).unwrap();
    world.pass(120);
    world.open(2).unwrap();
    assert_eq!(world.attend(1, "ada").unwrap_err().kind, ErrorKind::AtCapacity);
    world.registry.close(id(2), &key(2)).unwrap();
    assert!(world.attend(1, "ada").unwrap().woken.is_some());
}

#[test]
fn the_last_of_a_viewers_channels_counts() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    world.beat(1, "ada", 0.0).unwrap();
    let (first, second) = (world.attend(1, "ada").unwrap(), world.attend(1, "ada").unwrap());
    assert!(!first.joined && !second.joined);
    world.registry.depart(world.now, first.seat);
    world.registry.depart(world.now, first.seat);
    assert_eq!(world.pass(3600), []);
    assert!(world.registry.attends(second.seat) && !world.registry.attends(first.seat));
}

#[test]
fn who_leaves_is_not_kept_by_a_channel_nor_brought_back_by_its_end() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let old = world.attend(1, "ada").unwrap().seat;
    world.registry.leave(world.now, id(1), &token("ada")).unwrap().unwrap();
    assert!(!world.registry.attends(old));
    world.registry.depart(world.now, old);
    assert_eq!(world.watching(1), [] as [f64; 0]);
    // Nor is who came back meanwhile.
    let new = world.attend(1, "ada").unwrap().seat;
    world.registry.depart(world.now, old);
    assert!(world.registry.attends(new));
    assert_eq!(world.pass(3600), []);
    world.registry.close(id(1), &key(1)).unwrap();
    assert!(!world.registry.attends(new));
    world.registry.depart(world.now, new);
}

#[test]
fn there_is_room_for_so_many_channels() {
    let limits = Limits { max_viewer_channels: 2, max_session_channels: 3, max_channels: 4, ..Limits::default() };
    let mut world = world(Limits { max_viewers: 3, ..limits });
    world.open(1).unwrap();
    world.open(2).unwrap();
    let refused = |attended: Result<Attended, Error>| attended.unwrap_err().kind == ErrorKind::AtCapacity;
    let first = world.attend(1, "ada").unwrap().seat;
    world.attend(1, "ada").unwrap();
    assert!(refused(world.attend(1, "ada")), "one viewer's");
    world.attend(1, "bob").unwrap();
    assert!(refused(world.attend(1, "eve")), "one session's");
    world.attend(2, "eve").unwrap();
    assert!(refused(world.attend(2, "eve")), "the server's");
    world.registry.depart(world.now, first);
    world.attend(2, "eve").unwrap();
    assert_eq!(
        world.registry.attend(world.now, id(1), &ViewerToken("x".into())).unwrap_err().kind,
        ErrorKind::InvalidRequest
    );
}

#[test]
fn marks_tell_what_has_changed() {
    let mut world = world(Limits::default());
    let epoch = world.open(1).unwrap().epoch;
    let mut before = world.registry.marks(id(1)).unwrap();
    let mut changed = |world: &World| {
        let marks = world.registry.marks(id(1)).unwrap();
        let told = (marks.tells_playhead(&before), marks.tells_viewers(&before), marks.tells_session(&before));
        before = marks;
        told
    };
    world.beat(1, "ada", 0.0).unwrap();
    assert_eq!(changed(&world), (false, true, false));
    world.beat(1, "ada", 0.0).unwrap();
    assert_eq!(changed(&world), (false, false, false), "nothing is new");
    world.beat(1, "ada", 5.0).unwrap();
    assert_eq!(changed(&world), (true, true, false));
    world.registry.set_progress(id(1), epoch, Progress::Ready);
    assert_eq!(changed(&world), (false, false, true));
    world.player(1, "vlc").unwrap();
    assert_eq!(changed(&world), (false, true, false));
    world.registry.set_media(world.now, id(1), epoch, media(9.0));
    assert_eq!(changed(&world), (false, false, true));
    world.registry.steer(world.now, id(1), &token("ada"), None, &protocol::playhead::Command::pause()).unwrap();
    assert_eq!(changed(&world), (true, false, false));
    world.pass(45);
    assert_eq!(changed(&world), (false, true, false));
    assert_eq!(world.registry.marks(id(2)), None);
}
