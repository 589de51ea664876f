//! inotify(7).

use std::ffi::CStr;

use libc::{c_char, c_int};

use super::{call, is_ours, number, status};
use crate::kernel::{Kernel, try_with};

#[unsafe(no_mangle)]
extern "C" fn inotify_init1(flags: c_int) -> c_int {
    match try_with(Kernel::inotify_init) {
        Some(answer) => number(answer),
        // SAFETY: the real call, with the caller's argument.
        None => unsafe { libc::syscall(libc::SYS_inotify_init1, flags) as c_int },
    }
}

/// # Safety
///
/// See inotify_add_watch(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn inotify_add_watch(fd: c_int, name: *const c_char, mask: u32) -> c_int {
    if !is_ours(fd) {
        // SAFETY: the real call, with the caller's arguments.
        return unsafe { libc::syscall(libc::SYS_inotify_add_watch, fd, name, mask) as c_int };
    }
    // SAFETY: callers give a string.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    number(call(|kernel| kernel.inotify_add(fd, &name)))
}

#[unsafe(no_mangle)]
extern "C" fn inotify_rm_watch(fd: c_int, watch: c_int) -> c_int {
    if !is_ours(fd) {
        // SAFETY: the real call, with the caller's arguments.
        return unsafe { libc::syscall(libc::SYS_inotify_rm_watch, fd, watch) as c_int };
    }
    status(call(|kernel| kernel.inotify_remove(fd, watch)))
}
