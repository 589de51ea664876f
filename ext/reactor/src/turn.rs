//! What a turn of the loop has to work on, whatever the kind of descriptor.

use std::collections::VecDeque;
use std::time::Instant;

use mio::Registry;

use crate::batch::Batch;
use crate::buffers::Buffers;
use crate::event::{Event, Reason};
use crate::id::Id;
use crate::sys::fork;
use crate::timers::Timers;

/// What a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deadline {
    /// A descriptor's inactivity timeout.
    Inactivity(Id),
    /// A descriptor's time to get connected.
    Connect(Id),
    /// A connect that could not start yet is tried again.
    RetryConnect(Id),
    /// The next address of a connect is tried.
    NextAttempt(Id),
    /// A name is resolved for as long as that may take.
    Resolution(u64),
    /// A listener that found no free descriptor tries again.
    RetryAccept(Id),
    /// A UDP socket for whose datagrams the system had no memory tries again.
    RetryReceive(Id),
    /// The child of a connection that was closed is told so.
    Dismissal(Id),
    /// A peer may have all that was written since this time, and its connection may close.
    Delivery(Id, Instant),
    /// A child may have ended, where the system does not tell.
    ChildCheck(Id),
    /// A watched file is missing for so long that nothing takes its place.
    FileMissing(Id),
    /// A wait has lasted as long as it may.
    Wait(Id),
}

/// What work on one descriptor means for others, who are none of its business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It has ended, which those that pass data on to it are told.
    Ended(Id),
    /// It has written some of what waits, so that those that pass data on to it may go on.
    Wrote(Id),
    /// Its peer sends no more, which may be passed on.
    InputEnded(Id),
    /// The system no longer watches it, as when another descriptor has its number.
    Unregistered(Id),
}

/// A descriptor whose end is to be told.
#[derive(Debug)]
pub(crate) struct Unbound {
    /// How many descriptors were made before it.
    pub(crate) serial: u64,
    pub(crate) id: Id,
    pub(crate) reason: Option<Reason>,
}

/// The queues of a turn, its clock, and what handlers of all kinds use.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) now: Instant,
    pub(crate) registry: Registry,
    pub(crate) deadlines: Timers<Deadline>,
    /// Deadlines from this mark on were added in this turn, and wait for the next.
    pub(crate) mark: u64,
    /// Descriptors to work on in this turn.
    pub(crate) ready: VecDeque<Id>,
    /// Those whose share of this turn is used up.
    pub(crate) carried: VecDeque<Id>,
    /// Those to write to, in the order in which they were sent to.
    pub(crate) dirty: VecDeque<Id>,
    /// Those that end after the next poll.
    pub(crate) departing: Vec<Id>,
    /// Those that have both read and written all there is, and end with the turn.
    pub(crate) finished: Vec<Id>,
    pub(crate) unbound: VecDeque<Unbound>,
    /// Events that come before those of descriptors.
    pub(crate) notices: VecDeque<Event>,
    /// Whether owners are asked what the end of their peer's input means.
    pub(crate) tells_input_ends: bool,
    pub(crate) effects: VecDeque<Effect>,
    /// How many descriptors are about to close.
    pub(crate) closing: usize,
    pub(crate) buffers: Buffers,
    /// Where datagrams are taken to, of one socket at a time.
    pub(crate) batch: Option<Batch>,
    /// Where records under TLS are read to.
    pub(crate) records: Vec<u8>,
    pub(crate) fork_generation: u64,
}

impl Turn {
    pub(crate) fn new(registry: Registry, now: Instant) -> Self {
        Self {
            now,
            registry,
            deadlines: Timers::new(),
            mark: 0,
            ready: VecDeque::new(),
            carried: VecDeque::new(),
            dirty: VecDeque::new(),
            departing: Vec::new(),
            finished: Vec::new(),
            unbound: VecDeque::new(),
            notices: VecDeque::new(),
            tells_input_ends: false,
            effects: VecDeque::new(),
            closing: 0,
            buffers: Buffers::default(),
            batch: None,
            records: Vec::new(),
            fork_generation: fork::generation(),
        }
    }

    /// Whether this process is a fork of the one whose queue this is: the parent goes on watching by it.
    pub(crate) fn is_forked(&self) -> bool {
        self.fork_generation != fork::generation()
    }

    /// Whether there is something to do without a wait.
    pub(crate) fn has_work(&self) -> bool {
        let queued = !self.ready.is_empty() || !self.carried.is_empty() || !self.unbound.is_empty();
        // Another thread may have sent something since the last event was handed out.
        let sent = !self.dirty.is_empty() || !self.notices.is_empty();
        let ending = !self.departing.is_empty() || !self.finished.is_empty();
        queued || sent || ending
    }
}
