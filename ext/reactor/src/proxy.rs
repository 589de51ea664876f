//! Passing what one descriptor receives straight on to another.

use crate::datagram::MAX_DATAGRAM;
use crate::descriptor::{Descriptor, Kind, Output, Phase};
use crate::error::Result;
use crate::event::Event;
use crate::id::Id;
use crate::reactor::Reactor;

/// Bytes that may wait at the target before reading from the source stops, unless told otherwise.
const DEFAULT_LIMIT: usize = 256 * 1024;

/// What a descriptor has to do with proxies, as source and as target.
#[derive(Debug, Default)]
pub(crate) struct Proxying {
    forward: Option<Forward>,
    /// Bytes passed on since the proxy was last started.
    proxied: u64,
    /// Those that pass on to this one.
    sources: Vec<Id>,
    /// Those that this one is not read from for while they are full.
    pub(crate) waits_for: Vec<Id>,
    /// Whether its owner wants it not to be read from for the moment.
    pub(crate) stopped: bool,
}

#[derive(Debug, Clone, Copy)]
struct Forward {
    target: Id,
    limit: usize,
    /// Bytes to pass on yet, where there is an end.
    remaining: Option<u64>,
    /// The most that the target takes at once.
    share: usize,
    /// Whether more comes than is worth to be copied.
    bulk: bool,
}

impl Descriptor {
    fn forward(&self) -> Option<&Forward> {
        self.proxying.as_ref()?.forward.as_ref()
    }

    /// The most that may be read now: one byte where it is read so, and nothing beyond a proxy's end.
    pub(crate) fn readable_share(&self, buffer: usize) -> usize {
        let buffer = if self.bytewise { buffer.min(1) } else { buffer };
        let Some(forward) = self.forward() else {
            return buffer;
        };
        let remaining = forward.remaining.unwrap_or(u64::MAX);
        let remaining = usize::try_from(remaining).unwrap_or(usize::MAX);
        buffer.min(remaining).min(forward.share)
    }
}

impl Reactor {
    /// Passes everything that `source` receives from now on to `target`, or only the next `length`
    /// bytes, after which [`Event::ProxyCompleted`] follows. `limit` is how many bytes may wait at
    /// the target before reading from the source stops until it has taken them; zero for the default
    /// of 256 KiB. When the target ends first, [`Event::ProxyTargetUnbound`] follows: at once where it
    /// is at its end already.
    pub fn start_proxy(&mut self, source: Id, target: Id, limit: usize, length: u64) -> Result<()> {
        let ended = |descriptor: &Descriptor| matches!(descriptor.phase, Phase::Closing);
        let source_ended = ended(self.descriptor(source)?);
        let to = self.descriptor_mut(target)?;
        if source_ended {
            return Ok(());
        }
        if ended(to) {
            self.notices.push_back(Event::ProxyTargetUnbound(source));
            return Ok(());
        }
        let share = match to.kind {
            Kind::Datagram(_) => MAX_DATAGRAM,
            _ => usize::MAX,
        };
        to.proxying.get_or_insert_default().sources.push(source);
        self.unlink(source);
        let proxying = self
            .descriptor_mut(source)?
            .proxying
            .get_or_insert_default();
        proxying.proxied = 0;
        proxying.forward = Some(Forward {
            target,
            limit: if limit == 0 { DEFAULT_LIMIT } else { limit },
            remaining: (length > 0).then_some(length),
            share,
            bulk: false,
        });
        // It may have been held back by the target that it had before.
        self.enqueue(source);
        Ok(())
    }

    /// Has a source's data come to its owner again.
    pub fn stop_proxy(&mut self, source: Id) -> Result<()> {
        self.descriptor(source)?;
        self.unlink(source);
        self.enqueue(source);
        Ok(())
    }

    /// How many bytes a source passed on since its proxy was last started.
    pub fn proxied_bytes(&self, source: Id) -> Result<u64> {
        Ok(self
            .descriptor(source)?
            .proxying
            .as_ref()
            .map_or(0, |proxying| proxying.proxied))
    }

    /// Whether a source is not read from, since its target, or another that it waits for, has so much
    /// waiting, or since its owner wants it so.
    pub(crate) fn is_held(&self, source: Id) -> bool {
        let descriptor = self.descriptors.get(source);
        let Some(proxying) = descriptor.and_then(|source| source.proxying.as_deref()) else {
            return false;
        };
        let target_is_full = proxying.forward.is_some_and(|forward| {
            let target = self.descriptors.get(forward.target);
            target
                .is_some_and(|target| target.outbound_len() >= forward.limit || target.is_refused())
        });
        target_is_full || self.waits_for_others(proxying)
    }

