//! Passing what one descriptor receives straight on to another.

use super::{Reactor, take_step};
use crate::base::{Forward, Links, Phase, Room};
use crate::descriptor::{Descriptor, Kind};
use crate::error::Result;
use crate::event::Event;
use crate::id::Id;
use crate::outbox::MAX_DATAGRAM;
use crate::step::{Rest, Step};
use crate::stream::Stream;

/// Bytes that may wait at the target before reading from the source stops, unless told otherwise.
const DEFAULT_LIMIT: usize = 256 * 1024;

impl Reactor {
    /// Passes everything that `source` receives from now on to `target`, or only the next `length`
    /// bytes, after which [`Event::ProxyCompleted`] follows. `limit` is how many bytes may wait at
    /// the target before reading from the source stops until it has taken them; zero for the
    /// default of 256 KiB. When the target ends first, [`Event::ProxyTargetUnbound`] follows: at
    /// once where it is at its end already.
    pub fn start_proxy(&mut self, source: Id, target: Id, limit: usize, length: u64) -> Result<()> {
        let has_ended = |descriptor: &Descriptor| descriptor.base.phase == Phase::Closing;
        let source_ended = has_ended(self.descriptor(source)?);
        let (to, turn) = self.descriptor_mut(target)?;
        if source_ended {
            return Ok(());
        }
        if has_ended(to) {
            turn.notices.push_back(Event::ProxyTargetUnbound(source));
            return Ok(());
        }
        let share = match to.kind {
            Kind::Datagram(_) => MAX_DATAGRAM,
            _ => usize::MAX,
        };
        to.base.links.get_or_insert_default().sources.push(source);
        self.unlink(source);
        let (from, turn) = self.descriptor_mut(source)?;
        let links = from.base.links.get_or_insert_default();
        links.proxied = 0;
        links.forward = Some(Forward {
            target,
            limit: if limit == 0 { DEFAULT_LIMIT } else { limit },
            remaining: (length > 0).then_some(length),
            share,
            bulk: false,
        });
        // It may have been held back by the target that it had before.
        from.base.enqueue(turn);
        self.settle();
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
        let links = self.descriptor(source)?.base.links.as_ref();
        Ok(links.map_or(0, |links| links.proxied))
    }

    /// As [`work_on`](Self::work_on), for one that passes on what it receives, or others pass on
    /// to.
    pub(super) fn relay(&mut self, source: Id, buffer: &mut [u8]) -> Option<Event> {
        self.with_stream(source, |stream, base, turn| {
            stream.flush_if_writable(base, turn);
        });
        let room = self.room(source);
        if !room.held && self.splice_on(source, buffer) {
            return None;
        }
        let (descriptor, turn) = self.descriptor_mut(source).ok()?;
        match descriptor.advance(turn, buffer, room) {
            Step::Data { len, rest } if descriptor.base.forward().is_some() => {
                self.pass_on(source, &buffer[..len]);
                self.pass_on_more(source, rest, len == buffer.len());
                None
            }
            step => take_step(&mut descriptor.base, turn, step),
        }
    }

    /// How much may be read from a descriptor that may be a source.
    fn room(&self, source: Id) -> Room {
        let forward = self.forward(source);
        Room {
            held: self.is_held(source),
            share: forward.map_or(usize::MAX, Forward::readable_share),
        }
    }

    /// Whether a source is not read from: its target, or another that it waits for, has so much
    /// waiting, or its owner wants it so. Who waits to write has to learn that the system takes no
    /// more, so then the owner gets what there is, and the end.
    pub(super) fn is_held(&self, source: Id) -> bool {
        let Some(base) = self.descriptors.get(source).map(|one| &one.base) else {
            return false;
        };
        base.links.as_deref().is_some_and(|links| {
            let forward = links.forward.as_ref();
            let waits = links
                .waits_for
                .iter()
                .any(|target| self.is_over_limit(*target));
            let stopped = links.stopped && !base.is_refused();
            stopped || waits || forward.is_some_and(|forward| self.is_full(source, forward))
        })
    }

    fn is_over_limit(&self, target: Id) -> bool {
        let target = self.descriptors.get(target).and_then(Descriptor::as_stream);
        target.is_some_and(|target| target.is_full())
    }

    /// One that the system takes no more from is about to end, and what its sources have is not for
    /// it. Of those that pass on to each other, none waits for the other's end.
    fn is_full(&self, source: Id, forward: &Forward) -> bool {
        let [source, target] = [source, forward.target].map(|id| self.descriptors.get(id));
        let waits = source.is_some_and(|source| !source.base.is_refused());
        target.is_some_and(|target| {
            target.outbound_len() >= forward.limit || (target.base.is_refused() && waits)
        })
    }

    fn forward(&self, id: Id) -> Option<&Forward> {
        self.descriptors.get(id)?.base.forward()
    }

    pub(super) fn links_mut(&mut self, id: Id) -> Option<&mut Links> {
        self.descriptors.get_mut(id)?.base.links.as_deref_mut()
    }

