//! The last look at a descriptor before its end: what has arrived by then is reported first.

use std::io;
use std::time::Instant;

use super::Base;
use crate::event::Reason;
use crate::turn::Turn;

/// The most that is read from a descriptor that is about to end. A peer may send for ever.
const LAST_SHARE: usize = 8 * 1024 * 1024;

/// Why a descriptor is about to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It was closed while connecting. A connect that has completed is still reported.
    Closed,
    /// It was closed after writing, and everything is written.
    Written,
    /// A write failed.
    Refused(Option<Reason>),
    /// It was idle for too long, since this time.
    Idle(Instant, Option<Reason>),
}

/// An end that waits for one more poll.
#[derive(Debug)]
pub(crate) struct Departure {
    pub(crate) cause: Cause,
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

    /// Whether it was idle for too long, and is not idle after all.
    pub(crate) fn is_outdated(&self, last_activity: Instant) -> bool {
        matches!(self.cause, Cause::Idle(since, _) if last_activity > since)
    }
}

impl Base {
    /// Ends it after the next poll, once it has reported what had arrived by then.
    pub(crate) fn depart(&mut self, turn: &mut Turn, cause: Cause) {
        if self.departure.is_some() && !matches!(cause, Cause::Refused(_)) {
            return;
        }
        self.departure = Some(Box::new(Departure {
            cause,
            looked: false,
            left: LAST_SHARE,
        }));
        turn.departing.push(self.id);
    }

    /// The poll that its end waited for is over.
    pub(crate) fn look_last(&mut self, turn: &mut Turn) {
        if let Some(departure) = &mut self.departure {
            departure.looked = true;
            self.readiness.departing = true;
            self.enqueue(turn);
        }
    }

    /// It was idle for too long, by a timeout that no longer holds.
    pub(super) fn stay_though_idle(&mut self) {
        if self.departs_by(|cause| matches!(cause, Cause::Idle(..))) {
            self.departure = None;
            self.readiness.departing = false;
        }
    }

    fn departs_by(&self, is_cause: impl FnOnce(&Cause) -> bool) -> bool {
        let departure = self.departure.as_deref();
        departure.is_some_and(|departure| is_cause(&departure.cause))
    }

    /// Whether a write has failed, so that nothing more is written.
    pub(crate) fn is_refused(&self) -> bool {
        self.departs_by(|cause| matches!(cause, Cause::Refused(_)))
    }

    /// Whether it was closed before it was connected.
    pub(crate) fn is_closed_early(&self) -> bool {
        self.departs_by(|cause| *cause == Cause::Closed)
    }

    /// The reason for its end after a failed read: that of an earlier failed write, if there was
    /// one.
    pub(crate) fn last_reason(&self, error: &io::Error) -> Option<Reason> {
        match &self.departure {
            Some(departure) if self.is_refused() => departure.reason(),
            _ => Reason::of(error),
        }
    }

    /// A write failed by such an error, which turns out not to matter.
    pub(crate) fn excuse_refusal(&mut self, kind: io::ErrorKind) {
        if let Some(Cause::Refused(reason)) =
            self.departure.as_deref_mut().map(|one| &mut one.cause)
        {
            reason.take_if(|reason| reason.io_kind() == Some(kind));
        }
    }

    /// Counts what was read against the last share.
    pub(crate) fn spend_last_share(&mut self, count: usize) {
        if let Some(departure) = &mut self.departure {
            departure.left = departure.left.saturating_sub(count);
        }
    }

    /// Whether it ends now, unless there is something left to read.
    pub(crate) fn departs(&self) -> bool {
        let departure = self.departure.as_ref();
        departure.is_some_and(|departure| departure.looked)
    }

    /// Whether it still reports what has arrived before it ends. `held` says that its target is
    /// full.
    pub(crate) fn has_last_words(&self, held: bool) -> bool {
        let Some(departure) = self.departure.as_deref() else {
            return false;
        };
        let waits = self.readiness.readable || self.readiness.received;
        let may_wait = !held || departure.cause != Cause::Written;
        waits && may_wait && departure.left > 0 && !self.paused
    }
}
