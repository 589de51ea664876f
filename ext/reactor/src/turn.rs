//! The work of one turn of the loop, for all kinds of descriptors.

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
    /// The time of an address that a connect tries may be up.
    AttemptTimeout(Id),
    /// A name is resolved for as long as that may take.
    Resolution(u64),
    /// A listener that found no free descriptor tries again.
    RetryAccept(Id),
    /// A UDP socket for whose datagrams the system had no memory tries again.
    RetryReceive(Id),
    /// The child of a closed connection is asked to end.
    Dismissal(Id),
    /// The peer may have received everything written before this time, so the connection may close.
    Delivery(Id, Instant),
    /// A child may have ended, on systems that do not report it.
    ChildCheck(Id),
    /// A watched file has been missing for so long that nothing will replace it.
    FileMissing(Id),
    /// A wait has timed out.
    Wait(Id),
}

/// What the work on one descriptor means for others, which it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It has ended. Descriptors that forward data to it are told.
    Ended(Id),
    /// It has written some of its queue. Descriptors that forward data to it may go on.
    Wrote(Id),
    /// Its peer has closed its sending side, which may be forwarded.
    InputEnded(Id),
    /// The system no longer watches it, for example because another file has its number.
    Unregistered(Id),
}

/// An end that is yet to be reported.
#[derive(Debug)]
pub(crate) struct Unbound {
    /// How many descriptors were created before it.
    pub(crate) serial: u64,
    pub(crate) id: Id,
    pub(crate) reason: Option<Reason>,
}

/// Whose descriptors a turn handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Those that were not handled in the last turn.
    Others,
    Regulars,
    /// No more of them: the rest waits for the next turn.
    Over,
}

/// How many bytes the system has given and taken since the loop was made: under TLS, those of its
/// records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Read from connections, pipes and datagram sockets.
    pub received: u64,
    /// Written to them.
    pub sent: u64,
}

/// The queues of a turn, its clock, and what the handlers of all kinds share.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) now: Instant,
    pub(crate) registry: Registry,
    pub(crate) deadlines: Timers<Deadline>,
    /// Deadlines from this mark on were added in this turn. They wait for the next.
    pub(crate) mark: u64,
    /// How many turns there were; it may begin again.
    pub(crate) number: u32,
    /// Descriptors to handle in this turn.
    pub(crate) ready: VecDeque<Id>,
    /// Those that were handled in the last turn, too: they come after the others.
    pub(crate) regulars: VecDeque<Id>,
    pub(crate) stage: Stage,
    /// Whether there are such.
    pub(crate) is_ordered: bool,
    /// Descriptors that have used up their share of this turn.
    pub(crate) carried: VecDeque<Id>,
    /// Descriptors to write to, in the order of the sends.
    pub(crate) dirty: VecDeque<Id>,
    /// Descriptors that end after the next poll.
    pub(crate) departing: Vec<Id>,
    /// Descriptors that have read and written everything. They end with the turn.
    pub(crate) finished: Vec<Id>,
    pub(crate) unbound: VecDeque<Unbound>,
    /// Events that come before those of descriptors.
    pub(crate) notices: VecDeque<Event>,
    /// Whether owners are asked what the end of their peer's input means.
    pub(crate) tells_input_ends: bool,
    /// Whether owners of Unix sockets are asked whether they take descriptors.
    pub(crate) offers_descriptors: bool,
    pub(crate) effects: VecDeque<Effect>,
    /// How many descriptors are about to close.
    pub(crate) closing: usize,
    pub(crate) buffers: Buffers,
    /// Received datagrams of one socket at a time.
    pub(crate) batch: Option<Batch>,
    /// The buffer that TLS records are read into.
    pub(crate) records: Vec<u8>,
    /// The process that runs the loop, and the one that the queue is of.
    pub(crate) fork_generation: u64,
    pub(crate) queue_generation: u64,
    pub(crate) traffic: Traffic,
}

impl Turn {
    pub(crate) fn new(registry: Registry, now: Instant) -> Self {
        Self {
            now,
            registry,
            deadlines: Timers::new(),
            mark: 0,
            number: 1,
            ready: VecDeque::new(),
            regulars: VecDeque::new(),
            stage: Stage::Others,
            is_ordered: false,
            carried: VecDeque::new(),
            dirty: VecDeque::new(),
            departing: Vec::new(),
            finished: Vec::new(),
            unbound: VecDeque::new(),
            notices: VecDeque::new(),
            tells_input_ends: false,
            offers_descriptors: false,
            effects: VecDeque::new(),
            closing: 0,
            buffers: Buffers::default(),
            batch: None,
            records: Vec::new(),
            fork_generation: fork::generation(),
            queue_generation: fork::generation(),
            traffic: Traffic::default(),
        }
    }

    /// Whether this process was forked from the one that runs the loop, and has not gone on with
    /// it.
    pub(crate) fn is_forked(&self) -> bool {
        self.fork_generation != fork::generation_again()
    }

    /// Whether the queue is this process's own. A forked child has its parent's at first, who goes
    /// on watching.
    #[inline(always)]
    pub(crate) fn has_queue(&self) -> bool {
        self.queue_generation == fork::generation_again()
    }

    /// One ends, of whose state nothing is told any more. What its proxy has done still is.
    pub(crate) fn drop_notices(&mut self, of: Id) {
        use Event::{DatagramLost, InputEnded, OutboundDrained, OutboundFull};

        self.notices.retain(|notice| match notice {
            InputEnded(id) | OutboundFull(id) | OutboundDrained(id) => *id != of,
            DatagramLost { id, .. } => *id != of,
            _ => true,
        });
    }

    /// Whether there is work that must not wait.
    pub(crate) fn has_work(&self) -> bool {
        let ready = !self.ready.is_empty() || !self.regulars.is_empty() || !self.carried.is_empty();
        let queued = ready || !self.unbound.is_empty();
        // Another thread may have sent something since the last event.
        let sent = !self.dirty.is_empty() || !self.notices.is_empty();
        let ending = !self.departing.is_empty() || !self.finished.is_empty();
        queued || sent || ending
    }
}
