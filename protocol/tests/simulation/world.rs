//! A server, a thousand viewers and what lies between them, event by event in true time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::rc::Rc;

use protocol::playhead::{
    Action, Applied, Command, Exchange, Follower, PlayheadView, Report, Rules, ServerTimes, SharedPlayhead, Steerer,
    Steering,
};
use protocol::{Playhead, PublicViewerId};

use crate::network::{Line, LocalClock};
use crate::player::Player;
use crate::random::Random;

/// Server time at the beginning of the run: milliseconds since 1970, as on a real server.
const SERVER_BEGAN_MS: f64 = 1.7e12;
pub const DURATION_S: f64 = 7_200.0;

pub struct Viewer {
    pub id: PublicViewerId,
    pub line: Line,
    pub clock: LocalClock,
    pub player: Player,
    pub follower: Follower,
    pub here: bool,
    /// The page has begun to play, or to wait for the others.
    begun: bool,
    asleep_until_ms: f64,
    /// When the last stall or sleep was over.
    pub troubled_until_ms: f64,
    /// Ticks of older plans are passed over.
    plan: u32,
}

pub struct World {
    pub now_ms: f64,
    pub random: Random,
    pub shared: SharedPlayhead,
    pub viewers: Vec<Viewer>,
    /// Messages get lost, twice and late only while the trouble lasts.
    pub lossy: bool,
    events: BinaryHeap<Event>,
    sequence: u64,
}

pub enum What {
    Tick { viewer: usize, plan: u32 },
    Beat { viewer: usize, sent_ms: f64, report: Report, at: Playhead },
    Answer { viewer: usize, exchange: (f64, ServerTimes), view: Rc<PlayheadView> },
    Push { viewer: usize, view: Rc<PlayheadView> },
    Command { viewer: usize, command: Command },
    Due,
    Join { viewer: usize },
    Leave { viewer: usize },
    Stall { viewer: usize, length_ms: f64 },
    Sleep { viewer: usize, length_ms: f64 },
    OnMyOwn { viewer: usize, length_ms: f64 },
    ComeBack { viewer: usize },
    Steer,
}

struct Event {
    at_ms: f64,
    sequence: u64,
    what: What,
}

impl World {
    pub fn new(seed: u64, viewers: usize) -> Self {
        let mut random = Random::new(seed);
        let viewers = (0..viewers).map(|number| Viewer {
            id: PublicViewerId(format!("v{number}")),
            line: Line::new(&mut random),
            clock: LocalClock::new(&mut random),
            player: Player::new(0.0, &mut random),
            follower: Follower::new(1.0 / 24.0),
            here: false,
            begun: false,
            asleep_until_ms: 0.0,
            troubled_until_ms: 0.0,
            plan: 0,
        });
        let viewers = viewers.collect();
        let shared = SharedPlayhead::new(SERVER_BEGAN_MS, Some(DURATION_S));
        Self { now_ms: 0.0, random, shared, viewers, lossy: true, events: BinaryHeap::new(), sequence: 0 }
    }

    pub fn server_ms(&self) -> f64 {
        SERVER_BEGAN_MS + self.now_ms
    }

    pub fn at(&mut self, at_ms: f64, what: What) {
        self.sequence += 1;
        self.events.push(Event { at_ms, sequence: self.sequence, what });
    }

    pub fn run_until(&mut self, end_ms: f64) {
        while self.events.peek().is_some_and(|event| event.at_ms <= end_ms) {
            if let Some(event) = self.events.pop() {
                self.now_ms = event.at_ms;
                self.happen(event.what);
            }
        }
        self.now_ms = end_ms;
    }

    /// A viewer gives a command: at once, by its line, until it has arrived.
    pub fn command(&mut self, viewer: usize, command: Command) {
        let known = self.viewers[viewer].follower.view().map(|view| view.revision);
        let command = known.map_or(command, |revision| command.on(revision));
        let mut sent_ms = self.now_ms;
        while self.lossy && self.random.chance(0.1) {
            if self.random.chance(0.5) {
                // It was the answer that was lost: the command has arrived and comes again.
                let delay_ms = self.viewers[viewer].line.up(&mut self.random);
                self.at(sent_ms + delay_ms, What::Command { viewer, command });
            }
            sent_ms += 1_000.0;
        }
        let delay_ms = self.viewers[viewer].line.up(&mut self.random);
        self.at(sent_ms + delay_ms, What::Command { viewer, command });
    }

