//! Timers of the user's, and times after which descriptors end by themselves.

use std::time::{Duration, Instant};

use super::Reactor;
use crate::base::Base;
use crate::descriptor::Kind;
use crate::error::Result;
use crate::id::Id;

impl Reactor {
    /// Refuses more timers than so many; until told, there is no limit.
    pub fn set_timer_limit(&mut self, limit: usize) {
        self.timers.set_limit(limit);
    }

    /// Adds a timer that fires once, `delay` after `now`.
    pub fn add_timer(&mut self, now: Instant, delay: Duration) -> Result<Id> {
        self.timers.add(now, delay)
    }

    /// Adds a timer that fires `period` after `now`; where `previous` is the timer that fired last,
    /// a multiple of `period` after that was due, the first that is yet to come.
    pub fn repeat_timer(&mut self, now: Instant, previous: Id, period: Duration) -> Result<Id> {
        self.timers.repeat(now, previous, period)
    }

    /// Removes a timer; false where there is none of that name, or it fired.
    pub fn cancel_timer(&mut self, id: Id) -> bool {
        self.timers.cancel(id)
    }

    /// How long a timer has to wait yet, of which a suspension is no part; `None` where there is
    /// none of that name, or it fired.
    pub fn timer_remaining(&self, id: Id, now: Instant) -> Option<Duration> {
        self.timers.remaining(id, now)
    }

    /// Has all timers wait, and those that are added, until [`resume_timers`](Self::resume_timers):
    /// they are then due as much later. False where they do already.
    pub fn suspend_timers(&mut self, now: Instant) -> bool {
        self.timers.suspend(now)
    }

    /// Ends a suspension; false where there is none.
    pub fn resume_timers(&mut self, now: Instant) -> bool {
        self.timers.resume(now)
    }

    /// How many timers are to fire yet.
    pub fn timer_count(&self) -> usize {
        self.timers.len()
    }

    /// Ends a connection with ETIMEDOUT once nothing was read or written for so long; zero for
    /// never. A server has no activity of its own, so there it is an error.
    pub fn set_inactivity_timeout(&mut self, id: Id, timeout: Duration) -> Result<()> {
        let (descriptor, turn) = self.descriptor_mut(id)?;
        if matches!(descriptor.kind, Kind::Listener(_)) {
            return Base::wrong_kind("set_comm_inactivity_timeout", descriptor.kind.name());
        }
        descriptor.base.set_inactivity_timeout(turn, timeout)
    }

    /// See [`set_inactivity_timeout`](Self::set_inactivity_timeout).
    pub fn inactivity_timeout(&self, id: Id) -> Result<Duration> {
        Ok(self.descriptor(id)?.base.timeouts.inactivity())
    }

    /// Ends a connection with ETIMEDOUT that is not connected, or not done with its TLS handshake,
    /// so long after this call; zero for never. Without a call it is 20 seconds.
    pub fn set_connect_timeout(&mut self, id: Id, timeout: Duration) -> Result<()> {
        let (descriptor, turn) = self.descriptor_mut(id)?;
        let is_securing = descriptor
            .as_stream()
            .is_some_and(|stream| stream.is_securing());
        let base = &mut descriptor.base;
        base.set_connect_timeout(turn, timeout, base.is_connecting() || is_securing);
        Ok(())
    }

    /// See [`set_connect_timeout`](Self::set_connect_timeout).
    pub fn connect_timeout(&self, id: Id) -> Result<Duration> {
        Ok(self.descriptor(id)?.base.timeouts.connect())
    }

    /// How long ago bytes were last read or written.
    pub fn idle_time(&self, id: Id, now: Instant) -> Result<Duration> {
        let last_activity = self.descriptor(id)?.base.last_activity;
        Ok(now.saturating_duration_since(last_activity))
    }
}
