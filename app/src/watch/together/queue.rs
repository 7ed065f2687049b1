//! Commands on their way to the server: one at a time and in order, whatever a person does meanwhile. Pure.

use std::collections::VecDeque;

use protocol::playhead::{Command, Steer};

/// Who presses keys faster than the server answers is heard up to here.
const MOST: usize = 8;

#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Command>,
    under_way: bool,
}

impl Queue {
    /// Takes in what a person wants. Of seeks in a row only the last counts: a slider is dragged over many places.
    pub(super) fn push(&mut self, command: Command) {
        let is_seek = |command: &Command| matches!(command.steer, Steer::Seek { .. });
        if is_seek(&command) && self.waiting.back().is_some_and(is_seek) {
            self.waiting.pop_back();
        }
        if self.waiting.len() < MOST {
            self.waiting.push_back(command);
        }
    }

    /// The next one to send; none while another is under way.
    pub(super) fn next(&mut self) -> Option<Command> {
        if self.under_way {
            return None;
        }
        let next = self.waiting.pop_front();
        self.under_way = next.is_some();
        next
    }

    pub(super) fn answered(&mut self) {
        self.under_way = false;
    }

    /// What the server has said is not yet what this viewer wants.
    pub(super) fn is_busy(&self) -> bool {
        self.under_way || !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_under_way_and_of_many_seeks_the_last_follows() {
        let mut queue = Queue::default();
        queue.push(Command::pause());
        assert_eq!(queue.next(), Some(Command::pause()));
        for n in 0..100 {
            queue.push(Command::seek(f64::from(n)));
        }
        queue.push(Command::play());
        assert_eq!(queue.next(), None);
        assert!(queue.is_busy());
        queue.answered();
        assert_eq!(queue.next(), Some(Command::seek(99.0)));
        queue.answered();
        assert_eq!(queue.next(), Some(Command::play()));
        queue.answered();
        assert_eq!(queue.next(), None);
        assert!(!queue.is_busy());
    }
}
