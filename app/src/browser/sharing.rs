//! Addresses, the clipboard, and the message that is sent while the page goes away.

use leptos::prelude::{document, window};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, HtmlInputElement};

/// The page's own address, for others to open.
pub(crate) fn address() -> String {
    let location = window().location();
    format!("{}{}", location.origin().unwrap_or_default(), location.pathname().unwrap_or_default())
}

/// Leaves for the form that asks for the server's password, which leads back here.
pub(crate) fn log_in() {
    let location = window().location();
    let here = location.pathname().unwrap_or_default() + &location.search().unwrap_or_default();
    let _ = location.assign(&format!("/login?next={}", js_sys::encode_uri_component(&here)));
}

/// Copies the text of `field`. When the browser refuses, as it does outside https and localhost, the text is
/// selected for copying by hand and the answer is false.
pub(crate) async fn copy(field: HtmlInputElement) -> bool {
    // `navigator.clipboard` is undefined in insecure contexts, which the binding does not know.
    if window().is_secure_context()
        && JsFuture::from(window().navigator().clipboard().write_text(&field.value())).await.is_ok()
    {
        return true;
    }
    let _ = field.focus();
    field.select();
    document().dyn_into::<web_sys::HtmlDocument>().is_ok_and(|document| document.exec_command("copy").unwrap_or(false))
}

/// Posts JSON in a way that outlives the page.
pub(crate) fn send_beacon(path: &str, json: &str) {
    let options = BlobPropertyBag::new();
    options.set_type("application/json");
    let parts = js_sys::Array::of1(&json.into());
    if let Ok(blob) = Blob::new_with_str_sequence_and_options(&parts, &options) {
        let _ = window().navigator().send_beacon_with_opt_blob(path, Some(&blob));
    }
}
