//! UDP sockets.

mod arrivals;

use std::io;
use std::time::Duration;

use socket2::SockAddr;

use arrivals::Arrivals;

use crate::base::{Base, Phase, Room};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::event::{Event, Reason};
use crate::outbound::SHARE as OUTBOUND_SHARE;
use crate::outbox::{MAX_DATAGRAM, Outbox};
use crate::step::{Rest, Step};
use crate::sys::io::receive_from;
use crate::sys::{datagrams, errno};
use crate::turn::{Deadline, Turn};

/// How many datagrams one socket may receive in a turn.
const SHARE: usize = 64;

/// How long to wait before receiving again after the system ran out of memory.
const SHORTAGE_RETRY: Duration = Duration::from_millis(50);

/// The cost of sending a datagram apart from its bytes, expressed in bytes.
const OVERHEAD: usize = 1024;

/// The state of a UDP socket.
#[derive(Debug, Default)]
pub(crate) struct Datagram {
    outbound: Outbox,
    /// The sender of the last datagram. Replies go there.
    sender: Option<SockAddr>,
    taken: usize,
    /// Where its owner wants to know where datagrams came in.
    arrivals: Option<Box<Arrivals>>,
}

impl Datagram {
    /// One that may have a peer, which is the sender of all that comes in.
    pub(crate) fn connected(peer: Option<SockAddr>) -> Self {
        Self {
            sender: peer,
            ..Self::default()
        }
    }

    pub(crate) fn sender(&self) -> Option<&SockAddr> {
        self.sender.as_ref()
    }

    /// How many bytes wait to be sent.
    pub(crate) fn outbound_len(&self) -> usize {
        self.outbound.bytes()
    }

    /// Queues a datagram for `target`, or for the sender of the last one received. Returns the
    /// number of bytes queued.
    pub(crate) fn send(
        &mut self,
        base: &mut Base,
        turn: &mut Turn,
        data: &[u8],
        target: Option<SockAddr>,
    ) -> Result<usize> {
        if data.len() > MAX_DATAGRAM {
            return Err(Error::DatagramTooLong(data.len()));
        }
        let is_answer = target.is_none();
        match target.or_else(|| self.sender.clone()) {
            Some(target) if !base.is_closing() => {
                self.outbound.push(target, data);
                if let Some(arrivals) = &mut self.arrivals {
                    arrivals.queued(is_answer);
                }
                base.mark_dirty(turn);
                Ok(data.len())
            }
            _ => Ok(0),
        }
    }

    /// Handles its readiness.
    pub(crate) fn advance(
        &mut self,
        base: &mut Base,
        turn: &mut Turn,
        buffer: &mut [u8],
        room: Room,
    ) -> Step {
        if std::mem::take(&mut base.readiness.writable) {
            self.flush(base, turn);
        }
        if base.paused || base.phase != Phase::Open {
            return Step::Idle;
        }
        base.readiness.ended = false;
        if !(base.readiness.readable || base.readiness.received) {
            self.has_nothing_more(base);
            return Step::Idle;
        }
        match room.held {
            true => Step::Idle,
            false => self.receive(base, turn, buffer),
        }
    }

    /// There is nothing to receive, so it starts with a full share next time.
    fn has_nothing_more(&mut self, base: &mut Base) {
        base.readiness.readable = false;
        self.taken = 0;
    }

