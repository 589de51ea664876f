//! Waits of fibers: for a descriptor, a time or the end of a process, each of them woken once.
//!
//! A descriptor stays registered after a wait, so that the next one for it costs no system call. An
//! event that nobody waits for takes it, or what is too much of it, away again.

mod by_number;
mod registrations;
mod strays;
mod watched;

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use mio::event::Event as Polled;

use crate::error::{Error, Result};
use crate::id::{Id, Space};
use crate::interest::Interest;
use crate::sys::handle::RawDescriptor;
use crate::sys::level;
use crate::table::Table;
use crate::timers::FOREVER;
use crate::turn::{Deadline, Turn};

pub(crate) use registrations::{Registrations, is_wait};

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    /// Waits until `fd` is ready for some of `interest`, or `timeout` has passed since `now`.
    ///
    /// `tag` comes back with the outcome. `identity` names the open file for as long as the number
    /// stands for it; where none is known, the system is asked at each wait.
    pub(crate) fn wait(
        &mut self,
        turn: &mut Turn,
        fd: RawDescriptor,
        interest: Interest,
        identity: Option<u64>,
        tag: u64,
        limit: Option<(Instant, Duration)>,
    ) -> Result<Begun> {
        let watched = self
            .registrations
            .watch(&turn.registry, fd, interest, identity);
        self.wake_replaced(turn);
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
        let id = self.begin_wait(turn, tag, Cause::Descriptor(fd), limit)?;
        self.registrations.enter(fd, id, interest);
        Ok(Begun::Waiting(id))
    }

    /// Waits until `timeout` has passed since `now`.
    pub(crate) fn sleep(
        &mut self,
        turn: &mut Turn,
        tag: u64,
        now: Instant,
        timeout: Duration,
    ) -> Result<Id> {
        self.begin_wait(turn, tag, Cause::Time, Some((now, timeout)))
    }

    /// Waits until a process has ended, which needs not be a child. See pidfd_open(2).
    ///
    /// Fails where there is no such process, and where the system has no means to do it.
    pub(crate) fn wait_for_exit(&mut self, turn: &mut Turn, pid: i32, tag: u64) -> Result<Id> {
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::Unsupported => Error::Unsupported("waiting for processes"),
            _ => Error::system("pidfd_open", format!("process {pid}"), error),
        };
        let process = level::process(pid).map_err(refused)?;
        let fd = process.raw();
        let registered = self
            .registrations
            .watch(&turn.registry, fd, Interest::READABLE, None);
        self.wake_replaced(turn);
        registered.map_err(|error| Error::system("epoll_ctl", format!("process {pid}"), error))?;
        let id = self.begin_wait(turn, tag, Cause::Exit(process), None)?;
        self.registrations.enter(fd, id, Interest::READABLE);
        Ok(id)
    }

    fn begin_wait(
        &mut self,
        turn: &mut Turn,
        tag: u64,
        cause: Cause,
        limit: Option<(Instant, Duration)>,
    ) -> Result<Id> {
        let wait = Wait {
            tag,
            cause,
            timer: None,
        };
        let id = self.table.insert(wait).ok_or(Error::Exhausted)?;
        let Some((now, timeout)) = limit else {
            return Ok(id);
        };
        let deadline = now + timeout.min(FOREVER);
        let timer = turn.deadlines.add(now, deadline, Deadline::Wait(id));
        match (timer, self.table.get_mut(id)) {
            (Some(timer), Some(wait)) => wait.timer = Some(timer),
            _ => {
                self.table.remove(id);
                return Err(Error::Exhausted);
            }
        }
        Ok(id)
    }

    /// Ends a wait, of which nothing is told then; false where it is over.
    pub(crate) fn cancel(&mut self, turn: &mut Turn, id: Id) -> bool {
        self.end_wait(turn, id).is_some()
    }

    /// The next wait that is over: its tag, and how it ended.
    pub(crate) fn next_woken(&mut self) -> Option<(u64, Outcome)> {
        self.woken.pop_front()
    }

    /// How many waits there are.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// How many descriptors are registered for waits, those that are waited for or were.
    pub(crate) fn registration_count(&self) -> usize {
        self.registrations.len()
    }

    /// Forgets a descriptor that is about to be closed. Who waits for it is told so.
    pub(crate) fn descriptor_closing(&mut self, turn: &mut Turn, fd: RawDescriptor) {
        let queue = turn.has_queue().then_some(&turn.registry);
        for id in self.registrations.remove(queue, fd) {
            self.wake(turn, id, Outcome::Closed);
        }
    }

    /// Forgets a descriptor that is about to stand for another file. Who waits for it is woken, to
    /// try again.
    pub(crate) fn descriptor_reopening(&mut self, turn: &mut Turn, fd: RawDescriptor) {
        let queue = turn.has_queue().then_some(&turn.registry);
        let all = Interest::from_bits(u8::MAX);
        for id in self.registrations.remove(queue, fd) {
            self.wake(turn, id, Outcome::Ready(all));
        }
    }

    /// A descriptor becomes the reactor's own, which registers it in its own way: a duplicate goes
    /// on with the waits for it.
    pub(crate) fn make_way(&mut self, turn: &mut Turn, fd: RawDescriptor) {
        for id in self.registrations.make_way(&turn.registry, fd) {
            self.wake(turn, id, Outcome::Closed);
        }
    }

    /// Whether the queue is to be replaced by one without what cannot be taken away.
    pub(crate) fn have_strays(&self) -> bool {
        self.registrations.have_strays()
    }

    /// Has another queue watch all descriptors.
    pub(crate) fn adopt(&mut self, turn: &mut Turn) {
        for id in self.registrations.adopt(&turn.registry) {
            self.wake(turn, id, Outcome::Closed);
        }
    }

    /// The system told of a descriptor that is registered for waits.
    pub(crate) fn descriptor_ready(&mut self, turn: &mut Turn, event: &Polled) {
        let ready = readiness(event);
        let mut woken = std::mem::take(&mut self.registrations.woken);
        self.registrations
            .ready(&turn.registry, event.token(), ready, &mut woken);
        for (id, interest) in woken.drain(..) {
            self.wake(turn, id, Outcome::Ready(interest));
        }
        self.registrations.woken = woken;
        self.wake_replaced(turn);
    }

    pub(crate) fn due(&mut self, turn: &mut Turn, id: Id) {
        self.wake(turn, id, Outcome::TimedOut);
    }

    fn wake_replaced(&mut self, turn: &mut Turn) {
        while let Some(id) = self.registrations.replaced.pop() {
            self.wake(turn, id, Outcome::Closed);
        }
    }

    fn wake(&mut self, turn: &mut Turn, id: Id, outcome: Outcome) {
        if let Some(tag) = self.end_wait(turn, id) {
            self.woken.push_back((tag, outcome));
        }
    }

    fn end_wait(&mut self, turn: &mut Turn, id: Id) -> Option<u64> {
        let wait = self.table.remove(id)?;
        if let Some(timer) = wait.timer {
            turn.deadlines.cancel(timer);
        }
        let queue = turn.has_queue().then_some(&turn.registry);
        match wait.cause {
            Cause::Time => {}
            Cause::Descriptor(fd) => self.registrations.leave(queue, fd, id),
            Cause::Exit(process) => {
                self.registrations.remove(queue, process.raw());
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
