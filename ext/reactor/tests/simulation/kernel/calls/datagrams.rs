//! Datagrams, one or many.

use std::slice;

use libc::{c_int, c_uint, c_void, mmsghdr, size_t, sockaddr, socklen_t, ssize_t};

use super::{bytes, call, count, number, room};
use crate::kernel::names::{give, port};

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
