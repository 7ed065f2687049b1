//! How subtitles are drawn: size, place, delay.

use leptos::prelude::*;

use crate::{
    browser::Look,
    watch::{self, Watching},
};

/// `text`: they are drawn from text and not pictures, which have their size and place.
#[component]
pub(crate) fn SubtitleLook(watching: Watching, #[prop(into)] text: Signal<bool>) -> impl IntoView {
    let options = move |values: &'static [u16], chosen: fn(Look) -> u16, words: fn(u16) -> String| {
        values
            .iter()
            .map(|value| {
                let selected = move || chosen(watching.look.get()) == *value;
                view! { <option value=value.to_string() selected=selected>{words(*value)}</option> }
            })
            .collect_view()
    };
    let sizes = move || options(&Look::SIZES, |look| look.size_percent, |value| format!("{value} %"));
    let raises = move || {
        options(
            &Look::RAISES,
            |look| look.raise_percent,
            |value| if value == 0 { "As in the film".to_owned() } else { format!("{value} % higher") },
        )
    };
    view! {
        <Show when=move || text.get()>
            <label>
                <span>"Text size"</span>
                <select
                    id="size"
                    on:change=move |event| {
                        if let Ok(size) = event_target_value(&event).parse() {
                            watch::change_look(watching, |look| look.size_percent = size);
                        }
                    }
                >
                    {sizes()}
                </select>
            </label>
            <label>
                <span>"Position"</span>
                <select
                    id="raise"
                    on:change=move |event| {
                        if let Ok(raise) = event_target_value(&event).parse() {
                            watch::change_look(watching, |look| look.raise_percent = raise);
                        }
                    }
                >
                    {raises()}
                </select>
            </label>
        </Show>
        <div class="delay" role="group" aria-label="Subtitle delay">
            <span>"Delay"</span>
            <div>
                <button type="button" aria-label="Show subtitles earlier" on:click=move |_| watch::delay_by(watching, -1)>
                    "−"
                </button>
                <output aria-live="polite">{move || delay_words(watching.delay_ms.get())}</output>
                <button type="button" aria-label="Show subtitles later" on:click=move |_| watch::delay_by(watching, 1)>
                    "+"
                </button>
            </div>
        </div>
    }
}

/// Seconds with their sign: `+0.5 s`.
fn delay_words(delay_ms: i32) -> String {
    if delay_ms == 0 { "0 s".to_owned() } else { format!("{:+.1} s", f64::from(delay_ms) / 1000.0).replace('-', "−") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_have_a_sign() {
        assert_eq!([0, 500, -1200].map(delay_words), ["0 s", "+0.5 s", "−1.2 s"]);
    }
}
