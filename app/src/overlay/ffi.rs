//! Bindings to `js/subtitles.js`, `js/pictures.js` and `js/cues.js`.

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;
use web_sys::HtmlVideoElement;

#[wasm_bindgen(module = "/js/subtitles.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    pub(super) async fn load() -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    pub(super) fn create(video: &HtmlVideoElement, header: &str, fonts: &Array) -> Result<Drawer, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    pub(super) type Drawer;

    #[wasm_bindgen(method, catch)]
    pub(super) async fn ready(this: &Drawer) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(super) async fn fetch(this: &Drawer, url: &str, until_s: f64) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, js_name = setLook)]
    pub(super) fn set_look(this: &Drawer, scale: f64, raise: f64);

    #[wasm_bindgen(method, js_name = setDelay)]
    pub(super) fn set_delay(this: &Drawer, seconds: f64);

    #[wasm_bindgen(method)]
    pub(super) fn destroy(this: &Drawer);
}

#[wasm_bindgen(module = "/js/pictures.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = load)]
    pub(super) async fn load_pictures() -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = create)]
    pub(super) fn create_pictures(video: &HtmlVideoElement) -> Result<Pictures, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    pub(super) type Pictures;

    #[wasm_bindgen(method, catch)]
    pub(super) async fn fetch(this: &Pictures, url: &str, from_s: f64, until_s: f64) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, js_name = setDelay)]
    pub(super) fn set_delay(this: &Pictures, seconds: f64);

    #[wasm_bindgen(method)]
    pub(super) fn begins(this: &Pictures) -> Option<f64>;

    #[wasm_bindgen(method)]
    pub(super) fn destroy(this: &Pictures);
}

#[wasm_bindgen(module = "/js/cues.js")]
extern "C" {
    #[wasm_bindgen(js_name = create)]
    pub(super) fn create_cues(video: &HtmlVideoElement) -> Cues;

    #[wasm_bindgen(js_name = watchAlone)]
    pub(super) fn watch_alone(video: &HtmlVideoElement, told: &Function) -> Function;
}

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    pub(super) type Cues;

    #[wasm_bindgen(method, catch)]
    pub(super) async fn fetch(this: &Cues, url: &str, until_s: f64) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, js_name = setDelay)]
    pub(super) fn set_delay(this: &Cues, seconds: f64);

    #[wasm_bindgen(method)]
    pub(super) fn destroy(this: &Cues);
}