    /// Where two pass on to each other, the end of what one sends is passed on, too, and the other's
    /// answer is yet to come. False where that has ended before, and where it cannot be told.
    pub(crate) fn pass_end_on(&mut self, source: Id) -> bool {
        let forward_of = |id| self.descriptors.get(id).and_then(Descriptor::forward);
        let Some(&Forward { target, .. }) = forward_of(source) else {
            return false;
        };
        let answers = forward_of(target).is_some_and(|forward| forward.target == source);
        let is_open = self
            .descriptors
            .get(source)
            .is_some_and(|source| matches!(source.phase, Phase::Open));
        let Some(to) = self.descriptors.get_mut(target) else {
            return false;
        };
        if !(answers && is_open && to.may_end_output()) {
            return false;
        }
        to.output = Output::Ending;
        self.mark_dirty(target);
        true
    }

    /// Passes received bytes on, where the descriptor is a source; false where they are its owner's.
    pub(crate) fn pass_on(&mut self, source: Id, data: &[u8]) -> bool {
        let Some(forward) = self
            .descriptors
            .get(source)
            .and_then(Descriptor::forward)
            .copied()
        else {
            return false;
        };
        self.write_through(forward.target, data);
        self.account(source, data.len() as u64);
        true
    }

    /// There is more to pass on, in the next turn; where the proxy is done, its owner has the rest in
    /// this one, so that what is made of it goes the same way.
    pub(crate) fn pass_on_more(&mut self, source: Id, bulk: bool) {
        let forward = self
            .descriptors
            .get_mut(source)
            .and_then(|descriptor| descriptor.proxying.as_mut()?.forward.as_mut());
        match forward {
            Some(forward) => {
                forward.bulk = bulk;
                self.carry(source);
            }
            None => self.requeue(source),
        }
    }

    /// The target of a source from which so much comes that it is not worth to be copied, and how much
    /// of it may wait there.
    pub(crate) fn bulk_target(&self, source: Id) -> Option<(Id, usize)> {
        let forward = self.descriptors.get(source)?.forward()?;
        forward.bulk.then_some((forward.target, forward.limit))
    }

    pub(crate) fn account(&mut self, source: Id, count: u64) {
        let Some(descriptor) = self.descriptors.get_mut(source) else {
            return;
        };
        let Some(proxying) = descriptor.proxying.as_mut() else {
            return;
        };
        proxying.proxied += count;
        let Some(forward) = proxying.forward.as_mut() else {
            return;
        };
        let Some(remaining) = forward.remaining.as_mut() else {
            return;
        };
        *remaining = remaining.saturating_sub(count);
        if *remaining == 0 {
            self.unlink(source);
            self.notices.push_back(Event::ProxyCompleted(source));
        }
    }

    /// The target wrote some of what waits: sources that were held go on.
    pub(crate) fn resume_sources(&mut self, target: Id) {
        let Some(proxying) = self
            .descriptors
            .get(target)
            .and_then(|d| d.proxying.as_ref())
        else {
            return;
        };
        for source in proxying.sources.clone() {
            if !self.is_held(source) {
                self.enqueue(source);
            }
        }
    }

    /// A descriptor ends: it passes nothing on, and those that passed on to it are told.
    pub(crate) fn end_proxies(&mut self, id: Id) {
        self.drop_limits(id);
        self.unlink(id);
        let proxying = self
            .descriptors
            .get_mut(id)
            .and_then(|d| d.proxying.as_mut());
        let sources = proxying.map(|proxying| std::mem::take(&mut proxying.sources));
        for source in sources.unwrap_or_default() {
            self.unlink(source);
            self.notices.push_back(Event::ProxyTargetUnbound(source));
            self.enqueue(source);
        }
    }

    fn unlink(&mut self, source: Id) {
        let proxying = self
            .descriptors
            .get_mut(source)
            .and_then(|d| d.proxying.as_mut());
        let Some(forward) = proxying.and_then(|proxying| proxying.forward.take()) else {
            return;
        };
        let target = self
            .descriptors
            .get_mut(forward.target)
            .and_then(|d| d.proxying.as_mut());
        if let Some(target) = target {
            if let Some(position) = target.sources.iter().position(|id| *id == source) {
                target.sources.remove(position);
            }
        }
        // An end that was passed on is now its own.
        if self
            .descriptors
            .get(source)
            .is_some_and(|source| source.input_ended)
        {
            self.finish(source, true);
        }
    }
}
