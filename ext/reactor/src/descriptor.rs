//! What the reactor knows of one descriptor.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::connect::Attempt;
use crate::datagram::Datagrams;
use crate::departure::Departure;
use crate::error::{Error, Result};
use crate::event::Reason;
use crate::id::Id;
use crate::limits::Limits;
use crate::listener::BACKLOG;
use crate::outbound::Outbound;
use crate::process::Child;
use crate::proxy::Proxying;
use crate::secure::Security;
use crate::sys::handle::Handle;

/// A descriptor and its state, whatever its kind.
#[derive(Debug)]
pub(crate) struct Descriptor {
    pub(crate) handle: Handle,
    pub(crate) kind: Kind,
    pub(crate) phase: Phase,
    pub(crate) readiness: Readiness,
    /// Whether it stands in one of the reactor's queues of ready descriptors.
    pub(crate) queued: bool,
    /// Whether it stands in the reactor's list of descriptors to flush.
    pub(crate) dirty: bool,
    /// Whether the system reports writability; from the first time that a write blocked.
    pub(crate) watches_writable: bool,
    /// Whether it is a file that the system never has to wait for, and does not watch.
    pub(crate) always_ready: bool,
    pub(crate) paused: bool,
    /// Whether a read may leave some of what there is, though it does not fill its buffer.
    pub(crate) reads_in_part: bool,
    /// Whether one byte is read at a time.
    pub(crate) bytewise: bool,
    /// Whether the peer sends no more.
    pub(crate) input_ended: bool,
    pub(crate) output: Output,
    /// An end that is to come, once what has arrived is told.
    pub(crate) departure: Option<Box<Departure>>,
    /// Set while its owner does not know it yet, and is told nothing.
    pub(crate) hold: Option<Hold>,
    /// Whether its owner asked for it back.
    pub(crate) detached: bool,
    /// Whether it is put into blocking mode in the end, as it was before.
    pub(crate) returns_to_blocking: bool,
    pub(crate) outbound: Outbound,
    /// How much may wait there; mostly any.
    pub(crate) limits: Option<Box<Limits>>,
    pub(crate) last_activity: Instant,
    /// Whether the last that happened is that bytes came in.
    pub(crate) unanswered: bool,
    pub(crate) timeouts: Option<Box<Timeouts>>,
    pub(crate) proxying: Option<Box<Proxying>>,
    /// The process at the other end, where it was started for that.
    pub(crate) child: Option<Box<Child>>,
    pub(crate) security: Option<Box<Security>>,
    /// The name of the host that it was connected to.
    pub(crate) host: Option<Box<str>>,
    /// The listener that it came in through, where it is a server's end.
    pub(crate) listener: Option<Id>,
    /// Whether its owner closed it.
    pub(crate) closed: bool,
    /// Whether its `Unbound` event was given out.
    pub(crate) unbound: bool,
    /// How many were made before it.
    pub(crate) serial: u64,
    /// The peer's address where accept(2) told it, which saves asking for it.
    pub(crate) peer: Option<SocketAddr>,
}

/// What a descriptor is for.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Bytes in and out: a connection, a pipe, a terminal.
    Stream,
    /// Takes connections.
    Listener {
        /// So many in this turn.
        taken: usize,
        /// The most that may be waiting when it is stopped.
        waiting: usize,
    },
    /// Datagrams in and out.
    Datagram(Box<Datagrams>),
    /// Only watched; its owner reads and writes.
    Watch { readable: bool, writable: bool },
    /// Tells when a process ends.
    Process,
}

impl Kind {
    pub(crate) fn listener() -> Self {
        Self::Listener {
            taken: 0,
            waiting: BACKLOG as usize,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Stream => "a connection",
            Self::Listener { .. } => "a server",
            Self::Datagram(_) => "a datagram socket",
            Self::Watch { .. } => "a 'watch only' connection",
            Self::Process => "a process watch",
        }
    }
}

/// Where in its life a descriptor is.
#[derive(Debug)]
pub(crate) enum Phase {
    Connecting(Box<Attempt>),
    Open,
    /// Closes when its outbound data is written.
    Draining,
    /// At its end, but its child process still runs.
    Lingering,
    /// Its `Unbound` event is queued or given out.
    Closing,
}

/// The direction from here to the peer, apart from the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Open,
    /// Ends when what was sent is written.
    Ending,
    /// The peer was told that there is no more.
    Ended,
}

/// What waits until the owner of a descriptor knows it.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    /// Its end, and why.
    pub(crate) end: Option<Option<Reason>>,
}

