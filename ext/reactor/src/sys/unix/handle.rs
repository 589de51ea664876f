//! One descriptor: a socket, or a pipe, terminal or other file.

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use socket2::Socket;

use crate::sys::io::retry;
use crate::sys::queue::URGENT;
use crate::sys::socket::NO_SIGNAL;

/// What the system knows a descriptor by: a `RawFd`, on Windows a `RawSocket`.
pub type RawDescriptor = RawFd;

/// An open descriptor that is somebody else's: a `BorrowedFd`, on Windows a `BorrowedSocket`.
pub type BorrowedDescriptor<'fd> = BorrowedFd<'fd>;

/// The number of a descriptor.
pub(crate) fn raw(fd: BorrowedDescriptor<'_>) -> RawDescriptor {
    fd.as_raw_fd()
}

/// Says of a number that it is an open descriptor. Fails with EBADF where it is none.
///
/// # Safety
///
/// The descriptor stays open for as long as the result, and whatever is made of it, is used.
pub(crate) unsafe fn open_descriptor(fd: RawDescriptor) -> io::Result<BorrowedDescriptor<'static>> {
    file_type(fd)?;
    // SAFETY: it is open, which the caller keeps so.
    Ok(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// A descriptor of one of the two kinds that are read and written by different calls.
#[derive(Debug)]
enum Kind {
    Socket(Socket),
    File(File),
}

/// Closed when dropped, unless it is somebody else's. Reads and writes never raise SIGPIPE and are
/// repeated when a signal interrupts them.
#[derive(Debug)]
pub(crate) struct Handle {
    kind: ManuallyDrop<Kind>,
    owned: bool,
    /// See [`reads_in_part`](Self::reads_in_part).
    in_part: bool,
    tcp: bool,
    /// Whether the system was told to watch it.
    registered: bool,
    /// What is watched in its place, where another watches the same open file by the same number.
    duplicate: Option<OwnedFd>,
}

impl Handle {
    /// Uses `fd`, which stays its owner's to close.
    pub(crate) fn borrow(fd: BorrowedDescriptor<'_>) -> io::Result<Self> {
        let fd = fd.as_raw_fd();
        let file_type = file_type(fd)?;
        // SAFETY: the descriptor is open. It is never closed from here, as `owned` is false; where
        // its owner closes it meanwhile, calls on it fail with EBADF.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let kind = if file_type == libc::S_IFSOCK {
            Kind::Socket(fd.into())
        } else {
            Kind::File(fd.into())
        };
        Ok(Self {
            kind: ManuallyDrop::new(kind),
            owned: false,
            in_part: true,
            tcp: false,
            registered: false,
            duplicate: None,
        })
    }

    /// A TCP socket of our own.
    pub(crate) fn tcp(socket: Socket) -> Self {
        let mut handle = Self::from(socket);
        handle.in_part = URGENT.is_none();
        handle.tcp = true;
        handle
    }

    /// Whether it is a TCP socket of our own.
    pub(crate) fn is_tcp(&self) -> bool {
        self.tcp
    }

    /// The number that the system knows it by.
    pub(crate) fn raw(&self) -> RawDescriptor {
        self.as_fd().as_raw_fd()
    }

    pub(crate) fn is_owned(&self) -> bool {
        self.owned
    }

    /// Leaves the closing to somebody else.
    pub(crate) fn disown(&mut self) {
        self.owned = false;
    }

    /// Sets non-blocking mode, which all that share the open file share; says whether it was set
    /// before.
    pub(crate) fn set_nonblocking(&self, wanted: bool) -> io::Result<bool> {
        let flags = status_flags(self.raw())?;
        let before = flags & libc::O_NONBLOCK != 0;
        if before != wanted {
            // SAFETY: fcntl with this command takes no pointers.
            let set = unsafe { libc::fcntl(self.raw(), libc::F_SETFL, flags ^ libc::O_NONBLOCK) };
            if set < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(before)
    }

    /// Whether a read would find something now: data, the end, or an error.
    pub(crate) fn has_input(&self) -> bool {
        let mut polled = libc::pollfd {
            fd: self.raw(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: poll gets one valid pollfd, and does not wait.
        let found = retry(|| match unsafe { libc::poll(&raw mut polled, 1, 0) } {
            -1 => Err(io::Error::last_os_error()),
            count => Ok(count),
        });
        found.is_ok_and(|count| count > 0)
    }

    /// Whether a read that did not fill its buffer may have left something, as it may but on a TCP
    /// socket of our own: terminals give a line, sockets and pipes of messages give one of these,
    /// and Unix sockets stop where a descriptor was passed.
    pub(crate) fn reads_in_part(&self) -> bool {
        self.in_part
    }

    /// Whether it was opened for reading.
    pub(crate) fn is_readable(&self) -> bool {
        status_flags(self.raw()).is_ok_and(|flags| flags & libc::O_ACCMODE != libc::O_WRONLY)
    }

    pub(crate) fn socket(&self) -> Option<&Socket> {
        match &*self.kind {
            Kind::Socket(socket) => Some(socket),
            Kind::File(_) => None,
        }
    }

    /// Calls what may find the socket not ready, as accept(2) does.
    pub(crate) fn attempt<T>(
        &self,
        mut call: impl FnMut(&Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        match &*self.kind {
            Kind::Socket(socket) => retry(|| call(socket)),
            Kind::File(_) => Err(io::Error::from_raw_os_error(libc::ENOTSOCK)),
        }
    }

    /// Has the system tell when it is ready.
    pub(crate) fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.duplicate = None;
        let result = registry.register(&mut SourceFd(&self.raw()), token, interest);
        self.registered = result.is_ok();
        result
    }

    /// As [`register`](Self::register), by a duplicate: the system watches it by its number
    /// already, for somebody else.
    pub(crate) fn register_duplicate(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let duplicate = self.as_fd().try_clone_to_owned()?;
        registry.register(&mut SourceFd(&duplicate.as_raw_fd()), token, interest)?;
        self.duplicate = Some(duplicate);
        self.registered = true;
        Ok(())
    }

    /// Whether the system watches it.
    pub(crate) fn is_registered(&self) -> bool {
        self.registered
    }

    /// Changes what the system is to tell of; what is ready already is told once more. Fails with
    /// `NotFound` where it was to tell of nothing.
    pub(crate) fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        if !self.registered {
            return Err(io::ErrorKind::NotFound.into());
        }
        registry.reregister(&mut SourceFd(&self.watched()), token, interest)
    }

    /// Has the system tell no more.
    pub(crate) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        if !std::mem::take(&mut self.registered) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let result = registry.deregister(&mut SourceFd(&self.watched()));
        self.duplicate = None;
        result
    }

    /// The number by which the system watches it.
    fn watched(&self) -> RawFd {
        self.duplicate
            .as_ref()
            .map_or(self.raw(), AsRawFd::as_raw_fd)
    }

    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        retry(|| match &*self.kind {
            Kind::Socket(socket) => (&mut &*socket).read(buffer),
            Kind::File(file) => (&mut &*file).read(buffer),
        })
    }

    pub(crate) fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        retry(|| match (&*self.kind, slices) {
            (Kind::Socket(socket), [one]) => socket.send_with_flags(one, NO_SIGNAL),
            (Kind::Socket(socket), many) => socket.send_vectored_with_flags(many, NO_SIGNAL),
            (Kind::File(file), [one]) => (&mut &*file).write(one),
            (Kind::File(file), many) => (&mut &*file).write_vectored(many),
        })
    }
}

impl From<Socket> for Handle {
    fn from(socket: Socket) -> Self {
        Self {
            kind: ManuallyDrop::new(Kind::Socket(socket)),
            owned: true,
            in_part: true,
            tcp: false,
            registered: false,
            duplicate: None,
        }
    }
}

impl From<File> for Handle {
    fn from(file: File) -> Self {
        Self {
            kind: ManuallyDrop::new(Kind::File(file)),
            owned: true,
            in_part: true,
            tcp: false,
            registered: false,
            duplicate: None,
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.owned {
            // SAFETY: this is the only place that drops it, and it is not used after.
            unsafe { ManuallyDrop::drop(&mut self.kind) };
        }
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &*self.kind {
            Kind::Socket(socket) => socket.as_fd(),
            Kind::File(file) => file.as_fd(),
        }
    }
}

fn file_type(fd: RawFd) -> io::Result<libc::mode_t> {
    // SAFETY: an all-zero stat is a valid value of that plain C struct.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: stat is writable for its size; an fd that is not open is reported as EBADF.
    if unsafe { libc::fstat(fd, &mut stat) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(stat.st_mode & libc::S_IFMT)
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
