//! Which connections are in the middle of something, so that the end of a program waits for them.

use std::time::{Duration, Instant};

use super::Reactor;
use crate::base::Phase;
use crate::descriptor::{Descriptor, Kind};
use crate::id::Id;

/// What a connection is to those who wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occupation {
    /// Whether it came in through a listener.
    pub accepted: bool,
    /// Whether something is to come yet, as far as can be told from outside.
    pub busy: bool,
}

impl Reactor {
    /// Whether a connection is in the middle of something at `now`. It is while it is being made or
    /// ended, while bytes wait to be written, while a peer that was accepted has sent something and
    /// nothing was sent to it since, and until nothing has come or gone for as long as `quiet`.
    /// `None` for what is no connection.
    pub fn occupation(&self, id: Id, quiet: Duration, now: Instant) -> Option<Occupation> {
        let descriptor = self.descriptors.get(id)?;
        let idle = now.saturating_duration_since(descriptor.base.last_activity);
        let (accepted, is_engaged) = match &descriptor.kind {
            Kind::Stream(stream) => (stream.listener().is_some(), stream.is_engaged()),
            Kind::Datagram(_) => (false, false),
            _ => return None,
        };
        Some(Occupation {
            accepted,
            busy: is_engaged || has_more_to_do(descriptor) || idle < quiet,
        })
    }
}

fn has_more_to_do(descriptor: &Descriptor) -> bool {
    descriptor.base.phase != Phase::Open || descriptor.outbound_len() > 0
}
