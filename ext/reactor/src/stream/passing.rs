//! Descriptors that come in among the bytes of a Unix socket, and go out.

use std::collections::VecDeque;
use std::io;

use super::Stream;
use crate::base::Base;
use crate::event::Event;
use crate::step::Step;
use crate::sys::handle::Handle;
use crate::sys::passing::{self, CARRIER, Passed};
use crate::turn::Turn;

/// What becomes of descriptors that come in.
#[derive(Debug, Default)]
pub(crate) enum Passing {
    /// Nothing has come in yet, and its owner was not asked.
    #[default]
    Unasked,
    /// The system closes them.
    Refused,
    Taken(Box<Arrived>),
}

/// Descriptors that came in.
#[derive(Debug, Default)]
pub(crate) struct Arrived {
    waiting: VecDeque<Passed>,
    /// The one that its owner was told of.
    told: Option<Passed>,
}

impl Stream {
    /// Its owner takes the descriptors that come in.
    pub(crate) fn take_descriptors(&mut self) {
        self.passing = Passing::Taken(Box::default());
    }

    /// The descriptor that its owner was told of last.
    pub(crate) fn told_descriptor(&mut self) -> Option<Passed> {
        match &mut self.passing {
            Passing::Taken(arrived) => arrived.told.take(),
            _ => None,
        }
    }

    /// Whether descriptors can be passed over it.
    pub(crate) fn passes_descriptors(&self, base: &Base) -> bool {
        let is_plain = self.security.is_none() && self.child.is_none();
        let socket = base.handle.socket().filter(|_| !base.handle.is_tcp());
        is_plain && socket.is_some_and(passing::is_possible)
    }

    /// Queues a descriptor.
    pub(crate) fn send_descriptor(&mut self, base: &mut Base, turn: &mut Turn, passed: Passed) {
        self.outbound.push_descriptor(passed);
        base.mark_dirty(turn);
    }

    /// What is to be told before more is read: the first time, to ask; then of descriptors.
    pub(super) fn before_read(&mut self, base: &mut Base, turn: &mut Turn) -> Option<Step> {
        match &mut self.passing {
            Passing::Refused => return None,
            Passing::Taken(arrived) => {
                arrived.told = Some(arrived.waiting.pop_front()?);
                base.requeue(turn);
                return Some(Step::Tell(Event::DescriptorReceived(base.id)));
            }
            Passing::Unasked => self.passing = Passing::Refused,
        }
        if !turn.offers_descriptors || self.bytewise || !self.passes_descriptors(base) {
            return None;
        }
        base.queued = true;
        turn.ready.push_front(base.id);
        Some(Step::Tell(Event::DescriptorsOffered(base.id)))
    }

    /// Whether descriptors wait to be told.
    pub(super) fn has_arrived(&self) -> bool {
        matches!(&self.passing, Passing::Taken(arrived) if arrived.are_waiting())
    }

    /// Reads. Where it reads no bytes, but a descriptor has arrived, that is no end.
    pub(super) fn read_some(&mut self, base: &Base, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.passing {
            Passing::Taken(arrived) if base.forward().is_none() => {
                arrived.read(&base.handle, buffer)
            }
            _ => base.handle.read(buffer),
        }
    }
}

impl Arrived {
    /// A zero byte that comes with descriptors, and alone, is only there to carry them. So the last
    /// byte before them is read apart from those that came earlier.
    fn read(&mut self, handle: &Handle, buffer: &mut [u8]) -> io::Result<usize> {
        let (len, brings) = handle.attempt(|socket| passing::peek(socket, buffer))?;
        let room = &mut buffer[..len];
        if !brings {
            return handle.read(room);
        }
        if len == 1 {
            let len = self.receive(handle, room)?;
            let is_carrier = room[0] == CARRIER && self.are_waiting();
            return Ok(if is_carrier { 0 } else { len });
        }
        let len = self.receive(handle, &mut room[..len - 1])?;
        match self.are_waiting() {
            // The rest of what they came with; what that fails with shows again.
            true => Ok(len + handle.read(&mut room[len..]).unwrap_or(0)),
            false => Ok(len),
        }
    }

    fn receive(&mut self, handle: &Handle, room: &mut [u8]) -> io::Result<usize> {
        let waiting = &mut self.waiting;
        handle.attempt(|socket| passing::receive(socket, room, waiting))
    }

    fn are_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}
