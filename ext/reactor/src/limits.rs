//! Back-pressure: telling an owner when too much waits to be written, and not reading on meanwhile.

use crate::descriptor::{Descriptor, Phase};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::Id;
use crate::proxy::Proxying;
use crate::reactor::Reactor;

/// How much may wait to be written before the owner is told.
#[derive(Debug)]
pub(crate) struct Limits {
    high: usize,
    low: usize,
    /// Whether it has reached the one and not yet come down to the other.
    full: bool,
    /// Those that are not read from meanwhile.
    followers: Vec<Id>,
}

impl Limits {
    /// Those of asyncio.
    const HIGH: usize = 64 * 1024;
    const LOW: usize = Self::HIGH / 4;

    fn new(high: usize, low: usize) -> Self {
        Self {
            high,
            low,
            full: false,
            followers: Vec::new(),
        }
    }
}

impl Reactor {
    /// Has [`Event::OutboundFull`] be told when `high` bytes wait that could not be written at once, and
    /// [`Event::OutboundDrained`] when they are down to `low`, once for each crossing.
    pub fn set_outbound_limits(&mut self, id: Id, high: usize, low: usize) -> Result<()> {
        let limits = self.limited(id, "set_outbound_limits")?;
        limits.high = high;
        limits.low = low;
        self.check_limits(id);
        Ok(())
    }

    /// Whether it has reached its upper limit, and not yet come down to the lower one. False without limits.
    pub fn is_outbound_full(&self, id: Id) -> Result<bool> {
        let descriptor = self.descriptor(id)?;
        let length = descriptor.outbound_len();
        let limits = descriptor.limits.as_ref();
        Ok(limits.is_some_and(|limits| limits.full || length >= limits.high))
    }

    /// Has `source` not be read from while `id` is full; with limits of 64 and 16 KiB, unless others were set.
    pub fn pause_when_full(&mut self, id: Id, source: Id) -> Result<()> {
        self.descriptor(source)?;
        let limits = self.limited(id, "pause_when_full")?;
        if limits.followers.contains(&source) {
            return Ok(());
        }
        limits.followers.push(source);
        let proxying = self
            .descriptor_mut(source)?
            .proxying
            .get_or_insert_default();
        proxying.waits_for.push(id);
        Ok(())
    }

    /// Stops or resumes reading from a connection; writing goes on, other than with
    /// [`set_paused`](Self::set_paused).
    pub fn set_reading(&mut self, id: Id, reads: bool) -> Result<()> {
        let descriptor = self.descriptor_mut(id)?;
        descriptor.proxying.get_or_insert_default().stopped = !reads;
        if reads {
            self.enqueue(id);
        }
        Ok(())
    }

    fn limited(&mut self, id: Id, operation: &'static str) -> Result<&mut Limits> {
        let descriptor = self.descriptor_mut(id)?;
        if !descriptor.is_stream() {
            let kind = descriptor.kind.name();
            return Err(Error::WrongKind { operation, kind });
        }
        let new = || Box::new(Limits::new(Limits::HIGH, Limits::LOW));
        Ok(descriptor.limits.get_or_insert_with(new))
    }

    /// Tells of a crossing, where there is one. What waits has been written as far as it could be.
    pub(crate) fn check_limits(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        let length = descriptor.outbound_len();
        let Some(limits) = descriptor.limits.as_deref_mut() else {
            return;
        };
        if matches!(descriptor.phase, Phase::Lingering | Phase::Closing) {
            return;
        }
        if limits.full && length <= limits.low {
            limits.full = false;
            let followers = limits.followers.clone();
            self.notices.push_back(Event::OutboundDrained(id));
            self.go_on_reading(&followers);
        } else if !limits.full && length >= limits.high {
            limits.full = true;
            self.notices.push_back(Event::OutboundFull(id));
        }
    }

    /// Whether others have so much waiting that this one is not read from, or its owner wants it so.
    pub(crate) fn waits_for_others(&self, proxying: &Proxying) -> bool {
        let is_full = |id: &Id| self.descriptors.get(*id).is_some_and(Descriptor::is_full);
        proxying.stopped || proxying.waits_for.iter().any(is_full)
    }

    /// A descriptor ends: nobody waits for it, nor is anything of it told but the end.
    pub(crate) fn drop_limits(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        let waits_for = descriptor.proxying.as_deref_mut();
        let waits_for = waits_for.map(|proxying| std::mem::take(&mut proxying.waits_for));
        let limits = descriptor.limits.take();
        for target in waits_for.into_iter().flatten() {
            let target = self.descriptors.get_mut(target);
            if let Some(limits) = target.and_then(|target| target.limits.as_deref_mut()) {
                limits.followers.retain(|follower| *follower != id);
            }
        }
        if let Some(limits) = limits {
            self.notices.retain(|notice| !is_crossing(notice, id));
            for follower in &limits.followers {
                let follower = self.descriptors.get_mut(*follower);
                if let Some(proxying) = follower.and_then(|d| d.proxying.as_deref_mut()) {
                    proxying.waits_for.retain(|target| *target != id);
                }
            }
            self.go_on_reading(&limits.followers);
        }
    }

    fn go_on_reading(&mut self, followers: &[Id]) {
        for follower in followers {
            self.enqueue(*follower);
        }
    }
}

impl Descriptor {
    fn is_full(&self) -> bool {
        self.limits.as_deref().is_some_and(|limits| limits.full)
    }
}

fn is_crossing(notice: &Event, of: Id) -> bool {
    matches!(notice, Event::OutboundFull(id) | Event::OutboundDrained(id) if *id == of)
}
