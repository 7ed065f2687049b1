//! Which head makes room when every encode slot is taken.

use std::time::Duration;

use super::HeadId;

/// A head that holds an encode slot, as seen by somebody who needs one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotView {
    pub head: HeadId,
    /// Whether it makes the same rendition as the wanted segment's.
    pub same_rendition: bool,
    /// Whether somebody waits for one of its segments.
    pub waiting: bool,
    /// How long ago one of its readers last asked for anything.
    pub idle: Duration,
}

/// The head to end, so that another can start; `None` when every slot is rightly held.
///
/// Never one that is waited for. First one of the same rendition, at once, since a seek has left it behind: the one
/// that has been idle longest. Else whichever has been idle longest, and for at least `grace`.
#[must_use]
pub fn victim(slots: &[SlotView], grace: Duration) -> Option<HeadId> {
    slots
        .iter()
        .filter(|slot| !slot.waiting && (slot.same_rendition || slot.idle >= grace))
        .max_by_key(|slot| (slot.same_rendition, slot.idle))
        .map(|slot| slot.head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GRACE: Duration = Duration::from_secs(4);

    const fn slot(head: HeadId, same_rendition: bool, waiting: bool, idle_s: u64) -> SlotView {
        SlotView { head, same_rendition, waiting, idle: Duration::from_secs(idle_s) }
    }

    #[test]
    fn chooses_whom_it_hurts_least() {
        for (case, slots, expected) in [
            ("nothing runs", vec![], None),
            ("waited for", vec![slot(1, false, true, 60), slot(2, true, true, 60)], None),
            ("idle, but within the grace", vec![slot(1, false, false, 3)], None),
            ("idle for the grace", vec![slot(1, false, false, 4)], Some(1)),
            (
                "idle longest",
                vec![slot(1, false, false, 5), slot(2, false, false, 9), slot(3, false, false, 7)],
                Some(2),
            ),
            ("own rendition needs no grace", vec![slot(1, true, false, 0)], Some(1)),
            ("own rendition first", vec![slot(1, false, false, 90), slot(2, true, false, 0)], Some(2)),
            ("idle longest of the own", vec![slot(1, true, false, 1), slot(2, true, false, 2)], Some(2)),
            ("own rendition waited for", vec![slot(1, true, true, 0), slot(2, false, false, 5)], Some(2)),
        ] {
            assert_eq!(victim(&slots, GRACE), expected, "{case}");
        }
    }

    proptest! {
        #[test]
        fn never_one_that_is_waited_for(
            slots in proptest::collection::vec((any::<bool>(), any::<bool>(), 0_u64..20), 0..8),
        ) {
            let slots: Vec<_> = (0..).zip(slots).map(|(id, (same, waiting, idle))| slot(id, same, waiting, idle)).collect();
            match victim(&slots, GRACE) {
                Some(head) => {
                    let chosen = slots.iter().find(|slot| slot.head == head).unwrap();
                    prop_assert!(!chosen.waiting);
                    prop_assert!(chosen.same_rendition || chosen.idle >= GRACE);
                }
                None => prop_assert!(slots.iter().all(|s| s.waiting || (!s.same_rendition && s.idle < GRACE))),
            }
        }
    }
}
