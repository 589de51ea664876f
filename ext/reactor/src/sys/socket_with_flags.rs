//! Sockets where socket(2), accept4(2) and send(2) take flags.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd};

use socket2::{Domain, SockAddr, Socket, Type};

/// What sends go with, so that a peer that is gone raises no SIGPIPE.
pub(crate) const NO_SIGNAL: i32 = libc::MSG_NOSIGNAL;

/// A socket that never blocks.
pub(crate) fn nonblocking(domain: Domain, kind: Type) -> io::Result<Socket> {
    Socket::new(domain, kind.nonblocking(), None)
}

/// Takes one connection, with the new socket non-blocking and closed on exec; and the peer's
/// address.
pub(crate) fn accept(listener: &Socket) -> io::Result<(Socket, SockAddr)> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: both pointers are valid for the call, which writes an address and its length to them.
    let (fd, peer) = unsafe {
        SockAddr::try_init(|address, length| {
            match libc::accept4(listener.as_raw_fd(), address.cast(), length, flags) {
                fd if fd < 0 => Err(io::Error::last_os_error()),
                fd => Ok(fd),
            }
        })
    }?;
    // SAFETY: accept4 just returned it, and nobody else has it.
    Ok((unsafe { Socket::from_raw_fd(fd) }, peer))
}
