//! How a running player is brought to where the others are, without being heard or seen to be.
//!
//! The error is in milliseconds *ahead of the others*: a second at rate 2 is two seconds of film, and still a second to
//! the person who watches.
//!
//! | error | what is done |
//! | --- | --- |
//! | under 18 ms | nothing: two viewers are 36 ms apart at most, less than a frame of most films, but for what clocks are off |
//! | up to 1 s | the rate is changed once, by as much as closes the gap in 4 s, 5 % at most, until the error is under 6 ms |
//! | beyond | a seek, then none for as long as seeks take here and 3 s, which double with each in vain, up to 30 s |
//!
//! For 5 s after an interruption (a start, a seek, a stall) a seek is made from 350 ms on: the picture has just jumped, so
//! that once more goes unseen, while later it would be noticed. 350 ms take 7 s at 5 %.
//!
//! Jellyfin changes the rate by the whole error for a second (up to threefold) and anew each 1.5 s, from 400 ms on it
//! seeks; Syncplay leaves 1.5 s alone and then plays at 95 %, from 4 s on it jumps. Here one correction is two changes of
//! rate, none of which is heard (time stretching of 5 % is not, with the pitch kept); it begins only on the second reading
//! that says so, ends well inside the band where it began (so it is not a ratchet), and is chosen so that even a hidden
//! tab that looks once a minute does not overshoot. What that comes to with a thousand viewers is shown by
//! `tests/simulation`.

/// No rate is further from the shared one than by this share.
pub const MOST_RATE_SHARE: f64 = 0.05;

/// Players tell their place to a millisecond or so. Below 16 ms viewers on bad lines, whose clocks become known better as time
/// goes by, are corrected again and again (`tests/simulation`).
const BEGIN_MS: f64 = 18.0;
const END_MS: f64 = 6.0;
const SEEK_MS: f64 = 1_000.0;
const SEEK_SETTLING_MS: f64 = 350.0;
const SETTLING_MS: f64 = 5_000.0;
/// A gap is closed in this time, if 5 % are enough.
const CLOSE_IN_MS: f64 = 4_000.0;
const COOL_DOWN_MS: f64 = 3_000.0;
const MOST_COOL_DOWN_MS: f64 = 30_000.0;
/// So many readings in a row must agree: a single one may be a stale `currentTime`.
const READINGS: u32 = 2;

/// What to do with a running player.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Play at the shared rate times this.
    Rate(f64),
    /// Too far off for that.
    Seek,
}

/// Decides for one running player; see the module.
#[derive(Clone, Debug, Default)]
pub struct Corrector {
    correcting: Option<Correction>,
    /// Readings in a row beyond the dead band.
    off: u32,
    /// Readings in a row beyond what rates can do.
    far: u32,
    settling_until_ms: Option<f64>,
    cool_until_ms: Option<f64>,
    /// Seeks in a row after which the player was not within the dead band.
    vain: u32,
    last_ms: Option<f64>,
}

#[derive(Clone, Copy, Debug)]
struct Correction {
    /// The error when the rate was chosen.
    error_ms: f64,
    /// The rate's share above or below the shared one.
    share: f64,
    /// When it should long be over.
    until_ms: f64,
}

impl Corrector {
    /// What to do about an error, in milliseconds ahead of the others, that was read at a local time.
    pub fn decide(&mut self, now_ms: f64, error_ms: f64) -> Verdict {
        let gap_ms = now_ms - self.last_ms.replace(now_ms).unwrap_or(now_ms);
        let settling = self.settling_until_ms.is_some_and(|until_ms| now_ms < until_ms);
        let size_ms = error_ms.abs();
        let count = |beyond: bool, so_far: u32| if beyond { so_far + 1 } else { 0 };
        self.far = count(size_ms > if settling { SEEK_SETTLING_MS } else { SEEK_MS }, self.far);
        self.off = count(size_ms > BEGIN_MS, self.off);
        if self.far >= READINGS {
            let Some(cool_until_ms) = self.cool_until_ms.filter(|_| !self.may_seek(now_ms)) else {
                return Verdict::Seek;
            };
            if settling {
                // Not settled before it was tried.
                self.settling_until_ms = Some(cool_until_ms + SETTLING_MS);
            }
        }
        if size_ms <= BEGIN_MS {
            self.vain = 0;
        }
        match self.correcting {
            Some(Correction { error_ms: chosen_ms, share, .. })
                if size_ms <= END_MS
                    || chosen_ms * error_ms < 0.0
                    // The next look would find it further off on the other side.
                    || (size_ms <= BEGIN_MS && share.abs() * gap_ms > 2.0 * size_ms) =>
            {
                self.correcting = None;
                self.off = 0;
            }
            // A figure has changed under it: the clock is known better, or the player does not keep the rate.
            Some(Correction { error_ms: chosen_ms, until_ms, .. })
                if now_ms > until_ms || size_ms > 1.5 * chosen_ms.abs() =>
            {
                self.correcting = Some(Correction::choose(now_ms, error_ms, gap_ms));
            }
            None if self.off >= READINGS => {
                self.correcting = Some(Correction::choose(now_ms, error_ms, gap_ms));
            }
            Some(_) | None => {}
        }
        Verdict::Rate(1.0 + self.correcting.map_or(0.0, |correction| correction.share))
    }

    /// The player stands, seeks or waits for data: what was being done is off, and what follows is settling.
    pub fn interrupted(&mut self, now_ms: f64) {
        self.correcting = None;
        self.off = 0;
        self.far = 0;
        self.last_ms = None;
        self.settling_until_ms = Some(now_ms + SETTLING_MS);
    }

    /// A seek has been ordered that should take `takes_ms`.
    pub fn sought(&mut self, now_ms: f64, takes_ms: f64) {
        self.interrupted(now_ms);
        let cool_down_ms = (COOL_DOWN_MS * f64::from(1 << self.vain.min(4))).min(MOST_COOL_DOWN_MS);
        self.cool_until_ms = Some(now_ms + takes_ms + cool_down_ms);
        self.vain += 1;
    }

    /// Whether the cool-down after the last seek is over.
    #[must_use]
    pub fn may_seek(&self, now_ms: f64) -> bool {
        self.cool_until_ms.is_none_or(|until_ms| now_ms >= until_ms)
    }

    /// Somebody has moved the shared playhead: the cool-down was for seeks that nobody asked for.
    pub fn steered(&mut self) {
        self.cool_until_ms = None;
        self.vain = 0;
    }

    /// When the correction under way is over, if the player keeps the rate, given the last error.
    #[must_use]
    pub fn done_in_ms(&self, error_ms: f64) -> Option<f64> {
        self.correcting.map(|correction| error_ms.abs() / correction.share.abs())
    }
}

impl Correction {
    /// The rate that closes the gap in good time, and not within one look: whoever looks rarely must be slow.
    fn choose(now_ms: f64, error_ms: f64, gap_ms: f64) -> Self {
        let share = (error_ms.abs() / CLOSE_IN_MS.max(1.5 * gap_ms)).min(MOST_RATE_SHARE);
        let until_ms = now_ms + 1.5 * error_ms.abs() / share;
        Self { error_ms, share: -share.copysign(error_ms), until_ms }
    }
}
