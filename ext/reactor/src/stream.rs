//! Bytes in and out: connections, pipes, terminals.

use std::io::{self, IoSlice};
use std::net::Shutdown;

use crate::departure::Cause;
use crate::descriptor::{Descriptor, Kind, Output};
use crate::error::{Error, Result};
use crate::event::{Event, Reason};
use crate::id::Id;
use crate::outbound::{Flushed, SharedBytes};
use crate::reactor::Reactor;

impl Reactor {
    /// Queues bytes for a connection and says how many were taken: none where it is closing, and an error
    /// where its end was told. On a
    /// datagram socket they are one datagram, for the sender of the last one that came in.
    /// [`flush`](Self::flush) writes them.
    pub fn send(&mut self, id: Id, data: &[u8]) -> Result<usize> {
        let descriptor = self
            .descriptors
            .get_mut(id)
            .filter(|descriptor| !descriptor.unbound)
            .ok_or(Error::UnknownId(id.as_u64()))?;
        if matches!(descriptor.kind, Kind::Datagram(_)) {
            return self.queue_datagram(id, data, None);
        }
        if !descriptor.takes_bytes("send_data")? {
            return Ok(0);
        }
        descriptor.outbound.borrow_buffer(&mut self.buffers);
        descriptor.queue(data);
        self.mark_dirty(id);
        Ok(data.len())
    }

    /// As [`send`](Self::send), without a copy where there is no need of one: worth it for many bytes.
    pub fn send_shared(&mut self, id: Id, data: SharedBytes) -> Result<usize> {
        let descriptor = self.descriptor_mut(id)?;
        let bytes = (*data).as_ref();
        if !descriptor.is_stream() || descriptor.session().is_some() || descriptor.unbound {
            return self.send(id, bytes);
        }
        if !descriptor.takes_bytes("send_data")? {
            return Ok(0);
        }
        let length = bytes.len();
        descriptor.outbound.push_shared(data);
        self.mark_dirty(id);
        Ok(length)
    }

    /// How many bytes wait to be written.
    pub fn outbound_len(&self, id: Id) -> Result<usize> {
        Ok(self.descriptor(id)?.outbound_len())
    }

    /// Stops or resumes both directions of a connection; what is sent meanwhile is queued, and what comes in
    /// waits, in the system but for a few datagrams. Says whether that changed anything.
    pub fn set_paused(&mut self, id: Id, paused: bool) -> Result<bool> {
        let descriptor = self.descriptor_mut(id)?;
        if descriptor.paused == paused {
            return Ok(false);
        }
        descriptor.paused = paused;
        if !paused {
            self.enqueue(id);
            self.mark_dirty(id);
        }
        Ok(true)
    }

    /// Whether a connection is paused.
    pub fn is_paused(&self, id: Id) -> Result<bool> {
        Ok(self.descriptor(id)?.paused)
    }

    pub(crate) fn process_stream(&mut self, id: Id, buffer: &mut [u8]) -> Option<Event> {
        let descriptor = self.descriptors.get_mut(id)?;
        if std::mem::take(&mut descriptor.readiness.writable) {
            self.flush_stream(id);
            self.check_limits(id);
        }
        let descriptor = self.descriptors.get_mut(id)?;
        if descriptor.session().is_some() {
            return self.process_secure(id, buffer);
        }
        if !descriptor.reads() {
            descriptor.readiness.readable = false;
            self.look_for_peer(id);
            return None;
        }
        if descriptor.paused || !descriptor.readiness.readable || self.is_held(id) {
            return None;
        }
        self.read_stream(id, buffer)
    }

    fn read_stream(&mut self, id: Id, buffer: &mut [u8]) -> Option<Event> {
        if self.splice_on(id, buffer) {
            return None;
        }
        let now = self.now;
        let descriptor = self.descriptors.get_mut(id)?;
        let share = descriptor.readable_share(buffer.len());
        match descriptor.handle.read(&mut buffer[..share]) {
            Ok(0) => {
                self.end_input(id);
                None
            }
            Ok(len) => {
                descriptor.last_activity = now;
                descriptor.unanswered = true;
                descriptor.spend_last_share(len);
                // Readiness is reported once, so what may have more is read on from.
                let more = len == share
                    || descriptor.readiness.ended
                    || descriptor.always_ready
                    || descriptor.reads_in_part;
                descriptor.readiness.readable = more;
                let departing = descriptor.departure.is_some();
                let filled = len == buffer.len();
                let passed_on = self.pass_on(id, &buffer[..len]);
                if more && passed_on {
                    self.pass_on_more(id, filled);
                } else if departing {
                    self.requeue(id);
                } else if more {
                    self.carry(id);
                }
                (!passed_on).then_some(Event::Data { id, len })
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                descriptor.readiness.readable = false;
                descriptor.readiness.ended = false;
                None
            }
            Err(_) if descriptor.child.is_some() => {
                // The child ended with input unread: no news beside its output's end.
                self.end_input(id);
                None
            }
            Err(error) => {
                let reason = descriptor.last_reason(&error);
                self.end(id, reason);
                None
            }
        }
    }

