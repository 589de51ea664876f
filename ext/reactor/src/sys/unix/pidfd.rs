//! Processes by descriptor, which a reused number cannot confuse. See pidfd_open(2).

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process::ExitStatus;

/// A descriptor for a process, readable once that has ended; closed on exec.
///
/// Fails with ESRCH where there is no such process, and with ENOSYS on systems without pidfds.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn open(pid: libc::pid_t) -> io::Result<OwnedFd> {
    use std::os::fd::{FromRawFd, RawFd};

    // SAFETY: pidfd_open takes two integers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: pidfd_open just returned it, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// How a child ended, which is reaped by that; `None` where it still runs.
///
/// Fails with ECHILD where somebody else reaped it, or it is nobody's child here.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn wait(process: BorrowedFd<'_>, _pid: libc::pid_t) -> io::Result<Option<ExitStatus>> {
    use std::os::fd::AsRawFd;
    use std::os::unix::process::ExitStatusExt;

    // SAFETY: an all-zero siginfo_t is a valid value of that plain C struct.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let fd = process.as_raw_fd() as libc::id_t;
    // SAFETY: info is writable for its size.
    if unsafe { libc::waitid(libc::P_PIDFD, fd, &mut info, libc::WEXITED | libc::WNOHANG) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: waitid fills in the fields of SIGCHLD, or leaves them zero.
    let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
    if pid == 0 {
        return Ok(None);
    }
    // As wait(2) packs it.
    Ok(Some(ExitStatus::from_raw(match info.si_code {
        libc::CLD_EXITED => (status & 0xff) << 8,
        libc::CLD_DUMPED => status | 0x80,
        _ => status,
    })))
}

/// Sends a signal. See pidfd_send_signal(2).
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn signal(process: BorrowedFd<'_>, _pid: libc::pid_t, signal: i32) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    let info: *const libc::siginfo_t = std::ptr::null();
    // SAFETY: with no siginfo the call reads no memory.
    let status = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            process.as_raw_fd(),
            signal,
            info,
            0,
        )
    };
    if status != 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Fails with [`io::ErrorKind::Unsupported`].
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn open(_pid: libc::pid_t) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Never called, since [`open`] fails.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn wait(_process: BorrowedFd<'_>, _pid: libc::pid_t) -> io::Result<Option<ExitStatus>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Never called, since [`open`] fails.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn signal(_: BorrowedFd<'_>, _pid: libc::pid_t, _signal: i32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
