//! What follows from how a head ended.

use protocol::{Error, ErrorKind, Reach};

use super::{heads::Head, keeper::Keeper};
use crate::{
    head::{HeadEnd, Order},
    scheduler::HeadId,
};

/// A segment whose heads failed so often is given up; the next request for it begins anew.
const TRIES: u32 = 3;

/// The same for a graphics card, which the processor can stand in for; a head of one that made nothing is not tried again.
const CARD_TRIES: u32 = 2;

impl Keeper {
    pub(super) fn ended(&mut self, head: &Head, end: HeadEnd) {
        let next = head.view.next;
        let reason = head.reason.as_deref().unwrap_or("");
        match &end {
            HeadEnd::Failed(why) | HeadEnd::Undecodable(why) | HeadEnd::NotCopyable { log: why, .. } => {
                tracing::warn!(head = head.view.id, rendition = %self.spec.id, segment = next, %why, "head failed");
            }
            end => {
                tracing::info!(head = head.view.id, rendition = %self.spec.id, segment = next, ?end, reason, "head ended");
            }
        }
        let is_failure = matches!(end, HeadEnd::Failed(_) | HeadEnd::Undecodable(_) | HeadEnd::NotCopyable { .. });
        if (is_failure || matches!(end, HeadEnd::FilmEnded { .. }))
            && let Some(failure) = self.source_failure(head.view.id)
        {
            return self.give_up(&failure);
        }
        match end {
            HeadEnd::Finished | HeadEnd::Stopped => {}
            // A card that drops its last frames looks like a film that ends. The processor tells them apart.
            HeadEnd::FilmEnded { .. } if self.spec.order.is_on_card() => return self.leave_card(),
            HeadEnd::AtCapacity(error) | HeadEnd::Store(error) => return self.give_up(&error),
            HeadEnd::FilmEnded { frames } => self.film_ended(frames),
            HeadEnd::NotCopyable { why, .. } => return self.give_up_copying(why),
            // A film of noise is read no second time, nor by the processor after a card.
            HeadEnd::Undecodable(_) => return self.give_up(&undecodable()),
            HeadEnd::Failed(_) => {
                self.has_failed = true;
                // Then it may be the next keyframe that came too late.
                let first_frame = self.table().first_frame(head.first);
                let may_miss = matches!(&self.spec.order, Order::Video(order) if order.may_miss(first_frame));
                let failures = self.failures.entry(next).or_default();
                *failures += 1;
                let on_card = self.spec.order.is_on_card();
                if on_card && (*failures >= CARD_TRIES || next == head.first && !may_miss) {
                    self.around.encoders.card_failed();
                    return self.leave_card();
                }
                if *failures >= TRIES {
                    self.failures.remove(&next);
                    if self.spec.order.is_copy() {
                        return self.give_up_copying("passing it on as it is has failed");
                    }
                    // At the film's beginning, and nothing of it was ever made.
                    if next == 0 && self.space.init().is_none() && matches!(self.spec.order, Order::Video(_)) {
                        return self.give_up(&undecodable());
                    }
                    return self.give_up(&Error::new(
                        ErrorKind::Unplayable,
                        "this part of the film could not be made into something a browser plays; try another place, \
                         or see the server's log",
                    ));
                }
            }
        }
        self.schedule_all();
    }

    /// What a head's source met. A source that failed looks like a film that ended, and where nothing can be read yet
    /// a tool sees an end or nothing at all.
    fn source_failure(&self, head: HeadId) -> Option<Error> {
        let feed = &self.around.feed;
        feed.failure_of(head).or_else(|| (feed.reach() == Reach::AsRead).then(not_read_yet))
    }

    /// Those who wait, and whom no other head serves, are told why they wait in vain.
    fn give_up(&mut self, error: &Error) {
        let served = self.heads.views();
        for segment in self.waiters.wanted() {
            if !served.iter().any(|head| head.will_make(segment)) {
                self.waiters.answer(segment, &Err(error.clone()));
            }
        }
        if served.is_empty() {
            self.waiters.answer_init(&Err(error.clone()));
        }
    }

    /// This track is not copied any more: the film's next plan has it encoded.
    fn give_up_copying(&mut self, why: &'static str) {
        self.make_otherwise(
            why,
            "this part of the film cannot be passed on as it is; load the film again to have it re-encoded",
        );
    }

    /// The processor encodes this picture from now on.
    fn leave_card(&mut self) {
        self.make_otherwise(
            "the graphics card did not encode it",
            "the graphics card could not encode this part of the film; load the film again to have it encoded by the \
             processor",
        );
    }

    /// The film's next plan does not have this rendition.
    fn make_otherwise(&mut self, why: &'static str, told: &'static str) {
        self.around.faults.note(self.spec.id, why);
        self.give_up(&Error::new(ErrorKind::Unplayable, told));
    }

    /// The source ended after so many frames: no request waits for what will never come.
    fn film_ended(&mut self, frames: u64) {
        let table = self.table();
        if frames >= table.total_frames() {
            return;
        }
        // The film goes on without it, in silence, which only encoding makes.
        if matches!(&self.spec.order, Order::AudioCopy(order) if !order.is_film) {
            return self.give_up_copying("it ends before the film does");
        }
        let shorter = table.truncated_to(frames);
        let length_s = shorter.total_s();
        tracing::warn!(rendition = %self.spec.id, promised_s = table.total_s(), length_s, "the film ends early");
        self.set_table(shorter);
        self.around.length.send_if_modified(|length| {
            let shorter = length_s < *length;
            if shorter {
                *length = length_s;
            }
            shorter
        });
    }
}

fn undecodable() -> Error {
    Error::new(
        ErrorKind::Unplayable,
        "nothing of this film's picture could be decoded: it is damaged or encrypted, or not what it is said to be; share \
         another copy",
    )
}

fn not_read_yet() -> Error {
    Error::new(
        ErrorKind::SourceTimeout,
        "this film's server cannot seek, and has not been read as far as this; go back, or wait until it has",
    )
}
