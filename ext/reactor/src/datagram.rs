//! UDP sockets.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::descriptor::{Descriptor, Kind, Phase, Readiness};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::Id;
use crate::outbound::SHARE as OUTBOUND_SHARE;
use crate::outbox::Outbox;
use crate::reactor::Reactor;
use crate::stream::reason_of;
use crate::sys::datagrams::{self, Inbox};
use crate::sys::handle::Handle;
use crate::sys::io::as_uninit;
use crate::sys::{errno, socket};

/// The most that one UDP datagram can carry over IPv4 (RFC 768, RFC 791).
pub const MAX_DATAGRAM: usize = 65_507;
/// Datagrams taken in one turn before other descriptors have theirs.
const SHARE: usize = 64;

/// How long a socket waits before it asks again for what the system had no memory for.
const SHORTAGE_RETRY: Duration = Duration::from_millis(50);

/// What sending a datagram takes beside its bytes, in what as many bytes take.
const OVERHEAD: usize = 1024;

/// The state of a UDP socket.
#[derive(Debug, Default)]
pub(crate) struct Datagrams {
    pub(crate) outbound: Outbox,
    /// Who sent the datagram given out last: replies go there.
    pub(crate) sender: Option<SockAddr>,
    taken: usize,
}

/// Datagrams that were taken from one socket together, and are given out one by one.
#[derive(Debug)]
pub(crate) struct Batch {
    owner: Id,
    inbox: Box<Inbox>,
}

impl Reactor {
    /// Opens a UDP socket bound to `address`; it may send to broadcast addresses. With SO_REUSEADDR, so
    /// that several programs may share a port, as those of mDNS (RFC 6762) and SSDP do.
    pub fn open_datagram(&mut self, address: SocketAddr) -> Result<Id> {
        let describe = |call| move |error| Error::system(call, address.to_string(), error);
        let socket = socket::nonblocking(Domain::for_address(address), Type::DGRAM)
            .map_err(describe("socket"))?;
        socket
            .set_reuse_address(true)
            .map_err(describe("setsockopt"))?;
        socket.set_broadcast(true).map_err(describe("setsockopt"))?;
        socket.bind(&address.into()).map_err(describe("bind"))?;
        let kind = Kind::Datagram(Box::default());
        self.add(Descriptor::new(Handle::from(socket), kind, self.now))
    }

    /// Queues a datagram for `target`; says how many bytes were taken: none where the socket is
    /// closing.
    pub fn send_datagram(&mut self, id: Id, data: &[u8], target: SocketAddr) -> Result<usize> {
        self.queue_datagram(id, data, Some(target.into()))
    }

    /// Queues a datagram for `target`, or for the sender of the last one that came in.
    pub(crate) fn queue_datagram(
        &mut self,
        id: Id,
        data: &[u8],
        target: Option<SockAddr>,
    ) -> Result<usize> {
        let descriptor = self.descriptor_mut(id)?;
        let closing = descriptor.is_closing();
        let Kind::Datagram(datagrams) = &mut descriptor.kind else {
            let kind = descriptor.kind.name();
            return Err(Error::WrongKind {
                operation: "send_datagram",
                kind,
            });
        };
        if data.len() > MAX_DATAGRAM {
            return Err(Error::DatagramTooLong(data.len()));
        }
        let Some(target) = target.or_else(|| datagrams.sender.clone()) else {
            return Ok(0);
        };
        if closing {
            return Ok(0);
        }
        datagrams.outbound.push(target, data);
        self.mark_dirty(id);
        Ok(data.len())
    }

    pub(crate) fn process_datagram(&mut self, id: Id, buffer: &mut [u8]) -> Option<Event> {
        let descriptor = self.descriptors.get_mut(id)?;
        if std::mem::take(&mut descriptor.readiness.writable) {
            self.flush_datagrams(id);
        }
        let descriptor = self.descriptors.get_mut(id)?;
        if descriptor.paused || !matches!(descriptor.phase, Phase::Open) {
            return None;
        }
        descriptor.readiness.ended = false;
        let Readiness {
            readable, received, ..
        } = descriptor.readiness;
        if !(readable || received) {
            self.has_nothing_more(id);
            return None;
        }
        if self.is_held(id) {
            return None;
        }
        self.receive_datagram(id, buffer)
    }

