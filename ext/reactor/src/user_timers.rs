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
    /// None before the timers are suspended for the first time.
    suspension: Option<Suspension>,
}

/// Deadlines are by a clock that stands while the timers are suspended, and then is behind.
#[derive(Debug, Default)]
struct Suspension {
    /// When they were suspended, while they are.
    since: Option<Instant>,
    /// How long they were suspended before.
    lag: Duration,
}

impl UserTimers {
    pub(crate) fn new() -> Self {
        Self {
            timers: Timers::new(),
            limit: usize::MAX,
            fired: None,
            mark: 0,
            suspension: None,
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
        let now = self.clock(now);
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
        let now = self.clock(now);
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

    /// The time until the deadline of a timer. `None` if it is unknown or has fired.
    pub(crate) fn remaining(&self, id: Id, now: Instant) -> Option<Duration> {
        let deadline = self.timers.key(id)?;
        Some(deadline.saturating_duration_since(self.clock(now)))
    }

    /// Stops the clock; false if it stands.
    pub(crate) fn suspend(&mut self, now: Instant) -> bool {
        let suspension = self.suspension.get_or_insert_default();
        let runs = suspension.since.is_none();
        suspension.since.get_or_insert(now);
        runs
    }

    /// Has the clock go on; false if it goes.
    pub(crate) fn resume(&mut self, now: Instant) -> bool {
        let Some(suspension) = &mut self.suspension else {
            return false;
        };
        let Some(since) = suspension.since.take() else {
            return false;
        };
        suspension.lag += now.saturating_duration_since(since);
        true
    }

    fn is_suspended(&self) -> bool {
        let suspension = self.suspension.as_ref();
        suspension.is_some_and(|suspension| suspension.since.is_some())
    }

    /// The time by the clock of the timers.
    fn clock(&self, now: Instant) -> Instant {
        let Some(suspension) = &self.suspension else {
            return now;
        };
        let now = suspension.since.unwrap_or(now);
        now.checked_sub(suspension.lag).unwrap_or(now)
    }

    /// Timers that are added from now on wait for the next turn.
    pub(crate) fn begin_turn(&mut self) {
        self.mark = self.timers.mark();
    }

    /// The next timer that is due in this turn.
    pub(crate) fn next_due(&mut self, now: Instant) -> Option<Id> {
        if self.is_suspended() {
            return None;
        }
        let (id, _, due) = self.timers.pop_due(self.clock(now), self.mark)?;
        self.fired = Some((id, due));
        Some(id)
    }

    /// When the first timer is due. `None` while they are suspended.
    pub(crate) fn next_deadline(&mut self) -> Option<Instant> {
        if self.is_suspended() {
            return None;
        }
        let first = self.timers.next_deadline()?;
        Some(match &self.suspension {
            None => first,
            Some(suspension) => first + suspension.lag,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The timers that are due in a turn at `now`.
    fn due(timers: &mut UserTimers, now: Instant) -> Vec<Id> {
        timers.begin_turn();
        std::iter::from_fn(|| timers.next_due(now)).collect()
    }

    #[test]
    fn a_suspension_moves_what_is_due_by_its_length() {
        let start = Instant::now();
        let mut timers = UserTimers::new();
        let before = timers.add(start, 10 * SECOND).unwrap();
        assert!(timers.suspend(start + 4 * SECOND));
        assert!(!timers.suspend(start + 5 * SECOND));
        let meanwhile = timers.add(start + 50 * SECOND, SECOND).unwrap();
        assert_eq!(timers.next_deadline(), None);
        assert_eq!(due(&mut timers, start + 60 * SECOND), []);
        let remaining = timers.remaining(before, start + 60 * SECOND);
        assert_eq!(remaining, Some(6 * SECOND));
        assert!(timers.resume(start + 104 * SECOND));
        assert!(!timers.resume(start + 105 * SECOND));
        assert_eq!(timers.next_deadline(), Some(start + 105 * SECOND));
        assert_eq!(due(&mut timers, start + 105 * SECOND), [meanwhile]);
        assert_eq!(due(&mut timers, start + 109 * SECOND), []);
        assert_eq!(due(&mut timers, start + 110 * SECOND), [before]);
    }

    #[test]
    fn suspensions_add_up_and_periods_keep_their_beat() {
        let start = Instant::now();
        let mut timers = UserTimers::new();
        let first = timers.add(start, SECOND).unwrap();
        for seconds in [0, 100] {
            timers.suspend(start + seconds * SECOND);
            timers.resume(start + (seconds + 10) * SECOND);
        }
        assert_eq!(due(&mut timers, start + 110 * SECOND), [first]);
        timers.repeat(start + 110 * SECOND, first, SECOND).unwrap();
        assert_eq!(timers.next_deadline(), Some(start + 111 * SECOND));
    }
}
