//! The film runs while somebody has the picture.

use super::super::*;
use super::steering::{END_S, anna, film, id, ready};

#[test]
fn it_runs_when_the_first_has_the_picture_and_waits_a_moment_for_the_others() {
    let mut shared = SharedPlayhead::opening(1_000.0, 0.0, Some(END_S));
    assert_eq!(shared.report(1_000.0, &id("anna"), Report::default()), Applied::Unchanged);
    assert_eq!(shared.view(9_000.0).state, PlayheadState::Gathering);
    assert_eq!(shared.due_ms(), None, "however long it takes");
    let revision = shared.revision();
    assert_eq!(shared.report(9_000.0, &id("anna"), ready(revision)), Applied::Changed);
    let view = shared.view(9_000.0);
    assert_eq!((view.state, view.at_ms), (PlayheadState::Playing, 9_080.0), "nobody else is waited for");

    assert_eq!(shared.report(9_500.0, &id("ben"), Report::default()), Applied::Unchanged);
    assert_eq!(shared.apply(10_000.0, &Command::seek(50.0), &anna()), Ok(Applied::Changed));
    let revision = shared.revision();
    assert_eq!(shared.report(10_400.0, &id("anna"), ready(revision)), Applied::Changed);
    assert_eq!(shared.view(10_400.0).waiting_for, [id("ben")]);
    assert_eq!(shared.due_ms(), Some(10_900.0));
    let mut slow = shared.clone();
    assert_eq!(shared.report(10_600.0, &id("ben"), ready(revision)), Applied::Changed);
    assert_eq!(shared.view(10_600.0).at_ms, 10_900.0);
    assert_eq!(slow.advance(10_900.0), Applied::Changed);
    assert_eq!(slow.view(10_900.0).left_behind, [id("ben")]);
}

#[test]
fn it_stands_while_nobody_can_go_on_and_when_the_last_has_left() {
    let mut shared = film(&["anna", "ben"]);
    assert_eq!(shared.apply(2_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    let stalled = |at_s| Report { stalled_at_s: Some(at_s), ..Report::default() };
    assert_eq!(shared.report(5_200.0, &id("anna"), stalled(12.5)), Applied::Unchanged, "ben goes on");
    assert_eq!(shared.report(6_200.0, &id("ben"), stalled(13.5)), Applied::Changed);
    let view = shared.view(9_000.0);
    assert_eq!((view.state, view.position_s), (PlayheadState::Gathering, 13.5), "nobody sees a part twice");
    assert_eq!(shared.report(9_000.0, &id("ben"), ready(view.revision)), Applied::Changed);
    assert_eq!(shared.advance(9_500.0), Applied::Changed);
    assert_eq!(shared.position_at(10_800.0), 14.5);

    let revision = shared.revision();
    assert_eq!(shared.report(11_000.0, &id("anna"), ready(revision)), Applied::Unchanged);
    assert_eq!(shared.leave(11_800.0, &id("ben"), 11_800.0), Applied::Unchanged);
    assert_eq!(shared.leave(60_000.0, &id("anna"), 12_800.0), Applied::Changed, "she vanished long before");
    let view = shared.view(99_000.0);
    assert_eq!((view.state, view.position_s), (PlayheadState::Gathering, 16.5));
    let revision = view.revision;
    assert_eq!(shared.report(99_000.0, &id("cleo"), ready(revision)), Applied::Changed, "it runs for who comes");
}

#[test]
fn a_lie_about_a_stall_moves_nobody_far() {
    for lie_s in [f64::NAN, -1e300, 1e300, 0.0] {
        let mut shared = film(&["anna", "ben"]);
        assert_eq!(shared.apply(1_800.0, &Command::seek(90.0), &anna()), Ok(Applied::Changed));
        for viewer in ["anna", "ben"] {
            let _ = shared.report(1_800.0, &id(viewer), ready(u64::MAX));
        }
        assert_eq!(shared.apply(1_800.0, &Command::play(), &anna()), Ok(Applied::Changed));
        for viewer in ["anna", "ben"] {
            let report = Report { stalled_at_s: Some(lie_s), ..Report::default() };
            let _ = shared.report(3_000.0, &id(viewer), report);
        }
        assert_eq!(shared.position_at(3_000.0), 91.0, "{lie_s}");
    }
}
