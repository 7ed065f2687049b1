//! The shared playhead in words. Pure.

use protocol::{
    PublicViewerId, ViewerView,
    playhead::{PlayheadState, PlayheadView},
};

use super::{clock, viewer_label};

/// Names that are told; the rest is counted.
const NAMES: usize = 3;

/// What there is to say of the film that all share; nothing while it runs as it should.
#[must_use]
pub(crate) fn shared_words(view: &PlayheadView, viewers: &[ViewerView]) -> Option<String> {
    let name = |id: &PublicViewerId| {
        viewers.iter().find(|viewer| viewer.id == *id).map_or_else(|| "somebody".to_owned(), viewer_label)
    };
    match view.state {
        // Who else is there watches alone.
        _ if view.led => None,
        PlayheadState::Gathering if view.waiting_for.is_empty() => {
            Some("The film goes on as soon as somebody has this part.".to_owned())
        }
        PlayheadState::Gathering => Some(format!("Waiting for {}…", listed(&view.waiting_for, name))),
        PlayheadState::Paused => {
            let by = view.changed_by.as_ref().map(|id| format!(" by {}", name(id))).unwrap_or_default();
            Some(format!("Paused{by} at {}.", clock(view.position_s)))
        }
        PlayheadState::Playing if !view.left_behind.is_empty() => {
            Some(format!("{} will catch up.", listed(&view.left_behind, name)))
        }
        PlayheadState::Playing => None,
    }
}

fn listed(ids: &[PublicViewerId], name: impl Fn(&PublicViewerId) -> String) -> String {
    let mut names: Vec<String> = ids.iter().take(NAMES).map(name).collect();
    match ids.len().saturating_sub(NAMES) {
        0 => {}
        1 => names.push("one more".to_owned()),
        more => names.push(format!("{more} more")),
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer(id: &str, name: &str) -> ViewerView {
        ViewerView { name: Some(name.into()), ..ViewerView::new(PublicViewerId(id.into())) }
    }

    fn ids(ids: &[&str]) -> Vec<PublicViewerId> {
        ids.iter().map(|id| PublicViewerId((*id).into())).collect()
    }

    #[test]
    fn names_are_joined_and_the_rest_is_counted() {
        let name = |id: &PublicViewerId| id.0.to_uppercase();
        assert_eq!(listed(&ids(&["a"]), name), "A");
        assert_eq!(listed(&ids(&["a", "b"]), name), "A and B");
        assert_eq!(listed(&ids(&["a", "b", "c", "d"]), name), "A, B, C and one more");
        assert_eq!(listed(&ids(&["a", "b", "c", "d", "e"]), name), "A, B, C and 2 more");
    }

    #[test]
    fn who_paused_and_who_is_waited_for_is_told_by_name() {
        let mut view: PlayheadView = serde_json::from_str(
            r#"{"position_s":83.0,"paused":true,"state":"paused","at_ms":0,"rate":1,"revision":1,"sent_ms":0,
            "changed_by":"a","rules":{}}"#,
        )
        .unwrap();
        let viewers = [viewer("a", "Ada"), viewer("b", "Ben")];
        assert_eq!(shared_words(&view, &viewers).unwrap(), "Paused by Ada at 1:23.");
        view.changed_by = None;
        assert_eq!(shared_words(&view, &viewers).unwrap(), "Paused at 1:23.");
        view.state = PlayheadState::Gathering;
        assert!(shared_words(&view, &viewers).unwrap().contains("somebody has"));
        view.waiting_for = ids(&["b", "gone"]);
        assert_eq!(shared_words(&view, &viewers).unwrap(), "Waiting for Ben and somebody…");
        view.waiting_for.clear();
        view.state = PlayheadState::Playing;
        assert_eq!(shared_words(&view, &viewers), None);
        view.left_behind = ids(&["b"]);
        assert_eq!(shared_words(&view, &viewers).unwrap(), "Ben will catch up.");
    }
}
