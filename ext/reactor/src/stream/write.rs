//! What goes out.

use std::io::{self, IoSlice};

use super::{Output, Security, Stream};
use crate::base::{Base, Cause, Phase};
use crate::event::Reason;
use crate::file_source::FileSource;
use crate::outbound::{Flushed, SharedBytes};
use crate::turn::Turn;

/// The most that is written of what was sent before a connection is closed at once.
const LAST_SHARES: usize = 16;

impl Stream {
    /// Queues bytes.
    pub(crate) fn send(&mut self, base: &mut Base, turn: &mut Turn, data: &[u8]) {
        self.outbound.borrow_buffer(&mut turn.buffers);
        match securing(&mut self.security) {
            Some(security) => security.push(&mut self.outbound, data),
            None => self.outbound.push(data),
        }
        base.mark_dirty(turn);
    }

    /// Queues bytes without a copy, where there is no need of one.
    pub(crate) fn send_shared(&mut self, base: &mut Base, turn: &mut Turn, data: SharedBytes) {
        match securing(&mut self.security) {
            Some(security) => security.push(&mut self.outbound, (*data).as_ref()),
            None => self.outbound.push_shared(data),
        }
        base.mark_dirty(turn);
    }

    /// Queues a file.
    pub(crate) fn send_file(&mut self, base: &mut Base, turn: &mut Turn, file: FileSource) {
        match securing(&mut self.security) {
            Some(security) => security.push_file(file),
            None => self.outbound.push_file(file),
        }
        base.mark_dirty(turn);
    }

    /// Writes bytes at once, without a copy of what the system takes; the rest is queued. One that
    /// is closing takes nothing: what comes is lost.
    pub(crate) fn write_through(&mut self, base: &mut Base, turn: &mut Turn, mut data: &[u8]) {
        let direct = self.writes_at_once(base);
        if direct {
            match base.handle.write(&[IoSlice::new(data)]) {
                Ok(count) => {
                    base.last_activity = turn.now;
                    self.unanswered = false;
                    turn.traffic.sent += count as u64;
                    data = &data[count..];
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return self.refused(base, turn, &error),
            }
        }
        if (!data.is_empty() || !direct) && !base.unbound && self.takes_bytes(base) {
            self.send(base, turn, data);
        }
    }

    /// Writes what was sent, as far as the system takes it.
    pub(crate) fn flush(&mut self, base: &mut Base, turn: &mut Turn) {
        let may_write = matches!(base.phase, Phase::Open | Phase::Draining);
        if may_write && !base.is_held_back() {
            self.write_queued(base, turn);
        }
        if self.limits.is_some() {
            self.check_limits(base, turn);
        }
    }

    fn write_queued(&mut self, base: &mut Base, turn: &mut Turn) {
        let (count, result) = self.write_out(base, turn);
        self.outbound.return_buffer(&mut turn.buffers);
        if count > 0 {
            base.last_activity = turn.now;
            self.unanswered = false;
            base.tell_sources(turn);
        }
        match result {
            Ok(Flushed::Empty) => self.written(base, turn),
            Ok(Flushed::Blocked) => {
                if let Err(error) = base.watch_writable(turn) {
                    self.end(base, turn, Reason::of(&error));
                }
            }
            Ok(Flushed::Shared) => base.flush_later(turn),
            Err(error) => self.refused(base, turn, &error),
        }
    }

    /// Writes what waits until the descriptor takes no more, or its share is used up.
    fn write_out(&mut self, base: &Base, turn: &mut Turn) -> (usize, io::Result<Flushed>) {
        let ends = self.output == Output::Ending && !self.is_securing();
        let ending = ends || base.phase == Phase::Draining;
        let (count, result) = match self.security.as_deref_mut() {
            Some(security) => security.write_out(&mut self.outbound, &base.handle, ending),
            None => self.outbound.flush(&base.handle),
        };
        turn.traffic.sent += count as u64;
        (count, result)
    }

    /// Writes what the descriptor takes at once before it ends, of which there is no end where its
    /// peer is fast.
    pub(crate) fn write_last(&mut self, base: &Base, turn: &mut Turn) {
        for _ in 0..LAST_SHARES {
            let (_, Ok(Flushed::Shared)) = self.write_out(base, turn) else {
                return;
            };
        }
    }

    /// Writes all that the descriptor takes, however many shares that is: there is no next turn.
    pub(crate) fn write_rest(&mut self, base: &Base, turn: &mut Turn) {
        while let (_, Ok(Flushed::Shared)) = self.write_out(base, turn) {}
    }

    /// Whether a write has failed, so that what was queued is lost.
    pub(crate) fn is_refused(&self) -> bool {
        self.refused
    }

    /// All that was sent is written, after which one direction or both may end.
    pub(super) fn written(&mut self, base: &mut Base, turn: &mut Turn) {
        if self.is_drained(base) {
            if self.input_ended {
                turn.finished.push(base.id);
            } else if self.child.is_some() {
                self.dismiss_fed(base, turn);
            } else {
                self.deliver(base, turn);
            }
        } else {
            self.end_written_output(base, turn);
        }
    }

    /// The system takes no more, which ends the connection. What came before is read first: it may
    /// be the peer's word on why.
    #[cold]
    fn refused(&mut self, base: &mut Base, turn: &mut Turn, error: &io::Error) {
        if self.is_left_by_child(error) {
            return self.input_refused(base, turn);
        }
        let reason = self.refusal_reason(error);
        self.refused = true;
        self.outbound.clear();
        if base.paused {
            return self.end(base, turn, reason);
        }
        if let Some(session) = self.session_mut() {
            session.mute();
        }
        base.depart(turn, Cause::Refused(reason));
        base.mark_readable(turn);
    }
}

/// What takes bytes before they are written, where the connection is under TLS.
fn securing(security: &mut Option<Box<Security>>) -> Option<&mut Security> {
    let security = security.as_deref_mut();
    security.filter(|security| security.has_session())
}
