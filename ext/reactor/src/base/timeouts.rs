//! Timeouts that end a descriptor.

use std::time::{Duration, Instant};

use super::Base;
use crate::error::{Error, Result};
use crate::id::Id;
use crate::timers::{FOREVER, Timers};
use crate::turn::{Deadline, Turn};

/// How long a connect may take unless told otherwise.
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// The timeouts of a descriptor; most have none.
#[derive(Debug, Default)]
pub(crate) struct Timeouts {
    inactivity: Option<(Duration, Id)>,
    connect: Option<Duration>,
    /// The timer that runs while it connects.
    connecting: Option<Id>,
}

impl Timeouts {
    /// How long it may be idle. Zero is no limit.
    pub(crate) fn inactivity(&self) -> Duration {
        self.inactivity
            .map_or(Duration::ZERO, |(timeout, _)| timeout)
    }

    /// How long connecting may take. Zero is no limit.
    pub(crate) fn connect(&self) -> Duration {
        self.connect.unwrap_or(DEFAULT_CONNECT_TIMEOUT)
    }

    pub(crate) fn cancel_connect(&mut self, deadlines: &mut Timers<Deadline>) {
        if let Some(timer) = self.connecting.take() {
            deadlines.cancel(timer);
        }
    }

    pub(crate) fn clear(&mut self, deadlines: &mut Timers<Deadline>) {
        self.cancel_connect(deadlines);
        if let Some((_, timer)) = self.inactivity.take() {
            deadlines.cancel(timer);
        }
    }
}

impl Base {
    pub(crate) fn set_inactivity_timeout(
        &mut self,
        turn: &mut Turn,
        timeout: Duration,
    ) -> Result<()> {
        if let Some((_, timer)) = self.timeouts.inactivity.take() {
            turn.deadlines.cancel(timer);
        }
        self.stay_though_idle();
        if !timeout.is_zero() {
            let timeout = timeout.min(FOREVER);
            let deadline = self.last_activity.max(turn.now) + timeout;
            self.arm_inactivity(turn, timeout, deadline)?;
        }
        Ok(())
    }

    fn arm_inactivity(
        &mut self,
        turn: &mut Turn,
        timeout: Duration,
        deadline: Instant,
    ) -> Result<()> {
        let due = Deadline::Inactivity(self.id);
        let timer = turn.deadlines.add(turn.now, deadline, due);
        self.timeouts.inactivity = Some((timeout, timer.ok_or(Error::Exhausted)?));
        Ok(())
    }

    /// Whether it has been idle for too long. The timer ran from the activity that was known when
    /// it was set; if there was later activity, it is set again.
    pub(crate) fn inactivity_is_over(&mut self, turn: &mut Turn) -> bool {
        let Some((timeout, _)) = self.timeouts.inactivity else {
            return false;
        };
        let since = match self.is_connecting() {
            true => turn.now,
            false => self.last_activity,
        };
        let deadline = since + timeout;
        // If there can be no timer, the time is over, too.
        deadline <= turn.now || self.arm_inactivity(turn, timeout, deadline).is_err()
    }

    /// Starts the inactivity timeout again, because there was activity after all.
    pub(crate) fn rearm_inactivity(&mut self, turn: &mut Turn) -> Result<()> {
        let timeout = self.timeouts.inactivity();
        self.set_inactivity_timeout(turn, timeout)
    }

    /// Starts the default timeout for connecting.
    pub(crate) fn start_connect_timeout(&mut self, turn: &mut Turn) {
        self.set_connect_timeout(turn, DEFAULT_CONNECT_TIMEOUT, true);
    }

    /// Sets how long connecting may take. If it is under way, the time starts now.
    pub(crate) fn set_connect_timeout(
        &mut self,
        turn: &mut Turn,
        timeout: Duration,
        under_way: bool,
    ) {
        self.timeouts.cancel_connect(&mut turn.deadlines);
        let timeout = timeout.min(FOREVER);
        self.timeouts.connect = Some(timeout);
        if under_way && !timeout.is_zero() {
            let due = Deadline::Connect(self.id);
            self.timeouts.connecting = turn.deadlines.add(turn.now, turn.now + timeout, due);
        }
    }
}