    /// Its next share is a whole one.
    fn has_nothing_more(&mut self, id: Id) {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            descriptor.readiness.readable = false;
            if let Kind::Datagram(datagrams) = &mut descriptor.kind {
                datagrams.taken = 0;
            }
        }
    }

    /// An ICMP error (a peer that does not listen) is reported once, and means nothing for the other
    /// peers.
    fn receive_datagram(&mut self, id: Id, buffer: &mut [u8]) -> Option<Event> {
        loop {
            match self.next_datagram(id, buffer) {
                Ok((len, sender)) => {
                    self.took_datagram(id, sender);
                    let passed_on = self.pass_on(id, &buffer[..len]);
                    return (!passed_on).then_some(Event::Data { id, len });
                }
                Err(error) if is_about_a_peer(&error) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.has_nothing_more(id);
                    return None;
                }
                Err(error) if is_shortage(&error) => {
                    self.has_nothing_more(id);
                    self.starve(id, SHORTAGE_RETRY);
                    return None;
                }
                Err(error) => {
                    self.end(id, reason_of(&error));
                    return None;
                }
            }
        }
    }

    /// The socket may have more: it goes on in this turn until its share is used up.
    fn took_datagram(&mut self, id: Id, sender: SockAddr) {
        let now = self.now;
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        descriptor.last_activity = now;
        let Kind::Datagram(datagrams) = &mut descriptor.kind else {
            return;
        };
        datagrams.sender = Some(sender);
        datagrams.taken += 1;
        if datagrams.taken < SHARE {
            self.requeue(id);
        } else {
            datagrams.taken = 0;
            self.carry(id);
        }
    }

    /// The next one of those that were taken together, or that the system has.
    fn next_datagram(&mut self, id: Id, buffer: &mut [u8]) -> io::Result<(usize, SockAddr)> {
        let has_batch = self.has_batch(id);
        let descriptor = self.descriptors.get_mut(id);
        let descriptor = descriptor.ok_or(io::ErrorKind::WouldBlock)?;
        let Some(Batch { inbox, .. }) = self.batch.as_mut().filter(|_| has_batch) else {
            return descriptor.handle.attempt(|s| receive_from(s, buffer));
        };
        let readiness = &mut descriptor.readiness;
        if inbox.is_empty() && readiness.readable {
            let is_all = descriptor.handle.attempt(|s| inbox.fill(s))?;
            // What comes from now on, the system tells of; of an error that cut it short, too.
            readiness.readable = !is_all;
        }
        let datagram = inbox.next(buffer);
        readiness.received = !inbox.is_empty();
        datagram.ok_or(io::ErrorKind::WouldBlock.into())
    }

    /// Whether datagrams of this socket may be taken together: not while there are some of another, which
    /// may be paused with them. Those of one that closes are nobody's.
    fn has_batch(&mut self, id: Id) -> bool {
        if self.batch.is_none() {
            self.batch = Inbox::new().map(|inbox| Batch { owner: id, inbox });
        }
        let Some(batch) = &mut self.batch else {
            return false;
        };
        if batch.owner == id {
            return true;
        }
        let owner = self.descriptors.get(batch.owner);
        let is_open = owner.is_some_and(|owner| matches!(owner.phase, Phase::Open));
        let is_free = batch.inbox.is_empty() || !is_open;
        if is_free {
            batch.inbox.clear();
            batch.owner = id;
        }
        is_free
    }

    /// Sends what is queued. A datagram that the system refuses is lost, as on the way it might be;
    /// one that it has no room for stays.
    pub(crate) fn flush_datagrams(&mut self, id: Id) {
        let now = self.now;
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        if descriptor.is_held_back() {
            return;
        }
        let Kind::Datagram(datagrams) = &mut descriptor.kind else {
            return;
        };
        let outbound = &mut datagrams.outbound;
        let mut share = OUTBOUND_SHARE;
        while !outbound.is_empty() {
            if share == 0 {
                return self.flush_later(id);
            }
            let before = (outbound.bytes(), outbound.len());
            let sent = descriptor
                .handle
                .attempt(|s| datagrams::send(s, outbound.iter()));
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.watch_writable(id);
                }
                // An earlier datagram's ICMP error, which is no word on this one.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                sent => {
                    descriptor.last_activity = now;
                    outbound.drop_first(sent.unwrap_or(1));
                    let bytes = before.0 - outbound.bytes();
                    share = share.saturating_sub(bytes + (before.1 - outbound.len()) * OVERHEAD);
                }
            }
        }
        if matches!(descriptor.phase, Phase::Draining) {
            self.end(id, None);
        }
        self.resume_sources(id);
    }
}

fn receive_from(socket: &Socket, buffer: &mut [u8]) -> io::Result<(usize, SockAddr)> {
    socket.recv_from(as_uninit(buffer))
}

/// The datagrams stay in the system until it has memory for taking them.
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
