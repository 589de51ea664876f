//! A descriptor that is readable once the system's clock shows some time. See timerfd_create(2).

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use linux::{open, set};

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub use elsewhere::{open, set};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::io;
    use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
    use std::time::Duration;

    use crate::error::{Error, Result};

    /// Makes one that is not set yet: non-blocking, closed on exec. Unsupported where there is no
    /// timerfd.
    pub fn open() -> Result<OwnedFd> {
        let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
        // SAFETY: timerfd_create takes two integers.
        let fd = unsafe { libc::timerfd_create(libc::CLOCK_REALTIME, flags) };
        if fd < 0 {
            let error = io::Error::last_os_error();
            return Err(Error::system("timerfd_create", "the wall clock", error));
        }
        // SAFETY: timerfd_create just returned it, and nobody else has it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Has it be readable from `since_epoch` on, and also once the clock is set, when read(2) fails
    /// with ECANCELED. It is not readable before, whatever it was set to.
    #[allow(deprecated, reason = "libc is to give time_t another width with musl")]
    pub fn set(clock: BorrowedFd<'_>, since_epoch: Duration) -> Result<()> {
        // Zero would stop it.
        let since_epoch = since_epoch.max(Duration::from_nanos(1));
        // SAFETY: an all-zero itimerspec is a valid value of that plain C struct.
        let mut time: libc::itimerspec = unsafe { std::mem::zeroed() };
        time.it_value.tv_sec =
            libc::time_t::try_from(since_epoch.as_secs()).unwrap_or(libc::time_t::MAX);
        time.it_value.tv_nsec = since_epoch.subsec_nanos() as _;
        let flags = libc::TFD_TIMER_ABSTIME | libc::TFD_TIMER_CANCEL_ON_SET;
        // SAFETY: time is valid for the whole of the call; that of before is not asked for.
        let status =
            unsafe { libc::timerfd_settime(clock.as_raw_fd(), flags, &time, std::ptr::null_mut()) };
        if status == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        // The clock was set since the last call. This one is done all the same.
        if error.raw_os_error() == Some(libc::ECANCELED) {
            return Ok(());
        }
        Err(Error::system("timerfd_settime", "the wall clock", error))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod elsewhere {
    use std::time::Duration;

    use crate::error::{Error, Result};

    #[cfg(unix)]
    use std::os::fd::{BorrowedFd, OwnedFd};
    #[cfg(windows)]
    use std::os::windows::io::{BorrowedHandle as BorrowedFd, OwnedHandle as OwnedFd};

    const UNSUPPORTED: Error = Error::Unsupported("a wall clock that can be waited for");

    /// There is none: always an error.
    pub fn open() -> Result<OwnedFd> {
        Err(UNSUPPORTED)
    }

    /// There is none: always an error.
    pub fn set(_clock: BorrowedFd<'_>, _since_epoch: Duration) -> Result<()> {
        Err(UNSUPPORTED)
    }
}
