//! The timers that applications add, apart from the deadlines of descriptors.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::id::Id;
use crate::timers::{FOREVER, Timers, next_multiple};

/// Timers that fire once.
#[derive(Debug)]
pub(crate) struct UserTimers {
    /// The timers, with their deadlines.
    timers: Timers<Instant>,
    limit: usize,
    /// The timer that fired last, and its deadline.
    fired: Option<(Id, Instant)>,
    /// Timers from this mark on were added in this turn. They wait for the next.
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

    /// Adds a timer that fires `delay` after `now`.
    pub(crate) fn add(&mut self, now: Instant, delay: Duration) -> Result<Id> {
        self.check_limit()?;
        let id = self.timers.add_after(now, delay, |deadline| deadline);
        id.ok_or(Error::Exhausted)
    }

    /// Adds a timer that fires a multiple of `period` after the deadline of `previous`, if that
    /// fired last; otherwise `period` after `now`.
    pub(crate) fn repeat(&mut self, now: Instant, previous: Id, period: Duration) -> Result<Id> {
        let due = match self.fired {
            Some((fired, due)) if fired == previous => due,
            _ => return self.add(now, period),
        };
        self.check_limit()?;
        let deadline = next_multiple(due, period.min(FOREVER), now);
        let id = self.timers.add(now, deadline, deadline);
        id.ok_or(Error::Exhausted)
    }

    fn check_limit(&self) -> Result<()> {
        match self.timers.len() < self.limit {
            true => Ok(()),
            false => Err(Error::TooManyTimers(self.limit)),
        }
    }

    /// Removes a timer. False if it is unknown or has fired.
    pub(crate) fn cancel(&mut self, id: Id) -> bool {
        self.timers.cancel(id).is_some()
    }

    /// The deadline of a timer. `None` if it is unknown or has fired.
    pub(crate) fn deadline(&self, id: Id) -> Option<Instant> {
        self.timers.key(id).copied()
    }

    /// Timers that are added from now on wait for the next turn.
    pub(crate) fn begin_turn(&mut self) {
        self.mark = self.timers.mark();
    }

    /// The next timer that is due in this turn.
    pub(crate) fn next_due(&mut self, now: Instant) -> Option<Id> {
        let (id, _, due) = self.timers.pop_due(now, self.mark)?;
        self.fired = Some((id, due));
        Some(id)
    }

    pub(crate) fn next_deadline(&mut self) -> Option<Instant> {
        self.timers.next_deadline()
    }
}
