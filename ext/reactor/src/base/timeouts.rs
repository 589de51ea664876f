//! Times after which descriptors end by themselves.

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
    /// Runs while the descriptor connects.
    connecting: Option<Id>,
}

impl Timeouts {
    /// How long nothing may be read or written; zero for any time.
    pub(crate) fn inactivity(&self) -> Duration {
        self.inactivity
            .map_or(Duration::ZERO, |(timeout, _)| timeout)
    }

    /// How long connecting may take; zero for any time.
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

    /// The timeout ran from the last activity that was known when it was set, and there may be later
    /// one: whether it is over.
    pub(crate) fn inactivity_is_over(&mut self, turn: &mut Turn) -> bool {
        let Some((timeout, _)) = self.timeouts.inactivity else {
            return false;
        };
        let since = match self.is_connecting() {
            true => turn.now,
            false => self.last_activity,
        };
        let deadline = since + timeout;
        // Where there can be no timer, it is over, too.
        deadline <= turn.now || self.arm_inactivity(turn, timeout, deadline).is_err()
    }

    /// Has the inactivity timeout run again, after it has been found wrong.
    pub(crate) fn rearm_inactivity(&mut self, turn: &mut Turn) -> Result<()> {
        let timeout = self.timeouts.inactivity();
        self.set_inactivity_timeout(turn, timeout)
    }

    /// Gives connecting as long as it has unless told otherwise.
    pub(crate) fn start_connect_timeout(&mut self, turn: &mut Turn) {
        self.set_connect_timeout(turn, DEFAULT_CONNECT_TIMEOUT, true);
    }

    /// Sets how long connecting may take, which begins now where it is under way.
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
