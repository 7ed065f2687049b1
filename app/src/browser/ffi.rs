//! Bindings to `js/page.js` and `js/window.js`.

use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::{Element, File};

#[wasm_bindgen(module = "/js/page.js")]
extern "C" {
    #[wasm_bindgen(js_name = languageName)]
    pub(super) fn language_name(tag: &str) -> Option<String>;

    #[wasm_bindgen(catch, js_name = postFile)]
    pub(super) async fn post_file(url: &str, header: &str, viewer: &str, file: &File) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = fetchText)]
    pub(super) async fn fetch_text(url: &str) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/js/window.js")]
extern "C" {
    #[wasm_bindgen(js_name = canFloat)]
    pub(crate) fn can_float() -> bool;

    #[wasm_bindgen(catch, js_name = toggleFloat)]
    pub(crate) async fn toggle_float(player: &Element, moved: &Function) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = endFloat)]
    pub(crate) fn end_float();
}
