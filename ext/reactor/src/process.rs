//! Child processes, each at the other end of a connection, and watching processes for their end.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::net::Shutdown;
use std::process::ExitStatus;
use std::time::Duration;

use mio::Token;

use crate::descriptor::{Descriptor, Kind, Phase};
use crate::error::{Error, Result};
use crate::event::{Event, Reason};
use crate::id::Id;
use crate::reactor::{Deadline, Reactor, token};
use crate::sys::child::{self, Process, SIGKILL, SIGTERM};
use crate::sys::handle::Handle;

/// What a child is sent whose connection was closed, and how long after the step before. The first
/// step only tells the time: the call may have come long after its turn began.
const DISMISSAL: [(Duration, i32); 3] = [
    (Duration::ZERO, 0),
    (Duration::from_millis(500), SIGTERM),
    (Duration::from_secs(1), SIGKILL),
];
/// Where the system does not tell that a process has ended: the time between looking for it.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);
/// Of so many children the number and status are kept beyond their release.
const REMEMBERED: usize = 256;
/// Marks the events of a child's end, beside those of its connection.
pub(crate) const EXIT: usize = 1 << (usize::BITS - 2);

/// The child process at the other end of a connection.
#[derive(Debug)]
pub(crate) struct Child {
    process: Process,
    /// Whether it is neither reaped nor left to its own devices.
    running: bool,
    status: Option<ExitStatus>,
    /// Whether its connection was closed from here.
    pub(crate) unwanted: bool,
    /// The next step of its dismissal, and the timer for it.
    step: usize,
    timer: Option<Id>,
    /// Why its connection ended.
    reason: Option<Reason>,
}

/// Children that were released, the latest last.
#[derive(Debug, Default)]
pub(crate) struct Children(VecDeque<(Id, u32, Option<ExitStatus>)>);

impl Children {
    pub(crate) fn remember(&mut self, id: Id, child: &Child) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((id, child.process.pid(), child.status));
    }

    fn find(&self, id: Id) -> Option<(u32, Option<ExitStatus>)> {
        let found = self.0.iter().rev().find(|(known, ..)| *known == id);
        found.map(|&(_, pid, status)| (pid, status))
    }
}

impl Child {
    fn new(process: Process) -> Self {
        Self {
            process,
            running: true,
            status: None,
            unwanted: false,
            step: 0,
            timer: None,
            reason: None,
        }
    }
}

impl Descriptor {
    /// Its child, where that is to be waited for.
    fn running_child(&mut self) -> Option<&mut Child> {
        self.child
            .as_deref_mut()
            .filter(|child| child.running && !self.detached)
    }
}

impl Reactor {
    /// Starts a program as a child process and connects to its standard input and output, which are
    /// one socket. `argv` holds its arguments, the first of which is the name it is told to have. The
    /// rest it inherits: standard error, environment, directory; no other descriptor.
    ///
    /// The connection's `Unbound` follows when its output is at its end and the child is reaped, so
    /// that [`child_status`](Self::child_status) is known. When [`close`](Self::close) ended it, the
    /// child has half a second until SIGTERM, and another second until SIGKILL.
    ///
    /// A program that cannot be executed is a child that exits with 255, and says why on standard
    /// error. Fails only where there can be no child.
    pub fn spawn(&mut self, program: &OsStr, argv: &[OsString]) -> Result<Id> {
        let describe = |call| {
            move |error: io::Error| match error.kind() {
                io::ErrorKind::Unsupported => Error::Unsupported("starting processes"),
                _ => Error::system(call, program.to_string_lossy().into_owned(), error),
            }
        };
        let (near, far) = child::sockets().map_err(describe("socketpair"))?;
        // What may fail comes before there is a child, who would be forgotten.
        let id = self.add(Descriptor::new(Handle::from(near), Kind::Stream, self.now))?;
        match Process::start(program, argv, far) {
            Ok(process) => self.adopt_child(id, process),
            Err(error) => {
                self.forget(id);
                return Err(describe("fork")(error));
            }
        }
        Ok(id)
    }

