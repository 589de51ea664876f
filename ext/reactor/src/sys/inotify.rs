//! inotify(7): what happens to files.
//!
//! The functions are for who reads such a descriptor without the loop's help.

use std::io;
use std::path::Path;

/// One notice of the system's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    allow(dead_code, reason = "nothing makes one there")
)]
pub(crate) enum Notice {
    /// Notices were dropped, of any file.
    Overflow,
    /// Something happened to the file that the number stands for.
    File(i32, What),
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    allow(dead_code, reason = "nothing makes one there")
)]
pub(crate) enum What {
    /// Its contents changed; of a directory, what is in it.
    Modified,
    /// It has another name now.
    Moved,
    /// A name of it was added or removed, or its permissions, owner or times changed.
    Attributes,
    /// It is gone, and its number stands for nothing any more.
    Gone,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::Inotify;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub use linux::{add, open, remove};

#[cfg(any(
    target_vendor = "apple",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd"
))]
pub(crate) use super::vnode::Inotify;

#[cfg(not(any(
    target_vendor = "apple",
    target_os = "android",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "linux",
    target_os = "netbsd",
    target_os = "openbsd"
)))]
pub(crate) use nothing::Inotify;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub use elsewhere::{add, open, remove};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::ffi::CString;
    use std::fs::File;
    use std::io::Read;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
    use std::os::unix::ffi::OsStrExt;

    use mio::unix::SourceFd;
    use mio::{Interest, Registry, Token};

    use super::*;
    use crate::sys::io::retry;

    /// Room for some thousand notices about files, or a hundred about entries of directories.
    const BUFFER: usize = 64 * 1024;

    /// Bytes of a notice with the longest name.
    const LONGEST: usize = size_of::<libc::inotify_event>() + libc::NAME_MAX as usize + 1;

    const MASK: u32 = libc::IN_MODIFY
        | libc::IN_ATTRIB
        | libc::IN_CREATE
        | libc::IN_DELETE
        | libc::IN_MOVE
        | libc::IN_MOVE_SELF
        | libc::IN_DELETE_SELF;

    /// Makes an inotify descriptor: non-blocking, closed on exec. Closing it ends all its watches.
    pub fn open() -> io::Result<OwnedFd> {
        // SAFETY: inotify_init1 takes no pointers.
        let fd = unsafe { libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: inotify_init1 just returned it, and nobody else has it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Watches what is at `path` now for the events of `mask`, and gives its number: the same for
    /// the same file, however often and under whichever name it is asked for.
    pub fn add(inotify: BorrowedFd<'_>, path: &Path, mask: u32) -> io::Result<i32> {
        let path = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: path is a string that ends in NUL and lives for the whole of the call.
        let number = unsafe { libc::inotify_add_watch(inotify.as_raw_fd(), path.as_ptr(), mask) };
        if number < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(number)
        }
    }

    /// Ends the watch of a file; nothing where it has ended already.
    pub fn remove(inotify: BorrowedFd<'_>, number: i32) {
        // SAFETY: inotify_rm_watch takes no pointers. A number that stands for nothing any more is
        // refused with EINVAL.
        unsafe { libc::inotify_rm_watch(inotify.as_raw_fd(), number) };
    }

    /// The inotify descriptor of a loop.
    #[derive(Debug)]
    pub(crate) struct Inotify {
        file: File,
        buffer: Vec<u8>,
    }

    impl Inotify {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self {
                file: open()?.into(),
                buffer: vec![0; BUFFER],
            })
        }

        /// See [`add`].
        pub(crate) fn add(&self, path: &Path) -> io::Result<i32> {
            add(self.file.as_fd(), path, MASK)
        }

        /// See [`remove`].
        pub(crate) fn remove(&self, number: i32) {
            remove(self.file.as_fd(), number);
        }

        /// Puts the notices that wait into `notices`, or a part of them: says whether there may be
        /// more. Fails with `WouldBlock` where there are none.
        pub(crate) fn read(&mut self, notices: &mut Vec<Notice>) -> io::Result<bool> {
            let length = retry(|| (&self.file).read(&mut self.buffer))?;
            parse(&self.buffer[..length], notices);
            Ok(length + LONGEST > self.buffer.len())
        }

        /// Has a queue of the system's tell when there are notices.
        pub(crate) fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
            registry.register(
                &mut SourceFd(&self.file.as_raw_fd()),
                token,
                Interest::READABLE,
            )
        }
    }

    /// Reads `struct inotify_event`s: number, mask, cookie and length of the name, then the name.
    fn parse(mut bytes: &[u8], notices: &mut Vec<Notice>) {
        while let Some((head, rest)) = bytes.split_first_chunk::<16>() {
            let word =
                |n: usize| u32::from_ne_bytes([head[n], head[n + 1], head[n + 2], head[n + 3]]);
            let (number, mask, name) = (word(0) as i32, word(4), word(12) as usize);
            notices.extend(notice(number, mask, name > 0));
            bytes = rest.get(name..).unwrap_or(&[]);
        }
    }

    /// `entry` tells that it happened to an entry of the directory that is watched.
    fn notice(number: i32, mask: u32, entry: bool) -> Option<Notice> {
        if mask & libc::IN_Q_OVERFLOW != 0 {
            return Some(Notice::Overflow);
        }
        let what = if mask & (libc::IN_IGNORED | libc::IN_DELETE_SELF) != 0 {
            What::Gone
        } else if mask & libc::IN_MOVE_SELF != 0 {
            What::Moved
        } else if mask & libc::IN_ATTRIB != 0 {
            if entry {
                return None;
            }
            What::Attributes
        } else if mask & (libc::IN_MODIFY | libc::IN_CREATE | libc::IN_DELETE | libc::IN_MOVE) != 0
        {
            What::Modified
        } else {
            return None;
        };
        Some(Notice::File(number, what))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod elsewhere {
    use super::*;

    #[cfg(unix)]
    use std::os::fd::{BorrowedFd, OwnedFd};
    #[cfg(windows)]
    use std::os::windows::io::{BorrowedHandle as BorrowedFd, OwnedHandle as OwnedFd};

    /// There is none: always an error.
    pub fn open() -> io::Result<OwnedFd> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// There is none: always an error.
    pub fn add(_inotify: BorrowedFd<'_>, _path: &Path, _mask: u32) -> io::Result<i32> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// There is none.
    pub fn remove(_inotify: BorrowedFd<'_>, _number: i32) {}
}

#[cfg(not(any(
    target_vendor = "apple",
    target_os = "android",
    target_os = "dragonfly",
    target_os = "freebsd",
    target_os = "linux",
    target_os = "netbsd",
    target_os = "openbsd"
)))]
mod nothing {
    use mio::{Registry, Token};

    use super::*;

    /// There is none: the type has no values.
    #[derive(Debug)]
    pub(crate) enum Inotify {}

    impl Inotify {
        pub(crate) fn new() -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(crate) fn add(&self, _path: &Path) -> io::Result<i32> {
            match *self {}
        }

        pub(crate) fn remove(&self, _number: i32) {
            match *self {}
        }

        pub(crate) fn read(&mut self, _notices: &mut Vec<Notice>) -> io::Result<bool> {
            match *self {}
        }

        pub(crate) fn register(&self, _registry: &Registry, _token: Token) -> io::Result<()> {
            match *self {}
        }
    }
}
