//! Socket options and names.

use crate::descriptor::{Kind, Phase};
use crate::error::{Error, Result};
use crate::id::Id;
use crate::reactor::Reactor;
use crate::sys::{sockaddr, sockopt};

impl Reactor {
    /// The peer's address (on a datagram socket the last sender's), as a `struct sockaddr`. See
    /// getpeername(2). That of an accepted connection is known when the peer is gone, too.
    pub fn peer_name(&self, id: Id) -> Result<Vec<u8>> {
        let descriptor = self.descriptor(id)?;
        if let Kind::Datagram(datagrams) = &descriptor.kind {
            if let Some(sender) = &datagrams.sender {
                return Ok(sockaddr::bytes(sender));
            }
        }
        if let Some(peer) = descriptor.peer {
            return Ok(sockaddr::bytes(&peer.into()));
        }
        let wrong_kind = Error::WrongKind {
            operation: "get_peername",
            kind: descriptor.kind.name(),
        };
        let address = descriptor.handle.socket().ok_or(wrong_kind)?.peer_addr();
        let describe = |error| Error::system("getpeername", descriptor.describe(), error);
        address
            .map(|address| sockaddr::bytes(&address))
            .map_err(describe)
    }

    /// The local address, as a `struct sockaddr`. See getsockname(2).
    pub fn socket_name(&self, id: Id) -> Result<Vec<u8>> {
        let descriptor = self.descriptor(id)?;
        let wrong_kind = Error::WrongKind {
            operation: "get_sockname",
            kind: descriptor.kind.name(),
        };
        let address = descriptor.handle.socket().ok_or(wrong_kind)?.local_addr();
        let describe = |error| Error::system("getsockname", descriptor.describe(), error);
        address
            .map(|address| sockaddr::bytes(&address))
            .map_err(describe)
    }

    /// The value of a socket option, as its bytes. See getsockopt(2).
    pub fn socket_option(&self, id: Id, level: i32, option: i32) -> Result<Vec<u8>> {
        let descriptor = self.descriptor(id)?;
        sockopt::get(&descriptor.handle, level, option)
            .map_err(|error| Error::system("getsockopt", descriptor.describe(), error))
    }

    /// Sets a socket option to a value given as bytes. See setsockopt(2). One that is set while a connect is
    /// under way holds for whatever address that reaches.
    pub fn set_socket_option(
        &mut self,
        id: Id,
        level: i32,
        option: i32,
        value: &[u8],
    ) -> Result<()> {
        let descriptor = self.descriptor_mut(id)?;
        sockopt::set(&descriptor.handle, level, option, value)
            .map_err(|error| Error::system("setsockopt", descriptor.describe(), error))?;
        if let Phase::Connecting(attempt) = &mut descriptor.phase {
            attempt.note_option(level, option, value);
        }
        Ok(())
    }

    /// The pending error of a socket (SO_ERROR), which this call clears; `None` where it has none or
    /// is no socket.
    pub fn take_error(&self, id: Id) -> Result<Option<i32>> {
        let socket = self.descriptor(id)?.handle.socket();
        let error = socket.and_then(|socket| socket.take_error().ok().flatten());
        Ok(error.and_then(|error| error.raw_os_error()))
    }
}
