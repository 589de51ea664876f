//! Descriptors of all kinds.

use mio::Interest;

use crate::base::{Base, Phase, Room};
use crate::datagram::Datagram;
use crate::error::Result;
use crate::event::{Event, Reason};
use crate::listener::Listener;
use crate::step::Step;
use crate::stream::Stream;
use crate::sys::handle::Handle;
use crate::turn::Turn;
use crate::watch::Watch;

/// A descriptor: the common state, and that of its kind.
#[derive(Debug)]
pub(crate) struct Descriptor {
    pub(crate) base: Base,
    pub(crate) kind: Kind,
}

/// What a descriptor is for.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Bytes in and out: a connection, a pipe, a terminal.
    Stream(Box<Stream>),
    /// Takes connections.
    Listener(Listener),
    /// Datagrams in and out.
    Datagram(Box<Datagram>),
    /// Only watched; its owner reads and writes.
    Watch(Watch),
    /// Tells when a process ends.
    Process,
}

impl Kind {
    fn interest(&self) -> Option<Interest> {
        match self {
            Self::Stream(_) => Some(Stream::interest()),
            Self::Listener(_) | Self::Datagram(_) | Self::Process => Some(Interest::READABLE),
            Self::Watch(watch) => watch.interest(),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Stream(_) => "a connection",
            Self::Listener(_) => "a server",
            Self::Datagram(_) => "a datagram socket",
            Self::Watch(_) => "a 'watch only' connection",
            Self::Process => "a process watch",
        }
    }
}

impl Descriptor {
    pub(crate) fn new(handle: Handle, kind: Kind, turn: &Turn) -> Self {
        let base = Base::new(handle, kind.interest(), turn.now);
        Self { base, kind }
    }

    pub(crate) fn stream(handle: Handle, stream: Stream, turn: &Turn) -> Self {
        Self::new(handle, Kind::Stream(Box::new(stream)), turn)
    }

    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.kind, Kind::Stream(_))
    }

    pub(crate) fn is_watch(&self) -> bool {
        matches!(self.kind, Kind::Watch(_))
    }

    pub(crate) fn as_stream(&self) -> Option<&Stream> {
        match &self.kind {
            Kind::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    /// The stream and the common state. An error for other kinds.
    pub(crate) fn stream_parts(
        &mut self,
        operation: &'static str,
    ) -> Result<(&mut Stream, &mut Base)> {
        match &mut self.kind {
            Kind::Stream(stream) => Ok((stream, &mut self.base)),
            kind => Base::wrong_kind(operation, kind.name()),
        }
    }

    /// Whether it has a queue of outgoing data, so that closing may wait for it.
    pub(crate) fn is_sender(&self) -> bool {
        matches!(self.kind, Kind::Stream(_) | Kind::Datagram(_))
    }

    /// How many bytes wait to be written.
    pub(crate) fn outbound_len(&self) -> usize {
        match &self.kind {
            Kind::Stream(stream) => stream.outbound_len(),
            Kind::Datagram(datagram) => datagram.outbound_len(),
            _ => 0,
        }
    }

    /// Whether its owner still gets incoming data.
    pub(crate) fn reads(&self) -> bool {
        match &self.kind {
            Kind::Stream(stream) => stream.reads(&self.base),
            _ => matches!(self.base.phase, Phase::Open | Phase::Draining),
        }
    }

    /// Whether it reports what has arrived before it ends. `held` says that its target is full.
    pub(crate) fn reads_on(&self, held: bool) -> bool {
        self.base.has_last_words(held) && self.reads()
    }

    /// Handles readiness, for the kinds that need only their own state for that.
    pub(crate) fn advance(&mut self, turn: &mut Turn, buffer: &mut [u8], room: Room) -> Step {
        let base = &mut self.base;
        if matches!(base.phase, Phase::Lingering | Phase::Closing) {
            return Step::Idle;
        }
        match &mut self.kind {
            Kind::Stream(stream) => stream.advance(base, turn, buffer, room),
            Kind::Datagram(datagram) => datagram.advance(base, turn, buffer, room),
            Kind::Watch(watch) => watch.advance(base, turn).map_or(Step::Idle, Step::Tell),
            Kind::Process if base.phase == Phase::Open => {
                base.end(turn, None);
                Step::Tell(Event::ProcessExited(base.id))
            }
            Kind::Process | Kind::Listener(_) => Step::Idle,
        }
    }

    /// Writes what was sent.
    pub(crate) fn flush(&mut self, turn: &mut Turn) {
        match &mut self.kind {
            Kind::Stream(stream) => stream.flush(&mut self.base, turn),
            Kind::Datagram(datagram) => datagram.flush(&mut self.base, turn),
            _ => {}
        }
    }

    /// Closes it; if `after_writing` and if it has a queue, once that is written.
    pub(crate) fn finish(&mut self, turn: &mut Turn, after_writing: bool) {
        let waits = after_writing && self.is_sender();
        let has_sent = self.outbound_len() > 0;
        if self.base.begin_close(turn, waits, has_sent) {
            self.end(turn, None);
        }
        if let Kind::Datagram(datagram) = &self.kind {
            datagram.leave_batch(&self.base, turn);
        }
    }

    /// Ends it, as its kind does.
    pub(crate) fn end(&mut self, turn: &mut Turn, reason: Option<Reason>) {
        match &mut self.kind {
            Kind::Stream(stream) => stream.end(&mut self.base, turn, reason),
            Kind::Datagram(datagram) => datagram.end(&mut self.base, turn, reason),
            _ => self.base.end(turn, reason),
        }
    }
}
