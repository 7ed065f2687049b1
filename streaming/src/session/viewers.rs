//! The viewers of one session.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use protocol::{Playhead, PublicViewerId, ViewerToken, ViewerView};

use super::{Limits, secrets::ViewerKey};

/// Characters of a name that are shown.
const NAME_LENGTH: usize = 40;

/// Who asks for a playlist or a segment.
#[derive(Clone, Copy, Debug)]
pub enum Reader<'a> {
    /// A page, which sends its token and also heartbeats.
    Viewer(&'a ViewerToken),
    /// A player without a token, recognised by what is known of it: its address and user agent.
    Anonymous(&'a str),
}

/// One browser, or one player, in a session.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub(super) id: PublicViewerId,
    name: Option<String>,
    playhead: Playhead,
    hidden: bool,
    pub(super) anonymous: bool,
    /// The order in which viewers came.
    order: u64,
    /// The last sign of it.
    seen: Instant,
}

/// What a heartbeat says of its viewer, made safe.
#[derive(Clone, Debug)]
pub(super) struct Sign {
    /// Absent: as before; empty: none.
    pub(super) name: Option<String>,
    pub(super) playhead: Playhead,
    pub(super) hidden: bool,
}

impl Viewer {
    /// When this viewer is gone unless there is a sign of it.
    pub(super) fn due(&self, limits: &Limits) -> Instant {
        self.seen + self.patience(limits)
    }

    pub(super) fn patience(&self, limits: &Limits) -> Duration {
        if self.anonymous {
            limits.anonymous_timeout
        } else if self.hidden {
            limits.hidden_timeout
        } else {
            limits.viewer_timeout
        }
    }

    fn view(&self) -> ViewerView {
        ViewerView {
            id: self.id.clone(),
            name: self.name.clone(),
            position_s: self.playhead.position_s,
            paused: self.playhead.paused,
            anonymous: self.anonymous,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Viewers {
    /// Keyed by a hash: the tokens themselves are kept nowhere.
    all: BTreeMap<ViewerKey, Viewer>,
    came: u64,
}

impl Viewers {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn contains(&self, key: ViewerKey) -> bool {
        self.all.contains_key(&key)
    }

    /// Takes in a viewer's heartbeat. Whether the viewer is new.
    pub(super) fn beat(&mut self, now: Instant, key: ViewerKey, sign: Sign) -> bool {
        let new = !self.all.contains_key(&key);
        let order = self.came;
        let viewer = self.all.entry(key).or_insert_with(|| Viewer {
            id: key.public_id(),
            name: None,
            playhead: sign.playhead,
            hidden: false,
            anonymous: false,
            order,
            seen: now,
        });
        if let Some(name) = sign.name {
            viewer.name = Some(name).filter(|name| !name.is_empty());
        }
        viewer.playhead = sign.playhead;
        viewer.hidden = sign.hidden;
        viewer.seen = now.max(viewer.seen);
        self.came += u64::from(new);
        new
    }

    /// A viewer that is there has asked for something.
    pub(super) fn refresh(&mut self, now: Instant, key: ViewerKey) {
        if let Some(viewer) = self.all.get_mut(&key) {
            viewer.seen = now.max(viewer.seen);
        }
    }

    /// A player without heartbeats comes. It is named by its number, since a hash of its address could be guessed.
    pub(super) fn add_player(&mut self, now: Instant, key: ViewerKey, playhead: Playhead) {
        self.came += 1;
        let id = PublicViewerId(format!("player-{}", self.came));
        let order = self.came - 1;
        let viewer = Viewer { id, name: None, playhead, hidden: false, anonymous: true, order, seen: now };
        self.all.insert(key, viewer);
    }

    pub(super) fn remove(&mut self, key: ViewerKey) -> Option<Viewer> {
        self.all.remove(&key)
    }

    /// Takes out those of whom there was no sign for too long, in the order in which they went.
    pub(super) fn expire(&mut self, now: Instant, limits: &Limits) -> Vec<Viewer> {
        let gone: Vec<ViewerKey> =
            self.all.iter().filter(|(_, it)| it.due(limits) <= now).map(|(&key, _)| key).collect();
        let mut gone: Vec<Viewer> = gone.into_iter().filter_map(|key| self.all.remove(&key)).collect();
        gone.sort_by_key(|viewer| (viewer.due(limits), viewer.order));
        gone
    }

    pub(super) fn next_due(&self, limits: &Limits) -> Option<Instant> {
        self.all.values().map(|viewer| viewer.due(limits)).min()
    }

    /// Whom the session's playhead follows: the page that has been there longest.
    pub(super) fn lead(&self) -> Option<Playhead> {
        let pages = self.all.values().filter(|viewer| !viewer.anonymous);
        pages.min_by_key(|viewer| viewer.order).map(|viewer| viewer.playhead)
    }

    /// The viewers as they see each other, in the order in which they came. Where a player is nobody knows, so it is
    /// shown at the session's playhead.
    pub(super) fn views(&self, playhead: Playhead) -> Vec<ViewerView> {
        let mut viewers: Vec<&Viewer> = self.all.values().collect();
        viewers.sort_unstable_by_key(|viewer| viewer.order);
        let view = |viewer: &Viewer| {
            let view = viewer.view();
            if viewer.anonymous {
                ViewerView { position_s: playhead.position_s, paused: playhead.paused, ..view }
            } else {
                view
            }
        };
        viewers.into_iter().map(view).collect()
    }
}

/// A name as it is shown: without what could disturb the text around it, at most 40 characters.
pub(super) fn clean_name(name: &str) -> String {
    let shown: String = name.chars().filter(|&c| !c.is_control() && !turns_text(c)).collect();
    shown.trim().chars().take(NAME_LENGTH).collect::<String>().trim_end().to_owned()
}

/// Characters that are not seen but turn the direction of the text after them, and line separators.
const fn turns_text(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_cleaned() {
        assert_eq!(clean_name("  Ada \n"), "Ada");
        assert_eq!(clean_name("A\u{0}d\u{7}a\u{202e}x\u{2066}"), "Adax");
        assert_eq!(clean_name("<b>Ö</b> 🦀"), "<b>Ö</b> 🦀");
        assert_eq!(clean_name(&"é".repeat(50)).chars().count(), 40);
        assert_eq!(clean_name(&format!("{} {}", "x".repeat(39), "y")), "x".repeat(39));
        assert_eq!(clean_name(" \t"), "");
    }
}
