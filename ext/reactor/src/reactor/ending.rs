//! The end of a descriptor.

use std::time::Duration;

use super::{Deadline, Reactor};
use crate::base::{Cause, Phase};
use crate::descriptor::{Descriptor, Kind};
use crate::error::Result;
use crate::event::Reason;
use crate::id::Id;
use crate::sys::fork;
use crate::sys::handle::RawDescriptor;

impl Reactor {
    /// Closes a descriptor: now, dropping what the system does not take at once, or after writing
    /// all. Closing one that is closing already, or was never there, does nothing.
    ///
    /// While it is closed after writing, what comes in is told. One that is connecting is closed
    /// after the next poll: a connect that is done by then is told before the end.
    pub fn close(&mut self, id: Id, after_writing: bool) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        descriptor.base.closed = true;
        if !after_writing {
            self.write_once(id);
        }
        self.with(id, |descriptor, turn| {
            descriptor.finish(turn, after_writing);
        });
    }

    /// Writes what was sent, as far as the system takes it without waiting. What was sent to others
    /// before goes first.
    fn write_once(&mut self, id: Id) {
        self.flush_before(id);
        self.with(id, |descriptor, turn| {
            let base = &mut descriptor.base;
            let may_write = matches!(base.phase, Phase::Open | Phase::Draining);
            if !may_write || base.is_held_back() {
                return;
            }
            match &mut descriptor.kind {
                // The connection ends in any case.
                Kind::Stream(stream) => stream.write_last(base, turn),
                Kind::Datagram(datagram) => datagram.flush(base, turn),
                _ => {}
            }
        });
    }

    /// Ends those of which the peer sends no more, once what was sent until now is written.
    pub(super) fn end_finished(&mut self) {
        self.flush();
        let mut finished = std::mem::take(&mut self.turn.finished);
        for id in finished.drain(..) {
            self.with_stream(id, |stream, base, turn| {
                if stream.is_drained(base) {
                    stream.end(base, turn, None);
                }
            });
        }
        self.turn.finished = finished;
    }

    /// Ends a descriptor that was to end, since there is nothing more to tell of it.
    pub(super) fn leave(&mut self, id: Id) {
        self.with(id, |descriptor, turn| {
            let base = &mut descriptor.base;
            let Some(departure) = base.departure.take() else {
                return;
            };
            base.readiness.departing = false;
            if departure.is_outdated(base.last_activity) {
                // Where there can be no timer, there is no timeout.
                let _ = base.rearm_inactivity(turn);
            } else {
                descriptor.end(turn, departure.reason());
            }
        });
    }

    /// Lets go of a descriptor whose `Unbound` event was acted upon, and closes it where it is
    /// ours. True where it is somebody else's who attached it as a connection and is to close it
    /// now.
    pub fn release(&mut self, id: Id) -> bool {
        let ended = |descriptor: &Descriptor| descriptor.base.phase == Phase::Closing;
        if !self.descriptors.get(id).is_some_and(ended) {
            return false;
        }
        self.turn.closing -= 1;
        let Some(mut descriptor) = self.forget(id) else {
            return false;
        };
        self.departed(id, &descriptor);
        let is_stream = descriptor.is_stream();
        match &descriptor.kind {
            Kind::Stream(stream) => stream.return_to_owner(&descriptor.base.handle),
            Kind::Listener(listener) if !self.is_forked() => listener.remove_file(),
            _ => {}
        }
        let base = &mut descriptor.base;
        if !base.handle.is_owned() {
            if !base.detached && self.turn.has_queue() {
                let _ = base.handle.deregister(&self.turn.registry);
            }
            return is_stream && !base.detached;
        }
        // The peer is to see an end, though a child process may hold the socket too, and though
        // what was not read makes a close a reset.
        let may_be_shared = fork::children() > 0 || fork::generation() > 0;
        let has_unread = base.readiness.readable || base.paused;
        let is_needed = is_stream && (may_be_shared || has_unread);
        if let (true, Some(socket)) = (is_needed, base.handle.socket()) {
            let _ = socket.shutdown(std::net::Shutdown::Write);
        }
        self.wake_starved();
        false
    }

    /// Gives a descriptor back to its owner, unwatched and open; what was sent before is written,
    /// as far as the system takes it at once. Its `Unbound` event follows.
    pub fn detach(&mut self, id: Id) -> Result<RawDescriptor> {
        self.write_once(id);
        let (descriptor, turn) = self.descriptor_mut(id)?;
        let base = &mut descriptor.base;
        base.handle.disown();
        let was_detached = std::mem::replace(&mut base.detached, true);
        let fd = base.handle.raw();
        if !was_detached && turn.has_queue() {
            let _ = base.handle.deregister(&turn.registry);
        }
        self.end(id, None);
        Ok(fd)
    }

    /// Ends all that is left, each with its `Unbound` event. Child processes that still run are
    /// sent SIGTERM; those returned are the caller's to wait for.
    pub fn close_all(&mut self) -> Vec<u32> {
        // A turn may have been left in the middle.
        self.unbound_share = None;
        let mut left = Vec::new();
        for id in self.ids_by_age() {
            self.with_stream(id, |stream, base, turn| {
                let is_open = matches!(base.phase, Phase::Open | Phase::Draining);
                if is_open && !base.is_held_back() {
                    stream.write_rest(base, turn);
                }
                left.extend(stream.leave_child(base, turn));
            });
            self.end(id, None);
        }
        self.files.end_all();
        left
    }

    fn ids_by_age(&self) -> Vec<Id> {
        let mut ids: Vec<Id> = self.descriptors.ids().collect();
        let serial = |id| self.descriptors.get(id).map(|one| one.base.serial);
        ids.sort_by_key(|id| serial(*id));
        ids
    }

    /// A listener found no free descriptor: it tries again when one gets free, or after a while,
    /// since others than this reactor close descriptors too.
    pub(super) fn starve(&mut self, listener: Id, retry: Duration) {
        if self.starved.iter().all(|(id, _)| *id != listener) {
            let due = Deadline::RetryAccept(listener);
            let now = self.turn.now;
            let timer = self.turn.deadlines.add(now, now + retry, due);
            self.starved.push((listener, timer));
        }
    }

    /// A descriptor got free: listeners that waited for one try again.
    fn wake_starved(&mut self) {
        for (listener, timer) in std::mem::take(&mut self.starved) {
            if let Some(timer) = timer {
                self.turn.deadlines.cancel(timer);
            }
            self.mark_readable(listener);
        }
    }

    pub(super) fn forget(&mut self, id: Id) -> Option<Descriptor> {
        let mut descriptor = self.descriptors.remove(id)?;
        let base = &mut descriptor.base;
        base.timeouts.clear(&mut self.turn.deadlines);
        let fd = base.handle.raw();
        if base.handle.is_owned() {
            self.waits.descriptor_closing(&mut self.turn, fd);
        } else if self.borrowed.get(&fd) == Some(&id) {
            self.borrowed.remove(&fd);
        }
        if let Some((pid, status)) = descriptor.as_stream().and_then(|stream| stream.child()) {
            self.children.remember(id, pid, status);
        }
        Some(descriptor)
    }

    /// A descriptor's inactivity timeout came due: it ends, unless something has come that was not
    /// read yet.
    pub(super) fn inactivity_due(&mut self, id: Id) {
        self.with(id, |descriptor, turn| {
            if !descriptor.base.inactivity_is_over(turn) {
                return;
            }
            let reason = Some(Reason::Errno(crate::sys::errno::ETIMEDOUT));
            let may_have_more =
                descriptor.is_sender() && descriptor.reads() && !descriptor.base.paused;
            let last_activity = descriptor.base.last_activity;
            match may_have_more {
                true => descriptor
                    .base
                    .depart(turn, Cause::Idle(last_activity, reason)),
                false => descriptor.end(turn, reason),
            }
        });
    }
}
