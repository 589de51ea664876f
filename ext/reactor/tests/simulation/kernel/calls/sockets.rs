//! Sockets that are connected.

use std::slice;

use libc::{c_int, c_void, iovec, msghdr, size_t, sockaddr, socklen_t, ssize_t};

use super::local::sent_descriptors;
use super::{bytes, call, count, fail, number, room, status};
use crate::kernel::names::{give, give_local, path, port};
use crate::kernel::try_with;

#[unsafe(no_mangle)]
extern "C" fn socket(domain: c_int, kind: c_int, _protocol: c_int) -> c_int {
    number(call(|kernel| kernel.socket(domain, kind)))
}

/// # Safety
///
/// See bind(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn bind(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    // SAFETY: callers give an address.
    if let Some(path) = unsafe { path(address, length) } {
        return status(call(|kernel| kernel.bind_local(fd, path)));
    }
    // SAFETY: as above.
    let port = unsafe { port(address) };
    status(call(|kernel| kernel.bind(fd, port)))
}

#[unsafe(no_mangle)]
extern "C" fn listen(fd: c_int, _backlog: c_int) -> c_int {
    status(call(|kernel| kernel.listen(fd)))
}

/// # Safety
///
/// See connect(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn connect(fd: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    // SAFETY: callers give an address.
    if let Some(path) = unsafe { path(address, length) } {
        return status(call(|kernel| kernel.connect_local(fd, path)));
    }
    // SAFETY: as above.
    let port = unsafe { port(address) };
    status(call(|kernel| kernel.connect(fd, port)))
}

/// # Safety
///
/// See accept4(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn accept4(
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
    _flags: c_int,
) -> c_int {
    let accepted = call(|kernel| kernel.accept(fd));
    if let Ok(accepted) = accepted {
        // SAFETY: callers give room for an address, or none.
        unsafe { give_name(accepted, address, length, 1) };
    }
    number(accepted)
}

/// # Safety
///
/// See getsockname(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn getsockname(
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> c_int {
    match call(|kernel| kernel.port(fd)) {
        // SAFETY: callers give room for an address.
        Ok(port) => unsafe { give_name(fd, address, length, port) },
        Err(error) => fail(error),
    }
}

/// # Safety
///
/// See getpeername(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn getpeername(
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> c_int {
    match call(|kernel| kernel.has_peer(fd)) {
        // SAFETY: callers give room for an address.
        Ok(()) => unsafe { give_name(fd, address, length, 1) },
        Err(error) => fail(error),
    }
}

/// Writes an address of the family of a descriptor.
///
/// # Safety
///
/// As of [`give`].
unsafe fn give_name(fd: c_int, address: *mut sockaddr, length: *mut socklen_t, port: u16) -> c_int {
    match try_with(|kernel| kernel.is_local(fd)) {
        // SAFETY: as the caller says.
        Some(true) => unsafe { give_local(address, length) },
        // SAFETY: as the caller says.
        _ => unsafe { give(address, length, port) },
    }
}

/// # Safety
///
/// See getsockopt(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn getsockopt(
    fd: c_int,
    _level: c_int,
    option: c_int,
    value: *mut c_void,
    _length: *mut socklen_t,
) -> c_int {
    let answer = call(|kernel| match option {
        libc::SO_ERROR => kernel.take_error(fd),
        libc::SO_TYPE => kernel.is_socket(fd).map(|_| libc::SOCK_STREAM),
        _ => Ok(0),
    });
    match answer {
        Ok(answer) => {
            // SAFETY: what the core asks for are numbers.
            unsafe { value.cast::<c_int>().write_unaligned(answer) };
            0
        }
        Err(error) => fail(error),
    }
}

#[unsafe(no_mangle)]
extern "C" fn setsockopt(
    _fd: c_int,
    _level: c_int,
    _option: c_int,
    _value: *const c_void,
    _length: socklen_t,
) -> c_int {
    0
}

/// # Safety
///
/// See recv(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn recv(fd: c_int, data: *mut c_void, length: size_t, _flags: c_int) -> ssize_t {
    // SAFETY: as the caller says.
    let buffer = unsafe { room(data, length) };
    count(call(|kernel| {
        let (link, side) = kernel.end_of(fd)?;
        kernel.read_end(link, side, buffer)
    }))
}

/// # Safety
///
/// See send(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn send(
    fd: c_int,
    data: *const c_void,
    length: size_t,
    _flags: c_int,
) -> ssize_t {
    // SAFETY: as the caller says.
    let data = unsafe { bytes(data, length) };
    count(call(|kernel| {
        let (link, side) = kernel.end_of(fd)?;
        kernel.write_end(link, side, &[data])
    }))
}

/// # Safety
///
/// See sendmsg(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn sendmsg(fd: c_int, message: *const msghdr, _flags: c_int) -> ssize_t {
    // SAFETY: a message has so many slices.
    let slices = unsafe { slice::from_raw_parts((*message).msg_iov, (*message).msg_iovlen) };
    // SAFETY: each slice is bytes to be read.
    let part = |slice: &iovec| unsafe { bytes(slice.iov_base, slice.iov_len) };
    let parts: Vec<&[u8]> = slices.iter().map(part).collect();
    // SAFETY: as the caller says.
    let fds = unsafe { sent_descriptors(&*message) };
    count(call(|kernel| {
        let (link, side) = kernel.end_of(fd)?;
        let files = kernel.lift(&fds)?;
        kernel.write_message(link, side, &parts, files)
    }))
}

#[unsafe(no_mangle)]
extern "C" fn shutdown(fd: c_int, how: c_int) -> c_int {
    status(call(|kernel| {
        let (link, side) = kernel.end_of(fd)?;
        kernel.shut_end(link, side, how)
    }))
}
