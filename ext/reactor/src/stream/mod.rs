//! Bytes in and out: connections, pipes, terminals.

mod candidates;
mod child;
mod connect;
mod delivery;
mod half_close;
mod limits;
mod naming;
mod passing;
mod patience;
mod read;
mod rivals;
mod secure;
mod write;

use std::net::{Shutdown, SocketAddr};

use mio::Interest;

use crate::base::{Base, Phase};
use crate::event::Reason;
use crate::id::Id;
use crate::outbound::Outbound;
use crate::sys::handle::Handle;
use crate::sys::queue::URGENT;
use crate::turn::Turn;

pub(crate) use child::{Child, Children};
pub(crate) use connect::{Attempt, Connected};
pub(crate) use delivery::delivery_due;
pub(crate) use limits::Limits;
pub(crate) use naming::Naming;
use passing::Passing;
pub use secure::Choice;
pub(crate) use secure::Security;

/// The state of a stream.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    outbound: Outbound,
    output: Output,
    /// Whether a write has failed, and what was queued was lost by that.
    refused: bool,
    /// Whether all is written, and the peer is waited for that has yet to take it.
    awaits_delivery: bool,
    /// How much may wait to be written; mostly any.
    limits: Option<Box<Limits>>,
    /// Whether the peer sends no more.
    input_ended: bool,
    /// Whether its owner was told so.
    input_end_told: bool,
    /// Whether its owner goes on sending after that.
    sends_on: bool,
    /// Whether the last that happened is that bytes came in.
    unanswered: bool,
    /// Whether one byte is read at a time, since what is not read is left to others.
    bytewise: bool,
    /// Whether it is put into blocking mode in the end, as it was before.
    returns_to_blocking: bool,
    /// The listener that it came in through, where it is a server's end.
    listener: Option<Id>,
    /// The peer's address where accept(2) told it, which saves asking for it.
    peer: Option<SocketAddr>,
    /// The name of the host that it was connected to.
    host: Option<Box<str>>,
    attempt: Option<Box<Attempt>>,
    security: Option<Box<Security>>,
    passing: Passing,
    /// The process at the other end, where it was started for that.
    child: Option<Box<Child>>,
}

/// The direction from here to the peer, apart from the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Output {
    #[default]
    Open,
    /// Ends when what was sent is written.
    Ending,
    /// The peer was told that there is no more.
    Ended,
}

impl Stream {
    /// One that came in through a listener.
    pub(crate) fn accepted(listener: Id, peer: Option<SocketAddr>) -> Self {
        Self {
            listener: Some(listener),
            peer,
            ..Self::default()
        }
    }

    /// One that is to be connected.
    pub(crate) fn connecting(attempt: Attempt) -> Self {
        Self {
            attempt: Some(Box::new(attempt)),
            ..Self::default()
        }
    }

    /// One of which a byte is read at a time, and which may be returned to blocking mode in the
    /// end.
    pub(crate) fn shared(returns_to_blocking: bool) -> Self {
        Self {
            bytewise: true,
            returns_to_blocking,
            ..Self::default()
        }
    }

    /// What all streams have the system tell of.
    pub(crate) fn interest() -> Interest {
        URGENT.map_or(Interest::READABLE, |urgent| Interest::READABLE | urgent)
    }

    pub(crate) fn has_child(&self) -> bool {
        self.child.is_some()
    }

    pub(crate) fn listener(&self) -> Option<Id> {
        self.listener
    }

    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    pub(crate) fn set_host(&mut self, host: String) {
        self.host = Some(host.into());
    }

    /// How many bytes wait to be written.
    pub(crate) fn outbound_len(&self) -> usize {
        let unsealed = self.security.as_deref().map_or(0, Security::unsealed_len);
        self.outbound.len() + unsealed
    }

    /// Whether it takes more to write: one that closes does not, unless it is the peer that sends
    /// no more.
    pub(crate) fn takes_bytes(&self, base: &Base) -> bool {
        let answers = base.phase == Phase::Draining && !base.closed && !base.is_refused();
        (answers || !base.is_closing()) && self.output == Output::Open
    }

    /// Whether what is sent may be written before it is queued.
    pub(crate) fn writes_at_once(&self, base: &Base) -> bool {
        base.phase == Phase::Open
            && self.session().is_none()
            && self.output == Output::Open
            && !base.is_refused()
            && !base.paused
            && self.outbound.len() == 0
    }

    /// Whether what comes in is still for its owner.
    pub(crate) fn reads(&self, base: &Base) -> bool {
        let may_read = match base.phase {
            Phase::Open => true,
            // What follows is left to others.
            Phase::Draining => !self.bytewise,
            _ => false,
        };
        may_read && !self.input_ended
    }

    /// Bytes have come in, or gone.
    pub(crate) fn note_bytes(&mut self, came: bool) {
        self.unanswered = came;
    }

    /// Whether it owes its peer something, as far as can be told from outside: the rest of a
    /// handshake, or an answer to what that has sent to a server.
    pub(crate) fn is_engaged(&self) -> bool {
        self.is_securing() || (self.listener.is_some() && self.unanswered)
    }

    /// Whether its input has ended, which was passed on, so that it has yet to end itself.
    pub(crate) fn has_ended_input(&self) -> bool {
        self.input_ended
    }

    /// Whether it was to close after writing, and all is written.
    pub(crate) fn is_drained(&self, base: &Base) -> bool {
        base.phase == Phase::Draining && self.outbound_len() == 0
    }

    /// Tells the peer that no more is to come.
    fn end_output(&mut self, handle: &Handle) {
        self.output = Output::Ended;
        if let Some(socket) = handle.socket() {
            // Where the peer is gone already, that shows when it is read from.
            let _ = socket.shutdown(Shutdown::Write);
        }
    }

    /// Closes it when all is written, if `waits`, else now.
    pub(crate) fn finish(&mut self, base: &mut Base, turn: &mut Turn, waits: bool) {
        let has_sent = self.outbound_len() > 0;
        if base.begin_close(turn, waits, has_sent) {
            self.end(base, turn, None);
        }
    }

    /// Ends it, once a child process at the other end has ended.
    pub(crate) fn end(&mut self, base: &mut Base, turn: &mut Turn, reason: Option<Reason>) {
        if self.linger(base, turn, reason.as_ref()) {
            return;
        }
        self.end_attempt(turn);
        self.outbound.clear();
        self.drop_notices(base.id, turn);
        base.end(turn, reason);
    }

    /// It is let go of: whoever has it next finds it as it was.
    pub(crate) fn return_to_owner(&self, handle: &Handle) {
        if self.returns_to_blocking {
            // Its owner may have closed it.
            let _ = handle.set_nonblocking(false);
        }
    }
}