    /// How far ahead of the shared playhead a viewer really is, in milliseconds of a watch.
    pub fn error_ms(&mut self, viewer: usize) -> f64 {
        let view = self.shared.view(self.server_ms());
        let position_s = self.viewers[viewer].player.position_s(self.now_ms);
        (position_s - view.position_s) / view.rate * 1000.0
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Tick { viewer, plan } if plan == self.viewers[viewer].plan => self.tick(viewer),
            What::Tick { .. } => {}
            What::Beat { viewer, sent_ms, report, at } => self.beat(viewer, sent_ms, report, at),
            What::Answer { viewer, exchange: (sent_ms, server), view } => {
                if let Some(local_ms) = self.receives(viewer) {
                    let follower = &mut self.viewers[viewer].follower;
                    follower.exchange(&Exchange { sent_ms, server, arrived_ms: local_ms });
                    follower.hear((*view).clone(), local_ms);
                    self.tick(viewer);
                } else if self.viewers[viewer].here && self.random.chance(0.5) {
                    // The answer waits in the socket until the device wakes.
                    let wakes_ms = self.viewers[viewer].asleep_until_ms + 1.0;
                    self.at(wakes_ms, What::Answer { viewer, exchange: (sent_ms, server), view });
                }
            }
            What::Push { viewer, view } => {
                if let Some(local_ms) = self.receives(viewer) {
                    self.viewers[viewer].follower.hear((*view).clone(), local_ms);
                    self.tick(viewer);
                }
            }
            What::Command { viewer, command } => {
                let who = Steerer { viewer: self.viewers[viewer].id.clone(), host: viewer == 0 };
                let server_ms = self.server_ms();
                // Who may not steer gets an error, and the film goes on as it was.
                let applied = self.shared.apply(server_ms, &command, &who);
                self.tell(applied.unwrap_or(Applied::Unchanged));
            }
            What::Due => {
                let applied = self.shared.advance(self.server_ms());
                self.tell(applied);
            }
            What::Join { viewer } => {
                self.viewers[viewer].here = true;
                self.viewers[viewer].begun = false;
                self.viewers[viewer].asleep_until_ms = self.now_ms;
                self.viewers[viewer].player = Player::new(self.now_ms, &mut self.random);
                self.viewers[viewer].follower = Follower::new(1.0 / 24.0);
                self.tick(viewer);
            }
            What::Leave { viewer } => {
                self.viewers[viewer].here = false;
                self.viewers[viewer].plan += 1;
                let (server_ms, gone) = (self.server_ms(), self.viewers[viewer].id.clone());
                let applied = self.shared.leave(server_ms, &gone, server_ms);
                self.tell(applied);
            }
            What::Stall { viewer, length_ms } => {
                let until_ms = self.now_ms + length_ms;
                self.viewers[viewer].player.freeze(self.now_ms, until_ms);
                self.viewers[viewer].troubled_until_ms = until_ms;
            }
            What::Sleep { viewer, length_ms } => {
                let until_ms = self.now_ms + length_ms;
                let sleeper = &mut self.viewers[viewer];
                sleeper.player.freeze(self.now_ms, until_ms);
                sleeper.asleep_until_ms = until_ms;
                sleeper.troubled_until_ms = until_ms;
                sleeper.clock.sleeps(length_ms);
                sleeper.plan += 1;
                let plan = sleeper.plan;
                self.at(until_ms, What::Tick { viewer, plan });
            }
            What::OnMyOwn { viewer, length_ms } => {
                self.viewers[viewer].follower.follow(false);
                self.viewers[viewer].troubled_until_ms = self.now_ms + length_ms;
                self.at(self.now_ms + length_ms, What::ComeBack { viewer });
            }
            What::ComeBack { viewer } => self.viewers[viewer].follower.follow(true),
            What::Steer => self.steer(),
        }
    }

    /// The viewer's local time, if its device runs.
    fn receives(&self, viewer: usize) -> Option<f64> {
        let receiver = &self.viewers[viewer];
        (receiver.here && self.now_ms >= receiver.asleep_until_ms).then(|| receiver.clock.at(self.now_ms))
    }

    fn tick(&mut self, viewer: usize) {
        let Some(local_ms) = self.receives(viewer) else { return };
        let (now_ms, random) = (self.now_ms, &mut self.random);
        let Viewer { player, follower, line, plan, begun, .. } = &mut self.viewers[viewer];
        if follower.view().is_some() && !std::mem::replace(begun, true) && follower.leads() {
            let play = Action { pause: Some(false), ..Action::default() };
            player.act(now_ms, &play, random);
        }
        let state = player.state(now_ms, random);
        let action = follower.tick(local_ms, &state);
        player.act(now_ms, &action, random);
        let beat = follower.beat_due(local_ms).then(|| {
            follower.beat_sent(local_ms);
            let at = Playhead { position_s: player.position_s(now_ms), paused: player.is_paused() };
            (line.up(random), follower.report(local_ms), at)
        });
        // Timers are late, now and then by much.
        let late_ms = if random.chance(0.02) { random.between(0.0, 60.0) } else { random.between(0.0, 6.0) };
        let next_ms = now_ms + follower.next_tick_ms() + late_ms;
        *plan += 1;
        let plan = *plan;
        self.at(next_ms, What::Tick { viewer, plan });
        if let Some((delay_ms, report, at)) = beat
            && !self.loses()
        {
            self.at(now_ms + delay_ms, What::Beat { viewer, sent_ms: local_ms, report, at });
        }
    }

    fn beat(&mut self, viewer: usize, sent_ms: f64, report: Report, at: Playhead) {
        if !self.viewers[viewer].here {
            return;
        }
        let received_ms = self.server_ms();
        let was_led = self.shared.is_led();
        let reported = self.shared.report(received_ms, &self.viewers[viewer].id, report);
        let led = self.shared.lead(received_ms, &self.viewers[viewer].id, at);
        let news = [reported, led].contains(&Applied::Changed) || self.shared.is_led() != was_led;
        self.tell(if news { Applied::Changed } else { Applied::Unchanged });
        if self.loses() {
            return;
        }
        let work_ms = self.random.between(0.0, 3.0);
        let server = ServerTimes { received_ms, answered_ms: received_ms + work_ms };
        let view = Rc::new(self.shared.view(received_ms));
        let delay_ms = work_ms + self.viewers[viewer].line.down(&mut self.random);
        self.at(self.now_ms + delay_ms, What::Answer { viewer, exchange: (sent_ms, server), view });
    }

    /// Pushes a change to all who are here, and notes when the server has to look again.
    fn tell(&mut self, applied: Applied) {
        if applied == Applied::Unchanged {
            return;
        }
        if let Some(due_ms) = self.shared.due_ms() {
            self.at(due_ms - SERVER_BEGAN_MS, What::Due);
        }
        let view = Rc::new(self.shared.view(self.server_ms()));
        for viewer in 0..self.viewers.len() {
            if self.viewers[viewer].here && !self.loses() {
                let delay_ms = self.viewers[viewer].line.down(&mut self.random);
                self.at(self.now_ms + delay_ms, What::Push { viewer, view: Rc::clone(&view) });
            }
        }
    }

    fn loses(&mut self) -> bool {
        self.lossy && self.random.chance(0.02)
    }

    /// Somebody, often two at the same time, does something.
    fn steer(&mut self) {
        for _ in 0..=self.random.below(2) {
            let viewer = if self.random.chance(0.2) { 0 } else { self.random.below(self.viewers.len()) };
            if self.receives(viewer).is_none() {
                continue;
            }
            let position_s = self.viewers[viewer].player.position_s(self.now_ms);
            let command = match self.random.below(10) {
                0..3 => Command::play(),
                3 => Command::pause(),
                4 => Command::pause_at(position_s),
                5 => Command::seek(self.random.between(-100.0, 5_000.0)),
                6 => Command::seek(position_s + self.random.between(-15.0, 15.0)),
                7 => Command::rate(self.random.between(0.5, 2.0)),
                8 => Command::seek(position_s + 10.0),
                _ => {
                    let steering = if self.random.chance(0.3) { Steering::HostOnly } else { Steering::Everybody };
                    Command::rules(Rules { steering, wait_for_everybody: self.random.chance(0.5) })
                }
            };
            self.command(viewer, command);
        }
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    /// The earliest is the greatest, as a heap wants it.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at_ms.total_cmp(&self.at_ms).then(other.sequence.cmp(&self.sequence))
    }
}
