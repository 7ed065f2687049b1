//! The browser around the page: storage, secrets, codecs, clipboard, clock. For event handlers and effects alone, which
//! never run on the server.

mod capabilities;
pub(crate) mod ffi;
mod identity;
mod life;
mod preferences;
mod sharing;

use js_sys::Date;
use leptos::prelude::{document, window};
use protocol::{Error, ErrorKind, VIEWER_HEADER};
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;
use web_sys::File;

use crate::api::ApiError;

pub(crate) use capabilities::capabilities;
pub(crate) use identity::{
    decline_name, declined_name, forget_host_key, host_key, keep_host_key, keep_name, keep_quality, name, quality,
    viewer_token,
};
pub(crate) use life::{every, listen, while_visible};
pub(crate) use preferences::{Look, Preferences, Subtitles};
pub(crate) use sharing::{address, copy, log_in, send_beacon};

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    Date::now() as u64
}

/// Milliseconds of a clock that nobody sets.
pub(crate) fn monotonic_ms() -> f64 {
    window().performance().map_or_else(Date::now, |performance| performance.now())
}

/// Whether the page is in a background tab.
pub(crate) fn hidden() -> bool {
    document().hidden()
}

/// The page is at work: what was said of one that is not (`root`) is taken back by the stylesheet.
pub fn tell_ready() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-ready", "");
    }
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

/// What the server answers when it is sent a file in this viewer's name.
pub(crate) async fn post_file<T: DeserializeOwned>(url: String, file: File) -> Result<T, ApiError> {
    let answer = ffi::post_file(&url, VIEWER_HEADER, &viewer_token().0, &file).await.ok();
    let Some(text) = answer.and_then(|text| text.as_string()) else {
        let message = "the file could not be sent; check the connection, then try again";
        return Err(Error::new(ErrorKind::Internal, message).into());
    };
    serde_json::from_str(&text).map_err(|_| {
        serde_json::from_str(&text).unwrap_or_else(|_| {
            let message = "the server's answer could not be read; reload the page, it may be of another version";
            Error::new(ErrorKind::Internal, message).into()
        })
    })
}

/// The name of the language `tag` in the viewer's own language.
pub(crate) fn language_name(tag: &str) -> Option<String> {
    if matches!(tag, "" | "und" | "mis" | "zxx" | "mul") {
        return None;
    }
    ffi::language_name(tag)
}
