//! Processes by descriptor, by EVFILT_PROC of kqueue(2): it tells of their end, and the rest goes
//! by their number. Not run: there was no system to run it on.

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};
use std::process::ExitStatus;

use super::child;
use super::kqueue::{self, Kqueue};

/// A descriptor for a process, readable once that has ended; closed on exec.
///
/// Fails with ESRCH where there is no such process, and on some systems where it has ended already.
pub(crate) fn open(pid: libc::pid_t) -> io::Result<OwnedFd> {
    let process = usize::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    let queue = ManuallyDrop::new(Kqueue::new()?);
    // SAFETY: the queue is not dropped, so that nobody else has its descriptor.
    let owned = unsafe { OwnedFd::from_raw_fd(queue.raw()) };
    queue.add(process, kqueue::PROCESS, libc::NOTE_EXIT)?;
    Ok(owned)
}

/// How a child ended, which is reaped by that; `None` where it still runs.
///
/// Fails with ECHILD where somebody else reaped it, or it is nobody's child here.
pub(crate) fn wait(_: BorrowedFd<'_>, pid: libc::pid_t) -> io::Result<Option<ExitStatus>> {
    child::wait(pid)
}

/// Sends a signal to a child that was not reaped.
pub(crate) fn signal(_: BorrowedFd<'_>, pid: libc::pid_t, signal: i32) -> io::Result<()> {
    child::kill(pid, signal);
    Ok(())
}
