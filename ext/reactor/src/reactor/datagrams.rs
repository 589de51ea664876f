//! Datagram sockets.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};

use super::Reactor;
use super::watching::borrow;
use crate::base::Base;
use crate::datagram::Datagram;
use crate::descriptor::{Descriptor, Kind};
use crate::error::{Error, Result};
use crate::id::Id;
use crate::sys::handle::{BorrowedDescriptor, Handle};
use crate::sys::{sockaddr, socket};

impl Reactor {
    /// Opens a UDP socket bound to `address`; it may send to broadcast addresses. With
    /// SO_REUSEADDR, so that several programs may share a port, as those of mDNS (RFC 6762) and
    /// SSDP do.
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
        self.add(Descriptor::new(Handle::from(socket), kind, &self.turn))
    }

    /// Opens a Unix datagram socket, at `path` where there is one: then others may send to it. An
    /// existing socket there is an error (EADDRINUSE). A path that begins with a null byte is an
    /// abstract name.
    pub fn open_unix_datagram(&mut self, path: Option<&Path>) -> Result<Id> {
        let subject = path.unwrap_or(Path::new("")).display().to_string();
        let describe = |call| move |error| Error::system(call, subject.clone(), error);
        let socket =
            socket::nonblocking(Domain::UNIX, Type::DGRAM).map_err(describe.clone()("socket"))?;
        if let Some(path) = path {
            let address = sockaddr::unix(path)?;
            socket.bind(&address).map_err(describe("bind"))?;
        }
        let kind = Kind::Datagram(Box::default());
        self.add(Descriptor::new(Handle::from(socket), kind, &self.turn))
    }

    /// Takes over a datagram socket, which stays its owner's to close.
    pub fn attach_datagram(&mut self, fd: BorrowedDescriptor<'_>) -> Result<Id> {
        let handle = borrow(fd)?;
        let kind = handle.attempt(|socket| socket.r#type());
        let fd = handle.raw();
        let describe = |call| move |error| Error::system(call, format!("descriptor {fd}"), error);
        match kind.map_err(describe("getsockopt"))? {
            Type::DGRAM => {}
            Type::STREAM => return Base::wrong_kind("attach_datagram_socket", "a stream socket"),
            _ => return Base::wrong_kind("attach_datagram_socket", "a socket of this type"),
        }
        handle.set_nonblocking(true).map_err(describe("fcntl"))?;
        let peer = handle.attempt(Socket::peer_addr).ok();
        let kind = Kind::Datagram(Box::new(Datagram::connected(peer)));
        self.add(Descriptor::new(handle, kind, &self.turn))
    }

    /// Opens a UDP socket that sends to `peer`, and receives from there alone.
    pub fn connect_datagram(&mut self, peer: SocketAddr) -> Result<Id> {
        let describe = |call| move |error| Error::system(call, peer.to_string(), error);
        let socket = socket::nonblocking(Domain::for_address(peer), Type::DGRAM)
            .map_err(describe("socket"))?;
        let target = SockAddr::from(peer);
        socket.connect(&target).map_err(describe("connect"))?;
        let kind = Kind::Datagram(Box::new(Datagram::connected(Some(target))));
        self.add(Descriptor::new(Handle::from(socket), kind, &self.turn))
    }

    /// As [`send_datagram`](Self::send_datagram), to a Unix socket.
    pub fn send_unix_datagram(&mut self, id: Id, data: &[u8], path: &Path) -> Result<usize> {
        let target = sockaddr::unix(path)?;
        self.send_to(id, data, target)
    }

    /// Queues a datagram for `target`; says how many bytes were taken: none where the socket is
    /// closing.
    pub fn send_datagram(&mut self, id: Id, data: &[u8], target: SocketAddr) -> Result<usize> {
        self.send_to(id, data, target.into())
    }

    /// Has the system tell of each datagram of a UDP socket from now on where it came in, and
    /// answers go from there. See [`arrival`](Self::arrival).
    pub fn ask_for_arrivals(&mut self, id: Id) -> Result<()> {
        let (descriptor, _) = self.descriptor_mut(id)?;
        let Kind::Datagram(datagram) = &mut descriptor.kind else {
            return Base::wrong_kind("enable_packet_info", descriptor.kind.name());
        };
        let handle = &descriptor.base.handle;
        datagram
            .ask_for_arrivals(handle)
            .map_err(|error| match error.kind() {
                ErrorKind::Unsupported => Error::Unsupported("telling where datagrams came in"),
                _ => Error::system("setsockopt", descriptor.base.describe(), error),
            })
    }

    /// Which local address the last datagram was sent to, with the socket's port, and the number of
    /// the interface that it came through. Only after
    /// [`ask_for_arrivals`](Self::ask_for_arrivals).
    pub fn arrival(&self, id: Id) -> Result<Option<(SocketAddr, u32)>> {
        let descriptor = self.descriptor(id)?;
        let Kind::Datagram(datagram) = &descriptor.kind else {
            return Ok(None);
        };
        let Some(arrival) = datagram.arrival() else {
            return Ok(None);
        };
        let local = descriptor.base.handle.attempt(Socket::local_addr);
        let port = local.ok().and_then(|local| local.as_socket());
        let mut address = SocketAddr::new(arrival.address, port.map_or(0, |local| local.port()));
        if let SocketAddr::V6(v6) = &mut address {
            if v6.ip().is_unicast_link_local() {
                v6.set_scope_id(arrival.interface);
            }
        }
        Ok(Some((address, arrival.interface)))
    }

    fn send_to(&mut self, id: Id, data: &[u8], target: SockAddr) -> Result<usize> {
        let (descriptor, turn) = self.descriptor_mut(id)?;
        match &mut descriptor.kind {
            Kind::Datagram(datagram) => {
                datagram.send(&mut descriptor.base, turn, data, Some(target))
            }
            kind => Base::wrong_kind("send_datagram", kind.name()),
        }
    }
}
