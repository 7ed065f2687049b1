//! A video element, as far as time is concerned.

use protocol::playhead::{Action, PlayerState};

use crate::random::Random;

/// Times are true time in milliseconds.
pub struct Player {
    position_s: f64,
    as_of_ms: f64,
    paused: bool,
    rate: f64,
    seeking_until_ms: f64,
    stalled_until_ms: f64,
    moves_from_ms: f64,
    /// What this player's seeks and starts take, usually.
    seek_ms: f64,
    start_ms: f64,
    /// The sound card's clock against true time.
    drift: f64,
    /// What the follower made it do.
    pub seeks: u32,
    pub rate_changes: u32,
}

impl Player {
    pub fn new(now_ms: f64, random: &mut Random) -> Self {
        Self {
            position_s: 0.0,
            as_of_ms: now_ms,
            paused: true,
            rate: 1.0,
            seeking_until_ms: now_ms,
            // The first segments have to come.
            stalled_until_ms: now_ms + random.between(100.0, 1_500.0),
            moves_from_ms: now_ms,
            seek_ms: random.log_between(40.0, 700.0),
            start_ms: random.between(5.0, 120.0),
            drift: random.between(-100e-6, 100e-6),
            seeks: 0,
            rate_changes: 0,
        }
    }

    /// Where the picture really is.
    pub fn position_s(&mut self, now_ms: f64) -> f64 {
        let from_ms = self.moves_from_ms.max(self.seeking_until_ms).max(self.stalled_until_ms).max(self.as_of_ms);
        if !self.paused && now_ms > from_ms {
            self.position_s += (now_ms - from_ms) / 1000.0 * self.rate * (1.0 + self.drift);
        }
        self.as_of_ms = now_ms;
        self.position_s
    }

    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    /// What the page reads: `currentTime` is a little off while the film runs.
    pub fn state(&mut self, now_ms: f64, random: &mut Random) -> PlayerState {
        let noise_s = if self.paused { 0.0 } else { random.between(-0.004, 0.004) };
        PlayerState {
            position_s: self.position_s(now_ms) + noise_s,
            paused: self.paused,
            seeking: now_ms < self.seeking_until_ms,
            buffering: now_ms < self.stalled_until_ms,
            ended: false,
            rate: self.rate,
        }
    }

    pub fn act(&mut self, now_ms: f64, action: &Action, random: &mut Random) {
        self.position_s(now_ms);
        if let Some(pause) = action.pause {
            self.paused = pause;
            if !pause {
                self.moves_from_ms = now_ms + self.start_ms * random.between(0.8, 1.2);
            }
        }
        if let Some(position_s) = action.seek_to_s {
            self.seeks += 1;
            self.position_s = position_s;
            self.seeking_until_ms = now_ms + self.seek_ms * random.between(0.6, 1.6);
            self.moves_from_ms = self.seeking_until_ms + self.start_ms;
        }
        if let Some(rate) = action.rate {
            self.rate_changes += 1;
            self.rate = rate;
        }
    }

    /// No data, or no processor, until then.
    pub fn freeze(&mut self, now_ms: f64, until_ms: f64) {
        self.position_s(now_ms);
        self.stalled_until_ms = self.stalled_until_ms.max(until_ms);
    }
}
