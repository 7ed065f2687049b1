//! What the page does to stay with the others.

mod running;

use super::beats::Beats;
use super::correction::Corrector;
use super::learning::{SeekTime, StartDelay};
use super::{Action, Clock, Exchange, PlayerState, PlayheadState, PlayheadView, Report};

/// How often to look, in milliseconds, when nothing is near.
const LOOK_MS: f64 = 250.0;
/// While a seek or a stall goes on, whose end is measured.
const LOOK_CLOSELY_MS: f64 = 50.0;
/// Timers that pause this long were asleep with the device.
const SLEPT_MS: f64 = 10_000.0;
/// Data that has not come after this time may come sooner where the others are: there it is made already.
const STALLED_MS: f64 = 5_000.0;
/// A view that differs by more from what was known, in seconds, was steered; less is a change of rate on its way.
const STEERED_S: f64 = 0.25;
/// Who is further off than this, in milliseconds, is not where the others are: worth a seek even where that is seen.
const FAR_MS: f64 = 1_000.0;
/// The offset is believed from this many exchanges on; the first one alone is off by half its round trip.
pub(super) const EXCHANGES: u32 = 4;
/// Nothing starts before the clock is known, so until then it is looked this often.
const FIRST_MS: f64 = 50.0;
/// A player that should run and has had no data for this long has stalled.
const STALL_TOLD_MS: f64 = 400.0;
/// A player that ignores where it is put is not asked more often while it stands.
const STANDING_SEEKS: u32 = 2;

/// One viewer's way of following the shared playhead.
///
/// Local times are milliseconds of one monotonic clock (`performance.now()`). The page calls
///
/// - [`Self::hear`] with every view that comes, pushed or in an answer, in any order;
/// - [`Self::exchange`] with every heartbeat that is answered;
/// - [`Self::tick`] after [`Self::next_tick_ms`], and at once after the two above, and does what it says;
/// - [`Self::beat_due`] after each tick: whether to send a heartbeat, with [`Self::report`] in it.
///
/// A hidden tab's timers come once a second or a minute; tick it from a worker's.
///
/// **Where it is better than catching up.** A player that has to seek is put *ahead* of the others by what its own
/// seeks take, stands there, and starts when they come by; its own start delay is learnt too. So a seek ends within some
/// 20 ms of the others instead of behind by its length, and little is left to correct. A start is agreed on ahead, so
/// all start at once. While the film stands everybody stands on the same frame.
#[derive(Clone, Debug)]
pub struct Follower {
    frame_s: f64,
    following: bool,
    clock: Clock,
    view: Option<PlayheadView>,
    corrector: Corrector,
    seek_time: SeekTime,
    start_delay: StartDelay,
    /// When the last seek was ordered, while it goes on.
    seeking_since_ms: Option<f64>,
    /// How far ahead the last seek aimed.
    aimed_ms: f64,
    /// Somebody has moved the shared playhead, or this viewer came to it, and the player has not gone there yet.
    moved: bool,
    /// Seeks since the film stands at its place.
    standing_seeks: u32,
    start: Option<Start>,
    stalled_since_ms: Option<f64>,
    ready: Option<u64>,
    stalled_at_s: Option<f64>,
    /// The player is given back: its rate is made the shared one once more.
    release: bool,
    /// When the first heartbeat was sent that says that this viewer follows, and whether one was answered: before it
    /// [`PlayheadView::led`] is about somebody else.
    counts_since_ms: Option<f64>,
    counted: bool,
    /// It was held where the others are, so that it may stand because of that alone.
    held: bool,
    last_tick_ms: Option<f64>,
    beats: Beats,
    next_tick_ms: f64,
}

/// A start that was ordered and is not measured yet.
#[derive(Clone, Copy, Debug)]
struct Start {
    ordered_ms: f64,
    /// Milliseconds that were left then until the others came by.
    early_ms: f64,
}

impl Follower {
    /// `frame_s` is how long a frame lasts, in seconds: a standing player is put within half of it.
    #[must_use]
    pub fn new(frame_s: f64) -> Self {
        Self {
            frame_s,
            following: true,
            clock: Clock::default(),
            view: None,
            corrector: Corrector::default(),
            seek_time: SeekTime::default(),
            start_delay: StartDelay::default(),
            seeking_since_ms: None,
            aimed_ms: 0.0,
            moved: true,
            standing_seeks: 0,
            start: None,
            stalled_since_ms: None,
            ready: None,
            stalled_at_s: None,
            release: true,
            counts_since_ms: None,
            counted: false,
            held: false,
            last_tick_ms: None,
            beats: Beats::default(),
            next_tick_ms: LOOK_MS,
        }
    }

    /// Takes a view of the shared playhead; one that is older than what is known is passed over.
    pub fn hear(&mut self, view: PlayheadView, now_ms: f64) {
        self.clock.heard(view.sent_ms, now_ms);
        if let Some(known) = &self.view {
            if (view.revision, view.sent_ms) < (known.revision, known.sent_ms) {
                return;
            }
            let moved_s = view.position_at(view.sent_ms) - known.position_at(view.sent_ms);
            self.release |= view.led && !known.led;
            if view.paused != known.paused || moved_s.abs() > STEERED_S || view.led != known.led {
                self.steered();
            }
        }
        self.view = Some(view);
    }

