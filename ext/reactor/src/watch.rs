//! Descriptors that are only watched; their owners read and write.

use mio::Interest;

use crate::base::{Base, Phase};
use crate::event::Event;
use crate::turn::Turn;

/// Which notifications are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Watch {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

impl Watch {
    pub(crate) fn interest(self) -> Option<Interest> {
        match (self.readable, self.writable) {
            (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
            (true, false) => Some(Interest::READABLE),
            (false, true) => Some(Interest::WRITABLE),
            (false, false) => None,
        }
    }

    /// The next notification, which comes in each turn in which the condition holds.
    pub(crate) fn advance(self, base: &mut Base, turn: &mut Turn) -> Option<Event> {
        if base.phase != Phase::Open || base.paused {
            return None;
        }
        let Self { readable, writable } = self;
        let readiness = &mut base.readiness;
        let event = if std::mem::take(&mut readiness.readable) && readable {
            Event::Readable(base.id)
        } else if std::mem::take(&mut readiness.writable) && writable {
            Event::Writable(base.id)
        } else {
            return None;
        };
        readiness.ended = false;
        if readiness.writable && writable {
            base.enqueue(turn);
        } else if base.always_ready {
            base.set_ready();
            base.carry(turn);
        } else if base.reregister(turn).is_err() {
            // Its owner closed it behind our back: there is nothing left to watch.
            base.end(turn, None);
        }
        Some(event)
    }
}
