//! What descriptors of all kinds have in common.

mod departure;
mod links;
mod timeouts;

use std::io;
use std::time::Instant;

use mio::{Interest, Token};

use crate::error::{Error, Result};
use crate::event::Reason;
use crate::id::Id;
use crate::poller::EXIT;
use crate::sys::handle::Handle;
use crate::sys::queue::{self, CALLS};
use crate::turn::{Effect, Turn, Unbound};

pub(crate) use departure::{Cause, Departure};
pub(crate) use links::{Forward, Links, Room};
pub(crate) use timeouts::Timeouts;

/// A descriptor as the system and the loop know it.
#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) id: Id,
    pub(crate) handle: Handle,
    pub(crate) phase: Phase,
    pub(crate) readiness: Readiness,
    /// What the system is asked to report.
    pub(crate) interest: Option<Interest>,
    /// Whether it is in one of the queues of ready descriptors.
    pub(crate) queued: bool,
    /// The number of the last turn in which it was handled.
    pub(crate) handled_in: u32,
    /// Whether it is in the list of descriptors to write to.
    pub(crate) dirty: bool,
    /// Whether it is a file, which is always ready and cannot be watched.
    pub(crate) always_ready: bool,
    pub(crate) paused: bool,
    /// Whether its owner asked for it back.
    pub(crate) detached: bool,
    /// Whether its owner closed it.
    pub(crate) closed: bool,
    /// Whether its `Unbound` event was reported.
    pub(crate) unbound: bool,
    /// Set until its owner knows it. Nothing is reported meanwhile.
    pub(crate) hold: Option<Hold>,
    /// A pending end: what has arrived is reported first.
    pub(crate) departure: Option<Box<Departure>>,
    pub(crate) last_activity: Instant,
    pub(crate) timeouts: Timeouts,
    /// What it forwards, and what is forwarded to it.
    pub(crate) links: Option<Box<Links>>,
    /// How many descriptors were created before it.
    pub(crate) serial: u64,
}

/// Where in its life a descriptor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Connecting {
        /// Whether it closes once it is connected and everything is written.
        closes: bool,
    },
    Open,
    /// Closes when its outbound data is written.
    Draining,
    /// Ended, but its child process still runs.
    Lingering,
    /// Its `Unbound` event is queued or was reported.
    Closing,
}

/// What waits until the owner of a descriptor knows it.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    /// Its end, and why.
    pub(crate) end: Option<Option<Reason>>,
}

/// What the system has reported and nobody has handled yet.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// The peer has closed its sending side, or there is an error. A read will tell.
    pub(crate) ended: bool,
    /// There was urgent data: a read stops before it, though there is more.
    pub(crate) urgent: bool,
    /// The child process has ended.
    pub(crate) exited: bool,
    /// Datagrams were received and not yet reported.
    pub(crate) received: bool,
    /// The last poll before its end is over.
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

impl Base {
    pub(crate) fn new(handle: Handle, interest: Option<Interest>, now: Instant) -> Self {
        Self {
            id: Id::from(0),
            handle,
            phase: Phase::Open,
            readiness: Readiness::default(),
            interest,
            queued: false,
            handled_in: 0,
            dirty: false,
            always_ready: false,
            paused: false,
            detached: false,
            closed: false,
            unbound: false,
            hold: None,
            departure: None,
            last_activity: now,
            timeouts: Timeouts::default(),
            links: None,
            serial: 0,
        }
    }

    /// Starts connecting. The system reports the result as writability.
    pub(crate) fn begin_connect(&mut self) {
        self.phase = Phase::Connecting { closes: false };
        self.interest = self.interest.map(|interest| interest | Interest::WRITABLE);
    }

    pub(crate) fn describe(&self) -> String {
        format!("descriptor {}", self.handle.raw())
    }

    pub(crate) fn is_connecting(&self) -> bool {
        matches!(self.phase, Phase::Connecting { .. })
    }

    /// Whether it is closing, so that sends are ignored.
    pub(crate) fn is_closing(&self) -> bool {
        let closes = matches!(
            self.phase,
            Phase::Connecting { closes: true }
                | Phase::Draining
                | Phase::Lingering
                | Phase::Closing
        );
        closes || self.is_refused()
    }

    /// Whether writes wait because it is paused.
    pub(crate) fn is_held_back(&self) -> bool {
        self.paused && self.phase != Phase::Draining
    }

    /// Whether the system reports writability.
    pub(crate) fn watches_writable(&self) -> bool {
        self.interest.is_some_and(Interest::is_writable)
    }

    /// Marks it ready for everything that its access mode allows.
    pub(crate) fn set_ready(&mut self) {
        self.readiness.readable = self.handle.is_readable();
        self.readiness.writable = true;
    }

    // ---- the queues of a turn

    pub(crate) fn enqueue(&mut self, turn: &mut Turn) {
        if !self.queued && self.readiness.any() {
            self.queued = true;
            turn.ready.push_back(self.id);
        }
    }

    /// Queues one that the system says is ready: behind those that were not handled in the last
    /// turn, if it was.
    #[inline]
    pub(crate) fn enqueue_in_order(&mut self, turn: &mut Turn) {
        if self.queued || !self.readiness.any() {
            return;
        }
        self.queued = true;
        match turn.is_ordered && self.handled_in == turn.number.wrapping_sub(1) {
            true => turn.regulars.push_back(self.id),
            false => turn.ready.push_back(self.id),
        }
    }

