//! One playhead for all who watch.

use protocol::playhead::{Command, PlayheadState, PlayheadView, Report, Rules, Steering};

use super::*;

impl World {
    /// A heartbeat of a page that follows the shared playhead and has the picture wherever it is.
    fn follow(&mut self, n: u128, name: &str) -> PlayheadView {
        self.report(n, name, Report { ready: Some(u64::MAX), ..Report::default() })
    }

    fn report(&mut self, n: u128, name: &str, report: Report) -> PlayheadView {
        let report = Some(report);
        let beat = Heartbeat { report, ..heartbeat(n, name, 0.0) };
        self.registry.beat(self.now, &beat).unwrap().reply.playhead
    }

    fn steer(&mut self, n: u128, name: &str, command: Command) -> Result<PlayheadView, Error> {
        self.registry.steer(self.now, id(n), &token(name), None, &command)
    }

    fn host(&mut self, n: u128, name: &str, host_key: u128, command: Command) -> Result<PlayheadView, Error> {
        self.registry.steer(self.now, id(n), &token(name), Some(&key(host_key)), &command)
    }

    fn playhead(&self, n: u128) -> PlayheadView {
        self.registry.playhead(self.now, id(n)).unwrap()
    }

    /// A session on a film of 100 s that Ada and Bob follow, paused at its start.
    fn together(&mut self) {
        let epoch = self.open(1).unwrap().epoch;
        self.registry.set_media(self.now, id(1), epoch, media(100.0));
        self.follow(1, "ada");
        self.follow(1, "bob");
        self.steer(1, "ada", Command::pause()).unwrap();
    }
}

fn at(view: &PlayheadView) -> (PlayheadState, f64) {
    (view.state, (view.position_s * 1000.0).round() / 1000.0)
}

#[test]
fn one_command_moves_all() {
    let mut world = world(Limits::default());
    world.together();
    assert_eq!(at(&world.playhead(1)), (PlayheadState::Paused, 0.0));
    let sought = world.steer(1, "ada", Command::seek(30.0)).unwrap();
    assert_eq!(at(&sought), (PlayheadState::Paused, 30.0));
    let playing = world.steer(1, "bob", Command::play()).unwrap();
    assert!(playing.revision > sought.revision);
    assert_eq!((playing.state, playing.at_ms - playing.sent_ms), (PlayheadState::Playing, 200.0));
    world.pass(10);
    assert_eq!(at(&world.follow(1, "ada")), (PlayheadState::Playing, 39.8));
    assert_eq!(world.registry.view(world.now, id(1)).unwrap().playhead, world.playhead(1));
    // Where each says that it is moves nobody.
    let beat = Heartbeat { report: Some(Report::default()), ..heartbeat(1, "ada", 90.0) };
    assert_eq!(at(&world.registry.beat(world.now, &beat).unwrap().reply.playhead), (PlayheadState::Playing, 39.8));
    let id = playing.changed_by.unwrap();
    assert_eq!(world.registry.view(world.now, super::id(1)).unwrap().viewers[1].id, id);
}

