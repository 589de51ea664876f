//! Waits of fibers: for a descriptor, a time or the end of a process, each of them woken once.
//!
//! A descriptor stays registered after a wait, so that the next one for it costs no system call. An
//! event that nobody waits for takes it, or what is too much of it, away again.

mod by_number;
mod registrations;
mod watched;

use std::collections::VecDeque;
use std::io;
use std::ops::{BitAnd, BitOr};
use std::time::{Duration, Instant};

use mio::event::Event as Polled;

use crate::error::{Error, Result};
use crate::id::{Id, Space};
use crate::reactor::{Deadline, Reactor};
use crate::sys::handle::RawDescriptor;
use crate::sys::level;
use crate::table::Table;
use crate::timeouts::FOREVER;

pub(crate) use registrations::{Registrations, WAIT, is_wait};

/// What a descriptor is waited for, or is ready for: a set of bits, those of Ruby's `IO::READABLE`,
/// `IO::PRIORITY` and `IO::WRITABLE`, of poll(2) and of epoll(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interest(u8);

impl Interest {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// There is something to read, or the end.
    pub const READABLE: Self = Self(1);
    /// There is urgent data.
    pub const PRIORITY: Self = Self(2);
    /// There is room to write to, or nobody who reads.
    pub const WRITABLE: Self = Self(4);

    /// The bits that are known; others are left out.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & 7)
    }

    /// The bits.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether it is nothing.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` is in it.
    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Interest {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The descriptor is ready for these, or the process has ended.
    Ready(Interest),
    /// Its time is over.
    TimedOut,
    /// The descriptor is about to be closed, or was.
    Closed,
}

/// A wait that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// [`Reactor::next_woken`] tells when it is over.
    Waiting(Id),
    /// There is nothing to wait for: files are always ready.
    Ready,
}

/// What is waited for.
#[derive(Debug)]
enum Cause {
    Time,
    Descriptor(RawDescriptor),
    /// By a descriptor for the process.
    Exit(level::Owned),
}

#[derive(Debug)]
struct Wait {
    /// The waiter's name for it.
    tag: u64,
    cause: Cause,
    timer: Option<Id>,
}

/// All waits of a reactor.
#[derive(Debug)]
pub(crate) struct Waits {
    table: Table<Wait>,
    pub(crate) registrations: Registrations,
    woken: VecDeque<(u64, Outcome)>,
}

impl Waits {
    pub(crate) fn new() -> Self {
        Self {
            table: Table::of(Space::Waits),
            registrations: Registrations::default(),
            woken: VecDeque::new(),
        }
    }

    pub(crate) fn has_woken(&self) -> bool {
        !self.woken.is_empty()
    }
}

