//! Fibers wait for no descriptors here yet: Ruby reads and writes by itself.

use em_reactor::Interest;

/// Whether fibers read and write by these functions.
pub(crate) const SUPPORTED: bool = false;

pub(crate) use libc::{EAGAIN, EINTR};

/// Not known.
pub(crate) fn is_ready(_number: i32, _interest: Interest) -> bool {
    false
}

/// Fails.
///
/// # Safety
///
/// It does nothing.
pub(crate) unsafe fn read(_number: i32, _base: *mut u8, _size: usize) -> Result<usize, i32> {
    Err(libc::ENOSYS)
}

/// Fails.
///
/// # Safety
///
/// It does nothing.
pub(crate) unsafe fn write(_number: i32, _base: *const u8, _size: usize) -> Result<usize, i32> {
    Err(libc::ENOSYS)
}
