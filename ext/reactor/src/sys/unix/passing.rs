//! Passing descriptors over Unix sockets: SCM_RIGHTS of unix(7).

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::ptr;

use libc::c_int;
use socket2::Socket;

use crate::sys::handle::RawDescriptor;
use crate::sys::message::{self, counted, headers, message, slice};
use crate::sys::socket::NO_SIGNAL;

/// What a descriptor is sent with, since it cannot go alone; that of Ruby's `UNIXSocket#send_io`.
pub(crate) const CARRIER: u8 = 0;

#[cfg(target_vendor = "apple")]
const CLOSED_ON_EXEC: c_int = 0;
#[cfg(not(target_vendor = "apple"))]
const CLOSED_ON_EXEC: c_int = libc::MSG_CMSG_CLOEXEC;

/// A descriptor on its way, closed when dropped.
#[derive(Debug)]
pub(crate) struct Passed(OwnedFd);

impl Passed {
    /// A duplicate of somebody's descriptor, who may close that at once.
    pub(crate) fn duplicate(fd: RawDescriptor) -> io::Result<Self> {
        // SAFETY: fcntl with this command takes no pointers; a bad fd is reported as EBADF.
        match unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) } {
            fd if fd < 0 => Err(io::Error::last_os_error()),
            // SAFETY: fcntl has just made it, and nobody else has it.
            fd => Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) })),
        }
    }

    /// The number, which is the caller's to close.
    pub(crate) fn into_raw(self) -> RawDescriptor {
        self.0.into_raw_fd()
    }
}

/// Whether descriptors can be passed over this socket.
pub(crate) fn is_possible(socket: &Socket) -> bool {
    socket.local_addr().is_ok_and(|address| address.is_unix())
}

/// Sends a descriptor and its byte.
pub(crate) fn send(socket: &Socket, passed: &Passed) -> io::Result<usize> {
    let mut carrier = [CARRIER];
    let mut slice = slice(&mut carrier);
    let mut control = Control::new();
    let mut message = message(&mut slice);
    let descriptor = passed.0.as_raw_fd();
    // SAFETY: there is room for more than one descriptor.
    unsafe { control.send(&mut message, libc::SOL_SOCKET, libc::SCM_RIGHTS, descriptor) };
    // SAFETY: what the message points to lives until after the call, which only reads it.
    counted(unsafe { libc::sendmsg(socket.as_raw_fd(), &message, NO_SIGNAL) })
}

/// Looks at what a read of `buffer` would take: how many bytes, and whether descriptors come behind
/// them. Where these come with bytes that fit in, the last of these are the last that are read.
pub(crate) fn peek(socket: &Socket, buffer: &mut [u8]) -> io::Result<(usize, bool)> {
    let mut slice = slice(buffer);
    let mut message = message(&mut slice);
    // SAFETY: what the message points to is writable, and lives until after the call.
    let count = unsafe { libc::recvmsg(socket.as_raw_fd(), &mut message, libc::MSG_PEEK) };
    Ok((counted(count)?, is_cut(&message)))
}

/// Reads, and adds the descriptors that come along to `arrived`. EMFILE where some of them are
/// lost, as the process has too many already.
pub(crate) fn receive(
    socket: &Socket,
    buffer: &mut [u8],
    arrived: &mut VecDeque<Passed>,
) -> io::Result<usize> {
    let mut slice = slice(buffer);
    let mut control = Control::new();
    let mut message = message(&mut slice);
    control.receive(&mut message);
    // SAFETY: as in `peek`; the control buffer is writable, too.
    let count =
        counted(unsafe { libc::recvmsg(socket.as_raw_fd(), &mut message, CLOSED_ON_EXEC) })?;
    // SAFETY: the system has written headers to the control buffer, and their length.
    unsafe { take_descriptors(&message, arrived) };
    match is_cut(&message) {
        true => Err(io::Error::from_raw_os_error(libc::EMFILE)),
        false => Ok(count),
    }
}

/// Whether there was more beside the bytes than there was room for.
fn is_cut(message: &libc::msghdr) -> bool {
    message.msg_flags & libc::MSG_CTRUNC != 0
}

/// Room for all descriptors that may be in one message: 253 (SCM_MAX_FD).
type Control = message::Control<2048>;

/// # Safety
///
/// The message's control buffer holds what recvmsg(2) has written there, whose descriptors nobody
/// has yet.
unsafe fn take_descriptors(message: &libc::msghdr, arrived: &mut VecDeque<Passed>) {
    // SAFETY: the headers are those of the system, and as long as they say.
    unsafe {
        for header in headers(message) {
            if (*header).cmsg_level == libc::SOL_SOCKET && (*header).cmsg_type == libc::SCM_RIGHTS {
                #[allow(clippy::unnecessary_cast, reason = "of 32 bits on other systems")]
                let length = (*header).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                let first: *const c_int = libc::CMSG_DATA(header).cast();
                for index in 0..length / size_of::<c_int>() {
                    let fd = ptr::read_unaligned(first.add(index));
                    close_on_exec(fd);
                    arrived.push_back(Passed(OwnedFd::from_raw_fd(fd)));
                }
            }
        }
    }
}

/// Where the system cannot set that while it receives.
fn close_on_exec(fd: RawDescriptor) {
    if CLOSED_ON_EXEC == 0 {
        // SAFETY: fcntl with this command takes no pointers.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}
