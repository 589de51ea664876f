//! Ends of one direction, and back-pressure.

use super::Reactor;
use crate::base::Base;
use crate::descriptor::{Descriptor, Kind};
use crate::error::Result;
use crate::id::Id;
use crate::stream::Stream;

impl Reactor {
    /// Has the end of a peer's input be told by [`Event::InputEnded`](crate::Event::InputEnded),
    /// whose answer is [`input_end_told`](Self::input_end_told). Else a connection ends by itself
    /// once its peer sends no more, and what was sent is written.
    pub fn tell_input_ends(&mut self) {
        self.turn.tells_input_ends = true;
    }

    /// The answer to [`Event::InputEnded`](crate::Event::InputEnded): whether the owner goes on
    /// sending. The connection ends where it does not, or has ended its output before.
    pub fn input_end_told(&mut self, id: Id, sends_on: bool) {
        self.with_stream(id, |stream, base, turn| {
            stream.go_on_without_input(base, turn, sends_on);
        });
    }

    /// Tells the peer that no more is to come, once what was sent is written; under TLS by
    /// close_notify, too. Data still comes in. False where that has ended already, where the
    /// connection is closing, and where there is no socket, whose directions could end apart: on
    /// pipes and terminals.
    ///
    /// The connection ends when both directions have.
    pub fn close_write(&mut self, id: Id) -> Result<bool> {
        let (descriptor, turn) = self.descriptor_mut(id)?;
        let Descriptor { base, kind } = descriptor;
        match kind {
            Kind::Stream(stream) => Ok(stream.end_output_when_written(base, turn)),
            kind => Base::wrong_kind("close_write", kind.name()),
        }
    }

    /// Has [`Event::OutboundFull`](crate::Event::OutboundFull) be told when `high` bytes wait that
    /// could not be written at once, and [`Event::OutboundDrained`](crate::Event::OutboundDrained)
    /// when they are down to `low`, once for each crossing.
    pub fn set_outbound_limits(&mut self, id: Id, high: usize, low: usize) -> Result<()> {
        let (descriptor, turn) = self.descriptor_mut(id)?;
        let Descriptor { base, kind } = descriptor;
        let Kind::Stream(stream) = kind else {
            return Base::wrong_kind("set_outbound_limits", kind.name());
        };
        let limits = stream.limits_mut();
        limits.high = high;
        limits.low = low;
        stream.check_limits(base, turn);
        self.settle();
        Ok(())
    }

    /// Whether it has reached its upper limit, and not yet come down to the lower one. False
    /// without limits; true once it takes no more. Whoever is told true of one that takes more is
    /// told of the lower limit, too.
    pub fn is_outbound_full(&mut self, id: Id) -> Result<bool> {
        let (descriptor, _) = self.descriptor_mut(id)?;
        Ok(match &mut descriptor.kind {
            Kind::Stream(stream) => stream.seems_full(&descriptor.base),
            _ => false,
        })
    }

    /// Whether a write has failed: what was queued is lost, and the end of the connection follows.
    pub fn is_refused(&self, id: Id) -> Result<bool> {
        let stream = self.descriptor(id)?.as_stream();
        Ok(stream.is_some_and(Stream::is_refused))
    }

    /// Has `source` not be read from while `id` is full; with limits of 64 and 16 KiB, unless
    /// others were set.
    pub fn pause_when_full(&mut self, id: Id, source: Id) -> Result<()> {
        self.descriptor(source)?;
        let (target, _) = self.descriptor_mut(id)?;
        let (stream, base) = target.stream_parts("pause_when_full")?;
        stream.limits_mut();
        let followers = &mut base.links.get_or_insert_default().followers;
        if followers.contains(&source) {
            return Ok(());
        }
        followers.push(source);
        let (source, _) = self.descriptor_mut(source)?;
        source.base.links.get_or_insert_default().waits_for.push(id);
        Ok(())
    }

    /// Stops or resumes reading from a connection; writing goes on, other than with
    /// [`set_paused`](Self::set_paused). Where a write has failed, what there is comes, and the
    /// end.
    pub fn set_reading(&mut self, id: Id, reads: bool) -> Result<()> {
        let (descriptor, turn) = self.descriptor_mut(id)?;
        let base = &mut descriptor.base;
        base.links.get_or_insert_default().stopped = !reads;
        if reads {
            base.enqueue(turn);
        }
        Ok(())
    }

    /// A descriptor ends: nobody waits for it, nor does it wait for others.
    pub(super) fn end_following(&mut self, id: Id) {
        let Some(links) = self.links_mut(id) else {
            return;
        };
        let waits_for = std::mem::take(&mut links.waits_for);
        let followers = std::mem::take(&mut links.followers);
        for target in waits_for {
            if let Some(links) = self.links_mut(target) {
                links.followers.retain(|follower| *follower != id);
            }
        }
        for follower in followers {
            if let Some(links) = self.links_mut(follower) {
                links.waits_for.retain(|target| *target != id);
            }
            self.enqueue(follower);
        }
    }
}
