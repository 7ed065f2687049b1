//! Bindings to `js/together.js`.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/js/together.js")]
extern "C" {
    pub(super) type Timer;

    #[wasm_bindgen(js_name = createTimer)]
    pub(super) fn create_timer(heard: &Closure<dyn FnMut()>) -> Timer;

    #[wasm_bindgen(method)]
    pub(super) fn set(this: &Timer, ms: f64);

    #[wasm_bindgen(method)]
    pub(super) fn end(this: &Timer);

    pub(super) type Listening;

    pub(super) fn listen(
        url: &str,
        headers: &str,
        heard: &Closure<dyn FnMut(String, String)>,
        ended: &Closure<dyn FnMut(u16)>,
    ) -> Listening;

    #[wasm_bindgen(method)]
    pub(super) fn close(this: &Listening);
}
