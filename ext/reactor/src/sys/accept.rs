//! accept(2), with the new socket non-blocking and closed on exec.

use std::io;

use socket2::Socket;

/// Takes one connection.
#[cfg(any(
    target_os = "android",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "illumos",
    target_os = "linux",
    target_os = "netbsd",
    target_os = "openbsd"
))]
pub(crate) fn accept(listener: &Socket) -> io::Result<Socket> {
    use std::os::fd::{AsRawFd, FromRawFd};

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

/// Takes one connection.
#[cfg(not(any(
    target_os = "android",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "illumos",
    target_os = "linux",
    target_os = "netbsd",
    target_os = "openbsd"
)))]
pub(crate) fn accept(listener: &Socket) -> io::Result<Socket> {
    let (socket, _) = listener.accept()?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The connection was gone before it was accepted: the next one may be there.
pub(crate) fn is_transient(error: &io::Error) -> bool {
    #[cfg(unix)]
    use libc::{ECONNABORTED, EINTR, EPROTO as GONE};
    #[cfg(windows)]
    use windows_sys::Win32::Networking::WinSock::{
        WSAECONNABORTED as ECONNABORTED, WSAECONNRESET as GONE, WSAEINTR as EINTR,
    };

    matches!(error.raw_os_error(), Some(ECONNABORTED | EINTR | GONE))
}
