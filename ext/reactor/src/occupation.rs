//! Which connections are in the middle of something, so that the end of a program waits for them.

use std::time::{Duration, Instant};

use crate::descriptor::{Descriptor, Kind, Phase};
use crate::id::Id;
use crate::reactor::Reactor;

/// What a connection is to those who wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occupation {
    /// Whether it came in through a listener.
    pub accepted: bool,
    /// Whether something is to come yet, as far as can be told from outside.
    pub busy: bool,
}

impl Reactor {
    /// Whether a connection is in the middle of something at `now`. It is while it is being made or ended, while
    /// bytes wait to be written, while a peer that was accepted has sent something and nothing was sent to
    /// it since, and until nothing has come or gone for as long as `quiet`. `None` for what is no connection.
    pub fn occupation(&self, id: Id, quiet: Duration, now: Instant) -> Option<Occupation> {
        let descriptor = self.descriptors.get(id)?;
        matches!(descriptor.kind, Kind::Stream | Kind::Datagram(_)).then(|| Occupation {
            accepted: descriptor.listener.is_some(),
            busy: descriptor.is_busy()
                || now.saturating_duration_since(descriptor.last_activity) < quiet,
        })
    }
}

impl Descriptor {
    fn is_busy(&self) -> bool {
        let owes_answer = self.listener.is_some() && self.unanswered;
        !matches!(self.phase, Phase::Open)
            || self.outbound_len() > 0
            || self.is_securing()
            || owes_answer
    }
}
