//! What is done with any descriptor.

use std::{ptr, slice};

use libc::{c_int, c_long, c_void, size_t, ssize_t};

use super::{bytes, call, count, fail, is_ours, number, room, status};
use crate::kernel::try_with;

/// # Safety
///
/// See read(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn read(fd: c_int, data: *mut c_void, length: size_t) -> ssize_t {
    if !is_ours(fd) {
        // SAFETY: the real call, with the caller's arguments.
        return unsafe { libc::syscall(libc::SYS_read, fd, data, length) as ssize_t };
    }
    // SAFETY: as the caller says.
    let buffer = unsafe { room(data, length) };
    count(call(|kernel| kernel.read_file(fd, buffer)))
}

/// # Safety
///
/// See write(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn write(fd: c_int, data: *const c_void, length: size_t) -> ssize_t {
    if !is_ours(fd) {
        // SAFETY: the real call, with the caller's arguments.
        return unsafe { libc::syscall(libc::SYS_write, fd, data, length) as ssize_t };
    }
    // SAFETY: as the caller says.
    let data = unsafe { bytes(data, length) };
    count(call(|kernel| kernel.write_file(fd, data)))
}

/// Files are the real kernel's, but signals and short reads this one's.
///
/// # Safety
///
/// See pread(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn pread64(
    fd: c_int,
    data: *mut c_void,
    length: size_t,
    offset: libc::off64_t,
) -> ssize_t {
    let most = try_with(|kernel| kernel.may_interrupt().map(|()| kernel.shortened(length)));
    match most.unwrap_or(Ok(length)) {
        // SAFETY: the real call, with no more room than the caller has.
        Ok(most) => unsafe { libc::syscall(libc::SYS_pread64, fd, data, most, offset) as ssize_t },
        Err(error) => fail(error),
    }
}

#[unsafe(no_mangle)]
extern "C" fn close(fd: c_int) -> c_int {
    if !is_ours(fd) {
        // SAFETY: the real call, with the caller's argument.
        return unsafe { libc::syscall(libc::SYS_close, fd) as c_int };
    }
    status(call(|kernel| kernel.close(fd)))
}

#[unsafe(no_mangle)]
extern "C" fn fcntl(fd: c_int, command: c_int, argument: c_long) -> c_int {
    if !is_ours(fd) {
        // SAFETY: the real call, with the caller's arguments.
        return unsafe { libc::syscall(libc::SYS_fcntl, fd, command, argument) as c_int };
    }
    let flags = libc::O_NONBLOCK | libc::O_RDWR;
    number(call(|kernel| match command {
        libc::F_DUPFD_CLOEXEC => kernel.duplicate(fd),
        libc::F_GETFL => kernel.file_of(fd).map(|_| flags),
        _ => kernel.file_of(fd).map(|_| 0),
    }))
}

/// # Safety
///
/// See ioctl(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn ioctl(fd: c_int, request: libc::c_ulong, argument: *mut c_void) -> c_int {
    if !is_ours(fd) {
        // SAFETY: the real call, with the caller's arguments.
        return unsafe { libc::syscall(libc::SYS_ioctl, fd, request, argument) as c_int };
    }
    let answer = call(|kernel| match request {
        libc::TIOCOUTQ => kernel.unacknowledged(fd),
        _ => Err(libc::ENOTTY),
    });
    match answer {
        Ok(answer) => {
            // SAFETY: this request gives a number.
            unsafe { argument.cast::<c_int>().write_unaligned(answer as c_int) };
            0
        }
        Err(error) => fail(error),
    }
}

/// # Safety
///
/// See fstat(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn fstat(fd: c_int, stat: *mut libc::stat) -> c_int {
    if !is_ours(fd) {
        // SAFETY: the real call, with the caller's arguments.
        return unsafe { libc::syscall(libc::SYS_fstat, fd, stat) as c_int };
    }
    let known = call(|kernel| Ok((kernel.is_socket(fd)?, kernel.serial_of(fd)?)));
    match known {
        Ok((is_socket, serial)) => {
            let mode = match is_socket {
                true => libc::S_IFSOCK,
                false => libc::S_IFIFO,
            };
            // SAFETY: callers give room for it.
            unsafe {
                stat.write_bytes(0, 1);
                (*stat).st_mode = mode;
                (*stat).st_ino = serial;
            }
            0
        }
        Err(error) => fail(error),
    }
}

/// # Safety
///
/// See poll(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn poll(
    polled: *mut libc::pollfd,
    length: libc::nfds_t,
    timeout: c_int,
) -> c_int {
    // SAFETY: callers give so many.
    let all = unsafe { slice::from_raw_parts_mut(polled, length as usize) };
    if !all.iter().any(|one| is_ours(one.fd)) {
        let limit = libc::timespec {
            tv_sec: libc::time_t::from(timeout.max(0)) / 1_000,
            tv_nsec: c_long::from(timeout.max(0)) % 1_000 * 1_000_000,
        };
        let limit = if timeout < 0 {
            ptr::null()
        } else {
            &raw const limit
        };
        // SAFETY: another form of the same call, with the caller's arguments.
        return unsafe { libc::ppoll(polled, length, limit, ptr::null()) };
    }
    number(call(|kernel| {
        kernel.may_interrupt()?;
        for one in all.iter_mut() {
            one.revents = kernel.poll(one.fd, one.events as u32) as i16;
        }
        Ok(all.iter().filter(|one| one.revents != 0).count() as i32)
    }))
}
