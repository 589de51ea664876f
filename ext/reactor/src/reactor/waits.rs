//! Waits of fibers: for descriptors, for time, for processes.

use std::time::{Duration, Instant};

use super::Reactor;
use crate::error::Result;
use crate::id::Id;
use crate::interest::Interest;
use crate::sys::handle::{BorrowedDescriptor, RawDescriptor, raw};
use crate::waits::{Begun, Outcome};

impl Reactor {
    /// Waits until `fd` is ready for some of `interest`, or `timeout` has passed since `now`.
    ///
    /// `tag` comes back with the outcome. `identity` names the open file for as long as the number
    /// stands for it; where none is known, the system is asked at each wait.
    pub fn wait(
        &mut self,
        fd: BorrowedDescriptor<'_>,
        interest: Interest,
        identity: Option<u64>,
        tag: u64,
        limit: Option<(Instant, Duration)>,
    ) -> Result<Begun> {
        self.waits
            .wait(&mut self.turn, raw(fd), interest, identity, tag, limit)
    }

    /// Waits until `timeout` has passed since `now`.
    pub fn sleep(&mut self, tag: u64, now: Instant, timeout: Duration) -> Result<Id> {
        self.waits.sleep(&mut self.turn, tag, now, timeout)
    }

    /// Waits until a process has ended, which needs not be a child. See pidfd_open(2).
    ///
    /// Fails where there is no such process, and where the system has no means to do it.
    pub fn wait_for_exit(&mut self, pid: i32, tag: u64) -> Result<Id> {
        self.waits.wait_for_exit(&mut self.turn, pid, tag)
    }

    /// Ends a wait, of which nothing is told then; false where it is over.
    pub fn cancel_wait(&mut self, id: Id) -> bool {
        self.waits.cancel(&mut self.turn, id)
    }

    /// The next wait that is over: its tag, and how it ended.
    pub fn next_woken(&mut self) -> Option<(u64, Outcome)> {
        self.waits.next_woken()
    }

    /// Whether [`next_woken`](Self::next_woken) has something to tell.
    pub fn has_woken(&self) -> bool {
        self.waits.has_woken()
    }

    /// How many waits there are.
    pub fn wait_count(&self) -> usize {
        self.waits.len()
    }

    /// How many descriptors are registered for waits, those that are waited for or were.
    pub fn registration_count(&self) -> usize {
        self.waits.registration_count()
    }

    /// Forgets a descriptor that is about to be closed. Who waits for it is told so.
    pub fn descriptor_closing(&mut self, fd: RawDescriptor) {
        self.waits.descriptor_closing(&mut self.turn, fd);
    }

    /// Forgets a descriptor that is about to stand for another file. Who waits for it is woken, to
    /// try again.
    pub fn descriptor_reopening(&mut self, fd: RawDescriptor) {
        self.waits.descriptor_reopening(&mut self.turn, fd);
    }
}
