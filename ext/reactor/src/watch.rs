//! Descriptors that are only watched; their owners read and write.

use std::mem::take;

use mio::Interest as Registered;

use crate::base::{Base, Phase};
use crate::event::Event;
use crate::interest::Interest;
use crate::sys::handle::Handle;
use crate::sys::queue::URGENT;
use crate::turn::Turn;

/// Which notifications are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Watch(pub(crate) Interest);

impl Watch {
    pub(crate) fn interest(self) -> Option<Registered> {
        let registered = [
            (Interest::READABLE, Some(Registered::READABLE)),
            (Interest::PRIORITY, URGENT),
            (Interest::WRITABLE, Some(Registered::WRITABLE)),
        ];
        let wanted = registered.into_iter().filter(|(one, _)| self.0.has(*one));
        wanted
            .filter_map(|(_, registered)| registered)
            .reduce(|one, other| one | other)
    }

    /// The next notification, which comes in each turn in which the condition holds.
    pub(crate) fn advance(self, base: &mut Base, turn: &mut Turn) -> Option<Event> {
        if base.phase != Phase::Open || base.paused {
            return None;
        }
        let event = self.next(base);
        // Where it is readable only as far as the queue says, that has to say so again.
        if event.is_none() && !self.doubts() {
            return None;
        }
        let readiness = &mut base.readiness;
        readiness.ended = false;
        readiness.readable &= self.0.has(Interest::READABLE);
        readiness.writable &= self.0.has(Interest::WRITABLE);
        if readiness.readable || readiness.writable {
            base.enqueue(turn);
        } else if base.always_ready {
            base.set_ready();
            base.carry(turn);
        } else if base.reregister(turn).is_err() {
            // Its owner closed it behind our back: there is nothing left to watch.
            base.end(turn, None);
        }
        event
    }

    fn next(self, base: &mut Base) -> Option<Event> {
        let readiness = &mut base.readiness;
        if take(&mut readiness.urgent) && self.0.has(Interest::PRIORITY) {
            return Some(Event::Urgent(base.id));
        }
        if take(&mut readiness.readable) && self.is_readable(&base.handle) {
            return Some(Event::Readable(base.id));
        }
        let writable = take(&mut readiness.writable) && self.0.has(Interest::WRITABLE);
        writable.then_some(Event::Writable(base.id))
    }

    fn is_readable(self, handle: &Handle) -> bool {
        self.0.has(Interest::READABLE) && (!self.doubts() || handle.has_input())
    }

    /// Whether what the queue says to be readable may be not: it says so of urgent data, too.
    fn doubts(self) -> bool {
        self.0.has(Interest::READABLE | Interest::PRIORITY)
    }
}
