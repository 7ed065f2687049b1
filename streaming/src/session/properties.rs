//! What holds after any sequence of calls, however much time passes between them.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use proptest::prelude::*;
use protocol::{
    Error, ErrorKind, Heartbeat, HostKey, SessionId, SessionState, ViewerToken,
    playhead::{Command, PlayheadState, Report, Rules, Steer, Steering},
};
use uuid::Uuid;

use super::{secrets::HostKeyHash, tests::media, *};

const SESSIONS: u8 = 6;
const MAX_STREAMS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Open(u8),
    Beat {
        session: u8,
        viewer: u8,
        position_s: f64,
        hidden: bool,
        name: Option<String>,
        report: Option<Report>,
    },
    Steer {
        session: u8,
        viewer: u8,
        /// Absent; right or wrong.
        key: Option<bool>,
        command: Command,
    },
    Attend {
        session: u8,
        viewer: u8,
    },
    /// The oldest of the open channels ends.
    Depart,
    Media {
        session: u8,
        duration_s: f64,
    },
    Touch {
        session: u8,
        viewer: u8,
        anonymous: bool,
    },
    Leave {
        session: u8,
        viewer: u8,
    },
    Close {
        session: u8,
        right_key: bool,
    },
    Ready(u8),
    Fail(u8),
    Pass(u64),
    /// Sleeps as the reaper does: until the next deadline.
    Reap,
}

fn step() -> impl Strategy<Value = Step> {
    let (session, viewer) = (0..SESSIONS, 0..4_u8);
    let beat = (
        session.clone(),
        viewer.clone(),
        any::<f64>(),
        any::<bool>(),
        prop::option::of(".{0,60}"),
        prop::option::of(report()),
    );
    let steer = (session.clone(), viewer.clone(), prop::option::weighted(0.3, any::<bool>()), command());
    prop_oneof![
        3 => session.clone().prop_map(Step::Open),
        6 => beat.prop_map(|(session, viewer, position_s, hidden, name, report)| {
            Step::Beat { session, viewer, position_s, hidden, name, report }
        }),
        5 => steer.prop_map(|(session, viewer, key, command)| Step::Steer { session, viewer, key, command }),
        2 => (session.clone(), viewer.clone()).prop_map(|(session, viewer)| Step::Attend { session, viewer }),
        1 => Just(Step::Depart),
        1 => (session.clone(), prop_oneof![0.0..7_200.0, any::<f64>()])
            .prop_map(|(session, duration_s)| Step::Media { session, duration_s }),
        3 => (session.clone(), viewer.clone(), any::<bool>())
            .prop_map(|(session, viewer, anonymous)| Step::Touch { session, viewer, anonymous }),
        2 => (session.clone(), viewer).prop_map(|(session, viewer)| Step::Leave { session, viewer }),
        1 => (session.clone(), any::<bool>()).prop_map(|(session, right_key)| Step::Close { session, right_key }),
        1 => session.clone().prop_map(Step::Ready),
        1 => session.prop_map(Step::Fail),
        4 => prop_oneof![0..60_000_u64, 0..200_000_u64, 0..200_000_000_u64].prop_map(Step::Pass),
        2 => Just(Step::Reap),
    ]
}

