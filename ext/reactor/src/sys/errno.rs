//! The system's error numbers, by the names that Unix has for them.

#[cfg(unix)]
pub(crate) use libc::{
    EBADF, ECONNREFUSED, ECONNRESET, EFBIG, EHOSTUNREACH, EINPROGRESS, EINTR, EIO, EISDIR,
    EMSGSIZE, ENETUNREACH, ESPIPE, ETIMEDOUT,
};

#[cfg(windows)]
pub(crate) use windows::*;

#[cfg(windows)]
mod windows {
    use windows_sys::Win32::Foundation;
    pub(crate) use windows_sys::Win32::Networking::WinSock::{
        WSAECONNREFUSED as ECONNREFUSED,
        WSAECONNRESET as ECONNRESET,
        WSAEHOSTUNREACH as EHOSTUNREACH,
        WSAEINTR as EINTR,
        WSAEMSGSIZE as EMSGSIZE,
        WSAENETUNREACH as ENETUNREACH,
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
