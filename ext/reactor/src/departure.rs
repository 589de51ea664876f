//! The last look at a descriptor before its end: what has arrived by then is told first.

use std::io;
use std::time::Instant;

use crate::descriptor::Descriptor;
use crate::event::Reason;
use crate::id::Id;
use crate::reactor::Reactor;
use crate::stream::reason_of;

/// The most that is read of a descriptor that is about to end. A peer may send for ever.
const LAST_SHARE: usize = 8 * 1024 * 1024;

/// Why a descriptor is about to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It was closed while it was connecting. A connect that is done already is told.
    Closed,
    /// All is written, after which it was to close.
    Written,
    /// The system takes no more from it.
    Refused(Option<Reason>),
    /// Nothing came or went for as long as that may be, which began at this time.
    Idle(Instant, Option<Reason>),
}

/// An end that waits for one more poll.
#[derive(Debug)]
pub(crate) struct Departure {
    cause: Cause,
    /// Whether that poll is over.
    looked: bool,
    /// How many bytes may be read yet.
    left: usize,
}

impl Departure {
    pub(crate) fn reason(&self) -> Option<Reason> {
        match &self.cause {
            Cause::Closed | Cause::Written => None,
            Cause::Refused(reason) | Cause::Idle(_, reason) => reason.clone(),
        }
    }
}

impl Descriptor {
    /// Whether the system refused to take what was sent, so that nothing more is.
    pub(crate) fn is_refused(&self) -> bool {
        let departure = self.departure.as_deref();
        matches!(
            departure,
            Some(Departure {
                cause: Cause::Refused(_),
                ..
            })
        )
    }

    /// Why it ends when it cannot be read from: where it could not be written to before, for that.
    pub(crate) fn last_reason(&self, error: &io::Error) -> Option<Reason> {
        match &self.departure {
            Some(departure) if self.is_refused() => departure.reason(),
            _ => reason_of(error),
        }
    }

    /// Whether it was closed before it was connected.
    pub(crate) fn is_closed_early(&self) -> bool {
        let departure = self.departure.as_deref();
        departure.is_some_and(|departure| departure.cause == Cause::Closed)
    }

    /// Takes note that so much was read.
    pub(crate) fn spend_last_share(&mut self, count: usize) {
        if let Some(departure) = &mut self.departure {
            departure.left = departure.left.saturating_sub(count);
        }
    }

    /// Whether it ends now, unless there is something left to read.
    fn departs(&self) -> bool {
        self.departure
            .as_ref()
            .is_some_and(|departure| departure.looked)
    }

    /// Whether what has arrived is told before it ends; `held`, where that waits for another.
    fn reads_on(&self, held: bool) -> bool {
        let Some(departure) = self.departure.as_deref() else {
            return false;
        };
        let waits = self.readiness.readable || self.readiness.received;
        let may_wait = !held || departure.cause != Cause::Written;
        waits && may_wait && departure.left > 0 && !self.paused && self.reads()
    }
}

impl Reactor {
    /// Ends a descriptor after the next poll, once it has told what arrived until then.
    pub(crate) fn depart(&mut self, id: Id, cause: Cause) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        if descriptor.departure.is_some() && !matches!(cause, Cause::Refused(_)) {
            return;
        }
        descriptor.departure = Some(Box::new(Departure {
            cause,
            looked: false,
            left: LAST_SHARE,
        }));
        self.departing.push(id);
    }

    /// A poll is over: those that waited for it are worked on a last time.
    pub(crate) fn look_last(&mut self) {
        for id in std::mem::take(&mut self.departing) {
            let Some(descriptor) = self.descriptors.get_mut(id) else {
                continue;
            };
            if let Some(departure) = &mut descriptor.departure {
                departure.looked = true;
                descriptor.readiness.departing = true;
                self.enqueue(id);
            }
        }
    }

    /// Ends a descriptor that is to end, once there is nothing more to tell of it.
    pub(crate) fn leave(&mut self, id: Id) {
        if !self.descriptors.get(id).is_some_and(Descriptor::departs) {
            return;
        }
        let held = self.is_held(id);
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        if descriptor.reads_on(held) {
            return;
        }
        let Some(departure) = descriptor.departure.take() else {
            return;
        };
        descriptor.readiness.departing = false;
        match departure.cause {
            Cause::Idle(since, _) if descriptor.last_activity > since => self.rearm_inactivity(id),
            _ => self.end(id, departure.reason()),
        }
    }
}