    fn adopt_child(&mut self, id: Id, process: Process) {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            descriptor.child = Some(Box::new(Child::new(process)));
            self.register_child(id);
        }
    }

    /// A child that was fed to the end: its input ends, and what it has to say to that is read. It has
    /// as long for that as one that was closed at once.
    pub(crate) fn dismiss_fed(&mut self, id: Id) {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            descriptor.end_output();
            self.dismiss(id);
        }
    }

    /// The process id of a connection's child; `None` where it has none. It is known for some time
    /// after the connection's release, as is the status.
    pub fn child_pid(&self, id: Id) -> Option<u32> {
        self.child(id).map(|(pid, _)| pid)
    }

    /// How a connection's child ended; `None` where it has none, where it still runs, and where
    /// somebody else waited for it.
    pub fn child_status(&self, id: Id) -> Option<ExitStatus> {
        self.child(id).and_then(|(_, status)| status)
    }

    fn child(&self, id: Id) -> Option<(u32, Option<ExitStatus>)> {
        match self.descriptors.get(id) {
            Some(descriptor) => {
                let child = descriptor.child.as_ref()?;
                Some((child.process.pid(), child.status))
            }
            None => self.children.find(id),
        }
    }

    /// Sends SIGTERM to the children that still run.
    pub fn terminate_children(&mut self) {
        for id in self.descriptors.ids().collect::<Vec<_>>() {
            let descriptor = self.descriptors.get_mut(id);
            if let Some(child) = descriptor.and_then(Descriptor::running_child) {
                child.process.signal(SIGTERM);
            }
        }
    }

    /// Reaps the children that have ended, and says how many still run.
    pub fn reap_children(&mut self) -> usize {
        let ids: Vec<Id> = self.descriptors.ids().collect();
        ids.into_iter().filter(|&id| !self.reap(id)).count()
    }

    /// Tells when any process ends, by [`Event::ProcessExited`]; the watch ends with that. It needs
    /// not be a child. See pidfd_open(2).
    ///
    /// Fails where there is no such process, and where the system has no means to do it.
    pub fn watch_process(&mut self, pid: i32) -> Result<Id> {
        let handle = child::watch(pid)?;
        self.add(Descriptor::new(handle, Kind::Process, self.now))
    }

    /// Ends a watch of a process.
    pub fn unwatch_process(&mut self, id: Id) -> Result<()> {
        let descriptor = self.descriptor(id)?;
        if !matches!(descriptor.kind, Kind::Process) {
            let kind = descriptor.kind.name();
            return Err(Error::WrongKind {
                operation: "unwatch_pid",
                kind,
            });
        }
        self.close(id, false);
        Ok(())
    }

    pub(crate) fn process_exit(&mut self, id: Id) -> Option<Event> {
        let descriptor = self.descriptors.get(id)?;
        if !matches!(descriptor.phase, Phase::Open) {
            return None;
        }
        self.end(id, None);
        Some(Event::ProcessExited(id))
    }

    /// Has the system tell when the child of a connection ends. Where it cannot, the child is looked for
    /// now and then.
    pub(crate) fn register_child(&mut self, id: Id) {
        let child = self.descriptors.get_mut(id).and_then(|d| d.child.as_mut());
        let token = Token(token(id).0 | EXIT);
        if let Some(child) = child {
            child.process.register(&self.registry, token);
        }
    }

    /// Ends a connection's wait for its child where that has ended. False where it still runs.
    pub(crate) fn reap(&mut self, id: Id) -> bool {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return true;
        };
        descriptor.readiness.exited = false;
        let lingering = matches!(descriptor.phase, Phase::Lingering);
        let Some(child) = descriptor.running_child() else {
            return true;
        };
        match child.process.wait() {
            Ok(None) => return false,
            Ok(status) => child.status = status,
            // The application waited for it, or ignores SIGCHLD.
            Err(_) => {}
        }
        child.running = false;
        let reason = child.reason.take();
        let timer = child.timer.take();
        timer.map(|timer| self.timers.cancel(timer));
        self.deregister_child(id);
        if lingering {
            self.end(id, reason);
        }
        true
    }

    fn deregister_child(&mut self, id: Id) {
        let child = self.descriptors.get(id).and_then(|d| d.child.as_ref());
        // In a forked child the queue is the parent's, who goes on watching.
        if let (Some(child), false) = (child, self.is_forked()) {
            child.process.deregister(&self.registry);
        }
    }

    /// A child that still runs holds back the end of its connection. True where there is one; it has
    /// no peer then, and is sent away unless the end was its own doing.
    pub(crate) fn linger(&mut self, id: Id, reason: Option<&Reason>) -> bool {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return false;
        };
        let Some(child) = descriptor.running_child() else {
            return false;
        };
        let dismissed = child.unwanted || reason.is_some();
        if child.reason.is_none() {
            child.reason = reason.cloned();
        }
        self.hang_up(id);
        if dismissed {
            self.dismiss(id);
        }
        true
    }

    fn hang_up(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        match descriptor.phase {
            Phase::Lingering => return,
            Phase::Draining => {}
            _ => self.closing += 1,
        }
        descriptor.phase = Phase::Lingering;
        descriptor.outbound.clear();
        if let Some(socket) = descriptor.handle.socket() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.end_proxies(id);
        self.check_later(id);
    }

    /// Takes the next step of a child's dismissal after its time.
    fn dismiss(&mut self, id: Id) {
        let descriptor = self.descriptors.get_mut(id);
        let Some(child) = descriptor.and_then(Descriptor::running_child) else {
            return;
        };
        if let (Some(&(delay, _)), None) = (DISMISSAL.get(child.step), child.timer) {
            child.timer = self
                .timers
                .add(self.now, self.now + delay, Deadline::Dismissal(id));
        }
    }

    pub(crate) fn dismissal_due(&mut self, id: Id) {
        let descriptor = self.descriptors.get_mut(id);
        let Some(child) = descriptor.and_then(Descriptor::running_child) else {
            return;
        };
        child.timer = None;
        if let Some(&(_, signal)) = DISMISSAL.get(child.step) {
            child.process.signal(signal);
        }
        child.step += 1;
        self.dismiss(id);
    }

    /// Looks for the end of a child itself, where the system does not tell.
    fn check_later(&mut self, id: Id) {
        let child = self.descriptors.get(id).and_then(|d| d.child.as_ref());
        if child.is_some_and(|child| !child.process.is_told_of()) {
            let deadline = self.now + CHECK_INTERVAL;
            self.timers
                .add(self.now, deadline, Deadline::ChildCheck(id));
        }
    }

    pub(crate) fn child_check_due(&mut self, id: Id) {
        if !self.reap(id) {
            self.check_later(id);
        }
    }

    /// Sends SIGTERM to a child that still runs, and waits for it no more. Its process id then.
    pub(crate) fn leave_child(&mut self, id: Id) -> Option<u32> {
        if self.reap(id) {
            return None;
        }
        self.deregister_child(id);
        let child = self.descriptors.get_mut(id)?.running_child()?;
        child.process.signal(SIGTERM);
        child.running = false;
        let timer = child.timer.take();
        let pid = child.process.pid();
        timer.map(|timer| self.timers.cancel(timer));
        Some(pid)
    }

    /// The child reads no more. What it wrote before is still read.
    pub(crate) fn input_refused(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        descriptor.outbound.clear();
        self.written(id);
    }
}
