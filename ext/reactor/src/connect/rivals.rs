//! Several attempts at one connect at a time: "Happy Eyeballs" (RFC 8305, section 5).
//!
//! The descriptor holds the socket of one attempt. Those of others are its rivals: the first that is
//! connected takes its place, and the rest are closed, which nobody is told.

use std::time::Duration;

use mio::{Interest, Token};

use crate::event::Reason;
use crate::id::Id;
use crate::process::EXIT;
use crate::reactor::{Deadline, Reactor, token};
use crate::stream::reason_of;
use crate::sys::handle::Handle;
use crate::waits::WAIT;

/// Marks the tokens of rivals; the rest is that of the descriptor.
const RIVAL: usize = WAIT | EXIT;

/// How long an attempt is waited for before the next address is tried, too.
pub(crate) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How an attempt stands.
enum Standing {
    UnderWay,
    Connected,
    Failed(Option<Reason>),
}

impl Reactor {
    /// Sets how long an attempt to connect is waited for before the next address of the host is tried
    /// beside it; 250 ms at first, as RFC 8305 recommends. A failure is not waited for.
    pub fn set_attempt_delay(&mut self, delay: Duration) {
        self.attempt_delay = delay;
    }

    /// The next address has its turn.
    pub(crate) fn next_attempt_due(&mut self, id: Id) {
        self.cancel_attempt(id);
        let Some(attempt) = self.attempt_mut(id) else {
            return;
        };
        if attempt.unstarted {
            return self.next_address(id);
        }
        if self.start_rival(id).is_some() {
            self.schedule_attempt(id);
        }
    }

    /// Sets the time of the next attempt, where there is an address left.
    pub(super) fn schedule_attempt(&mut self, id: Id) {
        self.cancel_attempt(id);
        let is_last = |attempt: &super::Attempt| attempt.candidates.is_empty();
        if !self.attempt_mut(id).is_none_or(|attempt| is_last(attempt)) {
            self.attempt_after(id, self.attempt_delay);
        }
    }

    pub(super) fn attempt_after(&mut self, id: Id, delay: Duration) {
        let due = self.now + delay;
        let timer = self.timers.add(self.now, due, Deadline::NextAttempt(id));
        if let Some(attempt) = self.attempt_mut(id) {
            attempt.timer = timer;
        }
    }

    pub(super) fn cancel_attempt(&mut self, id: Id) {
        if let Some(timer) = self
            .attempt_mut(id)
            .and_then(|attempt| attempt.timer.take())
        {
            self.timers.cancel(timer);
        }
    }

    fn start_rival(&mut self, id: Id) -> Option<()> {
        let mut rival = self.attempt_mut(id)?.next_socket()?;
        self.watch_rival(id, &mut rival)?;
        self.attempt_mut(id)?.rivals.push_back(rival);
        Some(())
    }

    fn watch_rival(&mut self, id: Id, rival: &mut Handle) -> Option<()> {
        let fd = rival.raw();
        self.make_way(fd);
        let token = Token(token(id).0 | RIVAL);
        let watched = rival.register(&self.registry, token, Interest::WRITABLE);
        watched.ok()?;
        self.displace(id, fd);
        Some(())
    }

    /// Whose rival a token stands for.
    pub(crate) fn rival_of(&self, token: Token) -> Option<Id> {
        if token.0 & RIVAL != RIVAL {
            return None;
        }
        self.named_by(Token(token.0 & !RIVAL)).map(|(id, _)| id)
    }

    /// The system told of some of a descriptor's rivals.
    pub(crate) fn rivals_ready(&mut self, id: Id) {
        let Some(attempt) = self.attempt_mut(id) else {
            return;
        };
        let (mut winner, mut failed, mut index) = (None, false, 0);
        while let (None, Some(rival)) = (&winner, attempt.rivals.get(index)) {
            match standing(rival) {
                Standing::UnderWay => index += 1,
                Standing::Connected => winner = attempt.rivals.remove(index),
                Standing::Failed(reason) => {
                    attempt.rivals.remove(index);
                    attempt.reason = reason;
                    failed = true;
                }
            }
        }
        match winner {
            Some(winner) => self.put_first(id, winner),
            None if failed => self.next_attempt_due(id),
            None => {}
        }
    }

    fn put_first(&mut self, id: Id, winner: Handle) {
        if self.replace(id, winner).is_none() {
            return self.end(id, None);
        }
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            descriptor.readiness.writable = true;
            self.enqueue(id);
        }
    }

    /// Puts another socket in the place of the one there is, which is closed.
    pub(super) fn replace(&mut self, id: Id, handle: Handle) -> Option<()> {
        let is_forked = self.is_forked();
        let descriptor = self.descriptors.get_mut(id)?;
        let mut former = std::mem::replace(&mut descriptor.handle, handle);
        descriptor.readiness = Default::default();
        // While a forked child holds it too, the system would go on telling of it.
        if !is_forked {
            let _ = former.deregister(&self.registry);
        }
        self.descriptor_closing(former.raw());
        drop(former);
        self.reregister(id).ok()
    }

    /// Has a queue of its own watch them, in a forked child.
    pub(crate) fn adopt_rivals(&mut self, id: Id) {
        let Some(attempt) = self.attempt_mut(id) else {
            return;
        };
        let mut rivals = std::mem::take(&mut attempt.rivals);
        rivals.retain_mut(|rival| self.watch_rival(id, rival).is_some());
        if let Some(attempt) = self.attempt_mut(id) {
            attempt.rivals = rivals;
        }
    }
}

fn standing(rival: &Handle) -> Standing {
    let Some(socket) = rival.socket() else {
        return Standing::Failed(None);
    };
    match socket.take_error() {
        Ok(Some(error)) | Err(error) => Standing::Failed(reason_of(&error)),
        // getpeername(2) fails before it is connected.
        Ok(None) if socket.peer_addr().is_ok() => Standing::Connected,
        Ok(None) => Standing::UnderWay,
    }
}
