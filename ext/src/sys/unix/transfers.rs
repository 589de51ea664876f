//! Reading and writing without waiting, whatever the mode of the descriptor.

use std::ffi::c_void;

use em_reactor::Interest;

/// Whether fibers read and write by these functions.
pub(crate) const SUPPORTED: bool = true;

pub(crate) use libc::{EAGAIN, EINTR};

/// Whether a descriptor is ready to be read from, or written to, now. See poll(2).
pub(crate) fn is_ready(fd: i32, interest: Interest) -> bool {
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

/// Reads what is there; the error's number where nothing is.
///
/// # Safety
///
/// There is room for `size` bytes at `base`.
pub(crate) unsafe fn read(fd: i32, base: *mut u8, size: usize) -> Result<usize, i32> {
    let base = base.cast::<c_void>();
    // SAFETY: as promised by the caller.
    match result(unsafe { libc::recv(fd, base, size, libc::MSG_DONTWAIT) }) {
        // The system is asked first, since it may be in blocking mode.
        Err(libc::ENOTSOCK) if is_ready(fd, Interest::READABLE) => {
            // SAFETY: as promised by the caller.
            result(unsafe { libc::read(fd, base, size) })
        }
        Err(libc::ENOTSOCK) => Err(EAGAIN),
        result => result,
    }
}

/// Writes what there is room for; the error's number where there is none.
///
/// # Safety
///
/// There are `size` bytes at `base`.
pub(crate) unsafe fn write(fd: i32, base: *const u8, size: usize) -> Result<usize, i32> {
    let base = base.cast::<c_void>();
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: as promised by the caller.
    match result(unsafe { libc::send(fd, base, size, flags) }) {
        Err(libc::ENOTSOCK) if is_ready(fd, Interest::WRITABLE) => {
            // A pipe takes this much at once where it takes anything, even in blocking mode.
            let most = size.min(libc::PIPE_BUF);
            // SAFETY: as promised by the caller.
            result(unsafe { libc::write(fd, base, most) })
        }
        Err(libc::ENOTSOCK) => Err(EAGAIN),
        result => result,
    }
}

fn result(done: isize) -> Result<usize, i32> {
    usize::try_from(done).map_err(|_| {
        let error = std::io::Error::last_os_error();
        error.raw_os_error().unwrap_or(libc::EIO)
    })
}
