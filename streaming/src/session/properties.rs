//! What holds after any sequence of calls, however much time passes between them.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use proptest::prelude::*;
use protocol::{Error, ErrorKind, Heartbeat, HostKey, SessionId, SessionState, ViewerToken};
use uuid::Uuid;

use super::{secrets::HostKeyHash, *};

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
    let beat = (session.clone(), viewer.clone(), any::<f64>(), any::<bool>(), prop::option::of(".{0,60}"));
    prop_oneof![
        3 => session.clone().prop_map(Step::Open),
        6 => beat.prop_map(|(session, viewer, position_s, hidden, name)| {
            Step::Beat { session, viewer, position_s, hidden, name }
        }),
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

fn check(registry: &Registry<()>, limits: &Limits, now: Instant, signs: &Signs) -> Result<(), TestCaseError> {
    let list = registry.list();
    let counted = list.iter().filter(|it| it.state != SessionState::Failed).count();
    prop_assert!(counted <= MAX_STREAMS);
    prop_assert_eq!(registry.capacity().used, counted as u64);
    prop_assert!(registry.remembered() <= limits.max_remembered);
    prop_assert!(registry.next_deadline().is_none_or(|deadline| deadline > now), "a deadline in the past");
    prop_assert_eq!(registry.next_deadline().is_none(), registry.remembered() == 0);
    for n in 0..SESSIONS {
        let Ok(view) = registry.view(id(n)) else { continue };
        let alive = signs.iter().filter(|((s, _), (seen, patience))| *s == n && *seen + *patience > now).count();
        prop_assert!(view.viewers.len() <= alive, "{} viewers, {alive} with a sign", view.viewers.len());
        prop_assert!(view.viewers.len() <= limits.max_viewers);
        prop_assert!(view.playhead.position_s.is_finite() && view.playhead.position_s >= 0.0);
        for viewer in &view.viewers {
            prop_assert!(viewer.name.as_ref().is_none_or(|name| name.chars().count() <= 40 && !name.is_empty()));
            prop_assert!(viewer.name.as_ref().is_none_or(|name| !name.chars().any(char::is_control)));
        }
        prop_assert_eq!(registry.epoch(id(n)).is_some(), list.iter().any(|it| it.session == id(n)));
        if registry.epoch(id(n)).is_none() {
            prop_assert!(view.viewers.is_empty(), "somebody watches a session that sleeps");
            prop_assert_eq!(view.state, SessionState::Preparing);
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
        let mut registry = Registry::new(limits.clone());
        let mut now = Instant::now();
        let mut signs = Signs::new();
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
                Step::Beat { session, viewer, position_s, hidden, name } => {
                    let asleep = registry.epoch(id(session)).is_none();
                    let beat =
                        Heartbeat { session: id(session), viewer: token(viewer), position_s, paused: false, name, hidden };
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
                    let view = registry.view(id(session)).ok();
                    let second = registry.leave(now, id(session), &token(viewer));
                    prop_assert_eq!(second.ok().flatten(), None);
                    prop_assert_eq!(first.is_ok(), view.is_some());
                    prop_assert_eq!(registry.view(id(session)).ok(), view);
                }
                Step::Close { session, right_key } => {
                    let known = registry.view(id(session)).is_ok();
                    let closed = registry.close(id(session), &key(if right_key { session } else { 99 }));
                    prop_assert_eq!(closed.is_ok(), known && right_key);
                    prop_assert_eq!(registry.view(id(session)).is_ok(), known && !right_key);
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
                        prop_assert!(!registry.expire(now).is_empty(), "woken for nothing");
                    }
                }
            }
            for ended in registry.expire(now) {
                prop_assert!(!ended.reason.is_empty());
                no_secrets(&format!("{ended:?}"))?;
            }
            prop_assert_eq!(registry.expire(now), vec![]);
            check(&registry, &limits, now, &signs)?;
        }
        // In the end, when nobody comes any more, nothing remains.
        while let Some(deadline) = registry.next_deadline() {
            prop_assert!(!registry.expire(deadline).is_empty());
        }
        prop_assert_eq!(registry.remembered(), 0);
    }

    /// Asking at each deadline and asking once at the end come to the same.
    #[test]
    fn how_often_one_asks_makes_no_difference(
        beats in prop::collection::vec((0..SESSIONS, 0..4_u8, any::<bool>()), 0..20),
        later in 0..200_000_u64,
    ) {
        let start = Instant::now();
        let build = || {
            let mut registry = Registry::new(Limits { max_streams: 99, ..Limits::default() });
            for n in 0..SESSIONS {
                registry.open(start, id(n), HostKeyHash::of(&key(n)), (), "film", 1).unwrap();
            }
            for (i, &(session, viewer, hidden)) in beats.iter().enumerate() {
                let now = start + Duration::from_secs(i as u64);
                let (session, viewer) = (id(session), token(viewer));
                let beat = Heartbeat { session, viewer, position_s: 0.0, paused: false, name: None, hidden };
                registry.beat(now, &beat).unwrap();
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
    }
}
