//! The functions of the C library that the core, mio and socket2 call, in place of the library's.
//!
//! A program that defines a function has all its crates use that one. So the core runs on this
//! kernel as it is, with its own `sys` and with mio. Descriptors below [`FIRST`] are the real
//! kernel's, of which the test harness has some.

use std::slice;

use libc::{
    c_int, c_long, c_uint, c_void, iovec, mmsghdr, msghdr, size_t, sockaddr, socklen_t, ssize_t,
};

use super::names::{give, port};
use super::{Answer, FIRST, Kernel, try_with};

fn fail<T: From<i8>>(error: i32) -> T {
    // SAFETY: each thread has an error number of its own.
    unsafe { *libc::__errno_location() = error };
    T::from(-1)
}

fn number<T: Into<i64>>(answer: Answer<T>) -> c_int {
    match answer {
        Ok(value) => value.into() as c_int,
        Err(error) => fail(error),
    }
}

fn count(answer: Answer) -> ssize_t {
    match answer {
        Ok(value) => value as ssize_t,
        Err(error) => fail(error),
    }
}

fn status<T>(answer: Answer<T>) -> c_int {
    match answer {
        Ok(_) => 0,
        Err(error) => fail(error),
    }
}

fn is_ours(fd: c_int) -> bool {
    fd >= FIRST
}

/// Calls this thread's kernel.
fn call<T>(work: impl FnOnce(&mut Kernel) -> Answer<T>) -> Answer<T> {
    let counted = |kernel: &mut Kernel| kernel.count_call().and_then(|()| work(kernel));
    try_with(counted).unwrap_or(Err(libc::ENOSYS))
}

/// The bytes at a place, which may be nowhere where there are none.
///
/// # Safety
///
/// As of `slice::from_raw_parts`, unless `length` is zero.
unsafe fn bytes<'a>(data: *const c_void, length: size_t) -> &'a [u8] {
    match length {
        0 => &[],
        // SAFETY: as the caller says.
        _ => unsafe { slice::from_raw_parts(data.cast(), length) },
    }
}

/// # Safety
///
/// As of `slice::from_raw_parts_mut`, unless `length` is zero.
unsafe fn room<'a>(data: *mut c_void, length: size_t) -> &'a mut [u8] {
    match length {
        0 => &mut [],
        // SAFETY: as the caller says.
        _ => unsafe { slice::from_raw_parts_mut(data.cast(), length) },
    }
}

// ---- sockets

#[unsafe(no_mangle)]
extern "C" fn socket(_domain: c_int, kind: c_int, _protocol: c_int) -> c_int {
    number(call(|kernel| kernel.socket(kind)))
}

/// # Safety
///
/// See bind(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn bind(fd: c_int, address: *const sockaddr, _length: socklen_t) -> c_int {
    // SAFETY: callers give an address.
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
unsafe extern "C" fn connect(fd: c_int, address: *const sockaddr, _length: socklen_t) -> c_int {
    // SAFETY: callers give an address.
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
    if accepted.is_ok() {
        // SAFETY: callers give room for an address, or none.
        unsafe { give(address, length, 1) };
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
        Ok(port) => unsafe { give(address, length, port) },
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
        Ok(()) => unsafe { give(address, length, 1) },
        Err(error) => fail(error),
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
    count(call(|kernel| {
        let (link, side) = kernel.end_of(fd)?;
        kernel.write_end(link, side, &parts)
    }))
}

#[unsafe(no_mangle)]
extern "C" fn shutdown(fd: c_int, how: c_int) -> c_int {
    status(call(|kernel| {
        let (link, side) = kernel.end_of(fd)?;
        kernel.shut_end(link, side, how)
    }))
}

// ---- datagrams

/// # Safety
///
/// See sendto(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn sendto(
    fd: c_int,
    data: *const c_void,
    length: size_t,
    _flags: c_int,
    address: *const sockaddr,
    _address_length: socklen_t,
) -> ssize_t {
    // SAFETY: callers give bytes and an address.
    let (data, port) = unsafe { (bytes(data, length), port(address)) };
    count(call(|kernel| kernel.send_datagram(fd, port, data)))
}

/// # Safety
///
/// See sendmmsg(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn sendmmsg(
    fd: c_int,
    messages: *mut mmsghdr,
    length: c_uint,
    _flags: c_int,
) -> c_int {
    // SAFETY: callers give so many messages.
    let messages = unsafe { slice::from_raw_parts(messages, length as usize) };
    number(call(|kernel| {
        kernel.may_forbid()?;
        let most = kernel.shortened(messages.len());
        for (index, message) in messages[..most].iter().enumerate() {
            // SAFETY: each message has an address, and one slice of bytes to be read.
            let (data, port) = unsafe {
                let part = &*message.msg_hdr.msg_iov;
                let data = bytes(part.iov_base, part.iov_len);
                (data, port(message.msg_hdr.msg_name.cast()))
            };
            match kernel.send_datagram(fd, port, data) {
                Err(error) if index == 0 => return Err(error),
                Err(error) => {
                    kernel.take_back(fd, error)?;
                    return Ok(index as i32);
                }
                Ok(_) => {}
            }
        }
        Ok(most as i32)
    }))
}

