//! Closing a connection only once its peer has what was written.
//!
//! What a peer sends to a socket that is closed already makes the system answer with a reset, which
//! destroys what it had not delivered yet. So the writing side ends first, and reading goes on.

use std::time::{Duration, Instant};

use crate::departure::Cause;
use crate::descriptor::{Descriptor, Output};
use crate::id::Id;
use crate::reactor::{Deadline, Reactor};
use crate::sys::undelivered::undelivered;

/// How long after the last byte was written a peer is waited for that does not take it.
const LIMIT: Duration = Duration::from_secs(5);
/// Of that time, the share that passes until the system is asked again.
const INTERVAL: u32 = 8;
const SHORTEST: Duration = Duration::from_millis(5);

impl Reactor {
    /// All is written to a connection that was to close then.
    pub(crate) fn deliver(&mut self, id: Id) {
        let began = self.now;
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        if !descriptor.has_undelivered() {
            self.depart(id, Cause::Written);
        } else if descriptor.output != Output::Ended {
            descriptor.end_output();
            self.delivery_due(id, began);
        }
    }

    /// Looks whether the peer has all that was written up to `began`.
    pub(crate) fn delivery_due(&mut self, id: Id, began: Instant) {
        let waited = self.now.saturating_duration_since(began);
        let Some(descriptor) = self.descriptors.get(id) else {
            return;
        };
        if waited >= LIMIT || !descriptor.has_undelivered() {
            return self.depart(id, Cause::Written);
        }
        let pause = SHORTEST.max(waited / INTERVAL);
        let deadline = Deadline::Delivery(id, began);
        self.timers.add(self.now, self.now + pause, deadline);
    }
}

impl Descriptor {
    fn has_undelivered(&self) -> bool {
        let tcp = self.handle.socket().filter(|_| self.handle.is_tcp());
        tcp.is_some_and(|socket| undelivered(socket) > 0)
    }
}
