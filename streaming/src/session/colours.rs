//! Which colour each viewer of a session is shown in. Pure.

use std::collections::BTreeMap;

use protocol::COLOURS;

use super::secrets::ViewerKey;

/// Viewers whose colours are remembered while they are away: as many as a session has room for.
const REMEMBERED: usize = 1000;

/// The colours that were given while the session is awake, those of viewers who have gone too.
#[derive(Clone, Debug, Default)]
pub(super) struct Colours(BTreeMap<ViewerKey, u8>);

impl Colours {
    /// The colour of a viewer who comes, given those of the viewers there and how many came before: the one it had, if
    /// nobody has it now; else the first that nobody has; else one after the other.
    pub(super) fn give(&mut self, viewer: ViewerKey, taken: impl Iterator<Item = u8>, came: u64) -> u8 {
        let taken = taken.fold(0_u32, |all, colour| all | 1 << colour);
        let is_free = |colour: &u8| taken & 1 << colour == 0;
        let before = self.0.get(&viewer).copied().filter(is_free);
        let in_turn = u8::try_from(came % u64::from(COLOURS)).unwrap_or_default();
        let colour = before.or_else(|| (0..COLOURS).find(is_free)).unwrap_or(in_turn);
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(viewer, colour);
        colour
    }
}

#[cfg(test)]
mod tests {
    use protocol::ViewerToken;

    use super::*;
    use crate::session::secrets;

    #[test]
    fn each_has_a_colour_of_its_own_for_as_long_as_there_are_some() {
        let session = secrets::new_session_id();
        let viewer = |n: usize| ViewerKey::of_token(session, &ViewerToken(format!("viewer-{n}")));
        let mut colours = Colours::default();
        let mut there = Vec::new();
        for n in 0..10 {
            there.push(colours.give(viewer(n), there.clone().into_iter(), n as u64));
        }
        assert_eq!(there, [0, 1, 2, 3, 4, 5, 6, 7, 0, 1]);
        assert_eq!(colours.give(viewer(4), [0, 1].into_iter(), 10), 4, "its own");
        assert_eq!(colours.give(viewer(4), [0, 4].into_iter(), 11), 1, "somebody else has it now");
        for n in 0..5_000 {
            colours.give(viewer(n), std::iter::empty(), n as u64);
        }
        assert!(colours.0.len() <= REMEMBERED);
    }
}
