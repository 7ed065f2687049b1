//! What the page learns of its own player.

/// How long this player's seeks take, as TCP learns how long acknowledgements take: a mean and a mean deviation
/// (RFC 6298, with quicker gains, since seeks are few).
#[derive(Clone, Copy, Debug)]
pub(super) struct SeekTime {
    mean_ms: f64,
    deviation_ms: f64,
}

const LEAST_AIM_MS: f64 = 80.0;
/// A viewer who takes longer than this does not gain by waiting at a point further ahead.
const MOST_AIM_MS: f64 = 4_000.0;

impl Default for SeekTime {
    /// Chromium seeks within buffered media in 30 to 100 ms; outside of it a segment has to come first, so the first
    /// guess is generous: who arrives early waits a moment, who arrives late has to catch up.
    fn default() -> Self {
        Self { mean_ms: 400.0, deviation_ms: 200.0 }
    }
}

impl SeekTime {
    pub(super) fn learn(&mut self, took_ms: f64) {
        // A viewer whose network was gone for a minute has learnt nothing about seeks.
        let took_ms = took_ms.clamp(0.0, 2.0 * MOST_AIM_MS);
        self.deviation_ms += ((took_ms - self.mean_ms).abs() - self.deviation_ms) / 4.0;
        self.mean_ms += (took_ms - self.mean_ms) / 4.0;
    }

    /// How far ahead a seek aims, so that it is done when the shared playhead gets there.
    pub(super) fn aim_ms(self) -> f64 {
        (self.mean_ms + 2.0 * self.deviation_ms).clamp(LEAST_AIM_MS, MOST_AIM_MS)
    }
}

/// How long it takes from `play()` until the picture moves.
#[derive(Clone, Copy, Debug)]
pub(super) struct StartDelay(f64);

/// Longer is no start but a stall.
const MOST_DELAY_MS: f64 = 400.0;

impl Default for StartDelay {
    fn default() -> Self {
        Self(40.0)
    }
}

impl StartDelay {
    pub(super) fn learn(&mut self, took_ms: f64) {
        if (0.0..=MOST_DELAY_MS).contains(&took_ms) {
            self.0 += (took_ms - self.0) / 2.0;
        }
    }

    pub(super) fn ms(self) -> f64 {
        self.0
    }
}
