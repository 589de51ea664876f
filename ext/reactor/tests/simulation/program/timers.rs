//! The timers that should fire, by a clock that stands while they are suspended.

use std::collections::BTreeMap;
use std::time::Duration;

use em_reactor::Id;

use super::Program;

/// Timers by name, each with its time and the turn that it was added in.
#[derive(Debug, Default)]
pub struct Timers {
    due: BTreeMap<Id, (Duration, u64)>,
    last: Duration,
    /// The one that fired last, and when it was due.
    fired: Option<(Id, Duration)>,
    suspended_at: Option<Duration>,
    lag: Duration,
}

impl Timers {
    fn add(&mut self, id: Id, due: Duration, turn: u64) {
        assert!(self.due.insert(id, (due, turn)).is_none(), "a name twice");
    }

    pub fn any(&self, index: usize) -> Option<Id> {
        self.due.keys().nth(index % self.due.len().max(1)).copied()
    }

    pub fn cancel(&mut self, id: Id) {
        self.due.remove(&id);
    }

    pub fn begin_turn(&mut self) {
        self.last = Duration::ZERO;
    }

    /// The time by the clock of the timers.
    fn clock(&self, now: Duration) -> Duration {
        self.suspended_at.unwrap_or(now) - self.lag
    }

    pub fn fired(&mut self, id: Id, now: Duration, turn: u64) {
        let Some((due, added)) = self.due.remove(&id) else {
            panic!("{id:?} fires, and is no timer");
        };
        let now = self.clock(now);
        assert_eq!(self.suspended_at, None, "{id:?} fires while all wait");
        assert!(due <= now, "{id:?} fires at {now:?}, due at {due:?}");
        assert!(added < turn, "{id:?} fires in the turn it was added in");
        assert!(self.last <= due, "{id:?} fires after a later one");
        self.last = due;
        self.fired = Some((id, due));
    }

    /// All that were to fire in a turn have.
    pub fn check(&self, now: Duration, turn: u64) {
        let now = self.clock(now);
        let is_late = |(_, (due, added)): &(&Id, &(Duration, u64))| *due <= now && *added < turn;
        let late = self.due.iter().find(is_late);
        let is_late = late.is_some() && self.suspended_at.is_none();
        assert!(!is_late, "{late:?} does not fire at {now:?}");
    }

    pub fn len(&self) -> usize {
        self.due.len()
    }
}

impl Program {
    pub(super) fn act_on_timers(&mut self) {
        let index = self.random.below(1000);
        match (self.random.below(20), self.timers.any(index)) {
            (0, _) => self.suspend_timers(),
            (1..=4, _) => self.repeat_timer(),
            (5..=9, Some(id)) => self.cancel_timer(id),
            (10, Some(id)) => self.ask_timer(id),
            _ => self.add_timer(),
        }
    }

    fn add_timer(&mut self) {
        let delay = match self.random.chance(200) {
            true => Duration::ZERO,
            false => Duration::from_micros(self.random.size(5_000_000) as u64),
        };
        let now = self.now();
        let id = self.reactor.add_timer(now, delay).expect("a timer");
        self.trace(|| format!("timer {id:?} after {delay:?}"));
        let due = self.timers.clock(self.clock()) + delay;
        self.timers.add(id, due, self.turn);
    }

    /// Another takes the place of the one that fired last, or of one that did not.
    fn repeat_timer(&mut self) {
        let Some((previous, due)) = self.timers.fired else {
            return;
        };
        let period = Duration::from_micros(self.random.between(1, 2_000_000) as u64);
        let now = self.now();
        let repeated = self.reactor.repeat_timer(now, previous, period);
        let id = repeated.expect("a timer");
        self.trace(|| format!("timer {id:?} each {period:?} after {previous:?}"));
        let clock = self.timers.clock(self.clock());
        let passed = clock.saturating_sub(due).as_nanos() / period.as_nanos();
        let next = due + period * (passed as u32 + 1);
        self.timers.add(id, next, self.turn);
    }

    fn ask_timer(&mut self, id: Id) {
        let remaining = self.reactor.timer_remaining(id, self.now());
        let due = self.timers.due[&id].0;
        let expected = due.saturating_sub(self.timers.clock(self.clock()));
        assert_eq!(remaining, Some(expected), "what {id:?} has to wait");
    }

    /// Has all timers wait, or go on.
    fn suspend_timers(&mut self) {
        let (now, clock) = (self.now(), self.clock());
        match self.timers.suspended_at.take() {
            Some(since) => {
                self.timers.lag += clock - since;
                assert!(self.reactor.resume_timers(now), "the timers went on");
            }
            None => {
                self.timers.suspended_at = Some(clock);
                assert!(self.reactor.suspend_timers(now), "the timers stood");
            }
        }
        self.trace(|| format!("timers stand: {:?}", self.timers.suspended_at));
    }

    pub(super) fn resume_timers(&mut self) {
        if self.timers.suspended_at.is_some() {
            self.suspend_timers();
        }
    }

    pub(super) fn cancel_timer(&mut self, id: Id) {
        self.trace(|| format!("timer {id:?} is cancelled"));
        self.timers.cancel(id);
        assert!(self.reactor.cancel_timer(id), "{id:?} cannot be cancelled");
        assert!(!self.reactor.cancel_timer(id), "{id:?} is cancelled twice");
    }
}
