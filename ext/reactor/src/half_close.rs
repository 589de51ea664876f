//! Connections of which one direction ends before the other.

use std::io::{self, IoSlice};

use socket2::Type;

use crate::descriptor::{Descriptor, Output, Phase};
use crate::error::{Error, Result};
use crate::event::{Event, Reason};
use crate::id::Id;
use crate::reactor::Reactor;
use crate::stream::reason_of;

impl Reactor {
    /// Has the end of a peer's input be told by [`Event::InputEnded`], whose answer is
    /// [`input_end_told`](Self::input_end_told). Else a connection ends by itself once its peer sends no
    /// more, and what was sent is written.
    pub fn tell_input_ends(&mut self) {
        self.tells_input_ends = true;
    }

    /// Tells the peer that no more is to come, once what was sent is written; under TLS by close_notify,
    /// too. Data still comes in. False where that has ended already, where the connection is closing, and
    /// where there is no socket, whose directions could end apart: on pipes and terminals.
    ///
    /// The connection ends when both directions have.
    pub fn close_write(&mut self, id: Id) -> Result<bool> {
        let descriptor = self.descriptor_mut(id)?;
        if !descriptor.is_stream() {
            let kind = descriptor.kind.name();
            return Err(Error::WrongKind {
                operation: "close_write",
                kind,
            });
        }
        if !descriptor.may_close_write() {
            return Ok(false);
        }
        descriptor.output = Output::Ending;
        self.mark_dirty(id);
        Ok(true)
    }

    /// Tells of the end of a peer's input, where that is wanted and the connection has not ended with it.
    pub(crate) fn tell_input_end(&mut self, id: Id) -> bool {
        let is_open = |descriptor: &Descriptor| {
            matches!(descriptor.phase, Phase::Open)
                && descriptor.departure.is_none()
                && !descriptor.is_securing()
        };
        let tells = self.tells_input_ends && self.descriptors.get(id).is_some_and(is_open);
        if tells {
            self.notices.push_back(Event::InputEnded(id));
        }
        tells
    }

    /// The answer to [`Event::InputEnded`]: whether the owner goes on sending. The connection ends where it
    /// does not, or has ended its output before.
    pub fn input_end_told(&mut self, id: Id, sends_on: bool) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        if !sends_on || descriptor.output != Output::Open {
            self.finish(id, true);
            self.mark_dirty(id);
            return;
        }
        descriptor.readiness.ended = true;
        self.carry(id);
    }

    /// A peer that sends no more may be gone altogether, which a write of nothing shows.
    pub(crate) fn look_for_peer(&mut self, id: Id) {
        let Some(descriptor) = self.descriptors.get_mut(id) else {
            return;
        };
        let told = std::mem::take(&mut descriptor.readiness.ended) && descriptor.input_ended;
        if !told || !matches!(descriptor.phase, Phase::Open) || descriptor.output == Output::Ended {
            return;
        }
        let socket = descriptor.handle.socket();
        if !socket.is_some_and(|socket| socket.r#type().is_ok_and(|kind| kind == Type::STREAM)) {
            // Elsewhere that would be a message.
            return;
        }
        match descriptor.handle.write(&[IoSlice::new(&[])]) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => {
                let reason = descriptor.parting_reason(&error);
                self.end(id, reason);
            }
        }
    }

    /// The output has ended; so does the connection, where the peer sends no more either.
    pub(crate) fn output_ended(&mut self, id: Id) {
        let has_ended = |descriptor: &Descriptor| descriptor.input_ended;
        if self.descriptors.get(id).is_some_and(has_ended) {
            self.finish(id, true);
        }
    }
}

impl Descriptor {
    /// Whether its output is there to be ended, for itself.
    pub(crate) fn may_close_write(&self) -> bool {
        let closes = match &self.phase {
            Phase::Connecting(attempt) => attempt.close_when_written,
            phase => !matches!(phase, Phase::Open),
        };
        self.is_stream()
            && self.handle.socket().is_some()
            && self.output == Output::Open
            && !(closes || self.is_refused())
    }

    /// Whether all is written after which its output was to end, with no handshake to come before that.
    pub(crate) fn ends_output(&self) -> bool {
        self.output == Output::Ending && self.outbound_len() == 0 && !self.is_securing()
    }

    /// Why it ends when its peer turns out to be gone: for no reason, where that closed a Unix socket,
    /// which loses nothing.
    fn parting_reason(&self, error: &io::Error) -> Option<Reason> {
        let is_close = error.kind() == io::ErrorKind::BrokenPipe && !self.handle.is_tcp();
        if is_close { None } else { reason_of(error) }
    }
}
