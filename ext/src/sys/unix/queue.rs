//! The poller of a loop, and waiting for it without the GVL.

use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use em_reactor::{Poller, Waker};
use magnus::{Error, Ruby};

use super::readable;

/// A poller. It stays where it is while it is waited for, since a child that another thread forks
/// finds it there.
pub(crate) struct Queue(Poller);

impl Queue {
    pub(crate) fn new(poller: Poller, _waker: &Arc<Waker>) -> Self {
        Self(poller)
    }

    #[inline(always)]
    pub(crate) fn poller(&mut self) -> &mut Poller {
        &mut self.0
    }

    /// The poller; none where somebody waits for it.
    pub(crate) fn into_poller(self) -> Option<Poller> {
        Some(self.0)
    }

    /// What a wait needs of it.
    #[inline(always)]
    pub(crate) fn waiting(&self) -> Waiting {
        Waiting(self.0.as_raw_fd())
    }

    /// Has the poller have what a wait that was not for nothing has found.
    pub(crate) fn look(&mut self) -> em_reactor::Result<()> {
        self.0.poll(Some(Duration::ZERO))
    }
}

/// One wait for a queue.
pub(crate) struct Waiting(RawFd);

impl Waiting {
    /// Waits, while other Ruby threads run, until something is ready or `timeout` has passed; false
    /// where only time passed. An error is what was raised in this thread meanwhile.
    pub(crate) fn wait(&self, ruby: &Ruby, timeout: Option<Duration>) -> Result<bool, Error> {
        readable::wait(ruby, self.0, timeout)
    }
}
