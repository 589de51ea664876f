//! The end of a descriptor.

use std::time::Duration;

use super::{Deadline, Reactor};
use crate::departure::Cause;
use crate::descriptor::{Descriptor, Kind, Phase};
use crate::error::{Error, Result};
use crate::event::Reason;
use crate::id::Id;
use crate::sys::fork;
use crate::sys::handle::RawDescriptor;

impl Reactor {
    /// Closes a descriptor: now, dropping what the system does not take at once, or after writing all.
    /// Closing one that is closing already, or was never there, does nothing.
    ///
    /// While it is closed after writing, what comes in is told. One that is connecting is closed after
    /// the next poll: a connect that is done by then is told before the end.
    pub fn close(&mut self, id: Id, after_writing: bool) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        descriptor.closed = true;
        if let Some(child) = &mut descriptor.child {
            child.unwanted = true;
        }
        if !after_writing {
            self.write_once(id);
        }
        self.finish(id, after_writing);
    }

    /// Writes what was sent, as far as the system takes it without waiting. What was sent to others before
    /// goes first.
    fn write_once(&mut self, id: Id) {
        self.flush_before(id);
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        if descriptor.is_held_back() {
            return;
        }
        match (&descriptor.phase, &descriptor.kind) {
            (Phase::Open | Phase::Draining, Kind::Stream) => {
                // The connection ends in any case.
                descriptor.write_last();
            }
            (Phase::Open | Phase::Draining, Kind::Datagram(_)) => self.flush_datagrams(id),
            _ => {}
        }
    }

    /// Closes a descriptor that may be at its end by itself.
    pub(crate) fn finish(&mut self, id: Id, after_writing: bool) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        let waits = after_writing && descriptor.is_sender();
        let has_sent = descriptor.outbound_len() > 0;
        match descriptor.phase {
            Phase::Connecting(ref mut attempt) => {
                if !std::mem::replace(&mut attempt.close_when_written, true) {
                    self.closing += 1;
                }
                if !waits || !has_sent {
                    self.depart(id, Cause::Closed);
                }
            }
            Phase::Open if waits => {
                descriptor.phase = Phase::Draining;
                self.closing += 1;
                self.mark_dirty(id);
            }
            Phase::Draining if waits => {}
            _ => self.end(id, None),
        }
    }

    /// Ends a descriptor; its `Unbound` event follows in this turn or the next.
    pub(crate) fn end(&mut self, id: Id, reason: Option<Reason>) {
        if self.linger(id, reason.as_ref()) {
            return;
        }
        self.give_up_others(id);
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        match &descriptor.phase {
            Phase::Closing => return,
            Phase::Draining | Phase::Lingering => {}
            Phase::Connecting(attempt) if attempt.close_when_written => {}
            _ => self.closing += 1,
        }
        descriptor.phase = Phase::Closing;
        descriptor.outbound.clear();
        let departure = descriptor.departure.take();
        let reason = reason.or_else(|| departure.and_then(|departure| departure.reason()));
        match &mut descriptor.hold {
            Some(hold) => hold.end = Some(reason),
            None => self.unbind_later(id, reason),
        }
        self.clear_timeouts(id);
        self.end_proxies(id);
    }

    /// Ends those of which the peer sends no more, once what was sent until now is written.
    pub(super) fn end_finished(&mut self) {
        self.flush();
        let mut finished = std::mem::take(&mut self.finished);
        for id in finished.drain(..) {
            if self.descriptors.get(id).is_some_and(Descriptor::is_drained) {
                self.end(id, None);
            }
        }
        self.finished = finished;
    }

    pub(crate) fn unbind_later(&mut self, id: Id, reason: Option<Reason>) {
        self.unbound.push_back((id, reason));
    }

    /// Lets go of a descriptor whose `Unbound` event was acted upon, and closes it where it is ours.
    /// True where it is somebody else's who attached it as a connection and is to close it now.
    pub fn release(&mut self, id: Id) -> bool {
        let is_closing = |d: &Descriptor| matches!(d.phase, Phase::Closing);
        if !self.descriptors.get(id).is_some_and(is_closing) {
            return false;
        }
        self.closing -= 1;
        let Some(mut descriptor) = self.forget(id) else {
            return false;
        };
        let is_stream = descriptor.is_stream();
        if descriptor.returns_to_blocking {
            // Its owner may have closed it.
            let _ = descriptor.handle.set_nonblocking(false);
        }
        if !descriptor.handle.is_owned() {
            if !descriptor.detached && !self.is_forked() {
                let _ = descriptor.handle.deregister(&self.registry);
            }
            return is_stream && !descriptor.detached;
        }
        // The peer is to see an end, though a child process may hold the socket too, and though what was
        // not read makes a close a reset.
        let may_be_shared = fork::children() > 0 || fork::generation() > 0;
        let has_unread = descriptor.readiness.readable || descriptor.paused;
        let is_needed = is_stream && (may_be_shared || has_unread);
        if let (true, Some(socket)) = (is_needed, descriptor.handle.socket()) {
            let _ = socket.shutdown(std::net::Shutdown::Write);
        }
        self.wake_starved();
        false
    }

    /// Gives a descriptor back to its owner, unwatched and open; what was sent before is written, as far
    /// as the system takes it at once. Its `Unbound` event follows.
    pub fn detach(&mut self, id: Id) -> Result<RawDescriptor> {
        let is_forked = self.is_forked();
        let unknown = Error::UnknownId(id.as_u64());
        self.write_once(id);
        let descriptor = self.descriptors.get_mut(id).ok_or(unknown)?;
        descriptor.handle.disown();
        let was_detached = std::mem::replace(&mut descriptor.detached, true);
        let fd = descriptor.handle.raw();
        // In a forked child the queue is the parent's, who goes on watching.
        if !was_detached && !is_forked {
            let _ = descriptor.handle.deregister(&self.registry);
        }
        self.end(id, None);
        Ok(fd)
    }

    /// Ends all that is left, each with its `Unbound` event. Child processes that still run are sent
    /// SIGTERM; those returned are the caller's to wait for.
    pub fn close_all(&mut self) -> Vec<u32> {
        // A turn may have been left in the middle.
        self.unbound_share = None;
        let mut left = Vec::new();
        let mut ids: Vec<Id> = self.descriptors.ids().collect();
        ids.sort_by_key(|id| {
            self.descriptors
                .get(*id)
                .map(|descriptor| descriptor.serial)
        });
        for id in ids {
            if let Some(descriptor) = self.descriptors.get_mut(id) {
                let open = matches!(descriptor.phase, Phase::Open | Phase::Draining);
                if descriptor.is_stream() && open && !descriptor.is_held_back() {
                    descriptor.write_rest();
                }
            }
            left.extend(self.leave_child(id));
            self.end(id, None);
        }
        self.end_file_watches();
        left
    }

    /// A listener found no free descriptor: it tries again when one gets free, or after a while,
    /// since others than this reactor close descriptors too.
    pub(crate) fn starve(&mut self, listener: Id, retry: Duration) {
        if self.starved.iter().all(|(id, _)| *id != listener) {
            let timer =
                self.timers
                    .add(self.now, self.now + retry, Deadline::RetryAccept(listener));
            self.starved.push((listener, timer));
        }
    }

    pub(crate) fn forget(&mut self, id: Id) -> Option<Descriptor> {
        self.clear_timeouts(id);
        let descriptor = self.descriptors.remove(id)?;
        let fd = descriptor.handle.raw();
        if self.borrowed.get(&fd) == Some(&id) {
            self.borrowed.remove(&fd);
        }
        if descriptor.handle.is_owned() {
            self.descriptor_closing(fd);
        }
        if let Some(child) = &descriptor.child {
            self.children.remember(id, child);
        }
        Some(descriptor)
    }

    /// A descriptor got free: listeners that waited for one try again.
    fn wake_starved(&mut self) {
        for (listener, timer) in std::mem::take(&mut self.starved) {
            timer.map(|timer| self.timers.cancel(timer));
            self.mark_readable(listener);
        }
    }
}
