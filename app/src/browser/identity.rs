//! What this browser keeps: a secret for each tab, the keys of the sessions it opened, the viewer's name and quality.

use leptos::prelude::window;
use protocol::{HostKey, Quality, SessionId, ViewerToken};
use web_sys::Storage;

const TOKEN: &str = "matinee.viewer";
const NAME: &str = "matinee.name";
const NAME_DECLINED: &str = "matinee.name.declined";
const QUALITY: &str = "matinee.quality";
/// The server cuts names here too.
const NAME_LIMIT: usize = 40;

/// This tab's token, made when it is first asked for. A reload keeps it, another tab gets its own.
pub(crate) fn viewer_token() -> ViewerToken {
    let stored = session_storage().and_then(|s| s.get_item(TOKEN).ok().flatten()).map(ViewerToken);
    if let Some(token) = stored.filter(ViewerToken::is_well_formed) {
        return token;
    }
    let token = random_hex();
    if let Some(storage) = session_storage() {
        // Where storage is refused, the token lasts as long as the page that asked.
        let _ = storage.set_item(TOKEN, &token);
    }
    ViewerToken(token)
}

pub(crate) fn name() -> Option<String> {
    let name = local_storage()?.get_item(NAME).ok()??;
    tidy(&name)
}

/// Keeps the name; an empty one is forgotten. Returns what was kept.
pub(crate) fn keep_name(name: &str) -> Option<String> {
    let name = tidy(name);
    if let Some(storage) = local_storage() {
        let _ = match &name {
            Some(name) => storage.set_item(NAME, name),
            None => storage.remove_item(NAME),
        };
    }
    name
}

/// Whether the viewer did not want to give a name.
pub(crate) fn declined_name() -> bool {
    local_storage().and_then(|storage| storage.get_item(NAME_DECLINED).ok().flatten()).is_some()
}

pub(crate) fn decline_name() {
    if let Some(storage) = local_storage() {
        let _ = storage.set_item(NAME_DECLINED, "yes");
    }
}

/// The quality that was chosen last, for whatever film.
pub(crate) fn quality() -> Quality {
    let stored = local_storage().and_then(|storage| storage.get_item(QUALITY).ok().flatten());
    stored.as_deref().and_then(quality_of).unwrap_or_default()
}

pub(crate) fn keep_quality(quality: Quality) {
    if let Some(storage) = local_storage() {
        let _ = storage.set_item(QUALITY, quality.as_str());
    }
}

pub(crate) fn host_key(session: SessionId) -> Option<HostKey> {
    local_storage()?.get_item(&host_entry(session)).ok()?.map(HostKey)
}

pub(crate) fn keep_host_key(session: SessionId, key: &HostKey) {
    if let Some(storage) = local_storage() {
        let _ = storage.set_item(&host_entry(session), &key.0);
    }
}

pub(crate) fn forget_host_key(session: SessionId) {
    if let Some(storage) = local_storage() {
        let _ = storage.remove_item(&host_entry(session));
    }
}

fn host_entry(session: SessionId) -> String {
    format!("matinee.host.{session}")
}

fn quality_of(text: &str) -> Option<Quality> {
    Quality::SMALLER.into_iter().find(|quality| quality.as_str() == text)
}

fn tidy(name: &str) -> Option<String> {
    let name: String = name.trim().chars().take(NAME_LIMIT).collect();
    (!name.is_empty()).then_some(name)
}

fn random_hex() -> String {
    let mut bytes = [0_u8; 16];
    match window().crypto().map(|crypto| crypto.get_random_values_with_u8_array(&mut bytes)) {
        Ok(Ok(_)) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        // Every browser that runs wasm has `crypto`; without it a guessable token is still better than no film.
        _ => format!("{:016x}{:016x}", js_sys::Math::random().to_bits(), js_sys::Math::random().to_bits()),
    }
}

pub(super) fn local_storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn session_storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_quality_may_be_nonsense() {
        assert_eq!(quality_of(Quality::P720.as_str()), Some(Quality::P720));
        assert_eq!(quality_of("original"), None);
        assert_eq!(quality_of("9000"), None);
    }

    #[test]
    fn names_are_trimmed_and_cut() {
        assert_eq!(tidy("  Ada "), Some("Ada".into()));
        assert_eq!(tidy("   "), None);
        assert_eq!(tidy(&"é".repeat(50)).map(|n| n.chars().count()), Some(40));
    }
}
