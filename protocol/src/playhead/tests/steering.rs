use proptest::prelude::*;

use super::super::*;
use crate::{ErrorKind, Playhead, PublicViewerId};

pub(super) const END_S: f64 = 100.0;

pub(super) fn id(name: &str) -> PublicViewerId {
    PublicViewerId(name.to_owned())
}

pub(super) fn anna() -> Steerer {
    Steerer { viewer: id("anna"), host: false }
}

fn host() -> Steerer {
    Steerer { viewer: id("host"), host: true }
}

pub(super) fn ready(revision: u64) -> Report {
    Report { ready: Some(revision), ..Report::default() }
}

/// At 10 s, paused, watched by these, who have the picture.
pub(super) fn film(viewers: &[&str]) -> SharedPlayhead {
    let mut shared = unready(viewers);
    let revision = shared.revision();
    for viewer in viewers {
        assert_eq!(shared.report(1_000.0, &id(viewer), ready(revision)), Applied::Unchanged);
    }
    shared
}

/// The same, but they do not have it yet.
fn unready(viewers: &[&str]) -> SharedPlayhead {
    let mut shared = SharedPlayhead::new(1_000.0, Some(END_S));
    for viewer in viewers {
        assert_eq!(shared.report(1_000.0, &id(viewer), Report::default()), Applied::Unchanged);
    }
    assert_eq!(shared.apply(1_000.0, &Command::seek(10.0), &host()), Ok(Applied::Changed));
    shared
}

fn waiting(shared: &mut SharedPlayhead) {
    let rules = Rules { wait_for_everybody: true, ..Rules::default() };
    assert_eq!(shared.apply(1_000.0, &Command::rules(rules), &host()), Ok(Applied::Changed));
}

#[test]
fn it_takes_over_where_a_session_was() {
    for (from, state, later_s) in [
        (Playhead { position_s: 30.0, paused: false }, PlayheadState::Playing, 32.0),
        (Playhead { position_s: 30.0, paused: true }, PlayheadState::Paused, 30.0),
        (Playhead { position_s: 300.0, paused: true }, PlayheadState::Paused, END_S),
    ] {
        let shared = SharedPlayhead::taking_over(5_000.0, from, Some(END_S));
        let view = shared.view(7_000.0);
        assert_eq!((view.state, view.position_s, view.revision), (state, later_s, 5_000));
        assert_eq!(shared.position_at(5_000.0), from.position_s.min(END_S));
    }
}

