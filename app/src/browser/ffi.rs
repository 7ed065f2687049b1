//! Bindings to `js/page.js`.

use wasm_bindgen::prelude::*;
use web_sys::File;

#[wasm_bindgen(module = "/js/page.js")]
extern "C" {
    #[wasm_bindgen(js_name = languageName)]
    pub(super) fn language_name(tag: &str) -> Option<String>;

    #[wasm_bindgen(catch, js_name = postFile)]
    pub(super) async fn post_file(url: &str, header: &str, viewer: &str, file: &File) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = fetchText)]
    pub(super) async fn fetch_text(url: &str) -> Result<JsValue, JsValue>;
}