impl Reactor {
    /// Waits until `fd` is ready for some of `interest`, or `timeout` has passed since `now`.
    ///
    /// `tag` comes back with the outcome. `identity` names the open file for as long as the number
    /// stands for it; where none is known, the system is asked at each wait.
    pub fn wait(
        &mut self,
        fd: RawDescriptor,
        interest: Interest,
        identity: Option<u64>,
        tag: u64,
        limit: Option<(Instant, Duration)>,
    ) -> Result<Begun> {
        let watched = self
            .waits
            .registrations
            .watch(&self.registry, fd, interest, identity);
        self.wake_replaced();
        match watched {
            Ok(true) => {}
            Ok(false) => return Ok(Begun::Ready),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                return Err(Error::Unsupported("waiting for descriptors"));
            }
            Err(error) => {
                let subject = format!("descriptor {fd}");
                return Err(Error::system("epoll_ctl", subject, error));
            }
        }
        let id = self.begin_wait(tag, Cause::Descriptor(fd), limit)?;
        self.waits.registrations.enter(fd, id, interest);
        Ok(Begun::Waiting(id))
    }

    /// Waits until `timeout` has passed since `now`.
    pub fn sleep(&mut self, tag: u64, now: Instant, timeout: Duration) -> Result<Id> {
        self.begin_wait(tag, Cause::Time, Some((now, timeout)))
    }

    /// Waits until a process has ended, which needs not be a child. See pidfd_open(2).
    ///
    /// Fails where there is no such process, and where the system has no means to do it.
    pub fn wait_for_exit(&mut self, pid: i32, tag: u64) -> Result<Id> {
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::Unsupported => Error::Unsupported("waiting for processes"),
            _ => Error::system("pidfd_open", format!("process {pid}"), error),
        };
        let process = level::process(pid).map_err(refused)?;
        let fd = process.raw();
        let registered =
            self.waits
                .registrations
                .watch(&self.registry, fd, Interest::READABLE, None);
        self.wake_replaced();
        registered.map_err(|error| Error::system("epoll_ctl", format!("process {pid}"), error))?;
        let id = self.begin_wait(tag, Cause::Exit(process), None)?;
        self.waits.registrations.enter(fd, id, Interest::READABLE);
        Ok(id)
    }

    fn begin_wait(
        &mut self,
        tag: u64,
        cause: Cause,
        limit: Option<(Instant, Duration)>,
    ) -> Result<Id> {
        let wait = Wait {
            tag,
            cause,
            timer: None,
        };
        let id = self.waits.table.insert(wait).ok_or(Error::Exhausted)?;
        let Some((now, timeout)) = limit else {
            return Ok(id);
        };
        let deadline = now + timeout.min(FOREVER);
        let timer = self.timers.add(now, deadline, Deadline::Wait(id));
        match (timer, self.waits.table.get_mut(id)) {
            (Some(timer), Some(wait)) => wait.timer = Some(timer),
            _ => {
                self.waits.table.remove(id);
                return Err(Error::Exhausted);
            }
        }
        Ok(id)
    }

    /// Ends a wait, of which nothing is told then; false where it is over.
    pub fn cancel_wait(&mut self, id: Id) -> bool {
        self.end_wait(id).is_some()
    }

    /// The next wait that is over: its tag, and how it ended.
    pub fn next_woken(&mut self) -> Option<(u64, Outcome)> {
        self.waits.woken.pop_front()
    }

    /// Whether [`next_woken`](Self::next_woken) has something to tell.
    pub fn has_woken(&self) -> bool {
        self.waits.has_woken()
    }

    /// How many waits there are.
    pub fn wait_count(&self) -> usize {
        self.waits.table.len()
    }

    /// How many descriptors are registered for waits, those that are waited for or were.
    pub fn registration_count(&self) -> usize {
        self.waits.registrations.len()
    }

    /// Forgets a descriptor that is about to be closed. Who waits for it is told so.
    pub fn descriptor_closing(&mut self, fd: RawDescriptor) {
        let queue = (!self.is_forked()).then_some(&self.registry);
        for id in self.waits.registrations.remove(queue, fd) {
            self.wake(id, Outcome::Closed);
        }
    }

    /// Forgets a descriptor that is about to stand for another file. Who waits for it is woken, to try
    /// again.
    pub fn descriptor_reopening(&mut self, fd: RawDescriptor) {
        let queue = (!self.is_forked()).then_some(&self.registry);
        let all = Interest::from_bits(u8::MAX);
        for id in self.waits.registrations.remove(queue, fd) {
            self.wake(id, Outcome::Ready(all));
        }
    }

    /// A descriptor becomes the reactor's own, which registers it in its own way: a duplicate goes on
    /// with the waits for it.
    pub(crate) fn make_way(&mut self, fd: RawDescriptor) {
        for id in self.waits.registrations.make_way(&self.registry, fd) {
            self.wake(id, Outcome::Closed);
        }
    }

    /// Has a queue of its own watch all descriptors, in a forked child.
    pub(crate) fn adopt_waits(&mut self) {
        for id in self.waits.registrations.adopt(&self.registry) {
            self.wake(id, Outcome::Closed);
        }
    }

    /// The system told of a descriptor that is registered for waits.
    pub(crate) fn descriptor_ready(&mut self, event: &Polled) {
        let ready = readiness(event);
        let mut woken = std::mem::take(&mut self.waits.registrations.woken);
        self.waits
            .registrations
            .ready(&self.registry, event.token(), ready, &mut woken);
        for (id, interest) in woken.drain(..) {
            self.wake(id, Outcome::Ready(interest));
        }
        self.waits.registrations.woken = woken;
        self.wake_replaced();
    }

    pub(crate) fn wait_due(&mut self, id: Id) {
        self.wake(id, Outcome::TimedOut);
    }

    fn wake_replaced(&mut self) {
        while let Some(id) = self.waits.registrations.replaced.pop() {
            self.wake(id, Outcome::Closed);
        }
    }

    fn wake(&mut self, id: Id, outcome: Outcome) {
        if let Some(tag) = self.end_wait(id) {
            self.waits.woken.push_back((tag, outcome));
        }
    }

    fn end_wait(&mut self, id: Id) -> Option<u64> {
        let wait = self.waits.table.remove(id)?;
        if let Some(timer) = wait.timer {
            self.timers.cancel(timer);
        }
        let queue = (!self.is_forked()).then_some(&self.registry);
        match wait.cause {
            Cause::Time => {}
            Cause::Descriptor(fd) => self.waits.registrations.leave(queue, fd, id),
            Cause::Exit(process) => {
                self.waits.registrations.remove(queue, process.raw());
            }
        }
        Some(wait.tag)
    }
}

fn readiness(event: &Polled) -> Interest {
    let when = |condition, interest| if condition { interest } else { Interest::NONE };
    let error = event.is_error();
    let readable = event.is_readable() || event.is_read_closed() || error;
    let writable = event.is_writable() || event.is_write_closed() || error;
    when(readable, Interest::READABLE)
        | when(event.is_priority() || error, Interest::PRIORITY)
        | when(writable, Interest::WRITABLE)
}