#[test]
fn a_play_starts_a_little_later_for_all_at_once() {
    let mut shared = film(&["anna"]);
    let report = Report { round_trip_ms: Some(400.0), ..ready(shared.revision()) };
    assert_eq!(shared.report(1_000.0, &id("far"), report), Applied::Unchanged);
    assert_eq!(shared.apply(2_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    let view = shared.view(2_000.0);
    assert_eq!((view.state, view.position_s, view.at_ms), (PlayheadState::Playing, 10.0, 2_400.0));
    assert_eq!(view.changed_by, Some(id("anna")));
    assert_eq!(shared.position_at(2_300.0), 10.0);
    assert_eq!(shared.position_at(3_400.0), 11.0);
    assert_eq!(view.position_at(3_400.0), 11.0);
}

#[test]
fn one_bad_line_does_not_make_everybody_wait_long() {
    let mut shared = film(&["anna"]);
    let report = Report { round_trip_ms: Some(60_000.0), ..Report::default() };
    assert_eq!(shared.report(1_000.0, &id("liar"), report), Applied::Unchanged);
    assert_eq!(shared.apply(2_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    assert_eq!(shared.view(2_000.0).at_ms, 3_000.0);
}

#[test]
fn commands_that_cross_do_not_fight() {
    let mut shared = film(&["anna", "ben"]);
    let ben = Steerer { viewer: id("ben"), host: false };
    let seen = shared.view(2_000.0).revision;
    assert_eq!(shared.apply(2_000.0, &Command::play().on(seen), &anna()), Ok(Applied::Changed));
    assert_eq!(shared.apply(2_050.0, &Command::play().on(seen), &ben), Ok(Applied::Unchanged), "a second play");
    assert_eq!(shared.apply(3_000.0, &Command::seek(50.0).on(seen + 1), &anna()), Ok(Applied::Changed));
    assert_eq!(shared.apply(3_001.0, &Command::seek(70.0).on(seen + 1), &ben), Ok(Applied::Changed), "last writer");
    assert_eq!(shared.position_at(3_001.0), 70.0);
    assert_eq!(shared.apply(3_002.0, &Command::seek(50.0).on(seen + 1), &anna()), Ok(Applied::Unchanged), "a retry");
    assert_eq!(shared.position_at(3_002.0), 70.0);
    // Ben has not seen the seek when he pauses: the film is paused where it is, not where he was.
    assert_eq!(shared.apply(3_003.0, &Command::pause_at(69.5).on(seen), &ben), Ok(Applied::Changed));
    assert_eq!(shared.position_at(9_000.0), 70.0);
}

#[test]
fn a_pause_keeps_the_frame_of_who_pressed_it() {
    let mut shared = film(&[]);
    assert_eq!(shared.apply(2_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    let seen = shared.view(2_000.0).revision;
    assert_eq!(shared.apply(5_200.0, &Command::pause_at(12.75).on(seen), &anna()), Ok(Applied::Changed));
    assert_eq!(shared.position_at(6_000.0), 12.75);
    assert_eq!(shared.apply(6_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    assert_eq!(
        shared.apply(7_200.0, &Command::pause_at(80.0), &anna()),
        Ok(Applied::Changed),
        "too far off to be true"
    );
    assert_eq!(shared.position_at(8_000.0), 13.75);
}

#[test]
fn a_rate_goes_on_from_where_the_film_is() {
    let mut shared = film(&[]);
    assert_eq!(shared.apply(2_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    assert_eq!(shared.apply(4_200.0, &Command::rate(2.0), &anna()), Ok(Applied::Changed));
    assert_eq!(shared.apply(4_200.0, &Command::rate(2.0), &anna()), Ok(Applied::Unchanged));
    assert_eq!(shared.position_at(5_200.0), 14.0);
    for rate in [0.4, 2.1, f64::NAN] {
        assert_eq!(shared.apply(5_200.0, &Command::rate(rate), &host()).unwrap_err().kind, ErrorKind::InvalidRequest);
    }
    assert_eq!(shared.apply(5_200.0, &Command::seek(f64::NAN), &host()).unwrap_err().kind, ErrorKind::InvalidRequest);
}

#[test]
fn the_film_stands_at_its_end_and_begins_anew() {
    let mut shared = film(&[]);
    assert_eq!(shared.apply(2_000.0, &Command::seek(5_000.0), &anna()), Ok(Applied::Changed));
    assert_eq!(shared.position_at(2_000.0), END_S);
    assert_eq!(shared.apply(2_000.0, &Command::seek(99.0), &anna()), Ok(Applied::Changed));
    assert_eq!(shared.apply(2_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    assert_eq!(shared.due_ms(), Some(3_200.0));
    assert_eq!(shared.advance(3_199.0), Applied::Unchanged);
    assert_eq!(shared.advance(3_200.0), Applied::Changed);
    let view = shared.view(9_000.0);
    assert_eq!((view.state, view.position_s, view.changed_by), (PlayheadState::Paused, END_S, None));
    assert_eq!(shared.due_ms(), None);
    assert_eq!(shared.apply(9_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    assert_eq!(shared.position_at(10_200.0), 1.0);
    // It turns out to be shorter.
    assert_eq!(shared.set_duration(40_000.0, Some(20.0)), Applied::Changed);
    assert_eq!(shared.view(40_000.0).position_s, 20.0);
    assert_eq!(shared.view(40_000.0).state, PlayheadState::Paused);
}

#[test]
fn only_the_host_steers_if_the_host_says_so() {
    let mut shared = film(&["anna"]);
    let rules = Rules { steering: Steering::HostOnly, wait_for_everybody: false };
    assert_eq!(shared.apply(1_000.0, &Command::rules(rules), &anna()).unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(shared.apply(1_000.0, &Command::rules(rules), &host()), Ok(Applied::Changed));
    assert_eq!(shared.apply(1_000.0, &Command::play(), &anna()).unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(shared.apply(1_000.0, &Command::play(), &host()), Ok(Applied::Changed));
}

#[test]
fn a_gathering_starts_when_all_are_ready() {
    let mut shared = unready(&["anna", "ben", "cleo"]);
    waiting(&mut shared);
    let own = Report { following: false, ..Report::default() };
    assert_eq!(shared.report(1_500.0, &id("cleo"), own), Applied::Unchanged);
    assert_eq!(shared.apply(2_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    let view = shared.view(2_000.0);
    assert_eq!(
        (view.state, view.paused, view.waiting_for),
        (PlayheadState::Gathering, true, vec![id("anna"), id("ben")])
    );
    assert_eq!(shared.apply(2_500.0, &Command::play(), &anna()), Ok(Applied::Unchanged), "it is about to");
    assert_eq!(shared.report(3_000.0, &id("anna"), ready(view.revision)), Applied::Unchanged);
    assert_eq!(shared.view(3_000.0).waiting_for, [id("ben")]);
    let last = Report { round_trip_ms: Some(300.0), ..ready(view.revision) };
    assert_eq!(shared.report(4_000.0, &id("ben"), last), Applied::Changed);
    let view = shared.view(4_000.0);
    assert_eq!((view.state, view.at_ms, view.position_s), (PlayheadState::Playing, 4_600.0, 10.0));
}

#[test]
fn who_leaves_is_not_waited_for() {
    let mut shared = unready(&["anna", "ben"]);
    waiting(&mut shared);
    assert_eq!(shared.apply(2_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    let revision = shared.view(2_000.0).revision;
    assert_eq!(shared.report(2_100.0, &id("anna"), ready(revision)), Applied::Unchanged);
    assert_eq!(shared.leave(2_200.0, &id("ben"), 2_200.0), Applied::Changed);
    assert_eq!(shared.view(2_200.0).state, PlayheadState::Playing);
}

#[test]
fn the_slow_are_left_behind_and_not_waited_for_again() {
    let mut shared = unready(&["anna", "ben", "slow"]);
    waiting(&mut shared);
    let standing = shared.view(1_000.0).revision;
    for viewer in ["anna", "ben"] {
        assert_eq!(shared.report(1_000.0, &id(viewer), ready(standing)), Applied::Unchanged);
    }
    assert_eq!(shared.apply(2_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    assert_eq!(shared.view(2_000.0).waiting_for, [id("slow")], "the others have the picture since the pause");
    assert_eq!(shared.due_ms(), Some(12_000.0));
    assert_eq!(shared.advance(11_999.0), Applied::Unchanged);
    assert_eq!(shared.advance(12_000.0), Applied::Changed);
    let view = shared.view(12_000.0);
    assert_eq!((view.state, view.left_behind), (PlayheadState::Playing, vec![id("slow")]));
    assert_eq!(shared.apply(20_000.0, &Command::pause(), &anna()), Ok(Applied::Changed));
    let standing = shared.view(20_000.0).revision;
    for viewer in ["anna", "ben"] {
        assert_eq!(shared.report(20_000.0, &id(viewer), ready(standing)), Applied::Unchanged);
    }
    assert_eq!(shared.apply(21_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    assert_eq!(shared.view(21_000.0).state, PlayheadState::Playing, "nobody is dragged around twice");
    let revision = shared.view(21_000.0).revision;
    assert_eq!(shared.report(22_000.0, &id("slow"), ready(revision)), Applied::Unchanged);
    assert!(shared.view(22_000.0).left_behind.is_empty(), "it has caught up");
}

#[test]
fn to_wait_no_longer_is_the_hosts_to_say() {
    let mut shared = unready(&["anna", "ben"]);
    waiting(&mut shared);
    assert_eq!(shared.apply(2_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    assert_eq!(shared.apply(3_000.0, &Command::rules(Rules::default()), &host()), Ok(Applied::Changed));
    assert_eq!(shared.view(3_000.0).state, PlayheadState::Playing);
}

#[test]
fn it_is_saved_and_goes_on() {
    let mut shared = film(&["anna", "ben"]);
    assert_eq!(shared.apply(2_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    let saved = serde_json::to_string(&shared).unwrap();
    let mut again: SharedPlayhead = serde_json::from_str(&saved).unwrap();
    assert_eq!(again.view(9_000.0), shared.view(9_000.0));
    // The server was away for an hour, and was last seen alive at 8,200.
    assert_eq!(again.hold(8_200.0), Applied::Changed);
    assert_eq!(again.view(3_600_000.0).position_s, 16.0);
    assert!(
        SharedPlayhead::new(3_600_000.0, None).view(0.0).revision > shared.view(0.0).revision,
        "if nothing was saved"
    );
}

#[test]
fn a_view_is_a_playhead_with_more() {
    let mut shared = film(&[]);
    assert_eq!(shared.apply(2_000.0, &Command::play(), &anna()), Ok(Applied::Changed));
    let view = shared.view(4_200.0);
    let json = serde_json::to_value(&view).unwrap();
    assert_eq!(serde_json::from_value::<Playhead>(json.clone()).unwrap(), Playhead { position_s: 12.0, paused: false });
    assert_eq!(Playhead::from(&view), Playhead { position_s: 12.0, paused: false });
    assert_eq!(json["state"], "playing");
    assert_eq!(serde_json::from_value::<PlayheadView>(json).unwrap(), view);
    let report: Report = serde_json::from_str("{}").unwrap();
    assert_eq!(report, Report::default());
}

#[derive(Clone, Debug)]
enum Happens {
    Command(Command, usize),
    Report(usize, bool, Option<u64>),
    Leave(usize),
    Time,
    Duration(Option<f64>),
    Hold,
}

fn command() -> impl Strategy<Value = Command> {
    let steer = prop_oneof![
        3 => Just(Command::play()),
        1 => Just(Command::pause()),
        1 => (-10.0..200.0).prop_map(Command::pause_at),
        3 => (-50.0..300.0).prop_map(Command::seek),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-1e300), Just(1e300)].prop_map(Command::seek),
        2 => (0.2..3.0).prop_map(Command::rate),
        2 => any::<(bool, bool)>().prop_map(|(host_only, wait_for_everybody)| {
            let steering = if host_only { Steering::HostOnly } else { Steering::Everybody };
            Command::rules(Rules { steering, wait_for_everybody })
        }),
    ];
    (steer, prop::option::of(0..30_u64)).prop_map(|(command, on)| on.map_or(command, |on| command.on(on)))
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        6 => (command(), 0..5_usize).prop_map(|(command, who)| Happens::Command(command, who)),
        6 => (0..5_usize, any::<bool>(), prop::option::of(0..30_u64))
            .prop_map(|(who, following, ready)| Happens::Report(who, following, ready)),
        1 => (0..5_usize).prop_map(Happens::Leave),
        3 => Just(Happens::Time),
        1 => prop::option::of(-5.0..150.0).prop_map(Happens::Duration),
        1 => Just(Happens::Hold),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_it_stays_sound(script in prop::collection::vec((happens(), -50.0..6_000.0_f64), 1..60)) {
        let mut shared = SharedPlayhead::new(0.0, Some(END_S));
        let (mut now_ms, mut latest_ms) = (0.0_f64, 0.0_f64);
        for (happens, passes_ms) in script {
            now_ms += passes_ms;
            latest_ms = latest_ms.max(now_ms);
            let before = shared.clone();
            let viewer = |who: usize| id(["host", "anna", "ben", "cleo", "dan"][who]);
            match happens {
                Happens::Command(command, who) => {
                    let who = Steerer { viewer: viewer(who), host: who == 0 };
                    let rules = before.view(now_ms).rules;
                    let barred = rules.steering == Steering::HostOnly || matches!(command.steer, Steer::Rules(_));
                    match shared.apply(now_ms, &command, &who) {
                        Ok(_) => prop_assert!(who.host || !barred),
                        Err(error) => {
                            prop_assert_eq!(&shared, &before);
                            let kind = if barred && !who.host { ErrorKind::Forbidden } else { ErrorKind::InvalidRequest };
                            prop_assert_eq!(error.kind, kind);
                        }
                    }
                }
                Happens::Report(who, following, ready) => {
                    let _ = shared.report(now_ms, &viewer(who), Report { following, ready, round_trip_ms: Some(50.0), ..Report::default() });
                }
                Happens::Leave(who) => { let _ = shared.leave(now_ms, &viewer(who), now_ms); }
                Happens::Time => { let _ = shared.advance(now_ms); }
                Happens::Duration(duration_s) => { let _ = shared.set_duration(now_ms, duration_s); }
                Happens::Hold => { let _ = shared.hold(now_ms); }
            }
            let (old, new) = (before.view(now_ms), shared.view(now_ms));
            prop_assert!(new.revision >= old.revision);
            if new.revision == old.revision {
                let motion = |view: &PlayheadView| (view.state, view.position_s, view.at_ms, view.rate, view.rules);
                prop_assert_eq!(motion(&old), motion(&new), "a change without a revision");
                prop_assert_eq!(before.due_ms(), shared.due_ms());
            }
            for at_ms in [now_ms - 1e7, now_ms, now_ms + 1e3, now_ms + 1e9] {
                let end = new.duration_s.unwrap_or(f64::INFINITY);
                prop_assert!((0.0..=end).contains(&shared.position_at(at_ms)));
                prop_assert!((0.0..=end).contains(&new.position_at(at_ms)));
            }
            prop_assert_eq!(new.paused, new.state != PlayheadState::Playing);
            prop_assert!(new.state == PlayheadState::Gathering || new.waiting_for.is_empty());
            if new.state == PlayheadState::Gathering && let Some(due_ms) = shared.due_ms() {
                prop_assert!(due_ms <= latest_ms + 10_000.0);
                let mut later = shared.clone();
                prop_assert_eq!(later.advance(due_ms), Applied::Changed);
                let view = later.view(due_ms);
                prop_assert_ne!(view.state, PlayheadState::Gathering);
                for viewer in &new.waiting_for {
                    prop_assert!(view.left_behind.contains(viewer), "who was waited for in vain is named");
                }
            }
        }
    }
}
