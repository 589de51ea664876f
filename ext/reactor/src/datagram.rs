//! UDP sockets.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::descriptor::{Descriptor, Kind, Phase};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::Id;
use crate::reactor::Reactor;
use crate::stream::reason_of;
use crate::sys::handle::Handle;
use crate::sys::io::as_uninit;
use crate::sys::{errno, socket};

/// The most that one UDP datagram can carry over IPv4 (RFC 768, RFC 791).
pub const MAX_DATAGRAM: usize = 65_507;
/// Datagrams taken in one turn before other descriptors have theirs.
const SHARE: usize = 64;

/// The state of a UDP socket.
#[derive(Debug, Default)]
pub(crate) struct Datagrams {
    outbound: VecDeque<(SockAddr, Vec<u8>)>,
    queued_bytes: usize,
    /// Who sent the datagram given out last: replies go there.
    pub(crate) sender: Option<SockAddr>,
    taken: usize,
}

impl Datagrams {
    pub(crate) fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }
}

impl Reactor {
    /// Opens a UDP socket bound to `address`; it may send to broadcast addresses.
    pub fn open_datagram(&mut self, address: SocketAddr) -> Result<Id> {
        let describe = |call| move |error| Error::system(call, address.to_string(), error);
        let socket = socket::nonblocking(Domain::for_address(address), Type::DGRAM)
            .map_err(describe("socket"))?;
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
        datagrams.queued_bytes += data.len();
        datagrams.outbound.push_back((target, data.to_vec()));
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
        if !descriptor.readiness.readable || self.is_held(id) {
            return None;
        }
        self.receive_datagram(id, buffer)
    }

    /// An ICMP error (a peer that does not listen) is reported by recvfrom(2) once, and means nothing
    /// for the other peers.
    fn receive_datagram(&mut self, id: Id, buffer: &mut [u8]) -> Option<Event> {
        let now = self.now;
        let descriptor = self.descriptors.get_mut(id)?;
        let Kind::Datagram(datagrams) = &mut descriptor.kind else {
            return None;
        };
        loop {
            let received = descriptor.handle.attempt(|s| receive_from(s, buffer));
            match received {
                Ok((len, sender)) => {
                    datagrams.sender = Some(sender);
                    datagrams.taken += 1;
                    descriptor.last_activity = now;
                    if datagrams.taken < SHARE {
                        self.requeue(id);
                    } else {
                        datagrams.taken = 0;
                        self.carry(id);
                    }
                    let passed_on = self.pass_on(id, &buffer[..len]);
                    return (!passed_on).then_some(Event::Data { id, len });
                }
                Err(error) if is_about_a_peer(&error) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    datagrams.taken = 0;
                    descriptor.readiness.readable = false;
                    return None;
                }
                Err(error) => {
                    self.end(id, reason_of(&error));
                    return None;
                }
            }
        }
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
        while let Some((target, data)) = datagrams.outbound.front() {
            match descriptor.handle.attempt(|s| s.send_to(data, target)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.watch_writable(id);
                }
                // An earlier datagram's ICMP error, which is no word on this one.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Ok(_) | Err(_) => {
                    descriptor.last_activity = now;
                    datagrams.queued_bytes -= data.len();
                    datagrams.outbound.pop_front();
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
