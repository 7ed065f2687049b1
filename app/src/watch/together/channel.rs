//! The session's event channel, opened anew whenever it ends. What it tells comes with heartbeats too, only later.

use std::{cell::RefCell, rc::Rc, time::Duration};

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};
use protocol::{EndReason, Error, ErrorKind, Event, SessionId, VIEWER_HEADER};
use wasm_bindgen::prelude::*;

use super::{ffi, follow};
use crate::{
    browser,
    watch::{company, presence, state::Watching},
};

/// Pauses before the channel is opened again, in milliseconds: the longest also after a refusal.
const FIRST_PAUSE_MS: u64 = 500;
const LONGEST_PAUSE_MS: u64 = 15_000;

/// One channel and the closures that it calls.
struct Open {
    listening: ffi::Listening,
    _heard: Closure<dyn FnMut(String, String)>,
    _ended: Closure<dyn FnMut(u16)>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.listening.close();
    }
}

/// What outlives one channel.
#[derive(Default)]
struct Line {
    open: Option<Open>,
    /// The revision of the last playhead that was heard.
    last: String,
    pause_ms: u64,
    /// It is going to be opened after a pause.
    pausing: bool,
    over: bool,
}

type Shared = Rc<RefCell<Line>>;

/// Listens for as long as the page stands.
pub(in crate::watch) fn keep(watching: Watching) {
    let line: Shared = Rc::default();
    let begun = StoredValue::new(false);
    let listening = send_wrapper::SendWrapper::new(Rc::clone(&line));
    // The session is known from here on.
    Effect::new(move |_| {
        if watching.view.with(Option::is_some) && !begun.get_value() {
            begun.set_value(true);
            open(watching, &listening);
        }
    });
    let again = {
        let line = send_wrapper::SendWrapper::new(Rc::clone(&line));
        move || {
            let idle = { line.borrow().open.is_none() && !line.borrow().pausing };
            if idle && begun.try_get_value() == Some(true) {
                open(watching, &line);
            }
        }
    };
    let shown = again.clone();
    browser::listen("pageshow", move |_| shown());
    // A session that was taken for gone may be there after all.
    Effect::new(move |_| {
        watching.attempt.track();
        again();
    });
    let line = send_wrapper::SendWrapper::new(line);
    on_cleanup(move || {
        let mut line = line.borrow_mut();
        line.over = true;
        line.open = None;
    });
}

fn open(watching: Watching, line: &Shared) {
    let headers = serde_json::json!({
        VIEWER_HEADER: browser::viewer_token().0,
        "last-event-id": line.borrow().last,
    });
    let heard = {
        let line = Rc::clone(line);
        Closure::<dyn FnMut(String, String)>::new(move |data: String, id: String| {
            {
                let mut line = line.borrow_mut();
                line.pause_ms = 0;
                if !id.is_empty() {
                    line.last = id;
                }
            }
            // What another version of the server tells is passed over.
            if let (false, Ok(event)) = (watching.is_over(), serde_json::from_str(&data)) {
                hear(watching, event);
            }
        })
    };
    let ended = {
        let line = Rc::clone(line);
        Closure::<dyn FnMut(u16)>::new(move |status| {
            let line = Rc::clone(&line);
            // The closure that runs cannot be dropped.
            spawn_local(async move {
                line.borrow_mut().open = None;
                reopen(watching, line, status).await;
            });
        })
    };
    let listening = ffi::listen(&address(watching.session), &headers.to_string(), &heard, &ended);
    line.borrow_mut().open = Some(Open { listening, _heard: heard, _ended: ended });
}

async fn reopen(watching: Watching, line: Shared, status: u16) {
    let pause_ms = {
        let mut line = line.borrow_mut();
        line.pausing = true;
        let next_ms = if status == 0 { (2 * line.pause_ms).max(FIRST_PAUSE_MS) } else { LONGEST_PAUSE_MS };
        line.pause_ms = next_ms.min(LONGEST_PAUSE_MS);
        line.pause_ms
    };
    // Not all at once after a restart.
    let jitter = 0.5 + js_sys::Math::random();
    sleep(Duration::from_millis((pause_ms as f64 * jitter) as u64)).await;
    line.borrow_mut().pausing = false;
    // A heartbeat finds out about sessions that are gone.
    if watching.is_over() || line.borrow().over || line.borrow().open.is_some() || watching.is_gone() {
        return;
    }
    open(watching, &line);
}

fn address(session: SessionId) -> String {
    format!("/api/events/{session}")
}

fn hear(watching: Watching, event: Event) {
    watching.reachable.set(true);
    match event {
        Event::Playhead(view) => follow::hear(watching, view),
        Event::Viewers(viewers) => watching.viewers.set(viewers),
        Event::Session(news) => {
            company::news(watching, &news);
            presence::told(watching, news.state, news.outside, news.duration_s);
        }
        Event::Message(message) => company::told(watching, message),
        Event::End(EndReason::Closed) => {
            watching.give_up(Error::new(ErrorKind::UnknownSession, "the screening is over; its host has closed it"));
        }
        Event::End(EndReason::Removed) => company::sent_away(watching),
        Event::End(EndReason::Left | EndReason::Stopping) => {}
    }
}