    /// The system reports an ICMP error (a peer that does not listen) once. It says nothing about
    /// other peers.
    fn receive(&mut self, base: &mut Base, turn: &mut Turn, buffer: &mut [u8]) -> Step {
        loop {
            let arrivals = self.arrivals.as_deref_mut();
            match next_datagram(base, turn, buffer, arrivals) {
                Ok((len, sender)) => {
                    base.last_activity = turn.now;
                    turn.traffic.received += len as u64;
                    self.sender = Some(sender);
                    let rest = self.took();
                    return Step::Data { len, rest };
                }
                Err(error) if is_about_a_peer(&error) => tell(base, turn, &error),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.has_nothing_more(base);
                    return Step::Idle;
                }
                Err(error) if is_shortage(&error) => {
                    self.has_nothing_more(base);
                    let retry = Deadline::RetryReceive(base.id);
                    turn.deadlines
                        .add(turn.now, turn.now + SHORTAGE_RETRY, retry);
                    return Step::Idle;
                }
                Err(error) => {
                    self.end(base, turn, Reason::of(&error));
                    return Step::Idle;
                }
            }
        }
    }

    /// The socket may have more: it goes on in this turn until its share is used up.
    fn took(&mut self) -> Rest {
        self.taken += 1;
        if self.taken < SHARE {
            return Rest::ThisTurn;
        }
        self.taken = 0;
        Rest::NextTurn
    }

    /// Sends the queue. A datagram that the system refuses is lost, as any datagram may be. One for
    /// which there is no room stays in the queue.
    pub(crate) fn flush(&mut self, base: &mut Base, turn: &mut Turn) {
        let may_write = matches!(base.phase, Phase::Open | Phase::Draining);
        if !may_write || base.is_held_back() {
            return;
        }
        let (outbound, mut arrivals) = (&mut self.outbound, self.arrivals.as_deref_mut());
        let mut share = OUTBOUND_SHARE;
        let mut refused = None;
        while !outbound.is_empty() {
            if share == 0 {
                return base.flush_later(turn);
            }
            let before = (outbound.bytes(), outbound.len());
            let sent = base.handle.attempt(|s| match &arrivals {
                Some(arrivals) => arrivals.send(s, outbound),
                None => datagrams::send(s, outbound.iter()),
            });
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if let Err(error) = base.watch_writable(turn) {
                        self.end(base, turn, Reason::of(&error));
                    }
                    return;
                }
                // The ICMP error of an earlier datagram, unless it comes again: then it is this
                // one's, as with a Unix socket that nobody has open.
                Err(error) if is_about_a_peer(&error) && refused.is_none() => {
                    refused = error.raw_os_error();
                    tell(base, turn, &error);
                }
                sent => {
                    base.last_activity = turn.now;
                    let was_sent = sent.is_ok();
                    let failure = sent.as_ref().err();
                    if let Some(error) = failure.filter(|error| !repeats(error, refused)) {
                        tell(base, turn, error);
                    }
                    refused = None;
                    let count = sent.unwrap_or(1);
                    outbound.drop_first(count);
                    if let Some(arrivals) = &mut arrivals {
                        arrivals.drop_first(count);
                    }
                    let bytes = before.0 - outbound.bytes();
                    if was_sent {
                        turn.traffic.sent += bytes as u64;
                    }
                    share = share.saturating_sub(bytes + (before.1 - outbound.len()) * OVERHEAD);
                }
            }
        }
        if base.phase == Phase::Draining {
            self.end(base, turn, None);
        }
        base.tell_sources(turn);
    }

    /// Ends it. Datagrams that were received but not reported are dropped.
    pub(crate) fn end(&mut self, base: &mut Base, turn: &mut Turn, reason: Option<Reason>) {
        turn.drop_notices(base.id);
        base.end(turn, reason);
        self.leave_batch(base, turn);
    }

    /// Drops datagrams that were received but not reported.
    pub(crate) fn leave_batch(&self, base: &Base, turn: &mut Turn) {
        if let Some(batch) = &mut turn.batch {
            batch.disown(base.id);
        }
    }
}

/// The next datagram, from the batch or from the system.
fn next_datagram(
    base: &mut Base,
    turn: &mut Turn,
    buffer: &mut [u8],
    arrivals: Option<&mut Arrivals>,
) -> io::Result<(usize, SockAddr)> {
    if let Some(arrivals) = arrivals {
        return base.handle.attempt(|s| arrivals.receive(s, buffer));
    }
    if turn.batch.is_none() {
        turn.batch = Batch::new(base.id);
    }
    let batch = turn.batch.as_mut();
    let Some(inbox) = batch.and_then(|batch| batch.inbox_for(base.id)) else {
        return base.handle.attempt(|s| receive_from(s, buffer));
    };
    let readiness = &mut base.readiness;
    if inbox.is_empty() && readiness.readable {
        let is_all = base.handle.attempt(|s| inbox.fill(s))?;
        // The system reports what comes later, and also an error that ended the batch early.
        readiness.readable = !is_all;
    }
    let datagram = inbox.next(buffer);
    readiness.received = !inbox.is_empty();
    datagram.ok_or(io::ErrorKind::WouldBlock.into())
}

/// Whether an error says what was told already. A Unix socket whose peer is gone says so once, and
/// then that it has none.
fn repeats(error: &io::Error, told: Option<i32>) -> bool {
    told.is_some() && (error.raw_os_error() == told || error.kind() == io::ErrorKind::NotConnected)
}

/// Tells the owner that something that was sent did not get to its peer.
fn tell(base: &Base, turn: &mut Turn, error: &io::Error) {
    if let Some(errno) = error.raw_os_error() {
        let id = base.id;
        turn.notices.push_back(Event::DatagramLost { id, errno });
    }
}

/// The system is out of memory. The datagrams stay in the socket.
fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(errno::ENOMEM | errno::ENOBUFS))
}

fn is_about_a_peer(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            errno::ECONNREFUSED
                | errno::EHOSTUNREACH
                | errno::ENETUNREACH
                | errno::ECONNRESET
                | errno::EMSGSIZE
        )
    )
}