#[test]
fn who_does_not_watch_does_not_steer() {
    let mut world = world(Limits::default());
    world.together();
    let before = world.playhead(1);
    assert_eq!(world.steer(9, "ada", Command::play()).unwrap_err().kind, ErrorKind::UnknownSession);
    assert_eq!(world.steer(1, "eve", Command::play()).unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(world.host(1, "eve", 1, Command::play()).unwrap_err().kind, ErrorKind::Forbidden);
    let rules = Command::rules(Rules { wait_for_everybody: true, ..Rules::default() });
    assert_eq!(world.host(1, "ada", 2, rules).unwrap_err().kind, ErrorKind::Forbidden, "a wrong key is none");
    assert_eq!(world.steer(1, "ada", Command::seek(f64::NAN)).unwrap_err().kind, ErrorKind::InvalidRequest);
    assert_eq!(world.steer(1, "ada", Command::rate(9.0)).unwrap_err().kind, ErrorKind::InvalidRequest);
    let now = world.now;
    world.registry.leave(now, id(1), &token("bob")).unwrap();
    assert_eq!(world.steer(1, "bob", Command::play()).unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(world.playhead(1), PlayheadView { lone: true, ..before });
}

#[test]
fn the_host_keeps_the_wheel_by_the_key_alone() {
    let mut world = world(Limits::default());
    world.together();
    let rules = Rules { steering: Steering::HostOnly, wait_for_everybody: false };
    assert_eq!(world.steer(1, "ada", Command::rules(rules)).unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(world.host(1, "ada", 1, Command::rules(rules)).unwrap().rules, rules);
    assert_eq!(world.steer(1, "ada", Command::play()).unwrap_err().kind, ErrorKind::Forbidden, "without the key");
    assert_eq!(world.steer(1, "bob", Command::play()).unwrap_err().kind, ErrorKind::Forbidden);
    assert!(!world.host(1, "ada", 1, Command::play()).unwrap().paused);
}

#[test]
fn until_somebody_steers_or_reports_it_is_where_the_first_one_is() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let playhead = world.beat(1, "ada", 10.0).unwrap().reply.playhead;
    assert_eq!((playhead.revision, playhead.paused, playhead.rate), (0, false, 1.0));
    world.pass(5);
    assert_eq!(at(&world.beat(1, "bob", 99.0).unwrap().reply.playhead), (PlayheadState::Playing, 10.0));
    // What is refused changes nothing of that.
    assert_eq!(world.steer(1, "eve", Command::play()).unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(world.steer(1, "bob", Command::rate(0.0)).unwrap_err().kind, ErrorKind::InvalidRequest);
    assert_eq!(world.beat(1, "ada", 15.0).unwrap().reply.playhead.revision, 0);
    // A report takes over where the others are, not where its sender is.
    let taken = world.follow(1, "eve");
    assert!(taken.revision > 0);
    assert_eq!(at(&taken), (PlayheadState::Playing, 15.0));
    world.pass(5);
    assert_eq!(at(&world.beat(1, "ada", 77.0).unwrap().reply.playhead), (PlayheadState::Playing, 20.0));
    // And so does a command.
    world.open(2).unwrap();
    world.beat(2, "ada", 40.0).unwrap();
    assert_eq!(at(&world.steer(2, "ada", Command::pause()).unwrap()), (PlayheadState::Paused, 40.0));
}

#[test]
fn a_film_that_nobody_has_begun_waits_for_the_first_who_has_the_picture() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let beat = Heartbeat { report: Some(Report::default()), ..heartbeat(1, "ada", 50.0) };
    assert_eq!(at(&world.registry.beat(world.now, &beat).unwrap().reply.playhead), (PlayheadState::Gathering, 0.0));
    // Also where those who watched it without steering are gone.
    world.open(2).unwrap();
    world.beat(2, "ada", 50.0).unwrap();
    world.pass(45);
    assert_eq!(at(&world.follow(2, "bob")), (PlayheadState::Playing, 50.0), "bob has the picture");
}

#[test]
fn the_films_end_is_a_deadline() {
    let mut world = world(Limits::default());
    world.together();
    world.steer(1, "ada", Command::seek(90.0)).unwrap();
    world.steer(1, "ada", Command::play()).unwrap();
    let deadline = world.registry.next_deadline().unwrap();
    assert_eq!(deadline - world.now, Duration::from_millis(10_200));
    world.now = deadline;
    let before = world.registry.marks(id(1)).unwrap();
    assert_eq!(world.registry.expire(world.now), []);
    assert!(world.registry.marks(id(1)).unwrap().tells_playhead(&before));
    assert_eq!(at(&world.playhead(1)), (PlayheadState::Paused, 100.0));
}

#[test]
fn an_end_that_turns_out_to_be_elsewhere_moves_the_deadline() {
    let mut world = world(Limits::default());
    let epoch = world.open(1).unwrap().epoch;
    world.follow(1, "ada");
    world.steer(1, "ada", Command::play()).unwrap();
    assert_eq!(world.in_seconds(), Some(45), "how long the film is nobody knows yet");
    world.registry.set_media(world.now, id(1), epoch, media(20.0));
    assert_eq!(world.in_seconds(), Some(20));
    assert_eq!(world.playhead(1).duration_s, Some(20.0));
    world.registry.set_media(world.now, id(1), epoch, media(12.0));
    assert_eq!(world.in_seconds(), Some(12));
    world.pass(11);
    world.registry.set_media(world.now, id(1), epoch, media(5.0));
    assert_eq!(at(&world.playhead(1)), (PlayheadState::Paused, 5.0));
}

#[test]
fn a_gathering_waits_for_the_slow_and_ends_by_itself() {
    let mut world = world(Limits::default());
    world.together();
    let rules = Rules { wait_for_everybody: true, ..Rules::default() };
    world.host(1, "ada", 1, Command::rules(rules)).unwrap();
    for viewer in ["ada", "bob"] {
        world.report(1, viewer, Report::default());
    }
    let gathering = world.steer(1, "ada", Command::play()).unwrap();
    assert_eq!((gathering.state, gathering.waiting_for.len()), (PlayheadState::Gathering, 2));
    // Who goes is not waited for.
    let ready = Report { ready: Some(gathering.revision), ..Report::default() };
    let beat = Heartbeat { report: Some(ready), ..heartbeat(1, "ada", 0.0) };
    assert_eq!(world.registry.beat(world.now, &beat).unwrap().reply.playhead.waiting_for.len(), 1);
    let now = world.now;
    world.registry.leave(now, id(1), &token("bob")).unwrap();
    assert_eq!(world.playhead(1).state, PlayheadState::Playing);
    // Who does not come in time neither.
    world.report(1, "bob", Report::default());
    world.steer(1, "ada", Command::seek(50.0)).unwrap();
    assert_eq!(world.playhead(1).state, PlayheadState::Gathering);
    assert_eq!(world.in_seconds(), Some(10));
    world.pass(10);
    assert_eq!(world.playhead(1).state, PlayheadState::Playing);
    assert_eq!(world.playhead(1).left_behind.len(), 2, "nobody was ready");
}

#[test]
fn a_session_that_falls_asleep_holds_the_film_where_it_was_seen_last() {
    let mut world = world(Limits::default());
    world.together();
    world.steer(1, "ada", Command::play()).unwrap();
    world.pass(20);
    world.follow(1, "ada");
    world.now += Duration::from_millis(200);
    let now = world.now;
    world.registry.leave(now, id(1), &token("bob")).unwrap();
    world.registry.leave(now, id(1), &token("ada")).unwrap();
    // It runs on for who comes back soon.
    world.pass(10);
    assert_eq!(at(&world.report(1, "ada", Report::default())), (PlayheadState::Gathering, 20.0));
    assert_eq!(at(&world.follow(1, "ada")), (PlayheadState::Playing, 20.0));
    world.now += Duration::from_millis(80);
    world.pass(10);
    assert_eq!(at(&world.follow(1, "ada")), (PlayheadState::Playing, 30.0));
    world.pass(45);
    assert_eq!(ends(&world.pass(45)), [End::FellAsleep]);
    assert_eq!(at(&world.playhead(1)), (PlayheadState::Gathering, 30.0));
    let revision = world.playhead(1).revision;
    world.pass(3600);
    let woken = world.report(1, "bob", Report::default());
    assert_eq!(at(&woken), (PlayheadState::Gathering, 30.0));
    assert_eq!((woken.revision, woken.duration_s), (revision, Some(100.0)));
    assert_eq!(at(&world.follow(1, "bob")), (PlayheadState::Playing, 30.0));
}

#[test]
fn the_answer_tells_the_time_and_gives_back_the_senders() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    world.now += Duration::from_millis(1_500);
    let beat = Heartbeat { sent_ms: Some(12.5), ..heartbeat(1, "ada", 0.0) };
    let reply = world.registry.beat(world.now, &beat).unwrap().reply;
    assert_eq!((reply.times.received_ms, reply.sent_ms), (1_700_000_001_500.0, Some(12.5)));
    assert_eq!(reply.playhead.sent_ms, reply.times.answered_ms);
}
