//! Waiting for descriptors, apart from the state so that the wait needs no borrow of it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use mio::{Events, Poll, Token, Waker};

use crate::error::{Error, Result};
use crate::sys::queue::CALLS;

/// The token of wake-ups; slots of the table never get this high.
pub(crate) const WAKE: Token = Token(usize::MAX);

/// The token of the descriptor that tells of watched files.
pub(crate) const FILES: Token = Token(usize::MAX - 1);

/// Marks the events of a child's end, beside those of its connection.
pub(crate) const EXIT: usize = 1 << (usize::BITS - 2);

/// Marks the tokens of sockets that connect beside the one of their descriptor. Those of waits have
/// one of these bits only, as has [`EXIT`].
pub(crate) const RIVAL: usize = 0b11 << (usize::BITS - 2);

const EVENTS_PER_POLL: usize = 1024;

/// The half of a reactor that waits. It shares nothing with the other half but the kernel's queue,
/// so one thread may wait while others change the [`Reactor`](crate::Reactor).
#[derive(Debug)]
pub struct Poller {
    poll: Poll,
    pub(crate) events: Events,
}

impl Poller {
    pub(crate) fn new() -> Result<Self> {
        let poll = Poll::new().map_err(|error| Error::system(CALLS.create, "the loop", error))?;
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS_PER_POLL),
        })
    }

    pub(crate) fn registry(&self) -> Result<mio::Registry> {
        let registry = self.poll.registry().try_clone();
        registry.map_err(|error| Error::system("fcntl", "the loop", error))
    }

    pub(crate) fn waker(&self) -> Result<Arc<Waker>> {
        let waker = Waker::new(self.poll.registry(), WAKE);
        waker
            .map(Arc::new)
            .map_err(|error| Error::system(CALLS.waker, "the loop", error))
    }

    /// Waits until a descriptor is ready, the waker is used or `timeout` passes; `None` waits on.
    /// A signal ends the wait with nothing ready.
    pub fn poll(&mut self, timeout: Option<Duration>) -> Result<()> {
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                self.events.clear();
                Ok(())
            }
            result => result.map_err(|error| Error::system(CALLS.wait, "the loop", error)),
        }
    }

    /// Forgets what the last [`poll`](Self::poll) found.
    pub fn clear(&mut self) {
        self.events.clear();
    }

    /// Whether the last [`poll`](Self::poll) found nothing.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

#[cfg(unix)]
impl std::os::fd::AsRawFd for Poller {
    /// Readable while something is ready, so that the wait may be left to others.
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.poll.as_raw_fd()
    }
}
