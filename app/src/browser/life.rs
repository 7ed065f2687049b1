//! Work that must not outlive the part of the page it belongs to.

use gloo_timers::callback::Interval;
use leptos::prelude::{on_cleanup, window_event_listener_untyped};
use send_wrapper::SendWrapper;
use web_sys::Event;

use super::hidden;

/// Listens to an event of the window for as long as the current reactive owner stands.
pub(crate) fn listen(event: &str, heard: impl Fn(Event) + 'static) {
    let handle = window_event_listener_untyped(event, heard);
    on_cleanup(move || handle.remove());
}

/// Does `work` every `period_ms` for as long as the current reactive owner stands.
pub(crate) fn every(period_ms: u32, work: impl Fn() + 'static) {
    let interval = SendWrapper::new(Interval::new(period_ms, work));
    on_cleanup(move || drop(interval));
}

/// Does `work` now, every `period_ms` while the page can be seen, and at once when it comes into sight again.
pub(crate) fn while_visible(period_ms: u32, work: impl Fn() + Clone + 'static) {
    work();
    let seen = {
        move || {
            if !hidden() {
                work();
            }
        }
    };
    every(period_ms, seen.clone());
    listen("visibilitychange", move |_| seen());
}
