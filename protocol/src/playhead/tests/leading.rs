//! Who watches alone leads, and is led in company.

use super::super::*;
use super::steering::{END_S, anna, id, ready};
use crate::Playhead;

const TRIP_MS: f64 = 100.0;

fn follows() -> Report {
    Report { leads: true, round_trip_ms: Some(TRIP_MS), ..Report::default() }
}

fn runs(position_s: f64) -> Playhead {
    Playhead { position_s, paused: false }
}

/// Anna alone, whose player stands at 12 s.
fn led() -> SharedPlayhead {
    let mut shared = SharedPlayhead::opening(1_000.0, 0.0, Some(END_S));
    let _ = shared.report(1_000.0, &id("anna"), follows());
    assert_eq!(shared.lead(1_000.0, &id("anna"), Playhead { position_s: 12.0, paused: true }), Applied::Changed);
    shared
}

#[test]
fn the_film_goes_where_its_only_viewer_goes() {
    let mut shared = led();
    let view = shared.view(1_000.0);
    assert_eq!((view.state, view.position_s, view.led), (PlayheadState::Paused, 12.0, true));
    assert_eq!(view.changed_by, Some(id("anna")));

    let _ = shared.report(2_000.0, &id("anna"), follows());
    assert_eq!(shared.lead(2_000.0, &id("anna"), runs(30.0)), Applied::Changed);
    assert_eq!(shared.position_at(2_000.0), 30.05, "it has played on while that was on its way");
    let _ = shared.report(4_000.0, &id("anna"), follows());
    assert_eq!(shared.lead(4_000.0, &id("anna"), runs(32.02)), Applied::Unchanged, "heartbeats are not that exact");
    assert_eq!(shared.lead(4_000.0, &id("anna"), runs(32.5)), Applied::Changed);
    assert_eq!(shared.lead(4_000.0, &id("ben"), runs(99.0)), Applied::Unchanged, "he does not follow");
}

#[test]
fn in_company_it_goes_its_own_way() {
    let mut shared = led();
    let _ = shared.lead(1_000.0, &id("anna"), runs(12.0));
    let _ = shared.report(2_000.0, &id("ben"), follows());
    assert!(!shared.view(2_000.0).led);
    for viewer in ["anna", "ben"] {
        assert_eq!(shared.lead(2_000.0, &id(viewer), runs(50.0)), Applied::Unchanged);
    }
    assert_eq!(shared.position_at(2_000.0), 13.05, "where she was when he came");
    let _ = shared.report(3_000.0, &id("ben"), Report { following: false, ..follows() });
    assert!(shared.view(3_000.0).led, "on her own again");
    assert_eq!(shared.lead(3_000.0, &id("anna"), runs(50.0)), Applied::Changed);
}

#[test]
fn a_command_is_followed_before_it_is_led_again() {
    let mut shared = led();
    assert_eq!(shared.apply(2_000.0, &Command::seek(70.0), &anna()), Ok(Applied::Changed));
    let revision = shared.revision();
    let _ = shared.report(2_100.0, &id("anna"), follows());
    assert_eq!(shared.lead(2_100.0, &id("anna"), runs(12.0)), Applied::Unchanged, "she has not heard of it");
    let _ = shared.report(2_200.0, &id("anna"), ready(revision));
    assert!(shared.view(2_200.0).led);
    // How fast, and who may, moves nothing.
    assert_eq!(shared.apply(2_300.0, &Command::rate(1.5), &anna()), Ok(Applied::Changed));
    assert!(shared.view(2_300.0).led);
}

#[test]
fn where_the_host_alone_steers_nobody_leads() {
    let mut shared = led();
    let rules = Rules { steering: Steering::HostOnly, ..Rules::default() };
    let host = Steerer { host: true, ..anna() };
    assert_eq!(shared.apply(2_000.0, &Command::rules(rules), &host), Ok(Applied::Changed));
    assert!(!shared.view(2_000.0).led);
    assert_eq!(shared.lead(2_000.0, &id("anna"), runs(50.0)), Applied::Unchanged);
}

#[test]
fn while_the_only_player_has_no_data_the_film_stands() {
    let mut shared = led();
    let _ = shared.lead(1_000.0, &id("anna"), runs(12.0));
    let stalled = Report { stalled_at_s: Some(14.0), ..follows() };
    assert_eq!(shared.report(4_000.0, &id("anna"), stalled), Applied::Changed);
    assert_eq!(shared.lead(4_000.0, &id("anna"), runs(14.0)), Applied::Unchanged);
    assert_eq!(shared.position_at(60_000.0), 14.0);
    let _ = shared.report(61_000.0, &id("anna"), follows());
    assert_eq!(shared.lead(61_000.0, &id("anna"), runs(14.2)), Applied::Changed);
    assert_eq!(shared.view(61_000.0).state, PlayheadState::Playing);
}

