//! The wasm entry point of Matinee's page: hydrate, nothing else.

// The types of a whole page of nested views are deeper than the default allows.
#![recursion_limit = "512"]

use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page once the module is loaded.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
    // Not reached where the document is not what was sent, as translators and extensions leave it.
    app::tell_ready();
}
