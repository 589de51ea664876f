//! Asking the system what a descriptor is ready for, without waiting.

use em_reactor::Interest;

/// Whether a descriptor is ready to be read from, or written to, now. See poll(2).
pub(super) fn is_ready(fd: i32, interest: Interest) -> bool {
    let events = match interest {
        Interest::READABLE => libc::POLLIN,
        _ => libc::POLLOUT,
    };
    let mut poll = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    // SAFETY: one entry, valid for the call.
    unsafe { libc::poll(&mut poll, 1, 0) != 0 }
}
