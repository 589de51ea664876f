//! The timers that applications add, apart from the deadlines of descriptors.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::id::Id;
use crate::timers::{FOREVER, Timers, next_multiple};

/// Timers that fire once.
#[derive(Debug)]
pub(crate) struct UserTimers {
    timers: Timers<()>,
    limit: usize,
    /// The last that fired, and when it was due.
    fired: Option<(Id, Instant)>,
    /// Those from this mark on were added in this turn, and wait for the next.
    mark: u64,
}

impl UserTimers {
    pub(crate) fn new() -> Self {
        Self {
            timers: Timers::new(),
            limit: usize::MAX,
            fired: None,
            mark: 0,
        }
    }

    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    pub(crate) fn len(&self) -> usize {
        self.timers.len()
    }

    /// Adds one that fires `delay` after `now`.
    pub(crate) fn add(&mut self, now: Instant, delay: Duration) -> Result<Id> {
        self.add_at(now, now + delay.min(FOREVER))
    }

    /// Adds one that fires a multiple of `period` after `previous` was due, where that fired last.
    pub(crate) fn repeat(&mut self, now: Instant, previous: Id, period: Duration) -> Result<Id> {
        let period = period.min(FOREVER);
        let deadline = match self.fired {
            Some((fired, due)) if fired == previous => next_multiple(due, period, now),
            _ => now + period,
        };
        self.add_at(now, deadline)
    }

    fn add_at(&mut self, now: Instant, deadline: Instant) -> Result<Id> {
        if self.timers.len() >= self.limit {
            return Err(Error::TooManyTimers(self.limit));
        }
        self.timers.add(now, deadline, ()).ok_or(Error::Exhausted)
    }

    /// Removes one; false where there is none of that name, or it fired.
    pub(crate) fn cancel(&mut self, id: Id) -> bool {
        self.timers.cancel(id).is_some()
    }

    /// Those that are added from now on wait for the next turn.
    pub(crate) fn begin_turn(&mut self) {
        self.mark = self.timers.mark();
    }

    /// The next that is due in this turn.
    pub(crate) fn next_due(&mut self, now: Instant) -> Option<Id> {
        let (id, (), due) = self.timers.pop_due(now, self.mark)?;
        self.fired = Some((id, due));
        Some(id)
    }

    pub(crate) fn next_deadline(&mut self) -> Option<Instant> {
        self.timers.next_deadline()
    }
}
