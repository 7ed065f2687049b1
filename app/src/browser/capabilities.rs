//! What this browser can decode.

use std::cell::OnceCell;

use js_sys::Reflect;
use leptos::prelude::{document, window};
use protocol::{CANDIDATES, Capabilities};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::HtmlVideoElement;

#[wasm_bindgen]
extern "C" {
    /// `MediaSource` or `ManagedMediaSource`.
    type SourceClass;

    #[wasm_bindgen(method, catch, js_name = isTypeSupported)]
    fn is_type_supported(this: &SourceClass, mime: &str) -> Result<bool, JsValue>;
}

thread_local! {
    static AFFIRMED: OnceCell<Capabilities> = const { OnceCell::new() };
}

/// The codecs that the browser affirms. It is asked once, since its answers do not change while the page stands.
pub(crate) fn capabilities() -> Capabilities {
    AFFIRMED.with(|affirmed| affirmed.get_or_init(ask).clone())
}

fn ask() -> Capabilities {
    if let Some(class) = source_class() {
        return affirmed(|mime| class.is_type_supported(mime).unwrap_or(false));
    }
    // Safari on an iPhone plays HLS by itself and has no such class; its video element knows.
    match document().create_element("video").map(|element| element.dyn_into::<HtmlVideoElement>()) {
        Ok(Ok(video)) => affirmed(|mime| !video.can_play_type(mime).is_empty()),
        _ => Capabilities::default(),
    }
}

fn source_class() -> Option<SourceClass> {
    let class = |name: &str| Reflect::get(&window(), &name.into()).ok().filter(JsValue::is_function);
    class("MediaSource").or_else(|| class("ManagedMediaSource")).map(JsCast::unchecked_into)
}

/// Those of the candidates that `decodes` affirms, given their MIME types with the codec.
fn affirmed(decodes: impl Fn(&str) -> bool) -> Capabilities {
    let candidates = CANDIDATES.into_iter();
    let decoded = candidates.filter(|(codec, mime)| decodes(&format!("{mime}; codecs=\"{codec}\"")));
    Capabilities::of(decoded.map(|(codec, _)| codec))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_each_codec_under_its_type() {
        let capabilities =
            affirmed(|mime| matches!(mime, r#"video/mp4; codecs="avc1.640028""# | r#"audio/mp4; codecs="opus""#));
        assert_eq!(capabilities, Capabilities::of(["avc1.640028", "opus"]));
    }
}
