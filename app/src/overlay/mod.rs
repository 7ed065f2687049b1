//! Subtitles that the page shows itself: JASSUB draws text over the picture, libpgs pictures, and where the video is without
//! the page the browser shows their text; and which events they need.

mod ffi;
mod stretch;

use js_sys::{Array, Function, JsString};
use protocol::{Error, ErrorKind, SessionId, TrackId};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::HtmlVideoElement;

pub(crate) use stretch::Stretch;

use crate::{api::ApiError, browser::Look};

/// A track that is drawn over the picture. Dropping it takes it away.
pub(crate) struct Overlay {
    drawer: Drawer,
    /// What the server has been asked for.
    pub(crate) asked: Stretch,
}

#[derive(Clone)]
enum Drawer {
    Script(ffi::Drawer),
    Pictures(ffi::Pictures),
    Cues(ffi::Cues),
}

/// How a track is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Text, drawn over the picture with its styles.
    Script,
    /// Pictures, drawn over the picture.
    Pictures,
    /// Text without styles, by the browser itself.
    Cues,
}

/// Calls back with whether `video` is shown without the page, each time that may have changed, until what it answers is
/// dropped.
pub(crate) fn watch_alone(video: &HtmlVideoElement, told: impl Fn(bool) + 'static) -> Watch {
    let told = Closure::<dyn Fn(bool)>::new(told);
    Watch { end: ffi::watch_alone(video, told.as_ref().unchecked_ref()), _told: told }
}

/// Ends with this.
pub(crate) struct Watch {
    end: Function,
    /// Dropped after the end.
    _told: Closure<dyn Fn(bool)>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.end.call0(&JsValue::UNDEFINED);
    }
}

impl Overlay {
    /// Loads the library for scripts; whether this browser can run it.
    pub(crate) async fn is_possible() -> bool {
        ffi::load().await.is_ok_and(|able| able.is_truthy())
    }

    /// Begins to draw a track over `video`, with the fonts of these numbers. Only where [`Overlay::is_possible`].
    pub(crate) fn new(video: &HtmlVideoElement, session: SessionId, script: &str, fonts: &[u32]) -> Option<Self> {
        let fonts: Array = fonts.iter().map(|number| JsString::from(format!("/fonts/{session}/{number}"))).collect();
        let drawer = Drawer::Script(ffi::create(video, script, &fonts).ok()?);
        Some(Self { drawer, asked: Stretch::default() })
    }

    /// Loads the library for pictures; whether this browser can run it.
    pub(crate) async fn can_be_pictures() -> bool {
        ffi::load_pictures().await.is_ok_and(|able| able.is_truthy())
    }

    /// Begins to draw a track of pictures over `video`. Only where it [can be](Overlay::can_be_pictures).
    pub(crate) fn of_pictures(video: &HtmlVideoElement) -> Option<Self> {
        let drawer = Drawer::Pictures(ffi::create_pictures(video).ok()?);
        Some(Self { drawer, asked: Stretch::default() })
    }

    /// Has the browser show a track's text.
    pub(crate) fn of_cues(video: &HtmlVideoElement) -> Self {
        Self { drawer: Drawer::Cues(ffi::create_cues(video)), asked: Stretch::default() }
    }

    /// Something that ends when it can draw, with whether it can.
    pub(crate) fn ready(&self) -> impl Future<Output = bool> + use<> {
        let drawer = self.drawer.clone();
        async move {
            match drawer {
                Drawer::Script(drawer) => drawer.ready().await.is_ok(),
                Drawer::Pictures(_) | Drawer::Cues(_) => true,
            }
        }
    }

    /// Draws text in this look. Pictures have none.
    pub(crate) fn set_look(&self, look: Look) {
        if let Drawer::Script(drawer) = &self.drawer {
            drawer.set_look(f64::from(look.size_percent) / 100.0, f64::from(look.raise_percent) / 100.0);
        }
    }

    /// Draws everything so much later, or earlier when negative.
    pub(crate) fn set_delay(&self, delay_ms: i32) {
        let seconds = f64::from(delay_ms) / 1000.0;
        match &self.drawer {
            Drawer::Script(drawer) => drawer.set_delay(seconds),
            Drawer::Pictures(drawer) => drawer.set_delay(seconds),
            Drawer::Cues(drawer) => drawer.set_delay(seconds),
        }
    }

    /// Asks for what is shown in a stretch of the film, in seconds, and draws it at its time; ends with how far the answer
    /// reaches.
    pub(crate) fn fetch(
        &self,
        session: SessionId,
        track: TrackId,
        (from_s, until_s): (f64, f64),
    ) -> impl Future<Output = Result<f64, ApiError>> + use<> {
        let drawer = self.drawer.clone();
        let url = |what| format!("/subtitles/{session}/{track}/{what}?from={from_s:.3}&until={until_s:.3}");
        let url = match drawer {
            Drawer::Script(_) => url("events"),
            Drawer::Pictures(_) => url("pictures"),
            Drawer::Cues(_) => url("cues"),
        };
        async move {
            let reached = match drawer {
                Drawer::Script(drawer) => drawer.fetch(&url, until_s).await,
                Drawer::Cues(drawer) => drawer.fetch(&url, until_s).await,
                Drawer::Pictures(drawer) => drawer.fetch(&url, from_s, until_s).await,
            };
            let reached = reached.ok().and_then(|reached| reached.as_f64());
            reached.ok_or_else(|| Error::new(ErrorKind::Internal, "the server did not answer").into())
        }
    }

    /// The answer about a stretch is there, or it did not come.
    pub(crate) fn answered(&mut self, (from_s, until_s): (f64, f64), reached: Option<f64>) {
        self.asked.answered((from_s, reached.unwrap_or(until_s)), reached.is_some());
        if let Drawer::Pictures(drawer) = &self.drawer
            && let Some(begins_s) = drawer.begins()
        {
            self.asked.forgotten_before(begins_s);
        }
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        match &self.drawer {
            Drawer::Script(drawer) => drawer.destroy(),
            Drawer::Pictures(drawer) => drawer.destroy(),
            Drawer::Cues(drawer) => drawer.destroy(),
        }
    }
}