/// # Safety
///
/// See recvfrom(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn recvfrom(
    fd: c_int,
    data: *mut c_void,
    length: size_t,
    _flags: c_int,
    address: *mut sockaddr,
    address_length: *mut socklen_t,
) -> ssize_t {
    // SAFETY: callers give room for bytes.
    let buffer = unsafe { room(data, length) };
    let received = call(|kernel| kernel.receive_datagrams(fd, 1));
    count(received.map(|datagrams| match datagrams.first() {
        Some((from, data)) => {
            // SAFETY: callers give room for an address, or none.
            unsafe { give(address, address_length, *from) };
            let length = data.len().min(buffer.len());
            buffer[..length].copy_from_slice(&data[..length]);
            length
        }
        None => 0,
    }))
}

/// # Safety
///
/// See recvmmsg(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn recvmmsg(
    fd: c_int,
    messages: *mut mmsghdr,
    length: c_uint,
    _flags: c_int,
    _timeout: *mut libc::timespec,
) -> c_int {
    // SAFETY: callers give so many messages.
    let messages = unsafe { slice::from_raw_parts_mut(messages, length as usize) };
    let received = call(|kernel| {
        kernel.may_forbid()?;
        kernel.receive_datagrams(fd, messages.len())
    });
    number(received.map(|datagrams| {
        for (message, (from, data)) in messages.iter_mut().zip(&datagrams) {
            let header = &mut message.msg_hdr;
            // SAFETY: each message has room for an address, and one slice of bytes to be written.
            let buffer = unsafe {
                give(header.msg_name.cast(), &mut header.msg_namelen, *from);
                room((*header.msg_iov).iov_base, (*header.msg_iov).iov_len)
            };
            let length = data.len().min(buffer.len());
            buffer[..length].copy_from_slice(&data[..length]);
            message.msg_len = length as c_uint;
        }
        datagrams.len() as i32
    }))
}

// ---- epoll, eventfd, pipes

#[unsafe(no_mangle)]
extern "C" fn epoll_create1(_flags: c_int) -> c_int {
    number(call(Kernel::epoll_create))
}

/// # Safety
///
/// See epoll_ctl(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn epoll_ctl(
    epoll: c_int,
    operation: c_int,
    fd: c_int,
    event: *mut libc::epoll_event,
) -> c_int {
    // SAFETY: callers give an event, or none.
    let event = unsafe { event.as_ref() }.map(|event| (event.events, event.u64));
    status(call(|kernel| kernel.epoll_ctl(epoll, operation, fd, event)))
}

/// # Safety
///
/// See epoll_wait(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn epoll_wait(
    epoll: c_int,
    events: *mut libc::epoll_event,
    most: c_int,
    timeout: c_int,
) -> c_int {
    let ready = call(|kernel| kernel.epoll_wait(epoll, most as usize, timeout));
    match ready {
        Ok(ready) => {
            for (index, &(events_of_one, u64)) in ready.iter().enumerate() {
                let event = libc::epoll_event {
                    events: events_of_one,
                    u64,
                };
                // SAFETY: there is room for `most` of them.
                unsafe { events.add(index).write_unaligned(event) };
            }
            ready.len() as c_int
        }
        Err(error) => fail(error),
    }
}

#[unsafe(no_mangle)]
extern "C" fn eventfd(_count: c_uint, _flags: c_int) -> c_int {
    number(call(Kernel::eventfd))
}

/// # Safety
///
/// See pipe2(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn pipe2(ends: *mut c_int, flags: c_int) -> c_int {
    match try_with(Kernel::pipe) {
        Some(Ok([reader, writer])) => {
            // SAFETY: there is room for two numbers.
            unsafe { ends.cast::<[c_int; 2]>().write([reader, writer]) };
            0
        }
        Some(Err(error)) => fail(error),
        // SAFETY: the real call, with the caller's arguments.
        None => unsafe { libc::syscall(libc::SYS_pipe2, ends, flags) as c_int },
    }
}

#[unsafe(no_mangle)]
extern "C" fn splice(
    from: c_int,
    _from_offset: *mut i64,
    to: c_int,
    _to_offset: *mut i64,
    most: size_t,
    _flags: c_uint,
) -> ssize_t {
    count(call(|kernel| kernel.splice(from, to, most)))
}

// ---- any descriptor

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
    match call(|kernel| kernel.is_socket(fd)) {
        Ok(is_socket) => {
            let mode = match is_socket {
                true => libc::S_IFSOCK,
                false => libc::S_IFIFO,
            };
            // SAFETY: callers give room for it.
            unsafe {
                stat.write_bytes(0, 1);
                (*stat).st_mode = mode;
                (*stat).st_ino = fd as libc::ino_t;
            }
            0
        }
        Err(error) => fail(error),
    }
}
