//! splice(2): bytes go from socket to socket by a pipe, without a copy of them in this process.

use std::io;

use crate::sys::handle::Handle;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::Pipe;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use elsewhere::Pipe;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::fs::File;
    use std::io::Read;
    use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

    use super::*;
    use crate::sys::io::retry;
    use crate::sys::sigpipe;

    /// Bytes that it is asked to hold.
    const CAPACITY: i32 = 256 * 1024;

    /// What bytes wait in between two sockets.
    #[derive(Debug)]
    pub(crate) struct Pipe {
        reader: File,
        writer: File,
    }

    impl Pipe {
        pub(crate) fn new() -> io::Result<Self> {
            let mut ends = [-1; 2];
            // SAFETY: there is room for the two descriptors.
            if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) } < 0 {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: pipe2 just returned them, and nobody else has them.
            let [reader, writer] = ends.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }.into());
            let pipe = Self { reader, writer };
            // Where it is refused, since users may have so much only, the pipe is smaller.
            // SAFETY: fcntl with this command takes no pointers.
            unsafe { libc::fcntl(pipe.writer.as_raw_fd(), libc::F_SETPIPE_SZ, CAPACITY) };
            Ok(pipe)
        }

        /// Takes up to `most` bytes from a socket: none at its end.
        pub(crate) fn fill(&self, socket: &Handle, most: usize) -> io::Result<usize> {
            splice(socket, &self.writer, most)
        }

        /// Gives up to `most` bytes to a socket.
        pub(crate) fn drain(&self, socket: &Handle, most: usize) -> io::Result<usize> {
            sigpipe::without(|| splice(&self.reader, socket, most))
        }

        /// Takes bytes out again that no socket took.
        pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
            retry(|| (&self.reader).read(buffer))
        }
    }

    fn splice(from: &impl AsFd, to: &impl AsFd, most: usize) -> io::Result<usize> {
        let (from, to) = (from.as_fd().as_raw_fd(), to.as_fd().as_raw_fd());
        let null = std::ptr::null_mut();
        retry(|| {
            // SAFETY: neither descriptor has offsets, for which null stands.
            let count = unsafe {
                let flags = libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK;
                libc::splice(from, null, to, null, most, flags)
            };
            usize::try_from(count).map_err(|_| io::Error::last_os_error())
        })
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod elsewhere {
    use super::*;

    /// There is none: the type has no values.
    #[derive(Debug)]
    pub(crate) enum Pipe {}

    impl Pipe {
        pub(crate) fn new() -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(crate) fn fill(&self, _socket: &Handle, _most: usize) -> io::Result<usize> {
            match *self {}
        }

        pub(crate) fn drain(&self, _socket: &Handle, _most: usize) -> io::Result<usize> {
            match *self {}
        }

        pub(crate) fn read(&self, _buffer: &mut [u8]) -> io::Result<usize> {
            match *self {}
        }
    }
}
