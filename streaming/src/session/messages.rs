//! What viewers say to each other.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use protocol::{Error, ErrorKind, MESSAGES_KEPT, Message, Said, Say, SessionId};

use super::{Registry, secrets::ViewerKey, words::clean_text};

/// Who says nothing for a while can say so much at once,
const AT_ONCE: f64 = 5.0;
/// and then one thing in this time.
const APART: Duration = Duration::from_secs(2);
/// Viewers whose allowance is counted at a time: as many as a session has room for.
const COUNTED: usize = 1000;

/// The messages of a session that is awake.
#[derive(Clone, Debug, Default)]
pub(super) struct Messages {
    /// In the order of their numbers: texts and reactions, [`MESSAGES_KEPT`] of each.
    kept: VecDeque<Message>,
    last: u64,
    /// Those who have not their whole allowance.
    allowances: BTreeMap<ViewerKey, Allowance>,
}

#[derive(Clone, Copy, Debug)]
struct Allowance {
    left: f64,
    at: Instant,
}

impl Allowance {
    fn at(self, now: Instant) -> f64 {
        (self.left + now.saturating_duration_since(self.at).as_secs_f64() / APART.as_secs_f64()).min(AT_ONCE)
    }
}

impl Messages {
    /// The number of the last one; 0 before there is any.
    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// The session falls asleep. Numbers go on where they were.
    pub(super) fn clear(&mut self) {
        self.kept.clear();
        self.allowances.clear();
    }

    /// The newest of those after a number, in their order.
    fn after(&self, heard: u64) -> Vec<Message> {
        let mut newest: Vec<Message> =
            self.kept.iter().rev().take_while(|message| message.number > heard).take(MESSAGES_KEPT).cloned().collect();
        newest.reverse();
        newest
    }

    /// # Errors
    ///
    /// `rate_limited`.
    fn allow(&mut self, now: Instant, viewer: ViewerKey) -> Result<(), Error> {
        self.allowances.retain(|_, allowance| allowance.at(now) < AT_ONCE);
        let left = self.allowances.get(&viewer).map_or(AT_ONCE, |allowance| allowance.at(now));
        let crowded = self.allowances.len() >= COUNTED && !self.allowances.contains_key(&viewer);
        if left < 1.0 || crowded {
            let message = "that was much at a time, so this was not sent; send it again in two seconds";
            return Err(Error::new(ErrorKind::RateLimited, message));
        }
        self.allowances.insert(viewer, Allowance { left: left - 1.0, at: now });
        Ok(())
    }

    fn keep(&mut self, message: Message) {
        let is_text = |message: &Message| matches!(message.said, Said::Text(_));
        let kind = is_text(&message);
        if self.kept.iter().filter(|kept| is_text(kept) == kind).count() >= MESSAGES_KEPT
            && let Some(oldest) = self.kept.iter().position(|kept| is_text(kept) == kind)
        {
            self.kept.remove(oldest);
        }
        self.last = message.number;
        self.kept.push_back(message);
    }
}

impl<R> Registry<R> {
    /// A viewer says something to the others. It is a sign of the viewer, too.
    ///
    /// # Errors
    ///
    /// `unknown_session`; `forbidden` for who does not watch; `invalid_request` if it is not one thing or not in its
    /// bounds; `rate_limited`.
    pub fn say(&mut self, now: Instant, say: &Say) -> Result<(), Error> {
        let now_ms = self.clock.ms(now);
        let screening = self.known_mut(say.session)?;
        let key = ViewerKey::of_token(say.session, &say.viewer);
        screening.check_not_removed(key)?;
        let Some(viewer) = screening.viewers.get(key) else {
            let message = "only who watches can say something; open this session's page";
            return Err(Error::new(ErrorKind::Forbidden, message));
        };
        let said = match (&say.text, say.reaction) {
            (Some(text), None) => Said::Text(clean_text(text)?),
            (None, Some(reaction)) => Said::Reaction(reaction),
            _ => return Err(Error::new(ErrorKind::InvalidRequest, "send either a text or a reaction")),
        };
        let shared_s = || screening.playhead_view(now_ms).position_at(now_ms);
        let message = Message {
            // Numbers begin anew with the server, where the last one began: its time only grows.
            number: (screening.messages.last + 1).max(now_ms as u64),
            from: viewer.id.clone(),
            name: viewer.name(),
            colour: viewer.colour,
            sent_ms: now_ms,
            position_s: viewer.own_position_s().unwrap_or_else(shared_s),
            said,
        };
        screening.messages.allow(now, key)?;
        screening.messages.keep(message);
        screening.viewers.refresh(now, key);
        Ok(())
    }

    /// The next message for somebody who has those up to number `told`. Up to number `began`, where the listener came in,
    /// it is told texts alone.
    #[must_use]
    pub fn next_message(&self, session: SessionId, told: u64, began: u64) -> Option<Message> {
        let messages = &self.sessions.get(&session)?.messages;
        let is_due = |message: &&Message| {
            message.number > told && (message.number > began || matches!(message.said, Said::Text(_)))
        };
        messages.kept.iter().find(is_due).cloned()
    }

    /// The number of the last message of a session; 0 if there is none.
    #[must_use]
    pub fn last_message(&self, session: SessionId) -> u64 {
        self.sessions.get(&session).map_or(0, |screening| screening.messages.last)
    }
}

impl<R> super::screening::Screening<R> {
    /// What was said after the number that a heartbeat tells; nothing for one that tells none.
    pub(super) fn messages_after(&self, heard: Option<u64>) -> Vec<Message> {
        heard.map(|heard| self.messages.after(heard)).unwrap_or_default()
    }
}