    /// Takes a heartbeat's timestamps.
    pub fn exchange(&mut self, exchange: &Exchange) {
        self.clock.exchange(exchange);
        self.counted |= self.counts_since_ms.is_some_and(|since_ms| exchange.sent_ms >= since_ms);
    }

    /// The page knows that the device has slept or the tab was frozen (`resume`, `pageshow`). Not calling it is
    /// harmless: a gap between ticks tells as well, and at the latest the next exchange.
    pub fn woke(&mut self) {
        self.clock.forget();
    }

    /// Follows the shared playhead, or leaves it: "on my own". Who comes back is brought to the others by the next tick.
    pub fn follow(&mut self, following: bool) {
        if following != self.following {
            self.following = following;
            self.release = !following;
            self.ready = None;
            self.beats = Beats::default();
            (self.counts_since_ms, self.counted) = (None, false);
            self.steered();
        }
    }

    #[must_use]
    pub const fn is_following(&self) -> bool {
        self.following
    }

    /// Nobody else follows, so that the film is where this viewer is, and not the other way round: the player is left
    /// alone, and heartbeats tell the server what it does. So it is too before the server has told anything.
    #[must_use]
    pub fn leads(&self) -> bool {
        let led = |view: &PlayheadView| !view.is_shared() || (view.led && self.counted);
        self.following && self.view.as_ref().is_none_or(led)
    }

    #[must_use]
    pub const fn view(&self) -> Option<&PlayheadView> {
        self.view.as_ref()
    }

    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The shared position now, in seconds; none while the server's clock is not known.
    #[must_use]
    pub fn shared_position_s(&self, now_ms: f64) -> Option<f64> {
        Some(self.view.as_ref()?.position_at(self.server_ms(now_ms)?))
    }

    /// What to tell the server with a heartbeat.
    #[must_use]
    pub fn report(&self, now_ms: f64) -> Report {
        let round_trip_ms = self.clock.estimate(now_ms).map(|estimate| estimate.round_trip_ms);
        Report {
            following: self.following,
            // Before a first look nothing is known of the player.
            leads: self.leads() && !self.held && self.last_tick_ms.is_some(),
            ready: self.ready,
            stalled_at_s: self.stalled_at_s,
            round_trip_ms,
        }
    }

    /// The server refused what the viewer did with the player: it is put back, as often as that takes.
    pub fn refused(&mut self) {
        self.steered();
    }

    /// Whether a heartbeat should go out now: every 5 s, more often until the clock is known well, and at once when the
    /// player has become ready, since others may wait for that, and when it stalls or goes on.
    #[must_use]
    pub fn beat_due(&self, now_ms: f64) -> bool {
        let exchanges = self.clock.estimate(now_ms).map_or(0, |estimate| estimate.exchanges);
        self.beats.due(now_ms, exchanges, self.ready, self.stalled_at_s.is_some())
    }

    /// The heartbeat has been sent.
    pub fn beat_sent(&mut self, now_ms: f64) {
        self.beats.sent(now_ms, self.ready, self.stalled_at_s.is_some());
        if self.following {
            let _ = self.counts_since_ms.get_or_insert(now_ms);
        }
    }

    /// In how many milliseconds after the last tick the next one should be.
    #[must_use]
    pub const fn next_tick_ms(&self) -> f64 {
        self.next_tick_ms
    }

    /// Looks at the player and says what to do with it.
    pub fn tick(&mut self, now_ms: f64, player: &PlayerState) -> Action {
        if self.last_tick_ms.replace(now_ms).is_some_and(|last_ms| now_ms - last_ms > SLEPT_MS) {
            self.woke();
        }
        self.next_tick_ms = self.look_ms(now_ms);
        self.ready = None;
        self.stalled_at_s = None;
        let Some(view) = self.view.clone() else { return Action::default() };
        if !self.following {
            return Action { rate: self.released_rate(player, &view), ..Action::default() };
        }
        self.watch(now_ms, player);
        if self.leads() {
            return self.lead(now_ms, player, &view);
        }
        self.held = true;
        let mut action = match view.state {
            PlayheadState::Paused | PlayheadState::Gathering => self.stand(now_ms, player, &view),
            PlayheadState::Playing => match self.server_ms(now_ms) {
                Some(_) if player.ended && self.rests_at_end(now_ms, player) => Action::default(),
                Some(server_ms) if player.paused => self.wait(now_ms, player, &view, server_ms),
                Some(server_ms) => self.run(now_ms, player, &view, server_ms),
                None => {
                    // Whoever has just come or woken expects a jump.
                    self.corrector.interrupted(now_ms);
                    Action { rate: Some(view.rate), ..Action::default() }
                }
            },
        };
        action.pause = action.pause.filter(|pause| *pause != player.paused);
        action.rate = action.rate.filter(|rate| (rate - player.rate).abs() > 1e-4);
        if let Some(start) = action.pause.filter(|pause| !pause).and(self.server_ms(now_ms)) {
            let early_ms = view.reaches_in_ms(player.position_s, start);
            self.start = Some(Start { ordered_ms: now_ms, early_ms });
        }
        action
    }

