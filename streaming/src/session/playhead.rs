//! A session's playhead: shared by all who watch, or that of one of them.

use protocol::{
    Playhead,
    playhead::{Applied, PlayheadState, PlayheadView, Rules, SharedPlayhead},
};

/// Who reads `revision` in the view of a playhead that nobody could steer yet knows that any other is newer.
const UNSTEERED: u64 = 0;

/// Where a session is. Times are server time in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct SessionPlayhead {
    /// Where the viewer is, or was, who has been there longest. It counts until there is a shared one.
    led: Playhead,
    /// None: nobody has steered, and no page has reported how it follows.
    shared: Option<SharedPlayhead>,
}

/// What tells one state of a playhead from the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum PlayheadMark {
    Led(Playhead),
    Shared { revision: u64, led: bool },
}

impl Default for SessionPlayhead {
    fn default() -> Self {
        Self { led: Playhead { position_s: 0.0, paused: false }, shared: None }
    }
}

impl SessionPlayhead {
    /// As it was saved.
    pub(super) const fn restored(led: Playhead, shared: Option<SharedPlayhead>) -> Self {
        Self { led, shared }
    }

    /// Where it is, or was, while it was not shared.
    pub(super) const fn led(&self) -> Playhead {
        self.led
    }

    pub(super) const fn shared(&self) -> Option<&SharedPlayhead> {
        self.shared.as_ref()
    }

    /// Goes where a viewer is, unless it is shared.
    pub(super) const fn follow(&mut self, led: Playhead) {
        self.led = led;
    }

    pub(super) const fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Makes it a shared one from now on, which begins where the session is: as whoever is there has it, or else to
    /// run for the first who comes.
    pub(super) fn share(&mut self, now_ms: f64, somebody: bool, duration_s: Option<f64>) -> &mut SharedPlayhead {
        let from = self.led;
        self.shared.get_or_insert_with(|| {
            if somebody {
                SharedPlayhead::taking_over(now_ms, from, duration_s)
            } else {
                SharedPlayhead::opening(now_ms, from.position_s, duration_s)
            }
        })
    }

    /// It was made a shared one for something that came to nothing.
    pub(super) fn unshare(&mut self) {
        self.shared = None;
    }

    pub(super) const fn shared_mut(&mut self) -> Option<&mut SharedPlayhead> {
        self.shared.as_mut()
    }

    /// The shared one, at a time up to which it has run.
    pub(super) fn shared_at(&mut self, now_ms: f64) -> Option<&mut SharedPlayhead> {
        let shared = self.shared.as_mut()?;
        // Each thing at its own time, however late one looks: the end of a gathering, after it the film's.
        while let Some(due_ms) = shared.due_ms().filter(|due_ms| *due_ms <= now_ms) {
            if shared.advance(due_ms) == Applied::Unchanged {
                break;
            }
        }
        Some(shared)
    }

    /// Nobody watches any more: the film stands where it was then.
    pub(super) fn hold(&mut self, at_ms: f64) {
        if let Some(shared) = &mut self.shared {
            let _ = shared.hold(at_ms);
        }
    }

    pub(super) fn due_ms(&self) -> Option<f64> {
        self.shared.as_ref()?.due_ms()
    }

    pub(super) fn mark(&self) -> PlayheadMark {
        match &self.shared {
            None => PlayheadMark::Led(self.led),
            Some(shared) => PlayheadMark::Shared { revision: shared.revision(), led: shared.is_led() },
        }
    }

    pub(super) fn view(&self, now_ms: f64, duration_s: Option<f64>) -> PlayheadView {
        let Some(shared) = &self.shared else {
            return PlayheadView {
                position_s: self.led.position_s,
                paused: self.led.paused,
                state: if self.led.paused { PlayheadState::Paused } else { PlayheadState::Playing },
                at_ms: now_ms,
                rate: 1.0,
                revision: UNSTEERED,
                sent_ms: now_ms,
                changed_by: None,
                duration_s,
                rules: Rules::default(),
                lone: false,
                led: false,
                waiting_for: Vec::new(),
                left_behind: Vec::new(),
            };
        };
        shared.view(now_ms)
    }
}
