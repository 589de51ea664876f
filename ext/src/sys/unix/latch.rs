//! What one thread waits for, without the GVL, and another opens.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use magnus::{Error, Ruby};

use super::readable;

/// The side that waits.
pub(crate) struct Latch(UnixStream);

/// Opens the latch when dropped.
pub(crate) struct Opener {
    _far: UnixStream,
}

/// A latch that is closed.
pub(crate) fn pair() -> io::Result<(Latch, Opener)> {
    let (near, far) = UnixStream::pair()?;
    Ok((Latch(near), Opener { _far: far }))
}

impl Latch {
    /// The same one once more.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Opens it from this side.
    pub(crate) fn open(&self) {
        // It fails where it is open anyway.
        let _ = self.0.shutdown(Shutdown::Both);
    }

    /// Waits until it is open.
    pub(crate) fn wait(&self, ruby: &Ruby) -> Result<(), Error> {
        readable::wait(ruby, self.0.as_raw_fd(), None).map(drop)
    }
}
