//! What a socket has taken and its peer has not.

use socket2::Socket;

/// How many bytes that were written to a TCP socket its peer has not acknowledged (SIOCOUTQ of
/// tcp(7)).
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn undelivered(socket: &Socket) -> usize {
    use std::os::fd::AsRawFd;

    let mut count: libc::c_int = 0;
    // SAFETY: the call writes an int to `count`. SIOCOUTQ is another name of this request.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut count) };
    match done {
        0 => usize::try_from(count).unwrap_or(0),
        _ => 0,
    }
}

/// Nothing: the system does not tell.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn undelivered(_socket: &Socket) -> usize {
    0
}
