//! The picture and its menus. On the whole screen the menus lie over the picture while somebody uses them.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use super::{stage::Stage, torrent::PartsStrip, tracks::Tracks};
use crate::{
    browser::{every, listen, now_ms},
    watch::{self, Watching},
};

/// How long the menus stay after the last movement, in milliseconds.
const STAYS_MS: u64 = 3_000;
const LOOKS_EVERY_MS: u32 = 500;

/// `children` stand between the picture and the menus.
#[component]
pub(crate) fn Player(watching: Watching, children: Children) -> impl IntoView {
    let idle = RwSignal::new(false);
    let used_ms = StoredValue::new(0_u64);
    let use_it = move || {
        used_ms.set_value(now_ms());
        if idle.get_untracked() {
            idle.set(false);
        }
    };
    let (fills, can_fill) = (RwSignal::new(false), RwSignal::new(false));
    let (floats, can_float) = (watching.floats, watching.can_float);
    Effect::new(move |_| {
        can_fill.set(watch::can_fill_screen());
        can_float.set(watch::can_float());
        use_it();
        for event in ["pointermove", "pointerdown", "keydown"] {
            listen(event, move |_| use_it());
        }
        every(LOOKS_EVERY_MS, move || {
            if !idle.get_untracked() && now_ms().saturating_sub(used_ms.get_value()) > STAYS_MS {
                idle.set(true);
                leave_menus(watching);
            }
        });
        listen("fullscreenchange", move |_| fills.set(watch::fills_screen()));
        listen("matinee-used", move |_| use_it());
    });
    // The browser's own button would leave behind what lies over the picture.
    Effect::new(move |_| {
        if let Some(video) = watching.video.get().filter(|_| can_float.get()) {
            let _ = video.set_attribute("disablepictureinpicture", "");
        }
    });
    let float = move |_| watch::toggle_float(watching);
    let name = move || if fills.get() { "Leave full screen" } else { "Full screen" };
    let float_name = move || if floats.get() { "Back to the page" } else { "Small window" };
    view! {
        <div
            class="player"
            class:idle=move || idle.get()
            node_ref=watching.house
            on:dblclick=move |event| {
                if can_fill.get_untracked() && event_target_is_picture(&event) {
                    watch::toggle_full_screen(watching);
                }
            }
        >
            <Stage watching>
                <Show when=move || can_float.get() && !fills.get()>
                    <button type="button" class="fill float" aria-label=float_name title=float_name on:click=float>
                        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">
                            <path d="M20 11V6H4v12h7M14 14h6v4h-6z" />
                        </svg>
                    </button>
                </Show>
                <Show when=move || can_fill.get() && !floats.get()>
                    <button
                        type="button"
                        class="fill"
                        aria-label=name
                        title=name
                        on:click=move |_| watch::toggle_full_screen(watching)
                    >
                        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">
                            <path d=move || {
                                if fills.get() {
                                    "M9 4v5H4M15 4v5h5M9 20v-5H4M15 20v-5h5"
                                } else {
                                    "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5"
                                }
                            } />
                        </svg>
                    </button>
                </Show>
            </Stage>
            <PartsStrip watching />
            {children()}
            <Tracks watching />
        </div>
    }
}

/// A menu that was used by pointer would go on taking the player's keys.
fn leave_menus(watching: Watching) {
    // The player may be in another window.
    let page = watching.house.get_untracked().and_then(|house| house.owner_document()).unwrap_or_else(document);
    let focus = page.active_element().and_then(|focus| focus.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(focus) = focus
        && focus.matches(".player .tracks *:not(:focus-visible)").unwrap_or(false)
    {
        let _ = focus.blur();
    }
}

/// A double click on a menu is two clicks on a menu.
fn event_target_is_picture(event: &leptos::ev::MouseEvent) -> bool {
    event_target::<web_sys::Element>(event).tag_name().eq_ignore_ascii_case("video")
}
