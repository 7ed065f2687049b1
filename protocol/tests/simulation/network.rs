//! One viewer's line and clock.

use crate::random::Random;

/// Milliseconds one way, there and back.
pub struct Line {
    up_ms: f64,
    down_ms: f64,
    /// Mean of what comes on top, anew for each message.
    up_jitter_ms: f64,
    down_jitter_ms: f64,
}

impl Line {
    /// From a cable in the same town to a satellite; three in ten have a way there that differs from the way back for
    /// good.
    pub fn new(random: &mut Random) -> Self {
        let base_ms = random.log_between(10.0, 350.0);
        let [mut up_ms, mut down_ms] = [base_ms; 2];
        if random.chance(0.3) {
            *if random.chance(0.5) { &mut up_ms } else { &mut down_ms } += random.between(0.0, 250.0);
        }
        Self {
            up_ms,
            down_ms,
            up_jitter_ms: random.log_between(1.0, 60.0),
            down_jitter_ms: random.log_between(1.0, 60.0),
        }
    }

    pub fn up(&self, random: &mut Random) -> f64 {
        Self::delay(self.up_ms, self.up_jitter_ms, random)
    }

    pub fn down(&self, random: &mut Random) -> f64 {
        Self::delay(self.down_ms, self.down_jitter_ms, random)
    }

    fn delay(base_ms: f64, jitter_ms: f64, random: &mut Random) -> f64 {
        let spike_ms = if random.chance(0.03) { random.between(0.0, 600.0) } else { 0.0 };
        (base_ms + random.exponential(jitter_ms) + spike_ms).min(800.0)
    }

    /// What no exchange of timestamps can show.
    pub fn hidden_error_ms(&self) -> f64 {
        (self.up_ms - self.down_ms).abs() / 2.0
    }
}

/// A local clock: hours off, and too fast or too slow.
pub struct LocalClock {
    offset_ms: f64,
    skew: f64,
    /// `performance.now()` stands while some systems sleep, and goes on on others.
    stands_asleep: bool,
}

impl LocalClock {
    pub fn new(random: &mut Random) -> Self {
        Self {
            offset_ms: random.between(-5.0, 5.0) * 3_600_000.0,
            skew: random.between(-100e-6, 100e-6),
            stands_asleep: random.chance(0.5),
        }
    }

    pub fn at(&self, true_ms: f64) -> f64 {
        true_ms * (1.0 + self.skew) + self.offset_ms
    }

    pub fn sleeps(&mut self, length_ms: f64) {
        if self.stands_asleep {
            self.offset_ms -= length_ms;
        }
    }
}
