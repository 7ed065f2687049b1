//! Bindings to `js/hls.js` and to what of hls.js' own object is used.

use wasm_bindgen::prelude::*;
use web_sys::HtmlMediaElement;

#[wasm_bindgen(module = "/js/hls.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    pub(super) async fn load() -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    pub(super) fn create(
        config: &str,
        header: &str,
        token: &str,
        on_event: &Closure<dyn FnMut(String, String)>,
    ) -> Result<Hls, JsValue>;

    #[wasm_bindgen(js_name = showSubtitles)]
    pub(super) fn show_subtitles(hls: &Hls, place: i32);

    #[wasm_bindgen(js_name = showNativeSubtitles)]
    pub(super) fn show_native_subtitles(video: &HtmlMediaElement, place: i32);
}

#[wasm_bindgen]
extern "C" {
    pub(super) type Hls;

    #[wasm_bindgen(method, js_name = loadSource)]
    pub(super) fn load_source(this: &Hls, url: &str);

    #[wasm_bindgen(method, js_name = attachMedia)]
    pub(super) fn attach_media(this: &Hls, media: &HtmlMediaElement);

    #[wasm_bindgen(method, js_name = startLoad)]
    pub(super) fn start_load(this: &Hls, position_s: f64);

    #[wasm_bindgen(method, setter, js_name = audioTrack)]
    pub(super) fn set_audio_track(this: &Hls, index: u32);

    #[wasm_bindgen(method)]
    pub(super) fn destroy(this: &Hls);
}
