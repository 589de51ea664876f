//! UDP sockets.

use std::net::SocketAddr;

use socket2::{Domain, Type};

use super::Reactor;
use crate::base::Base;
use crate::descriptor::{Descriptor, Kind};
use crate::error::{Error, Result};
use crate::id::Id;
use crate::sys::handle::Handle;
use crate::sys::socket;

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
        self.add(Descriptor::new(Handle::from(socket), kind, &self.turn))
    }

    /// Queues a datagram for `target`; says how many bytes were taken: none where the socket is
    /// closing.
    pub fn send_datagram(&mut self, id: Id, data: &[u8], target: SocketAddr) -> Result<usize> {
        let (descriptor, turn) = self.descriptor_mut(id)?;
        match &mut descriptor.kind {
            Kind::Datagram(datagram) => {
                datagram.send(&mut descriptor.base, turn, data, Some(target.into()))
            }
            kind => Base::wrong_kind("send_datagram", kind.name()),
        }
    }
}
