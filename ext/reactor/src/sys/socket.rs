//! Sockets where a new one is made non-blocking by a call of its own.

use std::io;

use socket2::{Domain, SockAddr, Socket, Type};

/// What sends go with. It does not keep SIGPIPE away, but SO_NOSIGPIPE does, which socket2 sets
/// when it makes the socket.
#[cfg(unix)]
pub(crate) const NO_SIGNAL: i32 = 0;

/// A socket that never blocks.
pub(crate) fn nonblocking(domain: Domain, kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(domain, kind, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Takes one connection, with the new socket non-blocking and closed on exec; and the peer's
/// address.
pub(crate) fn accept(listener: &Socket) -> io::Result<(Socket, SockAddr)> {
    let (socket, peer) = listener.accept()?;
    socket.set_nonblocking(true)?;
    Ok((socket, peer))
}
