//! The player on the whole screen: the picture with what is drawn over it, and its menus.

use leptos::prelude::*;

use super::state::Watching;

/// Fills the screen with the player, or gives it back.
pub(crate) fn toggle_full_screen(watching: Watching) {
    // A small window cannot fill the screen.
    if watching.floats.get_untracked() {
        return;
    }
    if document().fullscreen_element().is_some() {
        return document().exit_fullscreen();
    }
    // Not the <video>: what lies over it would stay behind.
    if let Some(house) = watching.house.get_untracked() {
        let _ = house.request_fullscreen();
    }
}

/// Whether this browser gives the screen to anything but a <video> (an iPhone's does not).
pub(crate) fn can_fill_screen() -> bool {
    document().fullscreen_enabled()
}

/// Whether something of the page fills the screen now.
pub(crate) fn fills_screen() -> bool {
    document().fullscreen_element().is_some()
}
