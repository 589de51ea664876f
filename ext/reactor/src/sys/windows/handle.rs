//! One socket.

use std::io::{self, IoSlice, Read};
use std::mem::ManuallyDrop;
use std::os::windows::io::{AsRawSocket, BorrowedSocket, FromRawSocket, IntoRawSocket, RawSocket};

use mio::event::Source;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::Socket;
use windows_sys::Win32::Networking::WinSock::{WSAEBADF, WSAENOTSOCK};

use crate::sys::io::retry;

/// What the system knows a descriptor by: a `RawFd`, on Windows a `RawSocket`.
pub type RawDescriptor = RawSocket;

/// An open descriptor that is somebody else's: a `BorrowedFd`, on Windows a `BorrowedSocket`.
pub type BorrowedDescriptor<'fd> = BorrowedSocket<'fd>;

/// The number of a descriptor.
pub(crate) fn raw(fd: BorrowedDescriptor<'_>) -> RawDescriptor {
    fd.as_raw_socket()
}

/// Says of a number that it is an open socket. Fails with `Unsupported` where it is something else.
///
/// # Safety
///
/// The socket stays open for as long as the result, and whatever is made of it, is used.
pub(crate) unsafe fn open_descriptor(
    raw: RawDescriptor,
) -> io::Result<BorrowedDescriptor<'static>> {
    if raw == RawDescriptor::MAX {
        return Err(io::Error::from_raw_os_error(WSAEBADF));
    }
    // SAFETY: where it is no open socket, the next call on it fails. It is not closed from here.
    let handle = unsafe { Handle::from_raw(raw, false) };
    match handle.socket.r#type() {
        Err(error) if error.raw_os_error() == Some(WSAENOTSOCK) => {
            Err(io::ErrorKind::Unsupported.into())
        }
        // SAFETY: it is open, which the caller keeps so.
        result => result.map(|_| unsafe { BorrowedSocket::borrow_raw(raw) }),
    }
}

/// Closed when dropped, unless it is somebody else's.
#[derive(Debug)]
pub(crate) struct Handle {
    /// The socket, whatever its protocol, as mio wants it to tell when it is ready: mio does so
    /// once, and again after a call through it that found the socket not ready.
    source: ManuallyDrop<TcpStream>,
    /// The same one; closed as `source`.
    socket: ManuallyDrop<Socket>,
    owned: bool,
    tcp: bool,
}

impl Handle {
    /// Uses `socket`, which stays its owner's to close.
    pub(crate) fn borrow(socket: BorrowedDescriptor<'_>) -> io::Result<Self> {
        // SAFETY: it is open, and never closed from here, as `owned` is false.
        Ok(unsafe { Self::from_raw(socket.as_raw_socket(), false) })
    }

    /// # Safety
    ///
    /// Where it is owned, nobody else may have the socket.
    unsafe fn from_raw(raw: RawSocket, owned: bool) -> Self {
        // SAFETY: only one of them closes it, and only where it is owned.
        let (source, socket) = unsafe {
            (
                TcpStream::from_raw_socket(raw),
                Socket::from_raw_socket(raw),
            )
        };
        Self {
            source: ManuallyDrop::new(source),
            socket: ManuallyDrop::new(socket),
            owned,
            tcp: false,
        }
    }

    /// The number that the system knows it by.
    pub(crate) fn raw(&self) -> RawDescriptor {
        self.socket.as_raw_socket()
    }

    pub(crate) fn is_owned(&self) -> bool {
        self.owned
    }

    /// Leaves the closing to somebody else.
    pub(crate) fn disown(&mut self) {
        self.owned = false;
    }

    /// Sets non-blocking mode. Whether it was set before is not to be found out: it is said to be.
    pub(crate) fn set_nonblocking(&self, wanted: bool) -> io::Result<bool> {
        self.socket.set_nonblocking(wanted)?;
        Ok(true)
    }

    /// A TCP socket of our own.
    pub(crate) fn tcp(socket: Socket) -> Self {
        let mut handle = Self::from(socket);
        handle.tcp = true;
        handle
    }

    /// Whether it is a TCP socket of our own.
    pub(crate) fn is_tcp(&self) -> bool {
        self.tcp
    }

    /// Whether a read would find something now. It is asked for only where the queue tells of
    /// urgent data, which this system's does not.
    pub(crate) fn has_input(&self) -> bool {
        true
    }

    /// Whether a read that did not fill its buffer may have left something. The system tells of
    /// that again when it is asked to: see [`rearm`](Self::rearm).
    pub(crate) fn reads_in_part(&self) -> bool {
        false
    }

    /// Whether it was opened for reading.
    pub(crate) fn is_readable(&self) -> bool {
        true
    }

    pub(crate) fn socket(&self) -> Option<&Socket> {
        Some(&self.socket)
    }

    /// Calls what may find the socket not ready, as accept(2) does.
    pub(crate) fn attempt<T>(
        &self,
        mut call: impl FnMut(&Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        self.source.try_io(|| retry(|| call(&self.socket)))
    }

    /// Has the system tell of readiness once more.
    pub(crate) fn rearm(&self) {
        // An error that is more than this one shows again when the socket is used.
        let _ = self
            .source
            .try_io(|| io::Result::<()>::Err(io::ErrorKind::WouldBlock.into()));
    }

    /// Has the system tell when it is ready.
    pub(crate) fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.source.register(registry, token, interest)
    }

    /// Unsupported.
    pub(crate) fn register_duplicate(
        &mut self,
        _: &Registry,
        _: Token,
        _: Interest,
    ) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Whether the system watches it, for all that is known.
    pub(crate) fn is_registered(&self) -> bool {
        true
    }

    /// Changes what the system is to tell of; what is ready already is told once more. Fails with
    /// `NotFound` where it was to tell of nothing.
    pub(crate) fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        self.source.reregister(registry, token, interest)
    }

    /// Has the system tell no more.
    pub(crate) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.source.deregister(registry)
    }

    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.attempt(|mut socket| socket.read(buffer));
        // Callers take it that there is no more, and wait to be told.
        if result.as_ref().is_ok_and(|count| *count < buffer.len()) {
            self.rearm();
        }
        result
    }

    pub(crate) fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.attempt(|socket| match slices {
            [one] => socket.send(one),
            many => socket.send_vectored(many),
        })
    }
}

impl From<Socket> for Handle {
    fn from(socket: Socket) -> Self {
        // SAFETY: the socket is given up to it.
        unsafe { Self::from_raw(socket.into_raw_socket(), true) }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: this is the only place that takes it, and it is not used after.
        let source = unsafe { ManuallyDrop::take(&mut self.source) };
        if !self.owned {
            let _ = source.into_raw_socket();
        }
    }
}
