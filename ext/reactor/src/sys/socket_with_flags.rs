//! Sockets where socket(2), accept4(2) and send(2) take flags.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd};

use socket2::{Domain, Socket, Type};

/// What sends go with, so that a peer that is gone raises no SIGPIPE.
pub(crate) const NO_SIGNAL: i32 = libc::MSG_NOSIGNAL;

/// A socket that never blocks.
pub(crate) fn nonblocking(domain: Domain, kind: Type) -> io::Result<Socket> {
    Socket::new(domain, kind.nonblocking(), None)
}

/// Takes one connection, with the new socket non-blocking and closed on exec.
pub(crate) fn accept(listener: &Socket) -> io::Result<Socket> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let null = std::ptr::null_mut();
    // SAFETY: accept4 may be given no room for the address, and takes no other pointers.
    let fd = unsafe { libc::accept4(listener.as_raw_fd(), null, std::ptr::null_mut(), flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: accept4 just returned it, and nobody else has it.
    Ok(unsafe { Socket::from_raw_fd(fd) })
}
