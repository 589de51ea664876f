//! Files that are read at a position.

use std::fs::File;
use std::io;
use std::os::windows::fs::FileExt;

/// Reads up to `length` bytes from `position` on.
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
    // SAFETY: as promised by the caller; the bytes are written before they are a slice.
    let room = unsafe {
        room.write_bytes(0, length);
        std::slice::from_raw_parts_mut(room, length)
    };
    file.seek_read(room, position as u64)
}
