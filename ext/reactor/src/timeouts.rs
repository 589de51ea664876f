//! Timers of the user's, and times after which descriptors end by themselves.

use std::time::{Duration, Instant};

use crate::connect::DEFAULT_CONNECT_TIMEOUT;
use crate::departure::Cause;
use crate::descriptor::Timeouts;
use crate::error::{Error, Result};
use crate::event::Reason;
use crate::id::Id;
use crate::reactor::{Deadline, Reactor};
use crate::sys::errno;
use crate::timers::next_multiple;

/// Longer delays are as good as never, and would overflow the clock.
pub(crate) const FOREVER: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 100);

impl Reactor {
    /// Refuses more timers than so many; until told, there is no limit.
    pub fn set_timer_limit(&mut self, limit: usize) {
        self.timer_limit = limit;
    }

    /// Adds a timer that fires once, `delay` after `now`.
    pub fn add_timer(&mut self, now: Instant, delay: Duration) -> Result<Id> {
        self.add_user_timer(now, now + delay.min(FOREVER))
    }

    /// Adds a timer that fires `period` after `now`; where `previous` is the timer that fired last, a
    /// multiple of `period` after that was due, the first that is yet to come.
    pub fn repeat_timer(&mut self, now: Instant, previous: Id, period: Duration) -> Result<Id> {
        let period = period.min(FOREVER);
        let deadline = match self.fired {
            Some((fired, due)) if fired == previous => next_multiple(due, period, now),
            _ => now + period,
        };
        self.add_user_timer(now, deadline)
    }

    fn add_user_timer(&mut self, now: Instant, deadline: Instant) -> Result<Id> {
        if self.user_timers >= self.timer_limit {
            return Err(Error::TooManyTimers(self.timer_limit));
        }
        let Some(id) = self.timers.add(now, deadline, Deadline::User(deadline)) else {
            return Err(Error::Exhausted);
        };
        self.user_timers += 1;
        Ok(id)
    }

    /// Removes a timer; false where there is none of that name, or it fired.
    pub fn cancel_timer(&mut self, id: Id) -> bool {
        if self.timer_deadline(id).is_none() {
            return false;
        }
        self.user_timers -= 1;
        self.timers.cancel(id).is_some()
    }

    /// When a timer is due; `None` where there is none of that name, or it fired.
    pub fn timer_deadline(&self, id: Id) -> Option<Instant> {
        match self.timers.key(id) {
            Some(Deadline::User(deadline)) => Some(*deadline),
            _ => None,
        }
    }

    /// How many timers are to fire yet.
    pub fn timer_count(&self) -> usize {
        self.user_timers
    }

    /// Ends a connection with ETIMEDOUT once nothing was read or written for so long; zero for never.
    pub fn set_inactivity_timeout(&mut self, id: Id, timeout: Duration) -> Result<()> {
        let last_activity = self.descriptor(id)?.last_activity;
        self.cancel_inactivity_timeout(id);
        if timeout.is_zero() {
            return Ok(());
        }
        let timeout = timeout.min(FOREVER);
        let deadline = last_activity.max(self.now) + timeout;
        let timer = self
            .timers
            .add(self.now, deadline, Deadline::Inactivity(id))
            .ok_or(Error::Exhausted)?;
        self.timeouts(id)?.inactivity = Some((timeout, timer));
        Ok(())
    }

    /// See [`set_inactivity_timeout`](Self::set_inactivity_timeout).
    pub fn inactivity_timeout(&self, id: Id) -> Result<Duration> {
        let timeouts = self.descriptor(id)?.timeouts.as_ref();
        Ok(timeouts
            .and_then(|t| t.inactivity)
            .map_or(Duration::ZERO, |(timeout, _)| timeout))
    }

    /// Ends a connection with ETIMEDOUT that is not connected, or not done with its TLS handshake, so
    /// long after this call; zero for never. Without a call it is 20 seconds.
    pub fn set_connect_timeout(&mut self, id: Id, timeout: Duration) -> Result<()> {
        let descriptor = self.descriptor(id)?;
        let connecting = descriptor.is_connecting() || descriptor.is_securing();
        self.cancel_connect_timeout(id);
        let timeout = timeout.min(FOREVER);
        let timer = if connecting && !timeout.is_zero() {
            self.timers
                .add(self.now, self.now + timeout, Deadline::Connect(id))
        } else {
            None
        };
        self.timeouts(id)?.connect = Some((timeout, timer));
        Ok(())
    }

    /// See [`set_connect_timeout`](Self::set_connect_timeout).
    pub fn connect_timeout(&self, id: Id) -> Result<Duration> {
        let timeouts = self.descriptor(id)?.timeouts.as_ref();
        Ok(timeouts
            .and_then(|t| t.connect)
            .map_or(DEFAULT_CONNECT_TIMEOUT, |(timeout, _)| timeout))
    }

    /// How long ago bytes were last read or written.
    pub fn idle_time(&self, id: Id, now: Instant) -> Result<Duration> {
        Ok(now.saturating_duration_since(self.descriptor(id)?.last_activity))
    }

    /// The timeout ran from the last activity that was known when it was set; there may be later one.
    pub(crate) fn inactivity_due(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        let last_activity = descriptor.last_activity;
        let connecting = descriptor.is_connecting();
        let Some((timeout, timer)) = descriptor
            .timeouts
            .as_mut()
            .and_then(|timeouts| timeouts.inactivity.as_mut())
        else {
            return;
        };
        let deadline = if connecting { self.now } else { last_activity } + *timeout;
        if deadline <= self.now {
            self.expire(id);
        } else if let Some(next) = self
            .timers
            .add(self.now, deadline, Deadline::Inactivity(id))
        {
            *timer = next;
        }
    }

    /// Ends a connection, unless something has come that was not read yet.
    fn expire(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get(id) else {
            return;
        };
        let reason = Some(Reason::Errno(errno::ETIMEDOUT));
        let may_have_more = descriptor.is_sender() && descriptor.reads() && !descriptor.paused;
        match may_have_more {
            true => self.depart(id, Cause::Idle(descriptor.last_activity, reason)),
            false => self.end(id, reason),
        }
    }

    /// Has the inactivity timeout run again, after it has been found wrong.
    pub(crate) fn rearm_inactivity(&mut self, id: Id) {
        // Both fail for unknown names only.
        if let Ok(timeout) = self.inactivity_timeout(id) {
            let _ = self.set_inactivity_timeout(id, timeout);
        }
    }

    pub(crate) fn cancel_connect_timeout(&mut self, id: Id) {
        let Some(timeouts) = self
            .descriptors
            .get_mut(id)
            .and_then(|d| d.timeouts.as_mut())
        else {
            return;
        };
        if let Some((_, timer)) = timeouts.connect.as_mut() {
            timer.take().map(|timer| self.timers.cancel(timer));
        }
    }

    fn cancel_inactivity_timeout(&mut self, id: Id) {
        let Some(timeouts) = self
            .descriptors
            .get_mut(id)
            .and_then(|d| d.timeouts.as_mut())
        else {
            return;
        };
        if let Some((_, timer)) = timeouts.inactivity.take() {
            self.timers.cancel(timer);
        }
    }

    pub(crate) fn clear_timeouts(&mut self, id: Id) {
        self.cancel_connect_timeout(id);
        self.cancel_inactivity_timeout(id);
    }

    fn timeouts(&mut self, id: Id) -> Result<&mut Timeouts> {
        Ok(self.descriptor_mut(id)?.timeouts.get_or_insert_default())
    }
}
