//! Several attempts at one connect at a time: "Happy Eyeballs" (RFC 8305, section 5).
//!
//! The descriptor holds the socket of one attempt. Those of others are its rivals: the first that
//! is connected takes its place, and the rest are closed, which nobody is told.

use std::time::{Duration, Instant};

use mio::{Interest, Token};

use super::Stream;
use crate::base::{Base, token};
use crate::event::Reason;
use crate::poller::RIVAL;
use crate::sys::handle::Handle;
use crate::turn::{Deadline, Turn};

/// A socket that connects beside that of the descriptor.
#[derive(Debug)]
pub(crate) struct Rival {
    pub(super) handle: Handle,
    /// When its address had its turn.
    pub(super) begun: Instant,
}

/// How an attempt stands.
enum Standing {
    UnderWay,
    Connected,
    Failed(Option<Reason>),
}

impl Stream {
    /// The next address has its turn.
    pub(crate) fn next_attempt(&mut self, base: &mut Base, turn: &mut Turn) {
        self.cancel_next_attempt(turn);
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        if attempt.unstarted {
            return self.next_address(base, turn);
        }
        if let Some(mut handle) = attempt.next_socket() {
            if watch(&mut handle, base, turn) {
                let begun = turn.now;
                attempt.rivals.push_back(Rival { handle, begun });
            }
            self.schedule_attempt(base, turn);
        }
    }

    /// Sets the time of the next attempt, where there is an address left.
    pub(super) fn schedule_attempt(&mut self, base: &Base, turn: &mut Turn) {
        self.watch_attempts(base, turn);
        self.cancel_next_attempt(turn);
        if let Some(attempt) = self.attempt.as_mut().filter(|a| !a.candidates.is_empty()) {
            let delay = attempt.delay;
            self.attempt_after(base, turn, delay);
        }
    }

    pub(super) fn attempt_after(&mut self, base: &Base, turn: &mut Turn, delay: Duration) {
        let due = Deadline::NextAttempt(base.id);
        if let Some(attempt) = &mut self.attempt {
            attempt.timer = turn.deadlines.add(turn.now, turn.now + delay, due);
        }
    }

    fn cancel_next_attempt(&mut self, turn: &mut Turn) {
        let timer = self
            .attempt
            .as_mut()
            .and_then(|attempt| attempt.timer.take());
        if let Some(timer) = timer {
            turn.deadlines.cancel(timer);
        }
    }

    /// Neither other addresses nor more of them are wanted.
    pub(super) fn end_attempt(&mut self, turn: &mut Turn) {
        self.cancel_next_attempt(turn);
        self.cancel_attempt_timeout(turn);
        self.attempt = None;
    }

    /// The system told of some of the rivals.
    pub(crate) fn rivals_ready(&mut self, base: &mut Base, turn: &mut Turn) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        let (mut winner, mut failed, mut index) = (None, false, 0);
        while let (None, Some(rival)) = (&winner, attempt.rivals.get(index)) {
            match standing(&rival.handle) {
                Standing::UnderWay => index += 1,
                Standing::Connected => winner = attempt.rivals.remove(index),
                Standing::Failed(reason) => {
                    attempt.rivals.remove(index);
                    attempt.reason = reason;
                    failed = true;
                }
            }
        }
        let is_decided = winner.is_some();
        if winner.is_some_and(|winner| replace(winner.handle, base, turn)) {
            base.readiness.writable = true;
            base.enqueue(turn);
        } else if failed && !is_decided {
            self.next_attempt(base, turn);
        }
    }

    /// Has a queue of its own watch them, in a forked child.
    pub(crate) fn adopt_rivals(&mut self, base: &Base, turn: &Turn) {
        if let Some(attempt) = &mut self.attempt {
            let rivals = &mut attempt.rivals;
            rivals.retain_mut(|rival| watch(&mut rival.handle, base, turn));
        }
    }
}

/// Has the system tell when a rival is connected, or is not to be.
fn watch(rival: &mut Handle, base: &Base, turn: &Turn) -> bool {
    let token = Token(token(base.id).0 | RIVAL);
    let watched = rival.register(&turn.registry, token, Interest::WRITABLE);
    watched.is_ok()
}

/// Puts another socket in the place of the one there is, which is closed; false where the system
/// does not watch it.
pub(super) fn replace(mut handle: Handle, base: &mut Base, turn: &mut Turn) -> bool {
    // It is registered as its own, which has the loop look who had its number before.
    let _ = handle.deregister(&turn.registry);
    let mut former = std::mem::replace(&mut base.handle, handle);
    base.readiness = Default::default();
    // While a forked child holds it too, the system would go on telling of it.
    if turn.has_queue() {
        let _ = former.deregister(&turn.registry);
    }
    drop(former);
    base.reregister(turn).is_ok()
}

fn standing(rival: &Handle) -> Standing {
    let Some(socket) = rival.socket() else {
        return Standing::Failed(None);
    };
    match socket.take_error() {
        Ok(Some(error)) | Err(error) => Standing::Failed(Reason::of(&error)),
        // getpeername(2) fails before it is connected.
        Ok(None) if socket.peer_addr().is_ok() => Standing::Connected,
        Ok(None) => Standing::UnderWay,
    }
}
