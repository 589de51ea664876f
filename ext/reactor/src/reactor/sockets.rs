//! Socket options and names.

use std::io;

use socket2::{SockAddr, Socket};

use super::Reactor;
use crate::base::Base;
use crate::descriptor::{Descriptor, Kind};
use crate::error::{Error, Result};
use crate::id::Id;
use crate::sys::{sockaddr, sockopt};

impl Reactor {
    /// The peer's address (on a datagram socket the last sender's), as a `struct sockaddr`. See
    /// getpeername(2). That of an accepted connection is known when the peer is gone, too.
    pub fn peer_name(&self, id: Id) -> Result<Vec<u8>> {
        let descriptor = self.descriptor(id)?;
        let known = match &descriptor.kind {
            Kind::Datagram(datagram) => datagram.sender().cloned(),
            Kind::Stream(stream) => stream.peer().map(Into::into),
            _ => None,
        };
        if let Some(peer) = known {
            return Ok(sockaddr::bytes(&peer));
        }
        name(descriptor, "get_peername", "getpeername", Socket::peer_addr)
    }

    /// The local address, as a `struct sockaddr`. See getsockname(2).
    pub fn socket_name(&self, id: Id) -> Result<Vec<u8>> {
        let descriptor = self.descriptor(id)?;
        name(
            descriptor,
            "get_sockname",
            "getsockname",
            Socket::local_addr,
        )
    }

    /// The value of a socket option, as its bytes. See getsockopt(2).
    pub fn socket_option(&self, id: Id, level: i32, option: i32) -> Result<Vec<u8>> {
        let descriptor = self.descriptor(id)?;
        sockopt::get(&descriptor.base.handle, level, option)
            .map_err(|error| Error::system("getsockopt", descriptor.base.describe(), error))
    }

    /// Sets a socket option to a value given as bytes. See setsockopt(2). One that is set while a
    /// connect is under way holds for whatever address that reaches.
    pub fn set_socket_option(
        &mut self,
        id: Id,
        level: i32,
        option: i32,
        value: &[u8],
    ) -> Result<()> {
        let (descriptor, _) = self.descriptor_mut(id)?;
        sockopt::set(&descriptor.base.handle, level, option, value)
            .map_err(|error| Error::system("setsockopt", descriptor.base.describe(), error))?;
        if let Kind::Stream(stream) = &mut descriptor.kind {
            stream.note_option(level, option, value);
        }
        Ok(())
    }

    /// The pending error of a socket (SO_ERROR), which this call clears; `None` where it has none
    /// or is no socket.
    pub fn take_error(&self, id: Id) -> Result<Option<i32>> {
        let socket = self.descriptor(id)?.base.handle.socket();
        let error = socket.and_then(|socket| socket.take_error().ok().flatten());
        Ok(error.and_then(|error| error.raw_os_error()))
    }
}

/// One of a socket's names, as a `struct sockaddr`.
fn name(
    descriptor: &Descriptor,
    operation: &'static str,
    call: &'static str,
    ask: impl FnOnce(&Socket) -> io::Result<SockAddr>,
) -> Result<Vec<u8>> {
    let Some(socket) = descriptor.base.handle.socket() else {
        return Base::wrong_kind(operation, descriptor.kind.name());
    };
    ask(socket)
        .map(|address| sockaddr::bytes(&address))
        .map_err(|error| Error::system(call, descriptor.base.describe(), error))
}
