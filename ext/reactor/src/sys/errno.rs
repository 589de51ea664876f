//! The system's error numbers, by the names that Unix has for them.

#[cfg(unix)]
pub(crate) use libc::{
    EBADF, ECONNABORTED, ECONNREFUSED, ECONNRESET, EFBIG, EHOSTUNREACH, EINPROGRESS, EINTR, EIO,
    EISDIR, EMSGSIZE, ENETUNREACH, ENOBUFS, ENOMEM, ESPIPE, ETIMEDOUT,
};

/// How accept(2) says that the peer went away after it had connected.
#[cfg(unix)]
pub(crate) use libc::EPROTO as EGONE;

#[cfg(windows)]
pub(crate) use windows::*;

#[cfg(windows)]
mod windows {
    use windows_sys::Win32::Foundation;
    pub(crate) use windows_sys::Win32::Networking::WinSock::{
        WSA_NOT_ENOUGH_MEMORY as ENOMEM,
        WSAECONNABORTED as ECONNABORTED,
        WSAECONNREFUSED as ECONNREFUSED,
        WSAECONNRESET as ECONNRESET,
        WSAECONNRESET as EGONE,
        WSAEHOSTUNREACH as EHOSTUNREACH,
        WSAEINTR as EINTR,
        WSAEMSGSIZE as EMSGSIZE,
        WSAENETUNREACH as ENETUNREACH,
        WSAENOBUFS as ENOBUFS,
        WSAENOTSOCK as EBADF,
        WSAETIMEDOUT as ETIMEDOUT,
        // A connect that is under way.
        WSAEWOULDBLOCK as EINPROGRESS,
    };

    pub(crate) const EFBIG: i32 = Foundation::ERROR_FILE_TOO_LARGE as i32;
    pub(crate) const EIO: i32 = Foundation::ERROR_HANDLE_EOF as i32;
    pub(crate) const EISDIR: i32 = Foundation::ERROR_DIRECTORY_NOT_SUPPORTED as i32;
    pub(crate) const ESPIPE: i32 = Foundation::ERROR_SEEK_ON_DEVICE as i32;
}
