//! The player in a small window of its own, with what is drawn over the picture.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast as _, closure::Closure};

use super::state::Watching;
use crate::browser::ffi;

/// Whether this browser has windows that a page can put its player into.
pub(crate) fn can_float() -> bool {
    ffi::can_float()
}

/// Puts the player into a window of its own, or takes it back.
pub(crate) fn toggle_float(watching: Watching) {
    let Some(house) = watching.house.get_untracked().filter(|_| can_float()) else { return };
    let moved = move |there| {
        let _ = watching.floats.try_set(there);
    };
    // Called when the viewer closes the window, too.
    let moved = Closure::<dyn Fn(bool)>::new(moved).into_js_value();
    spawn_local(async move {
        // It is refused without a click, or when there is no room; then all stays as it is.
        let _ = ffi::toggle_float(&house, moved.unchecked_ref()).await;
    });
}

/// Takes it back when the page is left.
pub(super) fn end() {
    ffi::end_float();
}
