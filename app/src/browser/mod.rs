//! The browser around the page: storage, secrets, codecs, clipboard, clock. For event handlers and effects alone, which
//! never run on the server.

mod capabilities;
mod ffi;
mod identity;
mod life;
mod preferences;
mod sharing;

use js_sys::Date;
use leptos::prelude::{document, window};
use protocol::{Error, ErrorKind};
use wasm_bindgen::JsValue;

use crate::api::ApiError;

pub(crate) use capabilities::capabilities;
pub(crate) use identity::{
    forget_host_key, host_key, keep_host_key, keep_name, keep_quality, name, quality, viewer_token,
};
pub(crate) use life::{every, listen, while_visible};
pub(crate) use preferences::{Look, Preferences, Subtitles};
pub(crate) use sharing::{address, copy, send_beacon};

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    Date::now() as u64
}

/// Whether the page is in a background tab.
pub(crate) fn hidden() -> bool {
    document().hidden()
}

/// The viewer's languages, best first, as BCP 47 tags.
pub(crate) fn languages() -> Vec<String> {
    window().navigator().languages().iter().filter_map(|tag: JsValue| tag.as_string()).collect()
}

/// What a GET of this site answers.
pub(crate) async fn fetch_text(url: String) -> Result<String, ApiError> {
    let answer = ffi::fetch_text(&url).await.ok().and_then(|text| text.as_string());
    answer.ok_or_else(|| Error::new(ErrorKind::Internal, "the server did not answer").into())
}

/// The name of the language `tag` in the viewer's own language.
pub(crate) fn language_name(tag: &str) -> Option<String> {
    if matches!(tag, "" | "und" | "mis" | "zxx" | "mul") {
        return None;
    }
    ffi::language_name(tag)
}
