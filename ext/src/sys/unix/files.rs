//! Files that are read at a position.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// Reads up to `length` bytes from `position` on. See pread(2).
///
/// # Safety
///
/// There is room for `length` bytes at `room`.
pub(crate) unsafe fn read_at(
    file: &File,
    room: *mut u8,
    length: usize,
    position: usize,
) -> io::Result<usize> {
    // SAFETY: as promised by the caller.
    let count = unsafe {
        libc::pread(
            file.as_raw_fd(),
            room.cast(),
            length,
            position as libc::off_t,
        )
    };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}
