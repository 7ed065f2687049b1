//! Subtitles that the browser draws over the picture: JASSUB, and which events it needs.

mod ffi;
mod stretch;

use js_sys::{Array, JsString};
use protocol::{SessionId, TrackId};
use web_sys::HtmlVideoElement;

pub(crate) use stretch::Stretch;

use crate::browser::Look;

/// A track that is drawn over the picture. Dropping it takes it away.
pub(crate) struct Overlay {
    drawer: ffi::Drawer,
    /// What the server has been asked for.
    pub(crate) asked: Stretch,
}

impl Overlay {
    /// Loads the library; whether this browser can run it.
    pub(crate) async fn is_possible() -> bool {
        ffi::load().await.is_ok_and(|able| able.is_truthy())
    }

    /// Begins to draw a track over `video`, with the fonts of these numbers. Only where [`Overlay::is_possible`].
    pub(crate) fn new(video: &HtmlVideoElement, session: SessionId, script: &str, fonts: &[u32]) -> Option<Self> {
        let fonts: Array = fonts.iter().map(|number| JsString::from(format!("/fonts/{session}/{number}"))).collect();
        let drawer = ffi::create(video, script, &fonts).ok()?;
        Some(Self { drawer, asked: Stretch::default() })
    }

    /// Something that ends when it can draw, with whether it can.
    pub(crate) fn ready(&self) -> impl Future<Output = bool> + use<> {
        let drawer = self.drawer.clone();
        async move { drawer.ready().await.is_ok() }
    }

    /// Draws text in this look.
    pub(crate) fn set_look(&self, look: Look) {
        self.drawer.set_look(f64::from(look.size_percent) / 100.0, f64::from(look.raise_percent) / 100.0);
    }

    /// Draws everything so much later, or earlier when negative.
    pub(crate) fn set_delay(&self, delay_ms: i32) {
        self.drawer.set_delay(f64::from(delay_ms) / 1000.0);
    }

    /// Takes events as the server writes them.
    pub(crate) fn add(&self, events: &str) {
        // What is not as it should be is told on the browser's console.
        let _ = self.drawer.add(events);
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        self.drawer.destroy();
    }
}

/// The address of a track's events in a stretch of the film, in seconds.
pub(crate) fn events_url(session: SessionId, track: TrackId, (from_s, until_s): (f64, f64)) -> String {
    format!("/subtitles/{session}/{track}/events?from={from_s:.3}&until={until_s:.3}")
}
