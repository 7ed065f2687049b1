//! ASS and SSA scripts.

use super::MAX_EVENTS;
use crate::subtitles::{
    dialogue::{Fields, field_of},
    event::Event,
};

/// Whether this is a script.
pub(super) fn is_one(text: &str) -> bool {
    let has_events = text.lines().any(|line| section(line).is_some_and(|name| name.eq_ignore_ascii_case("Events")));
    has_events && text.lines().any(|line| field_of(line, "Dialogue").is_some())
}

/// All of the script but its events, as it stands, and its dialogue in its order.
pub(super) fn read(text: &str) -> (String, Vec<Event>) {
    let (mut header, mut events) = (String::new(), Vec::new());
    let mut inside = false;
    let mut fields = Fields::default();
    for line in text.lines() {
        if let Some(name) = section(line) {
            inside = name.eq_ignore_ascii_case("Events");
        }
        if inside {
            if let Some(names) = field_of(line, "Format") {
                fields = Fields::new(names);
            } else if let Some(values) = field_of(line, "Dialogue") {
                // One more than are allowed tells that there are too many.
                if events.len() <= MAX_EVENTS {
                    events.extend(fields.event(values, events.len() as u64));
                }
                continue;
            } else if ["Comment", "Picture", "Sound", "Movie", "Command"]
                .iter()
                .any(|kind| field_of(line, kind).is_some())
            {
                continue;
            }
        }
        header.push_str(line);
        header.push('\n');
    }
    (header, events)
}

/// `[Name]`
fn section(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.strip_suffix(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_known_by_its_events() {
        assert!(is_one("[Script Info]\n[EVENTS]\r\nDialogue: x"));
        assert!(!is_one("[Events]\n"));
        assert!(!is_one("1\n00:00:01,000 --> 00:00:02,000\nDialogue: [Events]\n"));
    }
}
