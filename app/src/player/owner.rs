//! The owner of one loaded master playlist: the hls.js object and the closure that it calls.

use std::cell::Cell;

use leptos::task::spawn_local;
use protocol::{Error, ErrorKind, VIEWER_HEADER, ViewerToken};
use wasm_bindgen::prelude::*;
use web_sys::{HtmlMediaElement, HtmlVideoElement};

use super::{
    bridge::{Event, event},
    config::config,
    ffi,
};

/// What a player plays.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The master playlist.
    pub(crate) url: String,
    /// Where it starts, in seconds of the film.
    pub(crate) start_s: f64,
    pub(crate) viewer: ViewerToken,
    pub(crate) texts: Texts,
}

/// What the browser does about the subtitles that the master has as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texts {
    /// Nothing: the page draws them.
    Unused,
    /// It shows those of this place among them, or none.
    Shown(Option<usize>),
}

impl Texts {
    /// As a number, below zero for none.
    fn place(self) -> i32 {
        match self {
            Self::Unused | Self::Shown(None) => -1,
            Self::Shown(Some(place)) => i32::try_from(place).unwrap_or(-1),
        }
    }
}

/// A playing master playlist. Dropping it takes the film out of the video element.
pub(crate) struct Player {
    video: HtmlVideoElement,
    source: Source,
    engine: Engine,
    parsed: Cell<bool>,
}

enum Engine {
    Hls {
        hls: ffi::Hls,
        /// Called by `hls`, so it is dropped after `hls` is destroyed.
        _on_event: Closure<dyn FnMut(String, String)>,
    },
    Native,
}

impl Player {
    /// Loads `source` into `video`. Events arrive outside of any call into the player.
    ///
    /// # Errors
    /// When hls.js cannot be loaded, or the browser can play HLS in no way.
    pub(crate) async fn open(
        video: HtmlVideoElement,
        source: Source,
        on_event: impl Fn(Event) + Clone + 'static,
    ) -> Result<Self, Error> {
        let supported = ffi::load().await.map_err(|_| {
            Error::new(ErrorKind::Internal, "the player could not be loaded from the server; reload the page")
        })?;
        let engine = if supported.is_truthy() {
            Engine::hls(&video, &source, on_event)?
        } else if !video.can_play_type("application/vnd.apple.mpegurl").is_empty() {
            video.set_src(&at(&source, source.start_s));
            ffi::show_native_subtitles(&video, source.texts.place());
            Engine::Native
        } else {
            return Err(Error::new(
                ErrorKind::Unplayable,
                "this browser has neither Media Source Extensions nor HLS of its own; use a current Chrome, Firefox or Safari",
            ));
        };
        Ok(Self { video, source, engine, parsed: Cell::new(false) })
    }

    /// Whether the browser plays the master itself.
    pub(crate) fn is_native(&self) -> bool {
        matches!(self.engine, Engine::Native)
    }

    /// The master playlist has arrived.
    pub(crate) fn parsed(&self) {
        self.parsed.set(true);
    }

    /// Asks again after requests have failed.
    pub(crate) fn retry(&self) {
        match &self.engine {
            // A player that never saw its master has nothing whose loading could go on.
            Engine::Hls { hls, .. } if !self.parsed.get() => hls.load_source(&self.source.url),
            Engine::Hls { hls, .. } => hls.start_load(-1.0),
            Engine::Native => self.reload_natively(),
        }
    }

    /// Loads the film anew where it is.
    fn reload_natively(&self) {
        let position_s = known_position_s(&self.video).unwrap_or(self.source.start_s);
        self.video.set_src(&at(&self.source, position_s));
    }

    /// Shows other subtitles, or none, of those that the master has as text.
    pub(crate) fn show_texts(&self, texts: Texts) {
        match &self.engine {
            Engine::Hls { hls, .. } => ffi::show_subtitles(hls, texts.place()),
            Engine::Native => ffi::show_native_subtitles(&self.video, texts.place()),
        }
    }

    /// Switches to the audio track of that order in the film; false if the source has to be loaded anew for it.
    pub(crate) fn switch_audio(&self, order: u16) -> bool {
        match &self.engine {
            Engine::Hls { hls, .. } if self.parsed.get() => {
                hls.set_audio_track(u32::from(order));
                true
            }
            _ => false,
        }
    }
}

/// Fetches hls.js while the server is still preparing the film. What goes wrong is told when it is needed.
pub(crate) fn preload() {
    spawn_local(async {
        let _ = ffi::load().await;
    });
}

/// Where `video` is in the film, in seconds; none before it knows the film's times and is on its way to the start.
pub(crate) fn known_position_s(video: &HtmlVideoElement) -> Option<f64> {
    (video.ready_state() >= HtmlMediaElement::HAVE_METADATA).then(|| video.current_time())
}

/// The address at which the browser's own player begins at `position_s`.
fn at(source: &Source, position_s: f64) -> String {
    format!("{}#t={position_s}", source.url)
}

impl Drop for Player {
    fn drop(&mut self) {
        match &self.engine {
            Engine::Hls { hls, .. } => hls.destroy(),
            Engine::Native => {
                let _ = self.video.remove_attribute("src");
                self.video.load();
            }
        }
    }
}

impl Engine {
    fn hls(
        video: &HtmlVideoElement,
        source: &Source,
        on_event: impl Fn(Event) + Clone + 'static,
    ) -> Result<Self, Error> {
        let closure = Closure::<dyn FnMut(String, String)>::new(move |name: String, account: String| {
            let Some(event) = event(&name, &account) else { return };
            let on_event = on_event.clone();
            // hls.js calls from within our own calls too, and an answer to an event may be to drop the player:
            // neither can be done while the closure runs.
            spawn_local(async move { on_event(event) });
        });
        let config = config(source.start_s, source.texts != Texts::Unused).to_string();
        let hls = ffi::create(&config, VIEWER_HEADER, &source.viewer.0, &closure)
            .map_err(|_| Error::new(ErrorKind::Internal, "the player could not be started; reload the page"))?;
        ffi::show_subtitles(&hls, source.texts.place());
        hls.load_source(&source.url);
        hls.attach_media(video);
        Ok(Self::Hls { hls, _on_event: closure })
    }
}
