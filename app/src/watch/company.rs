//! The company that a viewer is in: who is the host, what is said, and whether this viewer may stay.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::{prelude::*, task::spawn_local};
use protocol::{Error, HeartbeatReply, HostChange, HostKey, Message, PublicViewerId, Reaction, Said, SessionNews};

use super::{presence, say_for, state::Watching};
use crate::{
    api::{self, ApiError},
    browser::{self, Preferences},
    text::host_words,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Messages that are kept to be read.
const KEPT: usize = 200;
/// What was said longer ago than this, in milliseconds, is read and not shown over the picture.
const FRESH_MS: f64 = 10_000.0;
/// How long and how many are shown over the picture.
const TEXT_STAYS: Duration = Duration::from_secs(6);
/// How long the words about a handover stand.
const NEWS_STAYS: Duration = Duration::from_secs(20);
const REACTION_STAYS: Duration = Duration::from_secs(3);
const MOST_TEXTS: usize = 5;
const MOST_REACTIONS: usize = 12;

/// What a watch page knows of it. All fields are handles.
#[derive(Clone, Copy)]
pub(crate) struct Company {
    /// Which of the viewers this one is.
    pub(crate) you: RwSignal<Option<PublicViewerId>>,
    /// This viewer is the host, as far as is known.
    pub(crate) host: RwSignal<bool>,
    /// That the host is another.
    pub(crate) host_news: RwSignal<Option<String>>,
    /// The session stands on the home page.
    pub(crate) listed: RwSignal<bool>,
    /// In the order of their numbers.
    pub(crate) messages: RwSignal<Vec<Message>>,
    /// Those that are over the picture now.
    pub(crate) over: RwSignal<Vec<Message>>,
    pub(crate) shows_over: RwSignal<bool>,
    /// This viewer may be asked for a name.
    pub(crate) asks_name: RwSignal<bool>,
    /// The host has removed this viewer.
    pub(crate) removed: RwSignal<bool>,
    /// The key too where the browser keeps nothing; whether it was handed over while the page stood.
    key: StoredValue<Option<HostKey>>,
    handed: StoredValue<bool>,
    heard: StoredValue<u64>,
    /// Server time less the page's own clock, in milliseconds.
    ahead_ms: StoredValue<Option<f64>>,
}

impl Company {
    pub(super) fn new() -> Self {
        Self {
            you: RwSignal::new(None),
            host: RwSignal::new(false),
            host_news: RwSignal::new(None),
            listed: RwSignal::new(true),
            messages: RwSignal::new(Vec::new()),
            over: RwSignal::new(Vec::new()),
            shows_over: RwSignal::new(true),
            asks_name: RwSignal::new(false),
            removed: RwSignal::new(false),
            key: StoredValue::new(None),
            handed: StoredValue::new(false),
            heard: StoredValue::new(0),
            ahead_ms: StoredValue::new(None),
        }
    }

    /// What a heartbeat says that this page has heard of.
    pub(super) fn heard(self) -> u64 {
        self.heard.get_value()
    }
}

/// In the browser alone.
pub(super) fn begin(watching: Watching) {
    let company = watching.company;
    company.shows_over.set(!Preferences::load().hides_messages);
    company.asks_name.set(!browser::declined_name());
    company.host.set(host_key(watching).is_some());
    // The old host's page finds out at once, not with its next heartbeat.
    Effect::new(move |_| {
        let another = watching.viewers.with(|viewers| {
            let you = company.you.get_untracked();
            viewers.iter().any(|it| it.host) && !viewers.iter().any(|it| it.host && Some(&it.id) == you.as_ref())
        });
        if another && company.host.get_untracked() && company.you.with_untracked(Option::is_some) {
            presence::beat(watching);
        }
    });
}

/// The key by which this viewer is the host, if it has one.
pub(crate) fn host_key(watching: Watching) -> Option<HostKey> {
    browser::host_key(watching.session).or_else(|| watching.company.key.get_value())
}

/// A heartbeat that carried this key was answered.
pub(super) fn answered(watching: Watching, carried: Option<&HostKey>, reply: &HeartbeatReply) {
    let company = watching.company;
    company.ahead_ms.set_value(Some(reply.times.answered_ms - browser::monotonic_ms()));
    if company.you.with_untracked(|you| you.as_ref() != Some(&reply.you)) {
        company.you.set(Some(reply.you.clone()));
    }
    set(company.listed, reply.listed);
    if let Some(carried) = carried {
        if reply.host {
            keep_key(watching, carried);
            if company.handed.get_value() {
                company.handed.set_value(false);
                tell_of_host(company, "You are the host now.".to_owned());
            }
        } else {
            lose_key(watching, carried);
            let words = host_words(&reply.viewers, Some(&reply.you));
            tell_of_host(company, words.unwrap_or_else(|| "Somebody else is the host now.".to_owned()));
        }
    }
    set(company.host, reply.host);
    for message in &reply.messages {
        told(watching, message.clone());
    }
    if let Some(key) = &reply.host_key {
        keep_key(watching, key);
        company.handed.set_value(true);
        // It counts when the server has seen it here.
        presence::beat(watching);
    }
}

/// The next handover may be told by the list of viewers alone.
fn tell_of_host(company: Company, words: String) {
    say_for(company.host_news, words, NEWS_STAYS);
}

/// The server says how the session is called and whether it is listed.
pub(super) fn news(watching: Watching, news: &SessionNews) {
    set(watching.company.listed, news.listed);
    entitle(watching, &news.title);
}

/// Somebody has said something. That it was heard of already changes nothing.
pub(super) fn told(watching: Watching, message: Message) {
    let company = watching.company;
    company.heard.update_value(|heard| *heard = message.number.max(*heard));
    let known = company.messages.with_untracked(|all| all.iter().any(|one| one.number == message.number));
    if known {
        return;
    }
    let now_ms = company.ahead_ms.get_value().map(|ahead_ms| browser::monotonic_ms() + ahead_ms);
    let fresh = now_ms.is_some_and(|now_ms| now_ms - message.sent_ms < FRESH_MS);
    if fresh && company.shows_over.get_untracked() {
        show_over(company, message.clone());
    }
    company.messages.update(|all| {
        // What was said before may be told later.
        let place = all.partition_point(|one| one.number < message.number);
        all.insert(place, message);
        let surplus = all.len().saturating_sub(KEPT);
        all.drain(..surplus);
    });
}

fn show_over(company: Company, message: Message) {
    let is_text = |message: &Message| matches!(message.said, Said::Text(_));
    let (number, text) = (message.number, is_text(&message));
    let (most, stays) = if text { (MOST_TEXTS, TEXT_STAYS) } else { (MOST_REACTIONS, REACTION_STAYS) };
    company.over.update(|over| {
        if over.iter().filter(|one| is_text(one) == text).count() >= most
            && let Some(oldest) = over.iter().position(|one| is_text(one) == text)
        {
            over.remove(oldest);
        }
        over.push(message);
    });
    spawn_local(async move {
        sleep(stays).await;
        if !company.over.is_disposed() {
            company.over.update(|over| over.retain(|one| one.number != number));
        }
    });
}

/// Shows what is said over the picture, or does not; in the next film too.
pub(crate) fn show_messages_over(watching: Watching, shown: bool) {
    watching.company.shows_over.set(shown);
    if !shown {
        watching.company.over.set(Vec::new());
    }
    Preferences::change(|preferences| preferences.hides_messages = !shown);
}

/// The viewer does not want to be asked for a name.
pub(crate) fn decline_name(watching: Watching) {
    browser::decline_name();
    watching.company.asks_name.set(false);
}

/// Says a text to the others.
///
/// # Errors
///
/// Why the server did not take it.
pub(crate) async fn say(watching: Watching, text: String) -> Result<(), ApiError> {
    sent(watching, api::within(PATIENCE, api::say(watching.session, browser::viewer_token(), Some(text), None)).await)
}

/// Shows the others a reaction.
///
/// # Errors
///
/// Why the server did not take it.
pub(crate) async fn react(watching: Watching, reaction: Reaction) -> Result<(), ApiError> {
    let call = api::say(watching.session, browser::viewer_token(), None, Some(reaction));
    sent(watching, api::within(PATIENCE, call).await)
}

fn sent(watching: Watching, answer: Result<protocol::Empty, ApiError>) -> Result<(), ApiError> {
    answer?;
    // The event channel may be closed.
    if !watching.is_over() {
        presence::beat(watching);
    }
    Ok(())
}

/// Does something that only the host can.
///
/// # Errors
///
/// Why the server did not do it.
pub(crate) async fn change(watching: Watching, change: HostChange) -> Result<(), ApiError> {
    let Some(key) = host_key(watching) else {
        return Err(Error::new(protocol::ErrorKind::Forbidden, "you are not the host (any more)").into());
    };
    api::within(PATIENCE, api::host(watching.session, key, change.clone())).await?;
    if watching.is_over() {
        return Ok(());
    }
    match change {
        HostChange::Rename { title } => entitle(watching, title.trim()),
        HostChange::List { listed } => set(watching.company.listed, listed),
        HostChange::Remove { .. } | HostChange::HandOver { .. } => presence::beat_soon(watching),
    }
    Ok(())
}

/// The server does not let this viewer in any more.
pub(super) fn removed(watching: Watching, error: Error) {
    watching.company.removed.set(true);
    watching.give_up(error);
}

/// The same, as the event channel says it.
pub(super) fn sent_away(watching: Watching) {
    removed(watching, Error::removed());
}

fn entitle(watching: Watching, title: &str) {
    if watching.view.with_untracked(|view| view.as_ref().is_some_and(|view| view.title != title)) {
        watching.view.update(|view| {
            if let Some(view) = view {
                title.clone_into(&mut view.title);
            }
        });
    }
}

fn keep_key(watching: Watching, key: &HostKey) {
    watching.company.key.set_value(Some(key.clone()));
    if browser::host_key(watching.session).as_ref() != Some(key) {
        browser::keep_host_key(watching.session, key);
    }
}

fn lose_key(watching: Watching, key: &HostKey) {
    watching.company.key.update_value(|kept| {
        kept.take_if(|kept| *kept == *key);
    });
    if browser::host_key(watching.session).as_ref() == Some(key) {
        browser::forget_host_key(watching.session);
    }
}

/// Only when it is another, since what follows is made anew.
fn set(signal: RwSignal<bool>, value: bool) {
    if signal.get_untracked() != value {
        signal.set(value);
    }
}
