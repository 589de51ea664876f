//! The child process at the other end of a stream.

use std::collections::VecDeque;
use std::io;
use std::net::Shutdown;
use std::process::ExitStatus;
use std::time::Duration;

use mio::Token;

use super::{Output, Stream};
use crate::base::{Base, Phase, token};
use crate::event::Reason;
use crate::id::Id;
use crate::poller::EXIT;
use crate::sys::child::{Process, SIGKILL, SIGTERM};
use crate::turn::{Deadline, Turn};

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

/// A child process.
#[derive(Debug)]
pub(crate) struct Child {
    process: Process,
    /// Whether it is neither reaped nor left to its own devices.
    running: bool,
    status: Option<ExitStatus>,
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
    pub(crate) fn remember(&mut self, id: Id, pid: u32, status: Option<ExitStatus>) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((id, pid, status));
    }

    /// The number and the status of one.
    pub(crate) fn find(&self, id: Id) -> Option<(u32, Option<ExitStatus>)> {
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
            step: 0,
            timer: None,
            reason: None,
        }
    }

    fn cancel_timer(&mut self, turn: &mut Turn) {
        if let Some(timer) = self.timer.take() {
            turn.deadlines.cancel(timer);
        }
    }

    fn deregister(&self, turn: &Turn) {
        if turn.has_queue() {
            self.process.deregister(&turn.registry);
        }
    }
}

impl Stream {
    pub(crate) fn adopt_child(&mut self, base: &Base, turn: &mut Turn, process: Process) {
        self.child = Some(Box::new(Child::new(process)));
        self.register_child(base, turn);
    }

    /// Has the system tell when the child ends. Where it cannot, the child is looked for now and
    /// then.
    pub(crate) fn register_child(&mut self, base: &Base, turn: &mut Turn) {
        let Some(child) = self.running_child(base) else {
            return;
        };
        let was_told_of = child.process.is_told_of();
        let token = Token(token(base.id).0 | EXIT);
        child.process.register(&turn.registry, token);
        if was_told_of && base.phase == Phase::Lingering {
            self.check_later(base, turn);
        }
    }

    /// The number of the child, and how it ended where that is known.
    pub(crate) fn child(&self) -> Option<(u32, Option<ExitStatus>)> {
        let child = self.child.as_ref()?;
        Some((child.process.pid(), child.status))
    }

    /// The child, where it is to be waited for.
    fn running_child(&mut self, base: &Base) -> Option<&mut Child> {
        let child = self.child.as_deref_mut();
        child.filter(|child| child.running && !base.detached)
    }

    /// Sends SIGTERM to a child that still runs.
    pub(crate) fn terminate_child(&mut self, base: &Base) {
        if let Some(child) = self.running_child(base) {
            child.process.signal(SIGTERM);
        }
    }

    /// Ends the wait for a child that has ended. False where it still runs.
    pub(crate) fn reap(&mut self, base: &mut Base, turn: &mut Turn) -> bool {
        base.readiness.exited = false;
        let Some(child) = self.running_child(base) else {
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
        child.cancel_timer(turn);
        child.deregister(turn);
        if base.phase == Phase::Lingering {
            self.end(base, turn, reason);
        }
        true
    }

    /// A child that still runs holds back the end of its connection. True where there is one; it
    /// has no peer then, and is sent away unless the end was its own doing.
    pub(super) fn linger(
        &mut self,
        base: &mut Base,
        turn: &mut Turn,
        reason: Option<&Reason>,
    ) -> bool {
        let Some(child) = self.running_child(base) else {
            return false;
        };
        if child.reason.is_none() {
            child.reason = reason.cloned();
        }
        self.hang_up(base, turn);
        if base.closed || reason.is_some() {
            self.dismiss(base, turn);
        }
        true
    }

    fn hang_up(&mut self, base: &mut Base, turn: &mut Turn) {
        match base.phase {
            Phase::Lingering => return,
            Phase::Draining => {}
            _ => turn.closing += 1,
        }
        base.phase = Phase::Lingering;
        self.outbound.clear();
        if let Some(socket) = base.handle.socket() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        base.tell_linked(turn);
        self.check_later(base, turn);
    }

    /// A child that was fed to the end: its input ends, and what it has to say to that is read. It
    /// has as long for that as one that was closed at once.
    pub(super) fn dismiss_fed(&mut self, base: &mut Base, turn: &mut Turn) {
        if self.output != Output::Ended {
            // Each time the system would say that it may be written to, and this would come again.
            self.end_output(&base.handle);
        }
        self.dismiss(base, turn);
    }

    /// Takes the next step of a child's dismissal after its time.
    fn dismiss(&mut self, base: &Base, turn: &mut Turn) {
        let Some(child) = self.running_child(base) else {
            return;
        };
        if let (Some(&(delay, _)), None) = (DISMISSAL.get(child.step), child.timer) {
            let due = Deadline::Dismissal(base.id);
            child.timer = turn.deadlines.add(turn.now, turn.now + delay, due);
        }
    }

    pub(crate) fn dismissal_due(&mut self, base: &Base, turn: &mut Turn) {
        let Some(child) = self.running_child(base) else {
            return;
        };
        child.timer = None;
        if let Some(&(_, signal)) = DISMISSAL.get(child.step) {
            child.process.signal(signal);
        }
        child.step += 1;
        self.dismiss(base, turn);
    }

    /// Looks for the end of a child itself, where the system does not tell.
    fn check_later(&self, base: &Base, turn: &mut Turn) {
        let child = self.child.as_deref();
        if child.is_some_and(|child| !child.process.is_told_of()) {
            let due = Deadline::ChildCheck(base.id);
            turn.deadlines.add(turn.now, turn.now + CHECK_INTERVAL, due);
        }
    }

    pub(crate) fn child_check_due(&mut self, base: &mut Base, turn: &mut Turn) {
        if !self.reap(base, turn) {
            self.check_later(base, turn);
        }
    }

    /// Sends SIGTERM to a child that still runs, and waits for it no more. Its process id then.
    pub(crate) fn leave_child(&mut self, base: &mut Base, turn: &mut Turn) -> Option<u32> {
        if self.reap(base, turn) {
            return None;
        }
        let child = self.running_child(base)?;
        child.deregister(turn);
        child.process.signal(SIGTERM);
        child.running = false;
        child.cancel_timer(turn);
        Some(child.process.pid())
    }

    /// Whether an error says no more than that a child has closed its end, which Windows calls an
    /// abort.
    pub(super) fn is_left_by_child(&self, error: &io::Error) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};

        let is_close = matches!(
            error.kind(),
            BrokenPipe | ConnectionReset | ConnectionAborted
        );
        is_close && self.child.is_some()
    }

    /// The child reads no more. What it wrote before is still read.
    pub(super) fn input_refused(&mut self, base: &mut Base, turn: &mut Turn) {
        self.outbound.clear();
        self.written(base, turn);
    }
}
