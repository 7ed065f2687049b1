//! Viewers and what they say, in words. Pure.

use protocol::{Message, PublicViewerId, Reaction, ViewerView};

use super::{clock, viewer_label};

/// Reactions rise in so many lanes beside each other.
const LANES: u64 = 7;

/// How a viewer does, as its line in the list says.
#[must_use]
pub(crate) fn viewer_state(viewer: &ViewerView) -> String {
    if viewer.anonymous {
        return "playing elsewhere".to_owned();
    }
    let place = clock(viewer.position_s);
    let how = match (viewer.buffering, viewer.paused) {
        (true, _) => format!("buffering at {place}"),
        (false, true) => format!("paused at {place}"),
        (false, false) if viewer.alone => format!("at {place}"),
        (false, false) => place,
    };
    if viewer.alone { format!("on their own, {how}") } else { how }
}

/// Who said it: the name it had then, or what the page calls who has none.
#[must_use]
pub(crate) fn sender(message: &Message) -> String {
    let viewer = ViewerView { name: message.name.clone(), ..ViewerView::new(message.from.clone()) };
    viewer_label(&viewer)
}

/// What is said when the host is another; none while it is not known who.
#[must_use]
pub(crate) fn host_words(viewers: &[ViewerView], you: Option<&PublicViewerId>) -> Option<String> {
    let host = viewers.iter().find(|viewer| viewer.host)?;
    Some(if Some(&host.id) == you {
        "You are the host now.".to_owned()
    } else {
        format!("{} is the host now.", viewer_label(host))
    })
}

/// What a reaction is called.
#[must_use]
pub(crate) const fn reaction_name(reaction: Reaction) -> &'static str {
    match reaction {
        Reaction::Applause => "Applause",
        Reaction::Heart => "Heart",
        Reaction::Laughter => "Laughter",
        Reaction::Surprise => "Surprise",
        Reaction::Tears => "Tears",
        Reaction::Fire => "Fire",
    }
}

/// In which lane a reaction rises, from 0 on: neighbours not in the same.
#[must_use]
pub(crate) const fn lane(number: u64) -> u64 {
    // Numbers are times at first: their last digits alone would put bursts into one lane.
    (number.wrapping_mul(2_654_435_761) >> 7) % LANES
}

#[cfg(test)]
mod tests {
    use protocol::Said;

    use super::*;

    fn viewer(id: &str) -> ViewerView {
        ViewerView { position_s: 83.0, ..ViewerView::new(PublicViewerId(id.into())) }
    }

    #[test]
    fn a_viewers_line_says_where_and_how() {
        let words = |change: fn(&mut ViewerView)| {
            let mut viewer = viewer("a");
            change(&mut viewer);
            viewer_state(&viewer)
        };
        assert_eq!(words(|_| ()), "1:23");
        assert_eq!(words(|it| it.paused = true), "paused at 1:23");
        assert_eq!(words(|it| it.buffering = true), "buffering at 1:23");
        assert_eq!(words(|it| it.alone = true), "on their own, at 1:23");
        assert_eq!(words(|it| (it.alone, it.paused) = (true, true)), "on their own, paused at 1:23");
        assert_eq!(words(|it| it.anonymous = true), "playing elsewhere");
    }

    #[test]
    fn the_new_host_is_named() {
        let mut viewers = [viewer("ab12cd"), viewer("ef34ab")];
        assert_eq!(host_words(&viewers, None), None);
        viewers[1].host = true;
        assert_eq!(host_words(&viewers, Some(&viewers[0].id)).as_deref(), Some("Viewer ef34 is the host now."));
        assert_eq!(host_words(&viewers, Some(&viewers[1].id)).as_deref(), Some("You are the host now."));
    }

    #[test]
    fn who_has_gone_is_still_named() {
        let message = Message {
            number: 1,
            from: PublicViewerId("ab12cd".into()),
            name: Some("Ada".into()),
            colour: 0,
            sent_ms: 0.0,
            position_s: 0.0,
            said: Said::Reaction(Reaction::Fire),
        };
        assert_eq!(sender(&message), "Ada");
        assert_eq!(sender(&Message { name: None, ..message }), "Viewer ab12");
    }

    #[test]
    fn a_burst_is_spread_over_the_lanes() {
        let first = 1_700_000_000_000;
        let lanes: std::collections::BTreeSet<u64> = (first..first + 12).map(lane).collect();
        assert!(lanes.len() >= 5 && lanes.iter().all(|lane| *lane < LANES), "{lanes:?}");
    }
}