/// Times after which a descriptor ends by itself; most have none.
#[derive(Debug, Default)]
pub(crate) struct Timeouts {
    pub(crate) inactivity: Option<(Duration, Id)>,
    /// The timer is there while the descriptor connects.
    pub(crate) connect: Option<(Duration, Option<Id>)>,
}

/// What the system said and nobody acted on yet.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// The peer sends no more, or there is an error: reading goes on until it shows.
    pub(crate) ended: bool,
    /// The child process has ended.
    pub(crate) exited: bool,
    /// Datagrams were taken from the system, and nobody has them yet.
    pub(crate) received: bool,
    /// The poll that its end waited for is over.
    pub(crate) departing: bool,
}

impl Readiness {
    pub(crate) fn any(self) -> bool {
        self.readable
            || self.writable
            || self.ended
            || self.exited
            || self.received
            || self.departing
    }
}

impl Descriptor {
    pub(crate) fn new(handle: Handle, kind: Kind, now: Instant) -> Self {
        Self {
            kind,
            phase: Phase::Open,
            readiness: Readiness::default(),
            queued: false,
            dirty: false,
            watches_writable: false,
            always_ready: false,
            paused: false,
            reads_in_part: handle.reads_in_part(),
            bytewise: false,
            input_ended: false,
            output: Output::Open,
            departure: None,
            hold: None,
            detached: false,
            returns_to_blocking: false,
            outbound: Outbound::default(),
            limits: None,
            last_activity: now,
            unanswered: false,
            timeouts: None,
            proxying: None,
            child: None,
            security: None,
            host: None,
            listener: None,
            closed: false,
            unbound: false,
            serial: 0,
            peer: None,
            handle,
        }
    }

    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.kind, Kind::Stream)
    }

    /// Whether it queues what is sent, so that closing can wait for that.
    pub(crate) fn is_sender(&self) -> bool {
        matches!(self.kind, Kind::Stream | Kind::Datagram(_))
    }

    /// Whether it takes more to write: one that closes does not, unless it is the peer that sends no more.
    /// An error for what is no connection.
    pub(crate) fn takes_bytes(&self, operation: &'static str) -> Result<bool> {
        if !self.is_stream() {
            let kind = self.kind.name();
            return Err(Error::WrongKind { operation, kind });
        }
        let answers = matches!(self.phase, Phase::Draining) && !self.closed && !self.is_refused();
        Ok((answers || !self.is_closing()) && self.output == Output::Open)
    }

    /// Ready for whatever its mode of access allows.
    pub(crate) fn set_ready(&mut self) {
        self.readiness.readable = self.handle.is_readable();
        self.readiness.writable = true;
    }

    pub(crate) fn outbound_len(&self) -> usize {
        match &self.kind {
            Kind::Datagram(datagrams) => datagrams.outbound.bytes(),
            _ => self.outbound.len() + self.unsealed_len(),
        }
    }

    pub(crate) fn is_watch(&self) -> bool {
        matches!(self.kind, Kind::Watch { .. })
    }

    pub(crate) fn is_connecting(&self) -> bool {
        matches!(self.phase, Phase::Connecting(_))
    }

    /// Whether it takes no more to send, since it ends.
    pub(crate) fn is_closing(&self) -> bool {
        let closes = matches!(
            self.phase,
            Phase::Draining | Phase::Lingering | Phase::Closing
        );
        closes || self.is_refused()
    }

    /// Whether one direction may end before the other.
    pub(crate) fn may_end_output(&self) -> bool {
        self.may_close_write() && !self.input_ended
    }

    /// Whether what comes in is still for its owner.
    pub(crate) fn reads(&self) -> bool {
        let may_read = match self.phase {
            Phase::Open => true,
            // What follows is left to others.
            Phase::Draining => !self.bytewise,
            _ => false,
        };
        may_read && !self.input_ended
    }

    /// Whether nothing is written for the moment, since it is paused.
    pub(crate) fn is_held_back(&self) -> bool {
        self.paused && !matches!(self.phase, Phase::Draining)
    }

    /// Whether what is sent may be written before it is queued.
    pub(crate) fn writes_at_once(&self) -> bool {
        self.is_stream()
            && matches!(self.phase, Phase::Open)
            && self.session().is_none()
            && self.output == Output::Open
            && !self.is_refused()
            && !self.paused
            && self.outbound.len() == 0
    }

    /// Whether it was to close after writing, and all is written.
    pub(crate) fn is_drained(&self) -> bool {
        matches!(self.phase, Phase::Draining) && self.outbound_len() == 0
    }

    pub(crate) fn describe(&self) -> String {
        format!("descriptor {}", self.handle.raw())
    }
}
