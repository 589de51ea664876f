//! One owned descriptor: a socket, or a pipe, terminal or other file.

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use socket2::Socket;

/// Reads and writes never raise SIGPIPE and are repeated when a signal interrupts them.
#[derive(Debug)]
pub(crate) enum Handle {
    Socket(Socket),
    File(File),
}

impl Handle {
    /// Takes over `fd`.
    ///
    /// Fails with EBADF where there is no such descriptor; it is the caller's again then.
    pub(crate) fn adopt(fd: RawFd) -> io::Result<Self> {
        let socket = is_socket(fd)?;
        // SAFETY: fstat just found the descriptor open; whoever calls attach or watch hands it over,
        // and it goes back by `into_raw_fd` without being closed.
        let owned = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(if socket {
            Self::Socket(owned.into())
        } else {
            Self::File(owned.into())
        })
    }

    /// Sets non-blocking mode, which all that share the open file share; says whether it was set
    /// before.
    pub(crate) fn set_nonblocking(&self, wanted: bool) -> io::Result<bool> {
        let flags = status_flags(self.as_raw_fd())?;
        let before = flags & libc::O_NONBLOCK != 0;
        if before != wanted {
            // SAFETY: fcntl with this command takes no pointers.
            let set =
                unsafe { libc::fcntl(self.as_raw_fd(), libc::F_SETFL, flags ^ libc::O_NONBLOCK) };
            if set < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(before)
    }

    /// Whether it was opened for reading.
    pub(crate) fn is_readable(&self) -> bool {
        status_flags(self.as_raw_fd()).is_ok_and(|flags| flags & libc::O_ACCMODE != libc::O_WRONLY)
    }

    pub(crate) fn socket(&self) -> Option<&Socket> {
        match self {
            Self::Socket(socket) => Some(socket),
            Self::File(_) => None,
        }
    }

    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        retry(|| match self {
            Self::Socket(socket) => (&mut &*socket).read(buffer),
            Self::File(file) => (&mut &*file).read(buffer),
        })
    }

    pub(crate) fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        retry(|| match (self, slices) {
            (Self::Socket(socket), [one]) => socket.send_with_flags(one, NO_SIGNAL),
            (Self::Socket(socket), many) => socket.send_vectored_with_flags(many, NO_SIGNAL),
            (Self::File(file), [one]) => (&mut &*file).write(one),
            (Self::File(file), many) => (&mut &*file).write_vectored(many),
        })
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const NO_SIGNAL: i32 = libc::MSG_NOSIGNAL;
// Elsewhere socket2 sets SO_NOSIGPIPE when it makes the socket.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const NO_SIGNAL: i32 = 0;

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Socket(socket) => socket.as_fd(),
            Self::File(file) => file.as_fd(),
        }
    }
}

impl AsRawFd for Handle {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl IntoRawFd for Handle {
    fn into_raw_fd(self) -> RawFd {
        match self {
            Self::Socket(socket) => socket.into_raw_fd(),
            Self::File(file) => file.into_raw_fd(),
        }
    }
}

/// Repeats a call for as long as signals interrupt it.
pub(crate) fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

fn is_socket(fd: RawFd) -> io::Result<bool> {
    // SAFETY: an all-zero stat is a valid value of that plain C struct.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: stat is writable for its size; an fd that is not open is reported as EBADF.
    if unsafe { libc::fstat(fd, &mut stat) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(stat.st_mode & libc::S_IFMT == libc::S_IFSOCK)
}

fn status_flags(fd: RawFd) -> io::Result<i32> {
    // SAFETY: fcntl with this command takes no pointers; a bad fd is reported as EBADF.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    if flags < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(flags)
    }
}

/// A buffer as socket2 wants it, which is more cautious than its callers need.
pub(crate) fn as_uninit(buffer: &mut [u8]) -> &mut [std::mem::MaybeUninit<u8>] {
    // SAFETY: u8 and MaybeUninit<u8> have the same layout, and socket2 writes nothing but bytes that
    // the system initialised.
    unsafe { &mut *(std::ptr::from_mut(buffer) as *mut [std::mem::MaybeUninit<u8>]) }
}
