//! Socket addresses as the system writes them.

use std::path::Path;

use socket2::SockAddr;

use crate::error::{Error, Result};

/// The bytes of the `struct sockaddr`, as Ruby's `Socket.unpack_sockaddr_in` reads them.
pub(crate) fn bytes(address: &SockAddr) -> Vec<u8> {
    let length = address.len() as usize;
    // SAFETY: SockAddr holds a sockaddr_storage of which the first len() bytes are initialised, and
    // lives for the whole of this call.
    unsafe { std::slice::from_raw_parts(address.as_ptr().cast::<u8>(), length) }.to_vec()
}

/// The address of a Unix socket, whose path has a length limit of the system's.
#[cfg(unix)]
pub(crate) fn unix(path: &Path) -> Result<SockAddr> {
    SockAddr::unix(path).map_err(|_| Error::PathTooLong(path.display().to_string()))
}

/// Unsupported.
#[cfg(windows)]
pub(crate) fn unix(_path: &Path) -> Result<SockAddr> {
    Err(Error::Unsupported("using Unix sockets"))
}

/// The path of a Unix socket.
#[cfg(unix)]
pub(crate) fn path(address: &SockAddr) -> Option<&Path> {
    address.as_pathname()
}

/// There are none.
#[cfg(windows)]
pub(crate) fn path(_address: &SockAddr) -> Option<&Path> {
    None
}