    /// Queues it again for this turn, behind the others, unless it has had its share.
    #[inline]
    pub(crate) fn requeue(&mut self, turn: &mut Turn) {
        if !self.queued {
            self.queued = true;
            turn.ready.push_back(self.id);
        }
    }

    /// Queues it for the next turn, so that others have their share.
    pub(crate) fn carry(&mut self, turn: &mut Turn) {
        if !self.queued {
            self.queued = true;
            turn.carried.push_back(self.id);
        }
    }

    pub(crate) fn mark_readable(&mut self, turn: &mut Turn) {
        self.readiness.readable = true;
        self.enqueue(turn);
    }

    #[inline]
    pub(crate) fn mark_dirty(&mut self, turn: &mut Turn) {
        if !self.dirty {
            self.dirty = true;
            turn.dirty.push_back(self.id);
        }
    }

    /// Goes on writing in the next turn.
    pub(crate) fn flush_later(&mut self, turn: &mut Turn) {
        self.readiness.writable = true;
        self.carry(turn);
    }

    /// Lets descriptors that forward data to it go on, since it has room.
    pub(crate) fn tell_sources(&self, turn: &mut Turn) {
        if self.links.is_some() {
            turn.effects.push_back(Effect::Wrote(self.id));
        }
    }

    // ---- what the system watches

    /// Has the system report writability, from the first write that blocked on.
    pub(crate) fn watch_writable(&mut self, turn: &mut Turn) -> io::Result<()> {
        if self.watches_writable() {
            return Ok(());
        }
        let writable = Interest::WRITABLE;
        let interest = self
            .interest
            .map_or(writable, |interest| interest | writable);
        self.interest = Some(interest);
        self.reregister(turn)
    }

    /// Registers the current interest again. The system then reports again what is ready already.
    pub(crate) fn reregister(&mut self, turn: &mut Turn) -> io::Result<()> {
        if self.detached {
            return Ok(());
        }
        let result = match self.interest {
            Some(interest) => {
                let token = token(self.id);
                let result = self.handle.reregister(&turn.registry, token, interest);
                if is_unknown(&result) {
                    turn.effects.push_back(Effect::Unregistered(self.id));
                    return Ok(());
                }
                result
            }
            None => match self.handle.deregister(&turn.registry) {
                result if is_unknown(&result) => Ok(()),
                result => result,
            },
        };
        self.registered(result, turn)
    }

    /// Handles the result of a registration. epoll_ctl(2) refuses files, which are always ready.
    pub(crate) fn registered(&mut self, result: io::Result<()>, turn: &mut Turn) -> io::Result<()> {
        match result {
            Err(error) if queue::is_always_ready(&error) => {
                self.always_ready = true;
                self.set_ready();
                self.enqueue(turn);
                Ok(())
            }
            result => result,
        }
    }

    pub(crate) fn refused_by_queue(&self, error: io::Error) -> Error {
        Error::system(CALLS.control, self.describe(), error)
    }

    // ---- the end

    /// Begins to close it. Returns true if it can end now. `waits` says that it should end only
    /// when everything is written, and `has_sent` that there is something to write.
    pub(crate) fn begin_close(&mut self, turn: &mut Turn, waits: bool, has_sent: bool) -> bool {
        match self.phase {
            Phase::Connecting { closes } => {
                if !closes {
                    self.phase = Phase::Connecting { closes: true };
                    turn.closing += 1;
                }
                if !waits || !has_sent {
                    self.depart(turn, Cause::Closed);
                }
                false
            }
            Phase::Open if waits => {
                self.phase = Phase::Draining;
                turn.closing += 1;
                self.mark_dirty(turn);
                false
            }
            Phase::Draining if waits => false,
            _ => true,
        }
    }

    /// Ends it; its `Unbound` event follows in this turn or the next.
    pub(crate) fn end(&mut self, turn: &mut Turn, reason: Option<Reason>) {
        match self.phase {
            Phase::Closing => return,
            Phase::Draining | Phase::Lingering | Phase::Connecting { closes: true } => {}
            _ => turn.closing += 1,
        }
        self.phase = Phase::Closing;
        let departure = self.departure.take();
        let departure = departure.filter(|one| !one.is_outdated(self.last_activity));
        let reason = reason.or_else(|| departure.and_then(|departure| departure.reason()));
        match &mut self.hold {
            Some(hold) => hold.end = Some(reason),
            None => self.tell_end(turn, reason),
        }
        self.timeouts.clear(&mut turn.deadlines);
        self.tell_linked(turn);
    }

    pub(crate) fn tell_end(&self, turn: &mut Turn, reason: Option<Reason>) {
        let (serial, id) = (self.serial, self.id);
        turn.unbound.push_back(Unbound { serial, id, reason });
    }

    /// Unlinks it from descriptors that it forwards to, or that forward to it.
    pub(crate) fn tell_linked(&self, turn: &mut Turn) {
        if self.links.is_some() {
            turn.effects.push_back(Effect::Ended(self.id));
        }
    }

    /// The error of an operation that this kind does not have.
    pub(crate) fn wrong_kind<T>(operation: &'static str, kind: &'static str) -> Result<T> {
        Err(Error::WrongKind { operation, kind })
    }
}

fn is_unknown(result: &io::Result<()>) -> bool {
    let error = result.as_ref().err();
    error.is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// The token for an id: as many of its bits as fit below the flags.
pub(crate) fn token(id: Id) -> Token {
    Token(id.as_u64() as usize & (EXIT - 1))
}
