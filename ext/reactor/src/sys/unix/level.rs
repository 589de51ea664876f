//! Descriptors that the system's queue tells of for as long as they are ready, which mio does not
//! do: epoll_ctl(2) without EPOLLET. Other queues are not written yet, and refuse.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use mio::{Registry, Token};

use super::pidfd;
use crate::interest::Interest;
use crate::sys::handle::RawDescriptor;

/// A descriptor that is closed when it is dropped, and on exec.
#[derive(Debug)]
pub(crate) struct Owned(OwnedFd);

impl Owned {
    pub(crate) fn raw(&self) -> RawDescriptor {
        self.0.as_raw_fd()
    }
}

/// Fails with `AlreadyExists` where the queue has this descriptor, and with EPERM where it is a
/// file that is always ready.
pub(crate) fn add(
    queue: &Registry,
    fd: RawDescriptor,
    token: Token,
    interest: Interest,
) -> io::Result<()> {
    platform::control(queue, platform::ADD, fd, token, interest)
}

/// Fails with `NotFound` where the queue has not this descriptor.
pub(crate) fn modify(
    queue: &Registry,
    fd: RawDescriptor,
    token: Token,
    interest: Interest,
) -> io::Result<()> {
    platform::control(queue, platform::MODIFY, fd, token, interest)
}

/// Fails with `NotFound` where the queue has not this descriptor.
pub(crate) fn remove(queue: &Registry, fd: RawDescriptor) -> io::Result<()> {
    platform::control(queue, platform::REMOVE, fd, Token(0), Interest::NONE)
}

/// Another number for the same open file.
pub(crate) fn duplicate(fd: RawDescriptor) -> io::Result<Owned> {
    // SAFETY: the number is only duplicated; where it is not open, that fails with EBADF.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    borrowed.try_clone_to_owned().map(Owned)
}

/// What becomes readable when a process ends, which needs not be a child.
pub(crate) fn process(pid: i32) -> io::Result<Owned> {
    pidfd::open(pid).map(Owned)
}

/// Whether two numbers stand for the same file.
pub(crate) fn is_same_file(one: RawDescriptor, other: RawDescriptor) -> bool {
    matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
}

fn identity(fd: RawDescriptor) -> io::Result<(libc::dev_t, libc::ino_t)> {
    // SAFETY: an all-zero stat is a valid value of that plain C struct.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: stat is writable for its size; an fd that is not open is reported as EBADF.
    if unsafe { libc::fstat(fd, &mut stat) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((stat.st_dev, stat.st_ino))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod platform {
    use std::io;
    use std::os::fd::AsRawFd;

    use mio::{Registry, Token};

    use crate::interest::Interest;
    use crate::sys::handle::RawDescriptor;

    pub(super) const ADD: i32 = libc::EPOLL_CTL_ADD;
    pub(super) const MODIFY: i32 = libc::EPOLL_CTL_MOD;
    pub(super) const REMOVE: i32 = libc::EPOLL_CTL_DEL;

    /// The bits of [`Interest`] are those of epoll(7), which tells of errors and hang-ups besides.
    pub(super) fn control(
        queue: &Registry,
        operation: i32,
        fd: RawDescriptor,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: u32::from(interest.bits()),
            u64: token.0 as u64,
        };
        // SAFETY: the queue is open for as long as its registry, and event is valid for the call.
        let status = unsafe { libc::epoll_ctl(queue.as_raw_fd(), operation, fd, &mut event) };
        if status != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod platform {
    use std::io;

    use mio::{Registry, Token};

    use crate::interest::Interest;
    use crate::sys::handle::RawDescriptor;

    pub(super) const ADD: i32 = 0;
    pub(super) const MODIFY: i32 = 1;
    pub(super) const REMOVE: i32 = 2;

    pub(super) fn control(
        _queue: &Registry,
        _operation: i32,
        _fd: RawDescriptor,
        _token: Token,
        _interest: Interest,
    ) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