#[test]
fn where_its_player_loads_there_the_film_stands() {
    let mut shared = led();
    let _ = shared.lead(1_000.0, &id("anna"), runs(12.0));
    let stalled = Report { stalled_at_s: Some(80.0), ..follows() };
    let _ = shared.report(2_000.0, &id("anna"), stalled);
    let _ = shared.lead(2_000.0, &id("anna"), runs(80.0));
    assert_eq!(shared.position_at(9_000.0), 80.0, "a seek forward");
    let _ = shared.report(9_000.0, &id("anna"), Report { stalled_at_s: Some(5.0), ..follows() });
    let _ = shared.lead(9_000.0, &id("anna"), runs(5.0));
    assert_eq!(shared.position_at(9_000.0), 5.0, "and another one before there was a picture");
}

#[test]
fn who_wakes_when_the_others_have_left_comes_to_where_they_stopped() {
    let mut shared = led();
    let _ = shared.lead(1_000.0, &id("anna"), runs(12.0));
    let _ = shared.report(2_000.0, &id("ben"), follows());
    let _ = shared.leave(50_000.0, &id("anna"), 2_000.0);
    let _ = shared.report(50_100.0, &id("ben"), ready(shared.revision()));
    assert!(shared.view(50_100.0).led, "he was with her, and is alone now");
    let _ = shared.report(51_000.0, &id("ben"), follows());
    let _ = shared.lead(51_000.0, &id("ben"), runs(62.0));
    let _ = shared.leave(53_000.0, &id("ben"), 53_000.0);
    let _ = shared.report(60_000.0, &id("anna"), follows());
    assert!(!shared.view(60_000.0).led);
    assert_eq!(shared.lead(60_000.0, &id("anna"), runs(13.0)), Applied::Unchanged);
    let there_s = shared.position_at(60_000.0);
    assert!((there_s - 64.05).abs() < 0.01, "{there_s}");
    let _ = shared.report(61_000.0, &id("anna"), ready(shared.revision()));
    assert!(shared.view(61_000.0).led, "she has gone there");
}

#[test]
fn a_tab_that_waits_for_a_click_does_not_drag_the_film_back() {
    let mut shared = SharedPlayhead::opening(1_000.0, 0.0, Some(END_S));
    let waits = Report { stalled_at_s: Some(0.0), ..follows() };
    let _ = shared.report(1_000.0, &id("anna"), waits);
    let revision = shared.revision();
    let _ = shared.report(2_000.0, &id("ben"), ready(revision));
    let _ = shared.advance(2_500.0);
    assert_eq!(shared.view(2_500.0).state, PlayheadState::Playing);
    let _ = shared.report(80_000.0, &id("ben"), ready(shared.revision()));
    let _ = shared.report(80_000.0, &id("anna"), waits);
    let there_s = shared.position_at(82_000.0);
    assert!(there_s > 75.0, "{there_s}");
    let _ = shared.leave(82_000.0, &id("ben"), 82_000.0);
    assert_eq!(shared.position_at(90_000.0), there_s, "it stands where he was");
}

#[test]
fn who_comes_to_a_film_that_is_over_sees_it_anew() {
    let mut shared = led();
    let _ = shared.lead(1_000.0, &id("anna"), Playhead { position_s: END_S, paused: true });
    let _ = shared.leave(2_000.0, &id("anna"), 2_000.0);
    let _ = shared.report(3_000.0, &id("ben"), follows());
    assert!(shared.view(3_000.0).led);
    assert_eq!(shared.lead(3_000.0, &id("ben"), runs(0.0)), Applied::Changed);
}

#[test]
fn a_play_while_data_is_still_coming_is_one() {
    let mut shared = led();
    let _ = shared.report(2_000.0, &id("anna"), Report { stalled_at_s: Some(80.0), ..follows() });
    assert_eq!(shared.lead(2_000.0, &id("anna"), runs(80.0)), Applied::Changed);
    let view = shared.view(2_000.0);
    assert_eq!((view.state, view.position_s), (PlayheadState::Gathering, 80.0));
}

#[test]
fn who_led_leads_over_a_restart() {
    let mut shared = led();
    let _ = shared.lead(1_000.0, &id("anna"), runs(12.0));
    let mut saved: SharedPlayhead = serde_json::from_str(&serde_json::to_string(&shared).unwrap()).unwrap();
    saved.restored(5_000.0);
    assert!(!saved.view(5_000.0).led);
    assert!(saved.view_for(5_000.0, &id("anna")).led, "she has not been heard of yet");
    assert!(!saved.view_for(5_000.0, &id("ben")).led);
    let _ = saved.report(6_000.0, &id("anna"), follows());
    assert!(saved.view_for(6_000.0, &id("anna")).led);
    assert!(!saved.view_for(6_000.0, &id("ben")).led, "that is about her");
    assert_eq!(saved.lead(6_000.0, &id("anna"), Playhead { position_s: 15.0, paused: true }), Applied::Changed);
}

#[test]
fn figures_that_are_none_harm_nothing() {
    for trip_ms in [f64::NAN, f64::INFINITY, -1e300] {
        let mut shared = led();
        let report = Report { round_trip_ms: Some(trip_ms), ..follows() };
        let _ = shared.report(2_000.0, &id("anna"), report);
        let _ = shared.lead(2_000.0, &id("anna"), runs(20.0));
        assert_eq!(shared.position_at(2_000.0), 20.0, "{trip_ms}");
        let _ = shared.lead(2_000.0, &id("anna"), runs(1e300));
        assert_eq!(shared.position_at(2_000.0), END_S);
    }
}