    /// There is no player to look at, which will be at `position_s` when there is: the film is being loaded. Called in
    /// place of [`Self::tick`].
    pub fn absent(&mut self, now_ms: f64, position_s: f64) {
        self.next_tick_ms = self.look_ms(now_ms);
        self.last_tick_ms = Some(now_ms);
        self.ready = None;
        self.stalled_at_s = self.following.then_some(position_s);
        self.corrector.interrupted(now_ms);
        self.start = None;
        self.moved = true;
        self.standing_seeks = 0;
        self.release = true;
        self.held |= !self.leads();
    }

    /// The film goes where the player goes. One that stood for the others goes on.
    fn lead(&mut self, now_ms: f64, player: &PlayerState, view: &PlayheadView) -> Action {
        let busy = player.seeking || player.buffering;
        if busy && !player.paused && !player.ended && self.stalls_for(now_ms, STALL_TOLD_MS) {
            self.stalled_at_s = Some(player.position_s);
        }
        self.corrector.interrupted(now_ms);
        // Whoever comes finds the player somewhere, and not on its way.
        self.moved = false;
        let stands = std::mem::take(&mut self.held) && player.paused && !player.ended;
        let goes_on = stands && view.state != PlayheadState::Paused;
        Action { pause: goes_on.then_some(false), rate: self.released_rate(player, view), seek_to_s: None }
    }

    fn released_rate(&mut self, player: &PlayerState, view: &PlayheadView) -> Option<f64> {
        std::mem::take(&mut self.release).then_some(view.rate).filter(|rate| *rate != player.rate)
    }

    /// Learns how long seeks take, and notes stalls.
    fn watch(&mut self, now_ms: f64, player: &PlayerState) {
        let busy = player.seeking || player.buffering;
        if busy {
            self.next_tick_ms = LOOK_CLOSELY_MS;
            let since_ms = *self.stalled_since_ms.get_or_insert(now_ms);
            let runs = self.view.as_ref().is_some_and(|view| view.state == PlayheadState::Playing);
            if runs && !player.ended && now_ms - since_ms >= STALL_TOLD_MS {
                self.stalled_at_s = Some(player.position_s);
            }
        } else {
            self.stalled_since_ms = None;
            if let Some(since_ms) = self.seeking_since_ms.take() {
                self.seek_time.learn(now_ms - since_ms);
            }
        }
        if busy || player.paused {
            self.corrector.interrupted(now_ms);
        }
        if busy {
            self.start = None;
        }
    }

    /// The film stands: so does the player, on the same frame.
    fn stand(&mut self, now_ms: f64, player: &PlayerState, view: &PlayheadView) -> Action {
        let off_s = (player.position_s - view.position_s).abs();
        let there = off_s <= self.frame_s / 2.0 || (player.ended && off_s <= FAR_MS / 1000.0);
        let mut action = Action { pause: Some(true), rate: Some(view.rate), seek_to_s: None };
        if !player.paused {
            self.next_tick_ms = LOOK_CLOSELY_MS;
        }
        if there || self.standing_seeks >= STANDING_SEEKS {
            if player.paused && !player.seeking && !player.buffering {
                self.ready = Some(view.revision);
            }
        } else if self.corrector.may_seek(now_ms) && (self.standing_seeks == 0 || !player.seeking) {
            self.standing_seeks += 1;
            action.seek_to_s = Some(self.seek(now_ms, view.position_s, 0.0));
        }
        action
    }

    fn seek(&mut self, now_ms: f64, place_s: f64, aim_ms: f64) -> f64 {
        self.moved = false;
        self.seeking_since_ms = Some(now_ms);
        self.stalled_since_ms = Some(now_ms);
        self.aimed_ms = aim_ms;
        self.start = None;
        self.corrector.sought(now_ms, self.seek_time.aim_ms());
        self.next_tick_ms = LOOK_CLOSELY_MS;
        place_s
    }

    fn steered(&mut self) {
        self.corrector.steered();
        self.moved = true;
        self.standing_seeks = 0;
        self.aimed_ms = 0.0;
    }

    fn is_stalled(&self, now_ms: f64) -> bool {
        self.stalls_for(now_ms, STALLED_MS)
    }

    fn stalls_for(&self, now_ms: f64, ms: f64) -> bool {
        self.stalled_since_ms.is_some_and(|since_ms| now_ms - since_ms >= ms)
    }

    /// How often to look when nothing is near.
    fn look_ms(&self, now_ms: f64) -> f64 {
        if self.server_ms(now_ms).is_some() { LOOK_MS } else { FIRST_MS }
    }

    fn server_ms(&self, now_ms: f64) -> Option<f64> {
        let estimate = self.clock.estimate(now_ms).filter(|estimate| estimate.exchanges >= EXCHANGES)?;
        Some(now_ms + estimate.offset_ms)
    }
}