fn report() -> impl Strategy<Value = Report> {
    let figure = || prop::option::of(any::<f64>());
    let whether = any::<(bool, bool)>();
    (whether, prop::option::of(any::<u64>()), figure(), figure()).prop_map(
        |((following, leads), ready, stalled_at_s, round_trip_ms)| Report {
            following,
            leads,
            ready,
            stalled_at_s,
            round_trip_ms,
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    let rules = |(host_only, wait_for_everybody)| {
        let steering = if host_only { Steering::HostOnly } else { Steering::Everybody };
        Command::rules(Rules { steering, wait_for_everybody })
    };
    let command = prop_oneof![
        4 => Just(Command::play()),
        2 => Just(Command::pause()),
        1 => any::<f64>().prop_map(Command::pause_at),
        2 => prop_oneof![0.0..7_200.0, any::<f64>()].prop_map(Command::seek),
        1 => prop_oneof![0.4..2.1, any::<f64>()].prop_map(Command::rate),
        1 => any::<(bool, bool)>().prop_map(rules),
    ];
    (command, prop::option::of(0..9_u64)).prop_map(|(command, revision)| Command { revision, ..command })
}

fn clock() -> ServerClock {
    ServerClock::new(1_700_000_000_000, Instant::now())
}

fn id(n: u8) -> SessionId {
    SessionId(Uuid::from_u128(u128::from(n) + 1))
}

fn token(n: u8) -> ViewerToken {
    ViewerToken(format!("secret-token-{n:03}"))
}

fn traits(n: u8) -> String {
    format!("192.0.2.{n} VLC/3.0")
}

fn key(n: u8) -> HostKey {
    HostKey(format!("host-key-{n}"))
}

/// The last sign of each viewer, and how long it may be silent: what the registry must not outlive.
type Signs = BTreeMap<(u8, String), (Instant, Duration)>;

/// Open channels, the oldest first, each with its session and viewer.
type Channels = Vec<(u8, u8, Seat)>;

/// What is told to those who listen, of all sessions.
fn marks(registry: &Registry<()>) -> Vec<Option<Marks>> {
    (0..SESSIONS).map(|n| registry.marks(id(n))).collect()
}

fn check(
    registry: &Registry<()>,
    limits: &Limits,
    now: Instant,
    signs: &Signs,
    channels: &Channels,
) -> Result<(), TestCaseError> {
    let list = registry.list();
    let counted = list.iter().filter(|it| it.state != SessionState::Failed).count();
    prop_assert!(counted <= MAX_STREAMS);
    prop_assert_eq!(registry.capacity().used, counted as u64);
    prop_assert!(registry.remembered() <= limits.max_remembered);
    prop_assert!(registry.next_deadline().is_none_or(|deadline| deadline > now), "a deadline in the past");
    let watched = |n: u8| channels.iter().any(|(session, _, seat)| *session == n && registry.attends(*seat));
    // Only who is kept by an open channel has no end in sight.
    let endless = (0..SESSIONS).filter(|n| registry.view(now, id(*n)).is_ok()).all(watched);
    prop_assert!(registry.next_deadline().is_some() || endless);
    for n in 0..SESSIONS {
        let Ok(view) = registry.view(now, id(n)) else { continue };
        let alive = signs.iter().filter(|((s, viewer), (seen, patience))| {
            let listens = |(session, of, seat): &(u8, u8, Seat)| {
                session == s && token(*of).0 == *viewer && registry.attends(*seat)
            };
            *s == n && (*seen + *patience > now || channels.iter().any(listens))
        });
        let alive = alive.count();
        prop_assert!(!watched(n) || !view.viewers.is_empty(), "a channel keeps its viewer there");
        prop_assert!(view.viewers.len() <= alive, "{} viewers, {alive} with a sign", view.viewers.len());
        prop_assert!(view.viewers.len() <= limits.max_viewers);
        prop_assert!(view.playhead.position_s.is_finite() && view.playhead.position_s >= 0.0);
        prop_assert_eq!(view.playhead.paused, view.playhead.state != PlayheadState::Playing);
        let shared = view.playhead.revision > 0;
        prop_assert!(!shared || view.playhead.duration_s.is_none_or(|end| view.playhead.position_s <= end));
        for viewer in &view.viewers {
            prop_assert!(viewer.name.as_ref().is_none_or(|name| name.chars().count() <= 40 && !name.is_empty()));
            prop_assert!(viewer.name.as_ref().is_none_or(|name| !name.chars().any(char::is_control)));
        }
        prop_assert_eq!(registry.epoch(id(n)).is_some(), list.iter().any(|it| it.session == id(n)));
        if registry.epoch(id(n)).is_none() {
            prop_assert!(view.viewers.is_empty(), "somebody watches a session that sleeps");
            prop_assert_eq!(view.state, SessionState::Preparing);
            prop_assert!(!shared || view.playhead.paused, "a film runs for nobody");
        }
        no_secrets(&serde_json::to_string(&view).unwrap())?;
    }
    no_secrets(&serde_json::to_string(&list).unwrap())
}

fn no_secrets(text: &str) -> Result<(), TestCaseError> {
    for secret in ["secret-token", "host-key", "192.0.2"] {
        prop_assert!(!text.contains(secret), "{text}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_registry_keeps_its_promises(steps in prop::collection::vec(step(), 1..80)) {
        let limits = Limits { max_streams: MAX_STREAMS, max_remembered: 5, max_viewers: 3, ..Limits::default() };
        let mut registry = Registry::new(limits.clone(), clock());
        let mut now = Instant::now();
        let mut signs = Signs::new();
        let mut channels = Channels::new();
        for step in steps {
            match step {
                Step::Open(n) => {
                    let before = registry.capacity().used;
                    match registry.open(now, id(n), HostKeyHash::of(&key(n)), (), "film", 1) {
                        Ok(opened) => {
                            prop_assert_eq!(registry.epoch(id(n)), Some(opened.epoch));
                            prop_assert_eq!(registry.capacity().used, before + 1);
                            signs.retain(|(session, _), _| *session != n);
                        }
                        Err(error) if error.kind == ErrorKind::AtCapacity => {
                            prop_assert!(error.message.contains("try again"));
                        }
                        Err(error) => prop_assert_eq!(error.kind, ErrorKind::Internal),
                    }
                }
                Step::Beat { session, viewer, position_s, hidden, name, report } => {
                    let asleep = registry.epoch(id(session)).is_none();
                    let beat =
                        Heartbeat { name, hidden, report, ..Heartbeat::new(id(session), token(viewer), position_s, false) };
                    match registry.beat(now, &beat) {
                        Ok(outcome) => {
                            prop_assert_eq!(outcome.woken.is_some(), asleep);
                            prop_assert_eq!(outcome.woken.or(registry.epoch(id(session))), registry.epoch(id(session)));
                            no_secrets(&serde_json::to_string(&outcome.reply).unwrap())?;
                            let patience = if hidden { limits.hidden_timeout } else { limits.viewer_timeout };
                            signs.insert((session, token(viewer).0), (now, patience));
                        }
                        Err(error) => {
                            let expected = [ErrorKind::InvalidRequest, ErrorKind::UnknownSession, ErrorKind::AtCapacity];
                            prop_assert!(expected.contains(&error.kind));
                            prop_assert_eq!(error.kind == ErrorKind::InvalidRequest, !position_s.is_finite());
                        }
                    }
                }
                Step::Steer { session, viewer, key: with, command } => {
                    let known = registry.view(now, id(session)).ok();
                    let host_key = with.map(|right| key(if right { session } else { 99 }));
                    let before = registry.marks(id(session));
                    match registry.steer(now, id(session), &token(viewer), host_key.as_ref(), &command) {
                        Ok(view) => {
                            let rules = matches!(command.steer, Steer::Rules(_));
                            prop_assert!(view.revision > 0 && (!rules || with == Some(true)));
                            prop_assert_eq!(Ok(view), registry.playhead(now, id(session)));
                        }
                        Err(error) => {
                            let expected = [ErrorKind::Forbidden, ErrorKind::InvalidRequest, ErrorKind::UnknownSession];
                            prop_assert!(expected.contains(&error.kind));
                            prop_assert_eq!(error.kind == ErrorKind::UnknownSession, known.is_none());
                            prop_assert_eq!(registry.marks(id(session)), before);
                        }
                    }
                    if let Some((seen, _)) = signs.get_mut(&(session, token(viewer).0)) {
                        *seen = now;
                    }
                }
                Step::Attend { session, viewer } => {
                    if let Ok(attended) = registry.attend(now, id(session), &token(viewer)) {
                        prop_assert!(registry.attends(attended.seat));
                        channels.push((session, viewer, attended.seat));
                        let sign = signs.entry((session, token(viewer).0)).or_insert((now, limits.hidden_timeout));
                        sign.0 = now;
                    }
                }
                Step::Depart => {
                    if !channels.is_empty() {
                        let (session, viewer, seat) = channels.remove(0);
                        let there = registry.attends(seat);
                        registry.depart(now, seat);
                        prop_assert!(!registry.attends(seat));
                        if let (true, Some((seen, _))) = (there, signs.get_mut(&(session, token(viewer).0))) {
                            *seen = now;
                        }
                    }
                }
                Step::Media { session, duration_s } => {
                    if let Some(epoch) = registry.epoch(id(session)) {
                        let duration_s = if duration_s.is_finite() { duration_s.max(0.0) } else { 0.0 };
                        registry.set_media(now, id(session), epoch, media(duration_s));
                    }
                }
                Step::Touch { session, viewer, anonymous } => {
                    let (token, traits) = (token(viewer), traits(viewer));
                    let reader = if anonymous { Reader::Anonymous(&traits) } else { Reader::Viewer(&token) };
                    if registry.touch(now, id(session), reader).is_ok() {
                        if anonymous {
                            signs.insert((session, traits), (now, limits.anonymous_timeout));
                        } else if let Some((seen, _)) = signs.get_mut(&(session, token.0)) {
                            *seen = now;
                        }
                    }
                }
                Step::Leave { session, viewer } => {
                    let first = registry.leave(now, id(session), &token(viewer));
                    signs.remove(&(session, token(viewer).0));
                    let view = registry.view(now, id(session)).ok();
                    let second = registry.leave(now, id(session), &token(viewer));
                    prop_assert_eq!(second.ok().flatten(), None);
                    prop_assert_eq!(first.is_ok(), view.is_some());
                    prop_assert_eq!(registry.view(now, id(session)).ok(), view);
                }
                Step::Close { session, right_key } => {
                    let known = registry.view(now, id(session)).is_ok();
                    let closed = registry.close(id(session), &key(if right_key { session } else { 99 }));
                    prop_assert_eq!(closed.is_ok(), known && right_key);
                    prop_assert_eq!(registry.view(now, id(session)).is_ok(), known && !right_key);
                }
                Step::Ready(n) | Step::Fail(n) => {
                    let to = if matches!(step, Step::Ready(_)) {
                        Progress::Ready
                    } else {
                        Progress::Failed(Error::new(ErrorKind::NotAVideo, "no film"))
                    };
                    if let Some(epoch) = registry.epoch(id(n)) {
                        registry.set_progress(id(n), epoch, to);
                    }
                }
                Step::Pass(milliseconds) => now += Duration::from_millis(milliseconds),
                Step::Reap => {
                    if let Some(deadline) = registry.next_deadline() {
                        now = now.max(deadline);
                        let before = marks(&registry);
                        prop_assert!(!registry.expire(now).is_empty() || marks(&registry) != before, "woken for nothing");
                    }
                }
            }
            for ended in registry.expire(now) {
                prop_assert!(!ended.reason.is_empty());
                no_secrets(&format!("{ended:?}"))?;
            }
            prop_assert_eq!(registry.expire(now), vec![]);
            check(&registry, &limits, now, &signs, &channels)?;
        }
        // In the end, when nobody comes or listens any more, nothing remains.
        for (_, _, seat) in channels {
            registry.depart(now, seat);
        }
        while let Some(deadline) = registry.next_deadline() {
            let before = marks(&registry);
            prop_assert!(!registry.expire(deadline).is_empty() || marks(&registry) != before);
        }
        prop_assert_eq!(registry.remembered(), 0);
    }

    /// Asking at each deadline and asking once at the end come to the same.
    #[test]
    fn how_often_one_asks_makes_no_difference(
        beats in prop::collection::vec(
            (0..SESSIONS, 0..4_u8, any::<bool>(), prop::option::of(report()), prop::option::of(command())), 0..20),
        duration_s in 1.0..300.0_f64,
        later in 0..200_000_u64,
    ) {
        let start = Instant::now();
        let clock = ServerClock::new(1_700_000_000_000, start);
        let build = || {
            let mut registry = Registry::new(Limits { max_streams: 99, ..Limits::default() }, clock);
            for n in 0..SESSIONS {
                let opened = registry.open(start, id(n), HostKeyHash::of(&key(n)), (), "film", 1).unwrap();
                registry.set_media(start, id(n), opened.epoch, media(duration_s));
            }
            for (i, &(n, viewer, hidden, report, command)) in beats.iter().enumerate() {
                let now = start + Duration::from_secs(i as u64);
                let (session, viewer) = (id(n), token(viewer));
                let beat = Heartbeat { hidden, report, ..Heartbeat::new(session, viewer.clone(), 0.0, false) };
                registry.beat(now, &beat).unwrap();
                if let Some(command) = command {
                    // Some are refused.
                    let _ = registry.steer(now, session, &viewer, Some(&key(n)), &command);
                }
            }
            registry
        };
        let end = start + Duration::from_secs(20 + later);
        let (mut often, mut once) = (build(), build());
        let mut ended = Vec::new();
        while let Some(deadline) = often.next_deadline().filter(|&deadline| deadline <= end) {
            ended.extend(often.expire(deadline));
        }
        let mut at_once = once.expire(end);
        let order = |ended: &Ended| (ended.session, format!("{ended:?}"));
        ended.sort_by_key(order);
        at_once.sort_by_key(order);
        prop_assert_eq!(ended, at_once);
        prop_assert_eq!(often.next_deadline(), once.next_deadline());
        prop_assert_eq!(often.list(), once.list());
        for n in 0..SESSIONS {
            prop_assert_eq!(often.playhead(end, id(n)), once.playhead(end, id(n)));
        }
    }
}
