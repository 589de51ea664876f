//! How long each address of a connect has to answer.

use std::time::{Duration, Instant};

use super::Stream;
use super::connect::Attempt;
use crate::base::Base;
use crate::event::Reason;
use crate::id::Id;
use crate::sys::errno;
use crate::timers::FOREVER;
use crate::turn::{Deadline, Turn};

/// The time that each address has.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// Zero is no limit.
    limit: Duration,
    /// For the address whose time is up first, or for one that had its turn before.
    timer: Option<Id>,
}

impl Patience {
    fn is_over(&self, begun: Instant, now: Instant) -> bool {
        begun + self.limit <= now
    }
}

impl Stream {
    /// Sets how long each address has; those that are being tried have it from now on.
    pub(crate) fn set_attempt_timeout(&mut self, base: &Base, turn: &mut Turn, limit: Duration) {
        self.cancel_attempt_timeout(turn);
        if let Some(attempt) = &mut self.attempt {
            attempt.patience.limit = limit.min(FOREVER);
            attempt.begin_anew(turn.now);
        }
        self.watch_attempts(base, turn);
    }

    /// How long each address has; zero is no limit.
    pub(crate) fn attempt_timeout(&self) -> Duration {
        let patience = self.attempt.as_ref().map(|attempt| &attempt.patience);
        patience.map_or(Duration::ZERO, |patience| patience.limit)
    }

    /// Sets the timer, unless there is no limit or it is set.
    pub(super) fn watch_attempts(&mut self, base: &Base, turn: &mut Turn) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        let Patience { limit, timer } = attempt.patience;
        if let (Some(first), None, false) = (attempt.first_begun(), timer, limit.is_zero()) {
            let due = Deadline::AttemptTimeout(base.id);
            attempt.patience.timer = turn.deadlines.add(turn.now, first + limit, due);
        }
    }

    /// The time of an address may be up: the next has its turn then.
    pub(crate) fn attempt_timeout_due(&mut self, base: &mut Base, turn: &mut Turn) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        attempt.patience.timer = None;
        let (given_up, is_own) = attempt.give_up(turn.now);
        match (given_up, is_own) {
            (_, true) => self.attempt_failed(base, turn, timed_out()),
            (true, false) => self.next_attempt(base, turn),
            (false, false) => {}
        }
        self.watch_attempts(base, turn);
    }

    pub(super) fn cancel_attempt_timeout(&mut self, turn: &mut Turn) {
        let attempt = self.attempt.as_mut();
        if let Some(timer) = attempt.and_then(|attempt| attempt.patience.timer.take()) {
            turn.deadlines.cancel(timer);
        }
    }
}

impl Attempt {
    /// When the first of the addresses that are being tried had its turn.
    fn first_begun(&self) -> Option<Instant> {
        let rivals = self.rivals.iter().map(|rival| rival.begun);
        rivals.chain(self.begun).min()
    }

    fn begin_anew(&mut self, now: Instant) {
        self.begun = self.begun.map(|_| now);
        for rival in &mut self.rivals {
            rival.begun = now;
        }
    }

    /// Gives up the rivals whose time is over: whether there was one, and whether that of the
    /// descriptor's own socket is over, too.
    fn give_up(&mut self, now: Instant) -> (bool, bool) {
        let Self {
            rivals,
            patience,
            begun,
            reason,
            ..
        } = self;
        let before = rivals.len();
        rivals.retain(|rival| !patience.is_over(rival.begun, now));
        let given_up = rivals.len() < before;
        if given_up {
            *reason = timed_out();
        }
        let is_own = begun.is_some_and(|begun| patience.is_over(begun, now));
        (given_up, is_own)
    }
}

fn timed_out() -> Option<Reason> {
    Some(Reason::Errno(errno::ETIMEDOUT))
}