    /// Where two pass on to each other, the end of what one sends is passed on, too, and the
    /// other's answer is yet to come. Else it is the source's own, as where the other has ended
    /// before.
    pub(super) fn pass_end_on(&mut self, source: Id) {
        let is_passed_on = self.ends_output_of_target(source);
        self.with_stream(source, |stream, base, turn| match is_passed_on {
            true => Stream::look_for_peer_later(base, turn),
            false => stream.finish_input(base, turn),
        });
    }

    fn ends_output_of_target(&mut self, source: Id) -> bool {
        let Some(&Forward { target, .. }) = self.forward(source) else {
            return false;
        };
        let is_answered = self
            .forward(target)
            .is_some_and(|forward| forward.target == source);
        let source_one = self.descriptors.get(source);
        let is_open = source_one.is_some_and(|source| source.base.phase == Phase::Open);
        is_answered
            && is_open
            && self
                .with_stream(target, |stream, base, turn| {
                    !stream.has_ended_input() && stream.end_output_when_written(base, turn)
                })
                .unwrap_or(false)
    }

    /// Passes received bytes on.
    fn pass_on(&mut self, source: Id, data: &[u8]) {
        let Some(&Forward { target, .. }) = self.forward(source) else {
            return;
        };
        self.write_through(target, data);
        self.account(source, data.len() as u64);
    }

    /// Writes to a target at once, where it can; the rest is queued. What comes to one that is
    /// closing is lost.
    fn write_through(&mut self, target: Id, data: &[u8]) {
        let is_stream = self
            .descriptors
            .get(target)
            .is_some_and(Descriptor::is_stream);
        if is_stream {
            self.with_stream(target, |stream, base, turn| {
                stream.write_through(base, turn, data);
            });
        } else {
            let _ = self.send(target, data);
        }
    }

    /// There is more to pass on, in the next turn; where the proxy is done, its owner has the rest
    /// in this one, so that what is made of it goes the same way.
    pub(super) fn pass_on_more(&mut self, source: Id, rest: Rest, bulk: bool) {
        self.with(source, |descriptor, turn| {
            let base = &mut descriptor.base;
            let forward = base.links.as_mut().and_then(|links| links.forward.as_mut());
            match (rest, forward) {
                (Rest::Nothing, _) => {}
                (Rest::NextTurn, Some(forward)) => {
                    forward.bulk = bulk;
                    base.carry(turn);
                }
                _ => base.requeue(turn),
            }
        });
    }

    /// The target of a source from which so much comes that it is not worth to be copied, and how
    /// much of it may wait there.
    pub(super) fn bulk_target(&mut self, source: Id) -> Option<(Id, usize)> {
        let descriptor = self.descriptors.get_mut(source)?;
        let Descriptor { base, kind } = descriptor;
        let Kind::Stream(stream) = kind else {
            return None;
        };
        let forward = *base.forward()?;
        let is_bulk = forward.bulk && stream.wants_bytes(base);
        is_bulk.then_some((forward.target, forward.limit))
    }

    pub(super) fn account(&mut self, source: Id, count: u64) {
        let Some(links) = self.links_mut(source) else {
            return;
        };
        links.proxied += count;
        let remaining = links.forward.as_mut().and_then(|f| f.remaining.as_mut());
        let Some(remaining) = remaining else {
            return;
        };
        *remaining = remaining.saturating_sub(count);
        if *remaining == 0 {
            self.unlink(source);
            self.turn.notices.push_back(Event::ProxyCompleted(source));
        }
    }

    /// The target wrote some of what waits: sources that were held go on.
    pub(super) fn resume_sources(&mut self, target: Id) {
        let Some(links) = self.links_mut(target) else {
            return;
        };
        let followers = links.followers.iter();
        let sources: Vec<Id> = links.sources.iter().chain(followers).copied().collect();
        for source in sources {
            if !self.is_held(source) {
                self.enqueue(source);
            }
        }
    }

    /// A descriptor ends: it passes nothing on, and those that passed on to it are told.
    pub(super) fn end_proxies(&mut self, id: Id) {
        self.end_following(id);
        self.unlink(id);
        let links = self.links_mut(id);
        let sources = links.map(|links| std::mem::take(&mut links.sources));
        for source in sources.unwrap_or_default() {
            self.unlink(source);
            self.turn
                .notices
                .push_back(Event::ProxyTargetUnbound(source));
            self.enqueue(source);
        }
    }

    fn unlink(&mut self, source: Id) {
        let links = self.links_mut(source);
        let Some(forward) = links.and_then(|links| links.forward.take()) else {
            return;
        };
        if let Some(target) = self.links_mut(forward.target) {
            if let Some(position) = target.sources.iter().position(|id| *id == source) {
                target.sources.remove(position);
            }
        }
        // An end that was passed on is now its own.
        self.with_stream(source, |stream, base, turn| {
            if stream.has_ended_input() {
                stream.finish_input(base, turn);
            }
        });
    }
}
