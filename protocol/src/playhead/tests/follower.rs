use super::super::*;
use crate::{Playhead, PublicViewerId};

const FRAME_S: f64 = 1.0 / 24.0;
/// Server time less local time.
const OFFSET_MS: f64 = 1.7e12;

/// A follower, its server and a player that seeks in 300 ms and starts in 60.
struct Room {
    now_ms: f64,
    shared: SharedPlayhead,
    follower: Follower,
    player: PlayerState,
    busy_until_ms: f64,
    actions: Vec<Action>,
}

impl Room {
    /// The film is at 100 s and runs, or stands there; the viewer has just come.
    fn new(runs: bool) -> Self {
        Self::with(runs, true)
    }

    /// With somebody who follows everywhere at once, or nobody else.
    fn with(runs: bool, company: bool) -> Self {
        let mut shared = SharedPlayhead::new(OFFSET_MS, Some(200.0));
        if company {
            let report = Report { ready: Some(u64::MAX), ..Report::default() };
            let _ = shared.report(OFFSET_MS, &PublicViewerId("ben".to_owned()), report);
        }
        let _ = shared.apply(OFFSET_MS, &Command::seek(100.0), &host());
        if runs {
            let _ = shared.apply(OFFSET_MS, &Command::play(), &host());
        }
        let player =
            PlayerState { position_s: 0.0, paused: true, seeking: false, buffering: false, ended: false, rate: 1.0 };
        let follower = Follower::new(FRAME_S);
        Self { now_ms: 0.0, shared, follower, player, busy_until_ms: 0.0, actions: Vec::new() }
    }

    fn server_ms(&self) -> f64 {
        self.now_ms + OFFSET_MS
    }

    fn steer(&mut self, command: Command) {
        let applied = self.shared.apply(self.server_ms(), &command, &host());
        assert_eq!(applied, Ok(Applied::Changed));
        let view = self.shared.view(self.server_ms());
        self.follower.hear(view, self.now_ms);
    }

    /// Lets time pass by tens of milliseconds, with a line that takes 20 ms each way.
    fn pass(&mut self, length_ms: f64) {
        let end_ms = self.now_ms + length_ms;
        let mut due_ms = self.now_ms;
        while self.now_ms < end_ms {
            let _ = self.shared.advance(self.server_ms());
            self.player.seeking = self.now_ms < self.busy_until_ms && self.player.seeking;
            if self.now_ms >= due_ms {
                let heard = self.tick();
                // At once when something was heard.
                due_ms = self.now_ms + if heard { 0.0 } else { self.follower.next_tick_ms() };
            }
            self.now_ms += 10.0;
            if !self.player.paused && !self.player.ended && self.now_ms > self.busy_until_ms {
                self.player.position_s += 0.01 * self.player.rate;
            }
            if self.player.position_s >= 200.0 && !self.player.paused {
                (self.player.ended, self.player.paused) = (true, true);
            }
        }
    }

    /// Whether a heartbeat was answered.
    fn tick(&mut self) -> bool {
        let action = self.follower.tick(self.now_ms, &self.player);
        if let Some(pause) = action.pause {
            assert!(pause || !self.player.ended, "a play at the end begins the film anew");
            self.player.paused = pause;
            if !pause {
                self.busy_until_ms = self.busy_until_ms.max(self.now_ms + 60.0);
            }
        }
        if let Some(position_s) = action.seek_to_s {
            self.player = PlayerState { position_s, seeking: true, ended: false, ..self.player };
            self.busy_until_ms = self.now_ms + 300.0;
        }
        self.player.rate = action.rate.unwrap_or(self.player.rate);
        if action != Action::default() {
            self.actions.push(action);
        }
        let beats = self.follower.beat_due(self.now_ms);
        if beats {
            self.follower.beat_sent(self.now_ms - 20.0);
            let report = self.follower.report(self.now_ms);
            let anna = PublicViewerId("anna".to_owned());
            let _ = self.shared.report(self.server_ms(), &anna, report);
            let at = Playhead { position_s: self.player.position_s, paused: self.player.paused };
            let _ = self.shared.lead(self.server_ms(), &anna, at);
            let server = ServerTimes { received_ms: self.server_ms(), answered_ms: self.server_ms() };
            let (sent_ms, arrived_ms) = (self.now_ms - 20.0, self.now_ms + 20.0);
            self.follower.exchange(&Exchange { sent_ms, server, arrived_ms });
            self.follower.hear(self.shared.view(self.server_ms()), self.now_ms);
        }
        beats
    }

    fn error_s(&self) -> f64 {
        self.player.position_s - self.shared.position_at(self.server_ms())
    }

    fn seeks(&self) -> usize {
        self.actions.iter().filter(|action| action.seek_to_s.is_some()).count()
    }
}

fn host() -> Steerer {
    Steerer { viewer: PublicViewerId("host".to_owned()), host: true }
}

#[test]
fn who_comes_late_is_with_the_others_after_one_seek() {
    let mut room = Room::new(true);
    room.pass(5_000.0);
    assert_eq!(room.seeks(), 1, "{:?}", room.actions);
    assert!(room.error_s().abs() < 0.04, "{}", room.error_s());
    assert_eq!(room.player.rate, 1.0);
    // It saw that starts take 60 ms: the next one is on time.
    room.steer(Command::seek(30.0));
    room.pass(3_000.0);
    assert_eq!(room.seeks(), 2);
    assert!(room.error_s().abs() < 0.025, "{}", room.error_s());
}

