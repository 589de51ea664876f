//! The system's queue of events, which mio uses: epoll(7), kqueue(2), or an I/O completion port.

use std::io;

use mio::Interest;

/// Whether the queue refused a descriptor because it is always ready, as epoll_ctl(2) does with
/// files.
pub(crate) fn is_always_ready(error: &io::Error) -> bool {
    cfg!(unix) && error.raw_os_error() == Some(libc::EPERM)
}

/// Has the queue tell of urgent data, which ends a read before all is read. `None` where it does
/// not.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) const URGENT: Option<Interest> = Some(Interest::PRIORITY);

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) const URGENT: Option<Interest> = None;

/// How the calls are named, for the texts of errors.
pub(crate) struct Calls {
    pub(crate) create: &'static str,
    /// To add a descriptor, or change what it is watched for.
    pub(crate) control: &'static str,
    pub(crate) wait: &'static str,
    /// To make what other threads wake the wait by.
    pub(crate) waker: &'static str,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) const CALLS: Calls = Calls {
    create: "epoll_create",
    control: "epoll_ctl",
    wait: "epoll_wait",
    waker: "eventfd",
};

#[cfg(windows)]
pub(crate) const CALLS: Calls = Calls {
    create: "CreateIoCompletionPort",
    control: "NtDeviceIoControlFile",
    wait: "GetQueuedCompletionStatusEx",
    waker: "PostQueuedCompletionStatus",
};

#[cfg(not(any(target_os = "linux", target_os = "android", windows)))]
pub(crate) const CALLS: Calls = Calls {
    create: "kqueue",
    control: "kevent",
    wait: "kevent",
    waker: "kevent",
};
