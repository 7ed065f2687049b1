//! The player's keys.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlVideoElement, KeyboardEvent};

use super::{float::toggle_float, full_screen::toggle_full_screen, playback, state::Watching, subtitles};
use crate::browser;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Action {
    PlayOrPause,
    /// Seconds forwards, or backwards when negative.
    Seek(f64),
    Fullscreen,
    SmallWindow,
    Mute,
    Subtitles,
    /// Shows subtitles so many steps later, or earlier when negative.
    Delay(i32),
}

/// Listens for as long as the page stands.
pub(super) fn listen(watching: Watching) {
    browser::listen("keydown", move |event| {
        let Ok(event) = event.dyn_into::<KeyboardEvent>() else { return };
        if event.ctrl_key() || event.alt_key() || event.meta_key() || event.default_prevented() {
            return;
        }
        let focus = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let tag = focus.map(|element| element.tag_name().to_ascii_lowercase()).unwrap_or_default();
        let Some(action) = action(&event.key(), &tag) else { return };
        let Some(video) = watching.video.get_untracked() else { return };
        event.prevent_default();
        perform(watching, &video, action);
    });
}

/// What `key` does while an element of the name `tag` has the focus. Controls keep their own keys, and so does
/// the video element where it has some.
fn action(key: &str, tag: &str) -> Option<Action> {
    if matches!(tag, "input" | "select" | "textarea") {
        return None;
    }
    let action = match key {
        " " if matches!(tag, "button" | "a" | "summary") => return None,
        " " | "ArrowLeft" | "ArrowRight" if tag == "video" => return None,
        " " | "k" | "K" => Action::PlayOrPause,
        "ArrowLeft" => Action::Seek(-5.0),
        "ArrowRight" => Action::Seek(5.0),
        "j" | "J" => Action::Seek(-10.0),
        "l" | "L" => Action::Seek(10.0),
        "f" | "F" => Action::Fullscreen,
        "p" | "P" => Action::SmallWindow,
        "m" | "M" => Action::Mute,
        "c" | "C" => Action::Subtitles,
        "z" | "Z" => Action::Delay(-1),
        "x" | "X" => Action::Delay(1),
        _ => return None,
    };
    Some(action)
}

fn perform(watching: Watching, video: &HtmlVideoElement, action: Action) {
    match action {
        Action::PlayOrPause if video.paused() => playback::press_play(watching),
        Action::PlayOrPause => {
            let _ = video.pause();
        }
        Action::Seek(by_s) => {
            let end = if video.duration().is_finite() { video.duration() } else { f64::MAX };
            video.set_current_time((video.current_time() + by_s).clamp(0.0, end));
        }
        Action::Mute => video.set_muted(!video.muted()),
        Action::Fullscreen => toggle_full_screen(watching),
        Action::SmallWindow => toggle_float(watching),
        Action::Subtitles => playback::toggle_subtitles(watching),
        Action::Delay(steps) => subtitles::delay_by(watching, steps),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_work_where_nothing_else_wants_them() {
        assert_eq!(action(" ", "body"), Some(Action::PlayOrPause));
        assert_eq!(action("j", "main"), Some(Action::Seek(-10.0)));
        assert_eq!(action("ArrowRight", "body"), Some(Action::Seek(5.0)));
        assert_eq!(action("x", "body"), Some(Action::Delay(1)));
        assert_eq!(action("q", "body"), None);
    }

    #[test]
    fn controls_keep_their_keys() {
        for tag in ["input", "select"] {
            assert_eq!(action(" ", tag), None);
            assert_eq!(action("f", tag), None);
        }
        for tag in ["button", "a"] {
            assert_eq!(action(" ", tag), None);
            assert_eq!(action("f", tag), Some(Action::Fullscreen));
            assert_eq!(action("p", tag), Some(Action::SmallWindow));
        }
        assert_eq!(action(" ", "video"), None);
        assert_eq!(action("f", "video"), Some(Action::Fullscreen));
    }
}