    /// The peer sends no more; what it asked for before is still written.
    pub(crate) fn end_input(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        descriptor.readiness.readable = false;
        descriptor.input_ended = true;
        if self.pass_end_on(id) || self.tell_input_end(id) {
            return;
        }
        self.finish(id, true);
        // One that was draining before may have nothing else to wait for.
        self.mark_dirty(id);
    }

    pub(crate) fn flush_stream(&mut self, id: Id) {
        let now = self.now;
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        if descriptor.is_held_back() {
            return;
        }
        let (count, result) = descriptor.write_out();
        descriptor.outbound.return_buffer(&mut self.buffers);
        if count > 0 {
            descriptor.last_activity = now;
            descriptor.unanswered = false;
            self.resume_sources(id);
        }
        let Some(descriptor) = self.descriptors.get(id) else {
            return;
        };
        match result {
            Ok(Flushed::Empty) => self.written(id),
            Ok(Flushed::Blocked) => self.watch_writable(id),
            Ok(Flushed::Shared) => self.flush_later(id),
            Err(_) if descriptor.child.is_some() => self.input_refused(id),
            Err(error) => {
                let reason = descriptor.refusal_reason(&error);
                self.refuse(id, reason);
            }
        }
    }

    /// All that was sent is written, after which one direction or both may end.
    pub(crate) fn written(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        if descriptor.is_drained() {
            if descriptor.input_ended {
                self.finished.push(id);
            } else if descriptor.child.is_some() {
                self.dismiss_fed(id);
            } else {
                self.deliver(id);
            }
        } else if descriptor.ends_output() {
            descriptor.end_output();
            self.output_ended(id);
        }
    }

    /// The system takes no more, which ends the connection. What came before is read first: it may be
    /// the peer's word on why.
    fn refuse(&mut self, id: Id, reason: Option<Reason>) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        descriptor.outbound.clear();
        if descriptor.paused {
            return self.end(id, reason);
        }
        if let Some(session) = descriptor.session_mut() {
            session.mute();
        }
        self.depart(id, Cause::Refused(reason));
        self.mark_readable(id);
    }

    /// Writes to a connection at once, without a copy of what it takes; the rest is queued. One that is
    /// closing takes nothing: what comes is lost.
    pub(crate) fn write_through(&mut self, id: Id, mut data: &[u8]) {
        let now = self.now;
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        let direct = descriptor.writes_at_once();
        if direct {
            if let Ok(count) = descriptor.handle.write(&[IoSlice::new(data)]) {
                descriptor.last_activity = now;
                descriptor.unanswered = false;
                data = &data[count..];
            }
        }
        // An error that is more than a full socket shows again when the rest is flushed.
        if !data.is_empty() || !direct {
            let _ = self.send(id, data);
        }
    }

    /// Goes on writing in the next turn.
    pub(crate) fn flush_later(&mut self, id: Id) {
        if let Some(descriptor) = self.descriptors.get_mut(id) {
            descriptor.readiness.writable = true;
            self.carry(id);
        }
    }

    /// From the first write that blocked on, the system reports when there is room again.
    pub(crate) fn watch_writable(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        if descriptor.watches_writable {
            return;
        }
        descriptor.watches_writable = true;
        if let Err(error) = self.reregister(id) {
            self.end(id, error.errno().map(Reason::Errno));
        }
    }
}

impl Descriptor {
    /// Tells the peer that no more is to come.
    pub(crate) fn end_output(&mut self) {
        self.output = Output::Ended;
        if let Some(socket) = self.handle.socket() {
            // Where the peer is gone already, that shows when it is read from.
            let _ = socket.shutdown(Shutdown::Write);
        }
    }
}

pub(crate) fn reason_of(error: &io::Error) -> Option<Reason> {
    error.raw_os_error().map(Reason::Errno)
}
