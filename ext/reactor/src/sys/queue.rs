//! What the calls are named that wait for descriptors, for the texts of errors. It is mio that makes
//! them: epoll(7), kqueue(2), or I/O completion ports.

/// How one system names them.
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
