//! Messages of recvmsg(2) and sendmsg(2), and what goes beside their bytes: cmsg(3).

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use libc::{c_int, cmsghdr, iovec, msghdr};

/// Room for what goes beside the bytes.
#[repr(C, align(16))]
pub(crate) struct Control<const ROOM: usize>([MaybeUninit<u8>; ROOM]);

impl<const ROOM: usize> Control<ROOM> {
    pub(crate) fn new() -> Self {
        Self([MaybeUninit::zeroed(); ROOM])
    }

    /// Has the system write there what comes with a message.
    pub(crate) fn receive(&mut self, message: &mut msghdr) {
        message.msg_control = self.0.as_mut_ptr().cast();
        message.msg_controllen = ROOM as _;
    }

    /// Writes the one header of a message, and what goes with it.
    ///
    /// # Safety
    ///
    /// There is room for that.
    pub(crate) unsafe fn send<T>(
        &mut self,
        message: &mut msghdr,
        level: c_int,
        kind: c_int,
        value: T,
    ) {
        let length = size_of::<T>() as u32;
        message.msg_control = self.0.as_mut_ptr().cast();
        // SAFETY: all is written within the room, which is zeros, as the caller vouches for.
        unsafe {
            message.msg_controllen = libc::CMSG_SPACE(length) as _;
            let header = libc::CMSG_FIRSTHDR(message);
            (*header).cmsg_level = level;
            (*header).cmsg_type = kind;
            (*header).cmsg_len = libc::CMSG_LEN(length) as _;
            ptr::write_unaligned(libc::CMSG_DATA(header).cast(), value);
        }
    }
}

pub(crate) fn slice(bytes: &mut [u8]) -> iovec {
    iovec {
        iov_base: bytes.as_mut_ptr().cast(),
        iov_len: bytes.len(),
    }
}

/// A message of these bytes and nothing else.
pub(crate) fn message(slice: &mut iovec) -> msghdr {
    // SAFETY: of numbers and pointers alone, for which zeros are what stands for nothing.
    let mut message: msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = slice;
    message.msg_iovlen = 1;
    message
}

/// The headers that came with a message.
///
/// # Safety
///
/// The message's control buffer holds what recvmsg(2) has written there.
pub(crate) unsafe fn headers(message: &msghdr) -> impl Iterator<Item = *mut cmsghdr> {
    // SAFETY: the headers are those of the system, and as long as they say.
    let first = unsafe { libc::CMSG_FIRSTHDR(message) };
    let next = move |header: &*mut cmsghdr| {
        // SAFETY: as above.
        let next = unsafe { libc::CMSG_NXTHDR(message, *header) };
        (!next.is_null()).then_some(next)
    };
    std::iter::successors((!first.is_null()).then_some(first), next)
}

/// What a call has returned that counts bytes.
pub(crate) fn counted(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}