#[test]
fn who_watches_alone_is_never_skipped_ahead_nor_pestered() {
    for steering in [Steering::HostOnly, Steering::Everybody] {
        watches_alone(Rules { steering, ..Rules::default() });
    }
}

fn watches_alone(rules: Rules) {
    let mut room = Room::with(false, false);
    if rules != Rules::default() {
        room.steer(Command::rules(rules));
    }
    room.pass(1_000.0);
    room.steer(Command::play());
    room.pass(5_000.0);
    let seeks = room.seeks();
    room.player.position_s -= 0.3;
    room.pass(5_000.0);
    assert_eq!((room.seeks(), room.player.rate), (seeks, 1.0), "nobody is there to be level with");
    // The network was gone for half a minute, and the film ran on.
    let before_s = room.player.position_s;
    room.busy_until_ms = room.now_ms + 30_000.0;
    room.now_ms += 30_000.0;
    room.pass(3_000.0);
    assert_eq!(room.seeks(), seeks);
    assert!(room.player.position_s < before_s + 3.5, "{}", room.player.position_s);
    assert!(room.error_s().abs() < 0.5 && !room.player.paused, "{}", room.error_s());
}

#[test]
fn a_pause_has_the_same_frame_by_one_seek() {
    let mut room = Room::new(true);
    room.pass(5_000.0);
    let before = room.seeks();
    room.player.position_s += 0.2;
    room.steer(Command::pause());
    room.pass(2_000.0);
    assert!(room.player.paused);
    assert!(room.error_s().abs() <= FRAME_S / 2.0);
    assert_eq!(room.seeks(), before + 1);
    assert_eq!(room.follower.report(room.now_ms).ready, Some(room.shared.view(room.server_ms()).revision));
}

#[test]
fn a_player_that_settles_elsewhere_is_not_asked_for_ever() {
    let mut room = Room::new(false);
    for _ in 0..100 {
        room.pass(500.0);
        room.player.position_s = 99.9;
    }
    assert_eq!(room.seeks(), 2);
    assert!(room.follower.report(room.now_ms).ready.is_some(), "nobody has to wait for it");
}

#[test]
fn on_my_own_and_back() {
    let mut room = Room::new(true);
    room.pass(5_000.0);
    room.follower.follow(false);
    room.player.position_s = 20.0;
    room.player.rate = 1.5;
    room.pass(250.0);
    let before = room.actions.len();
    room.pass(5_000.0);
    assert_eq!(room.actions.len(), before, "it is left alone");
    assert!(!room.follower.report(room.now_ms).following);
    room.follower.follow(true);
    room.pass(3_000.0);
    assert!(room.error_s().abs() < 0.04, "{}", room.error_s());
    assert_eq!(room.player.rate, 1.0);
}

#[test]
fn an_ended_player_rests() {
    let mut room = Room::new(true);
    room.pass(2_000.0);
    room.steer(Command::seek(197.0));
    room.pass(6_000.0);
    assert!(room.player.ended && room.player.position_s >= 200.0);
    assert_eq!(room.shared.view(room.server_ms()).state, PlayheadState::Paused);
    room.steer(Command::play());
    room.pass(3_000.0);
    assert!(room.error_s().abs() < 0.04 && room.player.position_s < 10.0, "{:?}", room.player);
}

#[test]
fn an_old_view_changes_nothing() {
    let mut room = Room::new(true);
    room.pass(3_000.0);
    let old = room.shared.view(room.server_ms());
    room.steer(Command::pause());
    let revision = room.follower.view().unwrap().revision;
    room.follower.hear(old, room.now_ms);
    assert_eq!(room.follower.view().unwrap().revision, revision);
}

#[test]
fn all_start_at_the_same_moment() {
    let mut room = Room::new(false);
    room.pass(6_000.0);
    room.steer(Command::play());
    let starts_ms = room.shared.view(room.server_ms()).at_ms - OFFSET_MS;
    room.pass(5_000.0);
    room.steer(Command::pause());
    room.pass(3_000.0);
    room.steer(Command::play());
    let again_ms = room.shared.view(room.server_ms()).at_ms - OFFSET_MS;
    assert!(starts_ms < again_ms);
    room.pass(again_ms - room.now_ms + 100.0);
    assert!(room.error_s().abs() <= 0.02, "its start delay is known by now: {}", room.error_s());
}

#[test]
fn beats_are_quick_at_first_and_when_others_wait() {
    let mut room = Room::new(true);
    let exchanges = |room: &Room| room.follower.clock().estimate(room.now_ms).unwrap().exchanges;
    room.pass(8_000.0);
    let first = exchanges(&room);
    assert!((16..=24).contains(&first), "{first}");
    room.pass(30_000.0);
    let later = exchanges(&room) - first;
    assert!((5..=7).contains(&later), "{later}");
    room.steer(Command::pause());
    room.pass(1_000.0);
    assert_eq!(exchanges(&room) - first - later, 1, "it is ready, and others may wait for that");
}
