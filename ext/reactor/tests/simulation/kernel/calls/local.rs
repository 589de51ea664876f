//! Unix-domain sockets, and what is passed over them.

use std::{ptr, slice};

use libc::{c_int, c_void, cmsghdr, msghdr, size_t, ssize_t};

use super::{call, count, is_ours, room, status};
use crate::kernel::{Answer, try_with};

/// # Safety
///
/// See socketpair(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn socketpair(
    domain: c_int,
    kind: c_int,
    protocol: c_int,
    ends: *mut c_int,
) -> c_int {
    if try_with(|_| ()).is_none() {
        // SAFETY: the real call, with the caller's arguments.
        return unsafe {
            libc::syscall(libc::SYS_socketpair, domain, kind, protocol, ends) as c_int
        };
    }
    status(call(|kernel| {
        let pair = kernel.socketpair()?;
        // SAFETY: there is room for two numbers.
        unsafe { ends.cast::<[c_int; 2]>().write(pair) };
        Ok(())
    }))
}

/// # Safety
///
/// See recvmsg(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> ssize_t {
    if !is_ours(fd) {
        // SAFETY: the real call, with the caller's arguments.
        return unsafe { libc::syscall(libc::SYS_recvmsg, fd, message, flags) as ssize_t };
    }
    // SAFETY: callers give a message, with one slice to be written.
    let message = unsafe { &mut *message };
    // SAFETY: as above.
    let buffer = unsafe { room((*message.msg_iov).iov_base, (*message.msg_iov).iov_len) };
    let answer = match flags & libc::MSG_PEEK {
        0 => receive(fd, buffer),
        _ => peek(fd, buffer),
    };
    count(answer.map(|(count, fds, is_cut)| {
        message.msg_flags = if is_cut { libc::MSG_CTRUNC } else { 0 };
        // SAFETY: callers give room for more descriptors than are passed here, or none.
        unsafe { give_descriptors(message, &fds) };
        count
    }))
}

type Received = Answer<(usize, Vec<i32>, bool)>;

/// Callers have no room for descriptors then.
fn peek(fd: c_int, buffer: &mut [u8]) -> Received {
    call(|kernel| {
        let (link, side) = kernel.end_of(fd)?;
        let (count, brings) = kernel.peek_local(link, side, buffer)?;
        Ok((count, Vec::new(), brings))
    })
}

fn receive(fd: c_int, buffer: &mut [u8]) -> Received {
    call(|kernel| {
        let (link, side) = kernel.end_of(fd)?;
        let (count, files) = kernel.read_message(link, side, buffer)?;
        let (fds, is_cut) = kernel.land(&files);
        Ok((count, fds, is_cut))
    })
}

/// # Safety
///
/// There is room for them.
unsafe fn give_descriptors(message: &mut msghdr, fds: &[i32]) {
    message.msg_controllen = match fds.len() {
        0 => 0,
        // SAFETY: it only counts.
        _ => unsafe { libc::CMSG_SPACE(size_of_val(fds) as u32) as size_t },
    };
    if fds.is_empty() {
        return;
    }
    // SAFETY: as the caller says.
    unsafe {
        let header: *mut cmsghdr = libc::CMSG_FIRSTHDR(message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(size_of_val(fds) as u32) as size_t;
        let data: *mut c_void = libc::CMSG_DATA(header).cast();
        ptr::copy_nonoverlapping(fds.as_ptr().cast(), data, size_of_val(fds));
    }
}

/// The descriptors that are sent with a message.
///
/// # Safety
///
/// As of sendmsg(2).
pub(super) unsafe fn sent_descriptors(message: &msghdr) -> Vec<i32> {
    if message.msg_controllen == 0 {
        return Vec::new();
    }
    // SAFETY: the caller has written one header, and descriptors behind it.
    unsafe {
        let header = libc::CMSG_FIRSTHDR(message);
        let length = (*header).cmsg_len - libc::CMSG_LEN(0) as size_t;
        let first: *const i32 = libc::CMSG_DATA(header).cast();
        slice::from_raw_parts(first, length / size_of::<i32>()).to_vec()
    }
}
