//! The functions of the C library that the core, mio and socket2 call, in place of the library's.
//!
//! A program that defines a function has all its crates use that one. So the core runs on this
//! kernel as it is, with its own `sys` and with mio. Descriptors below [`FIRST`] are the real
//! kernel's, of which the test harness has some.

mod children;
mod datagrams;
mod descriptors;
mod local;
mod queue;
mod real;
mod sockets;
mod watched;

use std::slice;

use libc::{c_int, c_void, size_t, ssize_t};

use super::{Answer, FIRST, Kernel, try_with};

pub(super) fn fail<T: From<i8>>(error: i32) -> T {
    // SAFETY: each thread has an error number of its own.
    unsafe { *libc::__errno_location() = error };
    T::from(-1)
}

pub(super) fn number<T: Into<i64>>(answer: Answer<T>) -> c_int {
    match answer {
        Ok(value) => value.into() as c_int,
        Err(error) => fail(error),
    }
}

pub(super) fn count(answer: Answer) -> ssize_t {
    match answer {
        Ok(value) => value as ssize_t,
        Err(error) => fail(error),
    }
}

pub(super) fn status<T>(answer: Answer<T>) -> c_int {
    match answer {
        Ok(_) => 0,
        Err(error) => fail(error),
    }
}

pub(super) fn is_ours(fd: c_int) -> bool {
    fd >= FIRST
}

/// Calls this thread's kernel.
pub(super) fn call<T>(work: impl FnOnce(&mut Kernel) -> Answer<T>) -> Answer<T> {
    let counted = |kernel: &mut Kernel| kernel.count_call().and_then(|()| work(kernel));
    try_with(counted).unwrap_or(Err(libc::ENOSYS))
}

/// The bytes at a place, which may be nowhere where there are none.
///
/// # Safety
///
/// As of `slice::from_raw_parts`, unless `length` is zero.
pub(super) unsafe fn bytes<'a>(data: *const c_void, length: size_t) -> &'a [u8] {
    match length {
        0 => &[],
        // SAFETY: as the caller says.
        _ => unsafe { slice::from_raw_parts(data.cast(), length) },
    }
}

/// # Safety
///
/// As of `slice::from_raw_parts_mut`, unless `length` is zero.
pub(super) unsafe fn room<'a>(data: *mut c_void, length: size_t) -> &'a mut [u8] {
    match length {
        0 => &mut [],
        // SAFETY: as the caller says.
        _ => unsafe { slice::from_raw_parts_mut(data.cast(), length) },
    }
}
