//! kqueue(2): a queue beside the loop's, which tells of files or of one process. Its descriptor is
//! readable while there is something in it.

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::fork;
use crate::sys::io::retry;

/// What is asked for.
pub(crate) const FILE: Filter = Filter(libc::EVFILT_VNODE as _);
pub(crate) const PROCESS: Filter = Filter(libc::EVFILT_PROC as _);

/// A kind of event. Systems have different types for it.
#[derive(Clone, Copy)]
pub(crate) struct Filter(i32);

/// A queue, closed when it is dropped, and on exec. A forked child has none of its parent's, and
/// something else may have the number there.
#[derive(Debug)]
pub(crate) struct Kqueue {
    fd: ManuallyDrop<OwnedFd>,
    generation: u64,
}

impl Kqueue {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: kqueue takes nothing.
        let fd = check(unsafe { libc::kqueue() })?;
        // SAFETY: kqueue just returned it, and nobody else has it.
        let owned = unsafe { OwnedFd::from_raw_fd(fd) };
        let queue = Self {
            fd: ManuallyDrop::new(owned),
            generation: fork::generation(),
        };
        // SAFETY: fcntl with this command takes no pointers.
        check(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) })?;
        Ok(queue)
    }

    pub(crate) fn raw(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Whether this process made it.
    pub(crate) fn is_ours(&self) -> bool {
        self.generation == fork::generation()
    }

    /// Tells of what `notes` name of a file's descriptor or a process, each time from now on.
    pub(crate) fn add(&self, ident: usize, filter: Filter, notes: u32) -> io::Result<()> {
        let mut change = empty();
        change.ident = ident as _;
        change.filter = filter.0 as _;
        change.flags = (libc::EV_ADD | libc::EV_CLEAR) as _;
        change.fflags = notes as _;
        retry(|| {
            // SAFETY: one change is read; no event is written, for which null stands.
            check(unsafe {
                let null = std::ptr::null_mut();
                libc::kevent(self.raw(), &raw const change, 1, null, 0, std::ptr::null())
            })
        })
        .map(drop)
    }

    /// What has happened: the descriptors or processes, each with its notes. No more than there is
    /// room for in `events`; never waits.
    pub(crate) fn read(&self, events: &mut [libc::kevent]) -> io::Result<usize> {
        let now = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let count = retry(|| {
            // SAFETY: nothing is read but the time; the events are writable for their number.
            check(unsafe {
                libc::kevent(
                    self.raw(),
                    std::ptr::null(),
                    0,
                    events.as_mut_ptr(),
                    events.len() as _,
                    &raw const now,
                )
            })
        })?;
        usize::try_from(count).map_err(io::Error::other)
    }
}

impl Drop for Kqueue {
    fn drop(&mut self) {
        if self.is_ours() {
            // SAFETY: this is the only place that drops it, and it is not used after.
            unsafe { ManuallyDrop::drop(&mut self.fd) };
        }
    }
}

/// An event of nothing.
pub(crate) fn empty() -> libc::kevent {
    // SAFETY: an all-zero kevent is a valid value of that plain C struct.
    unsafe { std::mem::zeroed() }
}

fn check(result: i32) -> io::Result<i32> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}
