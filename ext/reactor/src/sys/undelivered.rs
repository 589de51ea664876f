//! What a socket has taken and its peer has not.

use socket2::Socket;

/// How many bytes that were written to a TCP socket its peer has not acknowledged; none where the
/// system does not tell.
pub(crate) fn undelivered(socket: &Socket) -> Option<usize> {
    usize::try_from(system::count(socket)?).ok()
}

/// SIOCOUTQ of tcp(7), which is another name of this request, or FIONWRITE of ioctl(2).
#[cfg(any(
    target_os = "android",
    target_os = "freebsd",
    target_os = "linux",
    target_os = "netbsd"
))]
mod system {
    use std::os::fd::AsRawFd;

    #[cfg(any(target_os = "freebsd", target_os = "netbsd"))]
    use libc::FIONWRITE as REQUEST;
    #[cfg(any(target_os = "android", target_os = "linux"))]
    use libc::TIOCOUTQ as REQUEST;
    use socket2::Socket;

    pub(super) fn count(socket: &Socket) -> Option<libc::c_int> {
        let mut count = 0;
        // SAFETY: the call writes an int to `count`.
        let done = unsafe { libc::ioctl(socket.as_raw_fd(), REQUEST, &raw mut count) };
        (done == 0).then_some(count)
    }
}

/// SO_NWRITE of getsockopt(2).
#[cfg(target_vendor = "apple")]
mod system {
    use std::os::fd::AsRawFd;

    use socket2::Socket;

    pub(super) fn count(socket: &Socket) -> Option<libc::c_int> {
        let mut count: libc::c_int = 0;
        let mut size = size_of_val(&count) as libc::socklen_t;
        // SAFETY: the call writes an int, of that size, to `count`.
        let done = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_NWRITE,
                (&raw mut count).cast(),
                &raw mut size,
            )
        };
        (done == 0).then_some(count)
    }
}

#[cfg(not(any(
    target_os = "android",
    target_os = "freebsd",
    target_os = "linux",
    target_os = "netbsd",
    target_vendor = "apple"
)))]
mod system {
    use socket2::Socket;

    pub(super) fn count(_socket: &Socket) -> Option<i32> {
        None
    }
}
